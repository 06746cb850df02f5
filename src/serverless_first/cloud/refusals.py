"""What the local cloud does not honour yet: refused by name, so that nothing is passed over in silence.

moto would accept these calls, keep their settings and act on none of them. A row goes when the data plane honours it.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs

_FUNCTION = r"/\d{4}-\d\d-\d\d/functions/[^/]+"

#: HTTP method, path, what the learner called.
NOT_HONOURED: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (method, re.compile(path), name)
    for method, path, name in (
        ("PUT", _FUNCTION + "/concurrency", "put_function_concurrency"),
        ("PUT", _FUNCTION + "/provisioned-concurrency", "put_provisioned_concurrency_config"),
        ("PUT", _FUNCTION + "/event-invoke-config", "put_function_event_invoke_config"),
        ("POST", _FUNCTION + "/event-invoke-config", "update_function_event_invoke_config"),
        ("POST", _FUNCTION + "/versions", "publish_version"),
        ("POST", _FUNCTION + "/aliases", "create_alias"),
        ("POST", _FUNCTION + "/url", "create_function_url_config"),
        ("POST", _FUNCTION + "/invoke-async/?", "invoke_async"),
        ("POST", r"/\d{4}-\d\d-\d\d/event-source-mappings/?", "create_event_source_mapping"),
        ("POST", r"/\d{4}-\d\d-\d\d/layers/[^/]+/versions", "publish_layer_version"),
    )
)


def refusal(method: str, path: str, query: str = "") -> bytes | None:
    """The error body for a call that is not honoured yet; None for every other call."""
    for refused_method, pattern, name in NOT_HONOURED:
        if method == refused_method and pattern.fullmatch(path):
            return _body(name)
    # moto reads "qualifier", boto3 sends "Qualifier": every version would be $LATEST.
    qualifier = parse_qs(query).get("Qualifier", ["$LATEST"])[0]
    if qualifier != "$LATEST" and re.match(_FUNCTION, path):
        return _body(f'Qualifier="{qualifier}"', "a function has one version here, $LATEST")
    return None


def _body(name: str, reason: str = "it would be stored and have no effect") -> bytes:
    message = f"The local cloud does not honour {name} yet: {reason}. docs/fidelity.md lists what is real."
    return json.dumps({"Type": "User", "message": message, "Message": message}).encode()

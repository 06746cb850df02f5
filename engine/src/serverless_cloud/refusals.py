"""What the local cloud does not honour yet: refused by name, so that nothing is passed over in silence.

moto would accept these calls, keep their settings and act on none of them. A row goes when the data plane honours it.
"""

from __future__ import annotations

import json
import re

_FUNCTION = r"/\d{4}-\d\d-\d\d/functions/[^/]+"

#: HTTP method, path, what the learner called.
NOT_HONOURED: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (method, re.compile(path), name)
    for method, path, name in (
        ("PUT", _FUNCTION + "/recursion-config", "put_function_recursion_config"),
        ("PUT", _FUNCTION + "/runtime-management-config", "put_runtime_management_config"),
        ("PUT", _FUNCTION + "/code-signing-config", "put_function_code_signing_config"),
        ("POST", _FUNCTION + "/invoke-async/?", "invoke_async"),
        ("POST", _FUNCTION + "/response-streaming-invocations", "invoke_with_response_stream"),
    )
)


def refusal(method: str, path: str) -> bytes | None:
    """The error body for a call that is not honoured yet; None for every other call."""
    for refused_method, pattern, name in NOT_HONOURED:
        if method == refused_method and pattern.fullmatch(path):
            return _body(name)
    return None


def _body(name: str) -> bytes:
    message = (
        f"The local cloud does not honour {name} yet: it would be stored and have no effect. "
        "docs/fidelity.md lists what is real."
    )
    return json.dumps({"Type": "User", "message": message, "Message": message}).encode()

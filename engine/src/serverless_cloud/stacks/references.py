"""Dynamic references in properties: {{resolve:secretsmanager:...}}, {{resolve:ssm:...}}.

Source: CloudFormation User Guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")
_SECRET = re.compile(
    r"(?P<id>arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)"
    r"(?::(?P<part>SecretString)?(?::(?P<key>[^:]*))?(?::(?P<stage>[^:]*))?(?::(?P<version>[^:]*))?)?"
)


def dereferenced(value: Any, call: Callable[..., dict[str, Any]]) -> Any:
    """A value with its dynamic references looked up.

    Args:
        value: worked out but for these.
        call: makes a call of a service: service, operation, parameters.

    Raises:
        ResourceFailed: there is no such secret or parameter.
    """
    if isinstance(value, list):
        return [dereferenced(item, call) for item in value]
    if isinstance(value, dict):
        return {name: dereferenced(member, call) for name, member in value.items()}
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda match: _looked_up(match[1], match[2], call), value)


def _looked_up(service: str, reference: str, call: Callable[..., dict[str, Any]]) -> str:
    if service != "secretsmanager":
        answer = call("ssm", "GetParameter", Name=reference, WithDecryption=service == "ssm-secure")
        return str(answer["Parameter"]["Value"])
    match = _SECRET.fullmatch(reference)
    if match is None:
        raise ResourceFailed(f"Incorrect format is used in the following dynamic reference: secretsmanager:{reference}")
    names = {"VersionStage": match["stage"], "VersionId": match["version"]}
    more = {name: value for name, value in names.items() if value}
    text = str(call("secretsmanager", "GetSecretValue", SecretId=match["id"], **more)["SecretString"])
    if not match["key"]:
        return text
    try:
        return str(json.loads(text)[match["key"]])
    except (ValueError, KeyError, TypeError):
        raise ResourceFailed(
            f"Could not find a value associated with JSONKey in SecretString: {match['key']}"
        ) from None

"""Gateway responses, API Gateway's own answers to requests that don't get through.

Sources: API Gateway Developer Guide, "Gateway response types for API Gateway" (types and statuses), "Set up a gateway
response"; the words of the messages as recorded on AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from serverless_cloud.http.front import Response
from serverless_cloud.http.rest_model import Json

#: By type: status, x-amzn-ErrorType, message.
TYPES: dict[str, tuple[int, str, str]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException", "User is not authorized to access this resource"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException", ""),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException", ""),
    "BAD_REQUEST_BODY": (400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException", "Missing required request parameters"),
    "DEFAULT_4XX": (400, "BadRequestException", "Bad Request"),
    "DEFAULT_5XX": (500, "InternalServerErrorException", "Internal server error"),
    "EXPIRED_TOKEN": (403, "ExpiredTokenException", "The security token included in the request is expired"),
    "FORBIDDEN": (403, "ForbiddenException", "Forbidden"),  # no type of AWS's: the stage is unknown
    "INTEGRATION_FAILURE": (502, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException", "Endpoint request timed out"),
    "INVALID_API_KEY": (403, "ForbiddenException", "Forbidden"),
    "INVALID_SIGNATURE": (403, "InvalidSignatureException", "The request signature does not match"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "QUOTA_EXCEEDED": (429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException", "Request Too Long"),
    "RESOURCE_NOT_FOUND": (404, "ResourceNotFoundException", "Not Found"),
    "THROTTLED": (429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": (401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException", "Unsupported Media Type"),
    "WAF_FILTERED": (403, "ForbiddenException", "Forbidden"),
}


class GatewayError(Exception):
    """A request that ends here.

    Args:
        type: a gateway response type.
        message: what the client reads, if not the type's own words.
        status: if not the type's own.
        reason: why, for the server's log; the client does not see it.
        validation: what a request validator found wrong, $context.error.validationErrorString.
    """

    def __init__(
        self, type: str, message: str | None = None, *, status: int = 0, reason: str = "", validation: str = ""
    ) -> None:
        usual_status, self.error_type, usual = TYPES[type]
        self.type, self.status, self.message = type, status or usual_status, usual if message is None else message
        self.reason, self.validation = reason, validation
        super().__init__(reason or self.message)


def gateway_response(
    error: GatewayError, configured: Mapping[str, Json], context: Json, stage_variables: Json, request: Json
) -> Response:
    """The response for an error.

    Args:
        configured: the API's gateway responses by type; DEFAULT_4XX and DEFAULT_5XX stand in for what is not there.
        context: $context.
        request: what `method.request.` stands for: {"header": {...}, "querystring": {...}, "path": {...}}.
    """
    default = "DEFAULT_5XX" if error.status >= 500 else "DEFAULT_4XX"
    mine = configured.get(error.type) or configured.get(default) or {}
    facts = dict(context) | {
        "error": {
            "message": error.message,
            "messageString": json.dumps(error.message or None),
            "responseType": error.type,
            "validationErrorString": error.validation,
        }
    }
    names = {"context": facts, "stageVariables": stage_variables, "method": {"request": request}}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.error_type}
    for target, source in (mine.get("responseParameters") or {}).items():
        name = target.removeprefix("gatewayresponse.header.")
        value = source[1:-1] if source.startswith("'") else _look_up(source, names)
        headers = {k: v for k, v in headers.items() if k.lower() != name.lower()} | {name: value}
    templates = mine.get("responseTemplates") or {}
    template = templates.get("application/json")
    if template is None and templates:
        kind, template = next(iter(templates.items()))
        headers["Content-Type"] = kind
    if template is None:
        word = "Message" if error.type == "ACCESS_DENIED" else "message"
        template = f'{{"{word}":$context.error.messageString}}'
    body = _substituted(template, names)
    return Response(int(mine.get("statusCode") or error.status), tuple(headers.items()), body.encode())


_WORDS = r"(?:context|stageVariables|method\.request)\.[A-Za-z0-9_.\-]*[A-Za-z0-9_]"
_NAME = re.compile(r"\$\{(" + _WORDS + r")\}|\$(" + _WORDS + ")")


def _substituted(template: str, names: Json) -> str:
    """Gateway responses know plain substitution only, no VTL."""
    return _NAME.sub(lambda match: _look_up(match.group(1) or match.group(2), names), template)


def _look_up(name: str, names: Json) -> str:
    found = walk(names, name)
    return "" if found is None else str(found)


def walk(value: Any, path: str) -> Any:
    """The value in an object at a path, "identity.sourceIp"; None for nothing."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value

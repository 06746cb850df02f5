"""Gateway responses, API Gateway's own answers to requests that don't get through.

Sources: API Gateway Developer Guide, "Gateway response types for API Gateway" (types and statuses);
the words of the messages as recorded on AWS.
"""

from __future__ import annotations

import json

from serverless_cloud.http.request import Response

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
    """

    def __init__(self, type: str, message: str | None = None, *, status: int = 0, reason: str = "") -> None:
        usual_status, self.error_type, usual = TYPES[type]
        self.type, self.status, self.message = type, status or usual_status, usual if message is None else message
        self.reason = reason
        super().__init__(reason or self.message)


def gateway_response(error: GatewayError) -> Response:
    """The response for an error."""
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error.error_type))
    word = "Message" if error.type == "ACCESS_DENIED" else "message"
    return Response(error.status, headers, f'{{"{word}":{json.dumps(error.message or None)}}}'.encode())

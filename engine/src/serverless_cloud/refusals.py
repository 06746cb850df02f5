"""What the local cloud does not honour yet: refused by name, so that nothing is passed over in silence.

moto would accept the calls below, keep their settings and act on none of them. A row goes when the data plane honours
it. No moto.
"""

from __future__ import annotations

import json
import re

from werkzeug.exceptions import HTTPException

#: How services word what they do not honour; the braces stand for what it is.
STORED = (
    "The local cloud does not honour {}: it would be stored and have no effect. docs/fidelity.md lists what is real."
)
KEPT = STORED.replace("stored", "kept")  # REST APIs
NOT_YET = STORED.replace("{}", "{} yet")  # HTTP APIs and the calls of Lambda below


class Refusal(HTTPException):
    """An error as the services with JSON answer it, in the form that moto's own errors have.

    Args:
        error_type: the error's name in the API reference.
    """

    def __init__(self, error_type: str, message: str, status: int = 400) -> None:
        self.error_type, self.message, self.code = error_type, message, status
        super().__init__(json.dumps({"__type": error_type, "message": message}))

    def __str__(self) -> str:
        return self.message

    def get_body(self, *_: object) -> str:
        """The JSON, where werkzeug would send a page of HTML."""
        return self.description or ""

    def get_headers(self, *_: object) -> list[tuple[str, str]]:
        """The headers by which boto3 knows the error."""
        return [("X-Amzn-ErrorType", self.error_type), ("Content-Type", "application/json")]


class NotHonoured(Refusal):
    """AWS would take the request. The local cloud would keep a setting of it and not act on it, so it answers 501.

    SNS, whose answers are XML, wraps it.

    Args:
        what: the setting or the call.
        words: the message, with braces for `what`.
    """

    def __init__(self, what: str, words: str = STORED) -> None:
        super().__init__("NotImplementedException", words.format(what), 501)


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
            message = NOT_YET.format(name)
            return json.dumps({"Type": "User", "message": message, "Message": message}).encode()
    return None

"""Refusals of settings and calls that the local cloud doesn't support. Each refusal names the setting or the call.

moto would accept the calls below, keep their settings and never act on them. Delete a row when the data plane supports
its call. No moto.
"""

from __future__ import annotations

import json
import re

from werkzeug.exceptions import HTTPException

#: The refusal of a setting or a call; the braces stand for its name.
STORED = (
    "The local cloud doesn't support {}. It would store this and never act on it, so it refuses the call. Leave it "
    "out; docs/fidelity.md lists what works here."
)
#: The refusal of a call that has a substitute; the second pair of braces stands for the advice.
INSTEAD = "The local cloud doesn't support {}. {} docs/fidelity.md lists what works here."


class Refusal(HTTPException):
    """An error as services with JSON return it, in the form of moto's own errors.

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
    """AWS would accept the request. The local cloud would store a setting and never act on it, so it refuses.

    The front desk writes it in the protocol of the request.

    Args:
        what: the setting or the call.
        words: the message, with braces for `what`.
    """

    def __init__(self, what: str, words: str = STORED) -> None:
        super().__init__("NotImplementedException", words.format(what))


_FUNCTION = r"/\d{4}-\d\d-\d\d/functions/[^/]+"

#: HTTP method, path, message.
NOT_HONOURED: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (method, re.compile(path), message)
    for method, path, message in (
        ("PUT", _FUNCTION + "/code-signing-config", STORED.format("put_function_code_signing_config")),
        (
            "POST",
            _FUNCTION + "/invoke-async/?",
            INSTEAD.format("invoke_async", 'Call invoke with InvocationType="Event".'),
        ),
        (
            "POST",
            _FUNCTION + "/response-streaming-invocations",
            INSTEAD.format("invoke_with_response_stream", "Call invoke, which returns the whole answer at once."),
        ),
    )
)


def refusal(method: str, path: str) -> bytes | None:
    """The error body for a call that the local cloud doesn't support; None for every other call."""
    for refused_method, pattern, message in NOT_HONOURED:
        if method == refused_method and pattern.fullmatch(path):
            return json.dumps({"Type": "User", "message": message, "Message": message}).encode()
    return None


#: Subresources of S3 that moto doesn't know: it would list, make or delete the bucket or the object instead.
_SUBRESOURCES = frozenset(
    (
        "abac", "analytics", "annotation", "intelligent-tiering", "metadataAnnotationTable", "metadataConfiguration",
        "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "renameObject", "requestPayment",
        "session", "torrent",
    )
)  # fmt: skip


def refuse_subresource(method: str, query: str) -> None:
    """Refuses a request about a part of a bucket or an object that the local cloud doesn't have.

    Args:
        query: of the URL, "metrics&id=1".

    Raises:
        NotImplementedError: with the method and the subresource.
    """
    names = {part.partition("=")[0] for part in query.split("&")}
    if (unknown := names & _SUBRESOURCES) or ("retention" in names and method == "GET"):
        raise NotImplementedError(f"{method} ?{next(iter(unknown), 'retention')}")

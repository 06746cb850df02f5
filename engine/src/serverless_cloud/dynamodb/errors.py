"""The errors that DynamoDB answers with.

A request itself shows some errors; others depend on the table or its items. Since 2026, the calls that
write one item put "1 validation error detected: " before errors of the first kind. Transactions report only errors of
the second kind as the reason of a cancellation. So an error knows its kind.
"""

from __future__ import annotations

from typing import Any

ENVELOPE = "1 validation error detected: "


class DynamoDbError(Exception):
    """DynamoDB refuses a request.

    Args:
        code: The error's name in the API reference.
        of_request: Whether the request shows the error, without the table and its items.
        members: What the answer has besides the message, such as the `Item` that failed a condition.
    """

    def __init__(
        self, message: str, code: str = "ValidationException", *, of_request: bool = False, **members: Any
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.of_request, self.members = message, code, of_request, members

    def in_envelope(self) -> DynamoDbError:
        """The same error with the words that calls that write one item put before it."""
        if not self.of_request or self.message.startswith(ENVELOPE):
            return self
        return DynamoDbError(ENVELOPE + self.message, self.code, of_request=True, **self.members)


class WholeRequestError(DynamoDbError):
    """DynamoDB refuses a whole request, even if it is a transaction, which reports other errors as a part's reason."""


def malformed(message: str) -> DynamoDbError:
    """An error that the request itself shows."""
    return DynamoDbError(message, of_request=True)


def parameter(message: str, *, of_request: bool = False) -> DynamoDbError:
    """The error of a parameter with an invalid value, DynamoDB's most frequent one."""
    return DynamoDbError(f"One or more parameter values were invalid: {message}", of_request=of_request)


def condition_failed(item: dict[str, Any] | None = None) -> DynamoDbError:
    """A condition that isn't met. Args: item: The item, if the answer shows it."""
    members: dict[str, Any] = {"Item": item} if item else {}
    return DynamoDbError("The conditional request failed", "ConditionalCheckFailedException", **members)

"""The errors of CloudFormation."""

from __future__ import annotations


class StackError(Exception):
    """CloudFormation refuses a call, with an error code and AWS's words.

    Args:
        code: as in the API reference.
        status: HTTP status.
    """

    def __init__(self, message: str, code: str = "ValidationError", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


class ResourceFailed(Exception):
    """A resource could not be created, changed or deleted. The text is the reason in the stack's events."""


class InvalidProperties(ResourceFailed):
    """Properties that the schema of a type doesn't allow."""

    def told_of(self, logical_id: str) -> str:
        """AWS's sentence about a resource."""
        return f"Properties validation failed for resource {logical_id} with message:\n{self}"


class UnsupportedResource(ResourceFailed):
    """A type or a property that would have no effect in the local cloud, so it is refused by name."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The local cloud doesn't support {what}, so it did nothing with this resource. Leave it out; "
            "docs/fidelity.md lists what works here."
        )

"""How CloudFormation says no."""

from __future__ import annotations


class StackError(Exception):
    """A call of CloudFormation that is refused, with an error code and AWS's words.

    Args:
        code: as in the API reference.
        status: HTTP status.
    """

    def __init__(self, message: str, code: str = "ValidationError", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted; the text is the reason in the stack's events."""


class UnsupportedResource(ResourceFailed):
    """A type or a property that would have no effect here: never passed over in silence."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The local cloud does not honour {what} yet (docs/fidelity.md). Nothing was made of it.")

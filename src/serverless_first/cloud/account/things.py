"""What cleaning up finds and removes, in an order that works: what uses something goes before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from serverless_first.cloud.account.owned import Account


@dataclass(frozen=True)
class Thing:
    """A resource of the owner's.

    Attributes:
        kind: what it is, in words: "function".
        name: its name or id.
        remove: asks for its removal.
        gone: whether it is gone; None where `remove` comes back when it is.
        id: what its ARN has in the place of its name, if it is another.
    """

    kind: str
    name: str
    remove: Callable[[], object] = field(repr=False, compare=False)
    gone: Callable[[], bool] | None = field(default=None, repr=False, compare=False)
    id: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


#: Finds the things of one kind.
Finder = Callable[[Account], Iterator[Thing]]


def code_of(error: Exception) -> str:
    """The error code of an error of boto3; its class for others."""
    answer = getattr(error, "response", None)
    return str(answer["Error"]["Code"]) if isinstance(answer, dict) else type(error).__name__


def is_missing(error: Exception) -> bool:
    """Whether an error says that there is no such thing."""
    code = code_of(error)
    return any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist", "NonExistent", "NotExist"))


def absent(look: Callable[[], object]) -> Callable[[], bool]:
    """Tells whether a call that describes a thing finds it no more."""

    def gone() -> bool:
        from botocore.exceptions import ClientError

        try:
            look()
        except ClientError as error:
            if is_missing(error):
                return True
            raise
        return False

    return gone

"""The resources that cleaning up finds and removes, in an order in which users go before the used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from serverless_first.real_account.owned import Account


@dataclass(frozen=True)
class Thing:
    """A resource of the owner's.

    Attributes:
        kind: what it is, in words: "function".
        name: its name or id.
        remove: asks for its removal.
        is_removed: whether it is gone; None where `remove` comes back when it is.
        id: what tells it from others of its kind and name: an API's id, a rule's bus.
    """

    kind: str
    name: str
    remove: Callable[[], object] = field(repr=False, compare=False)
    is_removed: Callable[[], bool] | None = field(default=None, repr=False, compare=False)
    id: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


#: Finds the things of one kind.
Finder = Callable[[Account], Iterator[Thing]]


@dataclass(frozen=True)
class Kind:
    """A kind of resource that one call lists and one call deletes: how, and then a `Finder` of it.

    Attributes:
        words: for the learner, "pipe".
        service: as botocore calls it.
        listing: the call that lists them.
        key: of its answer. A listing of plain texts counts as one of `{"Name": text}`.
        name: the field with the name; of an ARN or a URL its last part is shown.
        tags: the field with the tags; or the call that lists them, its argument, the field for that, the answer's key.
        delete: the call, its argument, and the field for that.
        look: the call, with the same argument, that finds it until it is gone; "" where deleting takes no time.
        id: the field that tells namesakes apart; "" where there can be none.
        arguments: what else a call gets, by the call's name.
        spared: AWS's own, by a pattern of their names.
    """

    words: str
    service: str
    listing: str
    key: str
    name: str
    tags: str | tuple[str, str, str, str]
    delete: tuple[str, str, str]
    look: str = ""
    id: str = ""
    arguments: dict[str, dict[str, Any]] = field(default_factory=dict)
    spared: str = ""

    def __call__(self, account: Account) -> Iterator[Thing]:
        """The owner's things. Passes over things that somebody has removed meanwhile."""
        client = account.client(self.service)
        for listed in account.pages(self.service, self.listing, self.key, **self.arguments.get(self.listing, {})):
            resource: dict[str, Any] = {"Name": listed} if isinstance(listed, str) else listed
            name = resource.get(self.name) or resource[self.id]
            if re.fullmatch(self.spared, name) or not account.owns(self._tags(client, resource)):
                continue
            call, argument, value = self.delete
            this = {argument: resource[value]}
            remove = partial(getattr(client, call), **this, **self.arguments.get(call, {}))
            check = partial(is_gone, partial(getattr(client, self.look), **this)) if self.look else None
            yield Thing(self.words, _last_part(name), remove, check, resource[self.id] if self.id else "")

    def _tags(self, client: Any, resource: dict[str, Any]) -> Any:
        if isinstance(self.tags, str):
            return resource.get(self.tags)
        call, argument, value, key = self.tags
        answer = answer_of(
            partial(getattr(client, call), **{argument: resource[value]}, **self.arguments.get(call, {}))
        )
        return answer and answer.get(key)


def _last_part(name: str) -> str:
    if not name.startswith(("arn:", "http://", "https://")):
        return name
    return name.rsplit("/" if "/" in name else ":", 1)[-1]


def code_of(error: Exception) -> str:
    """The error code of an error of boto3; its class for others."""
    answer = getattr(error, "response", None)
    return str(answer["Error"]["Code"]) if isinstance(answer, dict) else type(error).__name__


def is_missing(error: Exception) -> bool:
    """Whether an error says that there is no such thing."""
    code = code_of(error)
    return any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist", "NonExistent", "NotExist"))


def answer_of(call: Callable[[], Any]) -> Any:
    """The answer of a call about a thing, or None if the thing does not exist any more.

    Raises:
        ClientError: the call was refused for another reason, which says nothing about the thing.
    """
    try:
        return call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def is_gone(look: Callable[[], Any]) -> bool:
    """Whether a call that describes a thing finds it no more."""
    return answer_of(look) is None

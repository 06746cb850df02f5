"""The owner of resources. Everything that a session creates gets one tag, by which the cleanup finds it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3

from serverless_first.real_account.journal import Journal

#: The key of the tag; its value is the owner.
KEY = "serverless-first"
#: The tag that CloudFormation puts on a stack's resources.
OF_A_STACK = "aws:cloudformation:stack-id"

_FORBIDDEN = re.compile(r"[^A-Za-z0-9._@-]+")
_LONGEST = 64


@dataclass
class Account:
    """An account, or an emulator that stands in for it at another endpoint.

    Attributes:
        id: the account's number.
        region: the Region.
        owner: the value of the tag, which names the person who creates the resources.
        endpoint: an emulator's URL; None for AWS itself.
        arn: the caller, according to STS.
        journal: the resources that can't be tagged.
        session: the boto3 session that asked STS, so that only this account's resources are removed; None for the
            default session.
    """

    id: str
    region: str
    owner: str
    endpoint: str | None
    arn: str
    journal: Journal
    session: Any = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def every_s(self) -> float:
        """The seconds between two checks for a removed resource. AWS takes minutes, but an emulator does not."""
        return 10.0 if self.endpoint is None else 0.1

    def client(self, service: str) -> Any:
        """The boto3 client for a service."""
        if service not in self._clients:
            self._clients[service] = (self.session or boto3).client(service, region_name=self.region)
        return self._clients[service]

    def in_region(self, region: str) -> Account:
        """The same owner in another Region, with its own journal."""
        path = self.journal.path.with_name(journal_name(self.id, region, self.owner, self.endpoint))
        return replace(self, region=region, journal=Journal(path), _clients={})

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """An operation's results, page by page.

        Args:
            operation: the name of boto3's method, such as "list_functions".
            key: the key of the list in the response.
        """
        client = self.client(service)
        if client.can_paginate(operation):
            for page in client.get_paginator(operation).paginate(**arguments):
                yield from page.get(key) or ()
        else:
            yield from getattr(client, operation)(**arguments).get(key) or ()

    def owns(self, tags: Any) -> bool:
        """Whether the tags are the owner's. A stack's resources don't count, because they are deleted with the stack.

        Args:
            tags: as a service returns them, in a mapping or a list of keys and values.
        """
        tag_values = as_mapping(tags)
        return tag_values.get(KEY) == self.owner and OF_A_STACK not in tag_values


def journal_name(number: str, region: str, owner: str, endpoint: str | None) -> str:
    """The name of the journal's file. An emulator with an account's number has a different file from the account."""
    place = "" if endpoint is None else "-at-" + _FORBIDDEN.sub("-", endpoint.partition("://")[2]).strip("-")
    return f"{number}-{region}-{owner}{place}.jsonl"


def as_mapping(tags: Any) -> dict[str, str]:
    """Tags in any of AWS's forms as a mapping."""
    if not tags:
        return {}
    if isinstance(tags, dict):
        return dict(tags)
    return {tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in tags}


def owner_of(arn: str) -> str:
    """The owner that an identity stands for, from the last part of its ARN, in characters that every service accepts.

    >>> owner_of("arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com")
    'ann@example.com'
    """
    return valid_owner(arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1] or "somebody")


def valid_owner(name: str) -> str:
    """The value of the tag for a name.

    Raises:
        ValueError: the name has no letters, digits, or . _ @ -
    """
    value = _FORBIDDEN.sub("-", name.strip())[:_LONGEST].strip("-")
    if not value:
        raise ValueError(f"owner is {name!r}, but it needs letters or digits (a to z, 0 to 9).")
    return value

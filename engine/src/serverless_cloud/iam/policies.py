"""Policies, and what they say of a request. No moto, no I/O.

Rules: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy element reference". moto's own evaluation
(moto/iam/access_control.py, 5.2.5) denies where a condition of an Allow does not hold, lets every statement without
Resource pass, NotResource among them, ignores all operators but StringEquals, and compares actions by case: it is not
used.
"""

from __future__ import annotations

import enum
import functools
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.iam.matching import (
    Context,
    UnknownContextKey,
    arn_like,
    check_operator,
    holds,
    like,
    with_variables,
)

_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


class Verdict(enum.Enum):
    """The answer of policies to a request. No statement means no, but another policy may still allow the request."""

    ALLOW = "Allow"
    DENY = "Deny"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Principal:
    """The caller.

    Args:
        arn: in the form of refusals: the user's or the role session's ARN, or the name of a service.
        names: how a policy names it: the ARN of its role too, or the service's name.
        account_id: whose it is; empty for a service.
    """

    arn: str
    names: frozenset[str] = frozenset()
    account_id: str = ""

    @property
    def is_service(self) -> bool:
        """Whether an AWS service acts by itself."""
        return not self.account_id


@dataclass(frozen=True)
class Request:
    """A request for an action.

    Args:
        action: "sqs:SendMessage".
        resource: an ARN; "*" for what no ARN names.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class _Condition:
    name: str
    key: str
    operands: tuple[str, ...]


@dataclass(frozen=True)
class _Statement:
    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...] | None
    but_resources: bool
    principals: Mapping[str, tuple[str, ...]] | None
    but_principals: bool
    conditions: tuple[_Condition, ...]

    def speaks_of(self, request: Request, principal: Principal | None, through_account: bool) -> bool:
        action = request.action.lower()
        if any(like(pattern, action) for pattern in self.actions) == self.but_actions:
            return False
        if self.resources is not None and self._names_resource(request) == self.but_resources:
            return False
        if principal is not None and self.principals is not None:
            through_account = through_account or not self.allows
            if self._names_principal(principal, through_account) == self.but_principals:
                return False
        return all(holds(c.name, c.key, c.operands, request.context) for c in self.conditions)

    def _names_resource(self, request: Request) -> bool:
        assert self.resources is not None
        patterns = (with_variables(pattern, request.context) for pattern in self.resources)
        return any(p is not None and (p == "*" or arn_like(p, request.resource)) for p in patterns)

    def _names_principal(self, principal: Principal, through_account: bool) -> bool:
        assert self.principals is not None
        if "*" in self.principals.get("AWS", ()):
            return True
        if principal.is_service:
            return bool(principal.names.intersection(self.principals.get("Service", ())))
        names = principal.names | {principal.arn}
        if through_account:
            names |= {principal.account_id, f"arn:aws:iam::{principal.account_id}:root"}
        return bool(names.intersection(self.principals.get("AWS", ())))


class Policy:
    """A policy document.

    Args:
        document: JSON.

    Raises:
        ValueError: it is not a policy; the text says why.
    """

    def __init__(self, document: str) -> None:
        content = json.loads(document)
        if not isinstance(content, dict):
            raise ValueError("A policy must be a JSON object.")
        self.statements = [_statement(statement) for statement in as_list(content.get("Statement", []))]

    def says(self, request: Request, principal: Principal | None = None, *, through_account: bool = False) -> Verdict:
        """The policy's answer to a request.

        Args:
            principal: who asks, for a policy of a resource; None for one of a role or a user.
            through_account: whether naming the account allows too. It hands the decision to the account's own
                policies, so by itself it allows nothing.

        Raises:
            UnknownContextKey: a condition has a key that the local cloud does not know.
        """
        return _verdict(self.statements, request, principal, through_account)


@functools.lru_cache(1024)
def parsed(document: str) -> Policy:
    """The policy of a document, parsed once for each content. Raises: ValueError, as for `Policy`."""
    return Policy(document)


def verdict_of(documents: Iterable[str], request: Request) -> Verdict:
    """The joint answer of several policies of one kind. A Deny counts more than any Allow.

    Raises:
        ValueError: a document is not a policy, or uses something that the local cloud doesn't support.
    """
    statements = itertools.chain.from_iterable(parsed(document).statements for document in documents)
    return _verdict(statements, request, None, False)


def _verdict(
    statements: Iterable[_Statement], request: Request, principal: Principal | None, through_account: bool
) -> Verdict:
    verdict, unknown = Verdict.NOTHING, None
    for statement in statements:
        try:
            speaks = statement.speaks_of(request, principal, through_account)
        except UnknownContextKey as error:
            if not statement.allows:
                raise
            unknown = error  # matters only if nothing else allows it
            continue
        if speaks and not statement.allows:
            return Verdict.DENY
        if speaks:
            verdict = Verdict.ALLOW
    if verdict is Verdict.NOTHING and unknown is not None:
        raise unknown
    return verdict


def _statement(statement: Any) -> _Statement:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError('Each statement of a policy needs an Effect, "Allow" or "Deny".')
    if unknown := sorted(set(statement) - _ELEMENTS):
        raise ValueError(f"A policy statement has no element {unknown[0]}. It can have {', '.join(sorted(_ELEMENTS))}.")
    if "Action" not in statement and "NotAction" not in statement:
        raise ValueError("Each statement of a policy needs an Action or a NotAction.")
    resources = statement.get("Resource", statement.get("NotResource"))
    principals = statement.get("Principal", statement.get("NotPrincipal"))
    return _Statement(
        allows=statement["Effect"] == "Allow",
        actions=tuple(str(a).lower() for a in as_list(statement.get("Action", statement.get("NotAction")))),
        but_actions="Action" not in statement,
        resources=None if resources is None else tuple(map(str, as_list(resources))),
        but_resources="NotResource" in statement,
        principals=None if principals is None else _principals(principals),
        but_principals="NotPrincipal" in statement,
        conditions=tuple(_conditions(statement.get("Condition") or {})),
    )


def _principals(principals: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(principals, str):
        principals = {"AWS": principals}
    return {kind: tuple(map(str, as_list(names))) for kind, names in principals.items()}


def _conditions(conditions: Mapping[str, Mapping[str, Any]]) -> Iterable[_Condition]:
    for name, keys in conditions.items():
        check_operator(name)
        for key, operands in keys.items():
            yield _Condition(name, key, tuple(_text(operand) for operand in as_list(operands)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_list(value: Any) -> Sequence[Any]:
    """The values of a policy's key, which may have one or several."""
    return value if isinstance(value, list) else [value]

"""The permissions of roles, and the policies of functions, queues and topics (`enforce_iam`). No moto.

Rules: IAM User Guide, "Policy evaluation logic". An explicit Deny ends it. Inside one account an Allow of the
identity's own policies is enough, and so is an Allow of the resource's policy. A permissions boundary and a session
policy limit what the identity's own policies allow. A service that acts by itself has only the resource's policy.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.denials import NO_IDENTITY_POLICY, NO_RESOURCE_POLICY, not_authorized
from serverless_cloud.iam.matching import Context
from serverless_cloud.iam.policies import Principal, Request, Verdict, parsed, verdict_of

ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Identity:
    """A role's session or a user, with its policies as they are now.

    Args:
        policies: its own documents: inline, attached, of its groups.
        boundary: the document of its permissions boundary, or None.
        session_policy: the document given to AssumeRole, or None.
        context: condition keys that come with it.
    """

    principal: Principal
    policies: tuple[str, ...]
    boundary: str | None = None
    session_policy: str | None = None
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """An AWS service that calls a function by itself: the function's resource policy must allow it.

    Args:
        principal: the service, "sns.amazonaws.com".
        source_arn: what sends: the topic, bucket, rule, or "arn:aws:execute-api:..." of the API's method.
        source_account: the account that owns it.
    """

    principal: str
    source_arn: str
    source_account: str = ACCOUNT_ID


class InvalidCredentials(Exception):
    """Nobody has this access key (any more). Args: expired: whether it was valid once."""

    def __init__(self, expired: bool = False) -> None:
        super().__init__("expired" if expired else "invalid")
        self.expired = expired


def is_administrator(access_key: str) -> bool:
    """Whether an access key is the learner's own: AWS's begin with ASIA (a role's session) or AKIA (a user)."""
    return not access_key.startswith(("ASIA", "AKIA"))


class Identities(Protocol):
    """Where roles and policies are kept."""

    def of_key(self, access_key: str, token: str) -> Identity:
        """The owner of an access key, with this session token ("" for a user).

        Raises:
            InvalidCredentials: nobody.
        """

    def of_role(self, role_arn: str, session: str) -> Identity | None:
        """A session of a role; None if there is no such role."""

    def trust_policy(self, role_arn: str) -> str | None:
        """The document that says who may assume a role."""

    def function_policy(self, function: Any, qualifier: str | None) -> str | None:
        """The resource policy of a function, or of one version or alias of it; None if it has none."""

    def resource_policy(self, arn: str) -> str | None:
        """The policy of a queue, topic, bucket, object, function, secret or bus; None if it has none."""

    def secret_arn(self, region: str, name: str) -> str:
        """The full ARN of a secret by its name or ARN; a made-up one if there is none."""

    def has_object(self, arn: str) -> bool:
        """Whether S3 has an object."""

    def role_credentials(self, role_arn: str, session_name: str, region: str) -> dict[str, str]:
        """Environment variables with temporary credentials of a role; without the role, keys that nobody accepts."""


class Permissions:
    """Asked by every part of the data plane before it acts for somebody. Without `enforced` all is allowed.

    Args:
        enforced: whether a missing permission is an error. It may change while the cloud runs.
        identities: where roles and policies are kept.
    """

    def __init__(self, enforced: bool = False, identities: Identities | None = None) -> None:
        self.enforced = enforced
        self._identities = identities

    @property
    def identities(self) -> Identities:
        """Where roles and policies are kept."""
        assert self._identities is not None
        return self._identities

    def require(
        self, role_arn: str | None, action: str, resource: str, *, service: str | None = None, session: str = "session"
    ) -> None:
        """Raises unless the policies of a role allow an action.

        Args:
            role_arn: the role that the service acts in: the execution role of a mapping's function, the role of a
                rule's target or of an API's integration.
            action: "sqs:ReceiveMessage".
            resource: the ARN that it acts on.
            service: who acts in it, "scheduler.amazonaws.com"; if given, the role must trust it.
            session: the name of the session in AWS's words, such as a function's name.

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        identity = self.identities.of_role(role_arn, session) if role_arn else None
        if identity is None:
            if not role_arn:
                raise AccessDenied(f"There is no role that allows {action} on resource: {resource}")
            raise AccessDenied(not_authorized(role_arn, action, resource, NO_IDENTITY_POLICY))
        if service is not None:
            self.require_trust(role_arn, service)
        self.authorise(identity, Request(action, resource, _region_of(resource)))

    def allows(self, role_arn: str | None, action: str, resource: str) -> bool:
        """Whether `require` would let it pass."""
        try:
            self.require(role_arn, action, resource)
        except AccessDenied:
            return False
        return True

    def require_trust(self, role_arn: str | None, service: str) -> None:
        """Raises unless the trust policy of a role lets a service assume it.

        Args:
            service: "apigateway.amazonaws.com".

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        document = self.identities.trust_policy(role_arn) if role_arn else None
        if not _allows(document, Request("sts:AssumeRole", role_arn or "", _now()), _service(service)):
            raise AccessDenied(not_authorized(service, "sts:AssumeRole", role_arn or "no role"))

    def require_invoke(self, function: Any, qualifier: str | None, caller: Caller) -> None:
        """Raises unless the resource policy of a function (of its version or alias) lets a service call it.

        Args:
            function: moto's function.
            qualifier: the version or alias that is called; None for the function without one.
            caller: who calls, and for what source.

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        policy, arn = self._policy_of(function, qualifier)
        self.require_resource_policy(
            policy, caller.principal, "lambda:InvokeFunction", arn, caller.source_arn, caller.source_account
        )

    def require_function_url(self, function: Any, qualifier: str | None, auth_type: str = "NONE") -> None:
        """Raises unless a function's resource policy lets anybody call its URL.

        AWS Lambda Developer Guide, "Control access to Lambda function URLs": the policy must allow
        lambda:InvokeFunctionUrl and, since October 2025, lambda:InvokeFunction through a URL.

        Args:
            function: moto's function.
            qualifier: the alias that the URL belongs to, or None.
            auth_type: "NONE" or "AWS_IAM".

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        policy, arn = self._policy_of(function, qualifier)
        anybody = Principal("anonymous", frozenset(), "anonymous")
        keys = {"lambda:functionurlauthtype": [auth_type], "lambda:invokedviafunctionurl": ["true"]}
        for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
            if not _allows(policy, Request(action, arn, {**_now(), **keys}), anybody):
                raise AccessDenied(not_authorized("anonymous", action, arn, NO_RESOURCE_POLICY))

    def _policy_of(self, function: Any, qualifier: str | None) -> tuple[str | None, str]:
        """The policy that holds for a call, and the ARN that is called."""
        arn = ":".join(function.function_arn.split(":")[:7])
        named = qualifier if qualifier != "$LATEST" else None
        return self.identities.function_policy(function, named), f"{arn}:{named}" if named else arn

    def require_resource_policy(
        self,
        policy: str | None,
        principal: str,
        action: str,
        resource: str,
        source_arn: str | None,
        source_account: str = ACCOUNT_ID,
    ) -> None:
        """Raises unless the policy of a queue, topic, bus or function lets an AWS service act on it.

        Args:
            policy: the document, JSON; None or empty if there is none.
            principal: the service, "sns.amazonaws.com".
            action: "sqs:SendMessage".
            resource: the ARN of the queue, topic, bus or function.
            source_arn: what sends: the topic, bucket or rule.
            source_account: the account that owns it.

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        context = {
            **_now(),
            "aws:sourceaccount": [source_account],
            "aws:principalisawsservice": ["true"],
            "aws:principalservicename": [principal],
        }
        if source_arn:
            context["aws:sourcearn"] = [source_arn]
        if not _allows(policy, Request(action, resource, context), _service(principal)):
            raise AccessDenied(not_authorized(principal, action, resource, NO_RESOURCE_POLICY))

    def authorise(
        self, identity: Identity, request: Request, resource_policy: str | None = None, *, named: str = ""
    ) -> None:
        """Raises unless an identity may do something.

        Args:
            resource_policy: the document of the resource's own policy, or None.
            named: the resource as AWS's words name it, where that is not its ARN.

        Raises:
            AccessDenied: with AWS's words.
        """
        if not self.enforced:
            return
        request = Request(request.action, request.resource, {**_now(), **identity.context, **request.context})
        if (reason := _refusal(identity, request, resource_policy)) is not None:
            raise AccessDenied(
                not_authorized(identity.principal.arn, request.action, named or request.resource, reason)
            )


def _refusal(identity: Identity, request: Request, resource_policy: str | None) -> str | None:
    """Why not, in AWS's words; None: it is allowed."""
    limits = (("permissions boundary", identity.boundary), ("session policy", identity.session_policy))
    try:
        own = verdict_of(identity.policies, request)
        limited = [(kind, verdict_of([text], request)) for kind, text in limits if text is not None]
        resource = parsed(resource_policy).says(request, identity.principal) if resource_policy else Verdict.NOTHING
    except ValueError as error:
        return f"because the local cloud can't evaluate a policy: {error}"
    for kind, verdict in (("identity-based policy", own), ("resource-based policy", resource), *limited):
        if verdict is Verdict.DENY:
            return f"with an explicit deny in {'an' if kind.startswith('i') else 'a'} {kind}"
    if resource is Verdict.ALLOW:
        return None
    if own is not Verdict.ALLOW:
        return NO_IDENTITY_POLICY
    missing = [kind for kind, verdict in limited if verdict is not Verdict.ALLOW]
    return f"because no {missing[0]} allows the {{action}} action" if missing else None


def _allows(document: str | None, request: Request, principal: Principal) -> bool:
    if not document:
        return False
    try:
        return parsed(document).says(request, principal) is Verdict.ALLOW
    except ValueError as error:
        raise AccessDenied(f"The local cloud can't evaluate a policy of {request.resource}: {error}") from error


def _service(name: str) -> Principal:
    return Principal(name, frozenset([name]))


def _region_of(arn: str) -> Mapping[str, list[str]]:
    parts = arn.split(":", 5)
    return {"aws:requestedregion": [parts[3]]} if len(parts) > 3 and parts[3] else {}


def _now() -> dict[str, list[str]]:
    """The condition keys that every request has."""
    now_s = time.time()
    return {
        "aws:currenttime": [datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")],
        "aws:epochtime": [str(int(now_s))],
        "aws:securetransport": ["true"],  # on AWS every SDK uses HTTPS; here the connection stays on the machine
        "aws:viaawsservice": ["false"],
    }

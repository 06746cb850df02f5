"""Identities and their permissions, as moto keeps them. This reads moto and replaces nothing.

The requests themselves are judged before they reach moto, by `iam/gate.py`. moto's own `IAMPolicy` and
`IAMUserAccessKey` (moto/iam/access_control.py) are not used: see `iam/policies.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.backends import get_backend
from moto.core.utils import utcnow
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Group, ManagedPolicy, Role, User, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from serverless_cloud.iam.permissions import ACCOUNT_ID, Identity, InvalidCredentials, Permissions
from serverless_cloud.iam.policies import Principal
from serverless_cloud.lambda_.environment import NO_ROLE
from serverless_cloud.lambda_.fleet import LogWriter
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.plane import DataPlane
from serverless_cloud.sns.topics import Topics
from serverless_cloud.sqs.queues import Queues

_backends: Any = get_backend  # by the name of a service, which is imported when it is first asked for
_SESSION_S = 7 * 24 * 3600  # longer than any environment lives; AWS renews its own credentials


class MotoDirectory:
    """moto's roles, users, sessions, and the policies of resources; see `permissions.Identities`.

    Args:
        queues, topics: SQS's and SNS's, for their policies.
    """

    def __init__(self, queues: Queues, topics: Topics) -> None:
        self._queues, self._topics = queues, topics
        self._sessions: dict[str, AssumedRole] = {}  # by access key
        self._functions: dict[str, str] = {}  # the ARN of the function whose environment has an access key

    def forget(self) -> None:
        """The cloud was emptied."""
        self._sessions.clear()
        self._functions.clear()

    # ---- identities

    def credentials(self, spec: FunctionSpec) -> dict[str, str]:
        """Environment variables with temporary credentials of a function's execution role, for one environment."""
        given = self.role_credentials(spec.role_arn, spec.name, spec.region)
        self._functions[given["AWS_ACCESS_KEY_ID"]] = spec.arn
        return given

    def role_credentials(self, role_arn: str, session_name: str, region: str) -> dict[str, str]:
        """Environment variables with temporary credentials of a role; without the role, keys that nobody accepts.

        Args:
            role_arn: the role's ARN, or "".
            session_name: as in the ARN of the session.
            region: where it is assumed.
        """
        if _role(role_arn) is None:
            return dict(NO_ROLE)
        session = sts_backends[role_arn.split(":")[4]]["aws"].assume_role(
            region_name=region,
            role_session_name=session_name,
            role_arn=role_arn,
            policy=None,  # type: ignore[arg-type]
            duration=_SESSION_S,
            external_id=None,  # type: ignore[arg-type]
        )
        self._sessions[session.access_key_id] = session
        return {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
        }

    def of_key(self, access_key: str, token: str) -> Identity:
        if access_key.startswith("AKIA"):
            return self._of_user(access_key)
        session = self._sessions.get(access_key) or _find_session(access_key)
        if session is None or session.session_token != token:
            raise InvalidCredentials
        self._sessions[access_key] = session
        if session.expiration < utcnow():
            raise InvalidCredentials(expired=True)
        identity = self.of_role(session.role_arn, session.session_name, session.policy)
        if identity is None:  # its role was deleted
            raise InvalidCredentials
        if function := self._functions.get(access_key):
            context = {**identity.context, "lambda:sourcefunctionarn": [function]}
            identity = Identity(identity.principal, identity.policies, identity.boundary, None, context)
        return identity

    def of_role(self, role_arn: str, session: str, session_policy: str | None = None) -> Identity | None:
        """See `Identities.of_role`. Args: session_policy: the document given to AssumeRole."""
        role = _role(role_arn)
        if role is None:
            return None
        account_id = role_arn.split(":")[4]
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role.name}/{session}"
        context = _keys_of(role_arn, account_id, "AssumedRole", f"{role.id}:{session}")
        principal = Principal(arn, frozenset([arn, role_arn]), account_id)
        boundary = _document(role.permissions_boundary_arn, account_id)
        return Identity(principal, _documents([role]), boundary, session_policy or None, context)

    @staticmethod
    def _of_user(access_key: str) -> Identity:
        for account_id, partitions in list(iam_backends.items()):
            backend = partitions["aws"]
            user = backend.get_user_from_access_key_id(access_key)
            if user is None:
                continue
            if not any(k.access_key_id == access_key and k.status == "Active" for k in user.access_keys):
                raise InvalidCredentials
            context = {**_keys_of(user.arn, account_id, "User", user.id), "aws:username": [user.name]}
            documents = _documents([user, *backend.get_groups_for_user(user.name)])
            return Identity(Principal(user.arn, frozenset([user.arn]), account_id), documents, context=context)
        raise InvalidCredentials

    def trust_policy(self, role_arn: str) -> str | None:
        role = _role(role_arn)
        return None if role is None else _as_text(role.assume_role_policy_document)

    # ---- policies of resources

    @staticmethod
    def function_policy(function: LambdaFunction, qualifier: str | None) -> str | None:
        arn = ":".join(function.function_arn.split(":")[:7]) + (f":{qualifier}" if qualifier else "")
        statements = [s for s in function.policy.statements if s.get("Resource") == arn]
        return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None

    def resource_policy(self, arn: str) -> str | None:
        parts = arn.split(":", 5)
        if parts[2:3] in (["sqs"], ["sns"]):
            resource = self._queues.get(arn) if parts[2] == "sqs" else self._topics.get(arn)
            return resource.policy if resource is not None else None
        find = _RESOURCE_POLICIES.get(parts[2]) if len(parts) == 6 else None
        if find is None:
            return None
        try:
            found = find(_backends(parts[2])[parts[4] or ACCOUNT_ID][parts[3] or "aws"], parts[5], arn)
        except LookupError:
            return None
        return _as_text(found) if found else None

    def secret_arn(self, region: str, name: str) -> str:
        account_id = name.split(":")[4] if name.startswith("arn:") else ACCOUNT_ID
        secret = _backends("secretsmanager")[account_id][region].secrets.get(name)
        if secret is not None:
            return str(secret.arn)
        return name if name.startswith("arn:") else f"arn:aws:secretsmanager:{region}:{account_id}:secret:{name}"

    def has_object(self, arn: str) -> bool:
        """See `Identities.has_object`. A bucket that is not there counts as one that has it: S3 says so itself."""
        bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        for partitions in list(_backends("s3").values()):
            if bucket in partitions["aws"].buckets:
                return key in partitions["aws"].buckets[bucket].keys
        return True


def _policy_of_function(backend: LambdaBackend, name: str, _: str) -> str | None:
    kind, _, called = name.partition(":")
    if kind != "function":
        return None
    bare, _, qualifier = called.partition(":")
    entry = backend._lambdas._functions[bare]
    return MotoDirectory.function_policy(entry["latest"], qualifier if qualifier != "$LATEST" else None)


#: By service: finds the policy of a resource in moto's backend, by the end of its ARN and the whole of it.
_RESOURCE_POLICIES: dict[str, Callable[[Any, str, str], object]] = {
    "s3": lambda backend, name, _: backend.buckets[name.split("/")[0]].policy,
    "secretsmanager": lambda backend, _, arn: getattr(backend.secrets.get(arn), "policy", None),
    "events": lambda backend, name, _: backend.event_buses[name.removeprefix("event-bus/")].policy,
    "lambda": _policy_of_function,
}


def log_writer(permissions: Permissions, write: LogWriter) -> LogWriter:
    """Writes what a function prints if its execution role may, as Lambda does; else nothing is written anywhere.

    Args:
        permissions: asked for each call.
        write: writes.
    """

    def write_what_is_allowed(spec: FunctionSpec, stream: str, text: str) -> None:
        if not permissions.enforced or _may_write(permissions, spec, stream):
            write(spec, stream, text)

    return write_what_is_allowed


def _may_write(permissions: Permissions, spec: FunctionSpec, stream: str) -> bool:
    group = f"arn:aws:logs:{spec.region}:{spec.account_id}:log-group:{spec.log_group}:log-stream:"
    needed = [("logs:CreateLogStream", group + stream), ("logs:PutLogEvents", group + stream)]
    if spec.log_group not in _backends("logs")[spec.account_id][spec.region].groups:
        needed.append(("logs:CreateLogGroup", group))
    return all(permissions.allows(spec.role_arn, action, arn) for action, arn in needed)


def connect(plane: DataPlane) -> None:
    """Forgets sessions when the cloud is emptied."""
    directory = plane.permissions.identities
    assert isinstance(directory, MotoDirectory)
    plane.forgetting.append(directory.forget)


def _role(role_arn: str) -> Role | None:
    """moto's role, or None."""
    parts = role_arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam":
        return None
    try:
        return iam_backends[parts[4]]["aws"].get_role_by_arn(role_arn)
    except (NotFoundException, KeyError):
        return None


def _find_session(access_key: str) -> AssumedRole | None:
    for partitions in list(sts_backends.values()):
        found = partitions["aws"].get_assumed_role_from_access_key(access_key)
        if found is not None:
            return found
    return None


def _documents(holders: Iterable[Role | User | Group]) -> tuple[str, ...]:
    """The documents of all policies that roles, users or groups have: inline and managed ones."""
    found = []
    for holder in holders:
        found += [_as_text(document) for document in holder.policies.values()]
        found += [_default_version(policy) for policy in holder.managed_policies.values()]
    return tuple(found)


def _document(policy_arn: str | None, account_id: str) -> str | None:
    """The document of a managed policy. One that is gone allows nothing."""
    if not policy_arn:
        return None
    try:
        return _default_version(iam_backends[account_id]["aws"].get_policy(policy_arn))
    except NotFoundException:
        return json.dumps({"Version": "2012-10-17", "Statement": []})


def _default_version(policy: ManagedPolicy) -> str:
    return next(_as_text(v.document) for v in policy.versions if v.version_id == policy.default_version_id)


def _as_text(document: object) -> str:
    """moto keeps documents as texts, as bytes (buckets), and as objects (from CloudFormation)."""
    if isinstance(document, bytes):
        return document.decode()
    return document if isinstance(document, str) else json.dumps(document, default=_as_day)


def _as_day(value: object) -> str:
    """YAML makes a date of "Version: 2012-10-17"."""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else str(value)


def _keys_of(arn: str, account_id: str, kind: str, user_id: str) -> dict[str, list[str]]:
    return {
        "aws:principalarn": [arn],
        "aws:principalaccount": [account_id],
        "aws:principaltype": [kind],
        "aws:userid": [user_id],
        "aws:resourceaccount": [account_id],
    }

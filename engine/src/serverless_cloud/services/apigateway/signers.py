"""Access keys as IAM and STS keep them: the signer of a request, and keys of the roles that API Gateway assumes.

moto 5.2.5; nothing of it is replaced.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.utilities.utils import get_partition

from serverless_cloud.errors import AccessDenied
from serverless_cloud.http.calls import SERVICE
from serverless_cloud.http.sigv4 import Signer
from serverless_cloud.iam.matching import Context
from serverless_cloud.iam.permissions import ACCOUNT_ID, InvalidCredentials, Permissions
from serverless_cloud.iam.policies import Request
from serverless_cloud.settings import LOCAL_KEY

#: Keys that nobody has made: the learner's own, and the one that handlers have without `enforce_iam`.
MADE_UP = {LOCAL_KEY: LOCAL_KEY, "ASIALOCALEXECUTIONROLE": LOCAL_KEY}

SESSION_NAME = "BackplaneAssumeRoleSession"  # as AWS's messages name API Gateway's sessions
SESSION_S = 3600


def signer_of(access_key: str) -> Signer | None:
    """Whose an access key is; None if there is none, or it is not active."""
    if access_key in MADE_UP:
        root = f"arn:aws:iam::{ACCOUNT_ID}:root"
        return Signer(access_key, MADE_UP[access_key], root, ACCOUNT_ID, ACCOUNT_ID)
    partition = get_partition("us-east-1")
    backend = iam_backends[ACCOUNT_ID][partition]
    for user in backend.users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key and key.status == "Active":
                return Signer(access_key, key.secret_access_key, user.arn, user.id, ACCOUNT_ID)
    role = sts_backends[ACCOUNT_ID][partition].get_assumed_role_from_access_key(access_key)
    if role is None:
        return None
    return Signer(access_key, role.secret_access_key, role.arn, role.user_id, ACCOUNT_ID)


def require(
    permissions: Permissions,
    who: Signer,
    action: str,
    resource: str,
    policy: str | None = None,
    context: Context | None = None,
) -> None:
    """Raises unless a signer may do something. The learner's own keys are an administrator's.

    Args:
        policy: the resource's own, JSON; None if it has none.
        context: condition keys, in lower case, with their values.

    Raises:
        AccessDenied: permissions are enforced, and they say no.
    """
    if not permissions.enforced or not who.access_key.startswith(("ASIA", "AKIA")):
        return
    try:
        identity = permissions.identities.of_key(who.access_key, who.token)
    except InvalidCredentials as error:
        raise AccessDenied("The security token included in the request is invalid.") from error
    permissions.authorise(identity, Request(action, resource, context or {}), policy)


class RoleSessions:
    """Sessions of the roles that API Gateway acts in when it asks a service.

    Args:
        permissions: whether they are enforced; without, everything is asked with the learner's own keys.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._sessions: dict[str, AssumedRole] = {}  # by the role's ARN

    def keys_of(self, role_arn: str) -> tuple[str, str]:
        """Access key and session token of a role.

        Raises:
            AccessDenied: there is no such role, or it does not trust API Gateway.
        """
        if not self._permissions.enforced:
            return LOCAL_KEY, ""
        self._permissions.require_trust(role_arn, SERVICE)
        session = self._sessions.get(role_arn)
        if session is None or session.expiration < utcnow() + timedelta(seconds=60):
            backend: Any = sts_backends[role_arn.split(":")[4]][get_partition("us-east-1")]
            session = backend.assume_role("us-east-1", SESSION_NAME, role_arn, None, SESSION_S, None)
            self._sessions[role_arn] = session
        return session.access_key_id, session.session_token

    def clear(self) -> None:
        """The cloud was emptied."""
        self._sessions.clear()

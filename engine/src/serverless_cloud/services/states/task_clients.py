"""A state machine calls services of this cloud, in the machine's role.

moto makes a client for every call, from boto3's default session, which is not made for threads, with any proxies and
settings of the machine, and for "localhost", which may not be 127.0.0.1.

With `enforce_iam` the calls are signed by a session of the role that the machine (or the task, by Credentials) has, and
are allowed or refused as anybody's.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials

from serverless_cloud.core import current
from serverless_cloud.core.once import once
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import AccessDenied
from serverless_cloud.plane import DataPlane

patches = Service("states")

SERVICE = "states.amazonaws.com"
_MOST_CALLS = 200  # at once, of one service: tasks that wait for a function hold a connection each
_OURS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": ""}


class Clients:
    """boto3's clients for the services that tasks call.

    Args:
        plane: says whether roles are enforced, and knows them.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._permissions = plane.permissions
        self._sessions: dict[tuple[str, str], Mapping[str, str]] = {}
        self._lock = threading.Lock()
        plane.forgetting.append(self._sessions.clear)

    def client(self, service: str, region: str, role_arn: str, *, is_given: bool = False) -> BaseClient:
        """boto3's client for a service of this cloud; the same one each time.

        Args:
            service, region: as for boto3.
            role_arn: the role to call in.
            is_given: whether the task names the role itself, by Credentials: it then trusts the machine's role, not
                Step Functions. This trust is not looked at.

        Raises:
            ClientError: Step Functions may not assume the role.
        """
        given: Mapping[str, str] = _OURS
        if self._permissions.enforced:
            given = self._session(role_arn, region, is_given)
        keys = tuple(given[name] for name in _OURS)
        return _make(service, region, os.environ["MOTO_PORT"], *keys)

    def _session(self, role_arn: str, region: str, is_given: bool) -> Mapping[str, str]:
        if not is_given:
            try:
                self._permissions.require_trust(role_arn, SERVICE)
            except AccessDenied as error:
                raise _denied(str(error)) from error
        with self._lock:
            if (role_arn, region) not in self._sessions:
                directory: Any = self._permissions.identities
                self._sessions[role_arn, region] = directory.role_credentials(role_arn, uuid.uuid4().hex, region)
            return self._sessions[role_arn, region]


def _denied(message: str) -> ClientError:
    about = {
        "Error": {"Code": "AccessDeniedException", "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": str(uuid.uuid4())},
    }
    return ClientError(about, "AssumeRole")


@once(most=256)
def _make(service: str, region: str, port: str, key: str, secret: str, token: str) -> BaseClient:
    return boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token or None,
        config=Config(
            max_pool_connections=_MOST_CALLS,
            retries={"total_max_attempts": 1},
            read_timeout=None,  # a function may take 15 minutes; the state's own timeout ends the wait
            parameter_validation=False,  # the service refuses, in its own words
            proxies={},
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        ),
    )


@patches.replaces("moto.stepfunctions.parser.asl.utils.boto_client:boto_client_for", everywhere=True)
def boto_client_for(region: str, service: str, state_credentials: StateCredentials | None = None) -> BaseClient:
    """The client that moto's interpreter calls a service with."""
    return current.parts[Clients].client(service, region, str(getattr(state_credentials, "role_arn", "")))

"""Targets that replace the local cloud: a real account, or another emulator."""

from __future__ import annotations

import contextlib
import platform
import sys
import urllib.parse
from typing import Any, Protocol

from serverless_cloud.errors import CloudError, advice

#: The target that is a real account.
AWS = "aws"
#: A call that only the local cloud has -> what to use on AWS instead.
ON_AWS = {
    "environments": "AWS doesn't show execution environments. Look at the metric ConcurrentExecutions in CloudWatch.",
    "timeline": "AWS doesn't show execution environments. Read durations and cold starts from the log's REPORT lines.",
    "proxy-events": "On AWS, look at the proxy's metrics in CloudWatch, and at its log if DebugLogging is on.",
    "database-sessions": "On AWS, connect and SELECT * FROM pg_stat_activity, or look at the instance's monitoring.",
    "url": "On AWS, call the API at its own address, and pass that address instead of its id.",
    "image": "On AWS, build a container image and push it to Amazon ECR.",
    "reset": "On AWS, aws.cleanup() removes what its session has created.",
}
_POSTGRESQL = 5432


class Session(Protocol):
    """Answers for a target: asks before an account is used, tags what is created there, and removes it."""

    @property
    def account_id(self) -> str:
        """The account's number; it is asked for if need be."""

    @property
    def known_account_id(self) -> str:
        """The account's number if it has been asked for, else empty."""

    @property
    def greeting(self) -> str:
        """The part of the greeting after the target, beginning with a blank; may be empty."""

    def confirm(self) -> None:
        """Called before anything is changed; raises CloudError to prevent it."""

    def continue_from(self, running: Session | None) -> None:
        """Called when a start finds a running session; raises CloudError if this one would mean another thing."""

    def enter(self, undo: contextlib.ExitStack) -> None:
        """Called when boto3 uses the target; `undo` gets what takes it back."""

    def cleanup(self, *, dry_run: bool) -> Any:
        """Removes what the session has made; raises CloudError if it cannot be found."""


def url(target: str | None) -> str | None:
    """A target that is a URL, without a slash at its end; None for the local cloud.

    Raises:
        ValueError: it is not a URL.
    """
    if target is None:
        return None
    target = target.rstrip("/")
    if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
        raise ValueError(f'target is {target!r}. It must be "aws" or a URL, such as "http://127.0.0.1:4566".')
    return target


def account_id(region: str) -> str:
    """The number of the account that boto3's credentials belong to, as the target says it.

    Raises:
        CloudError: it does not tell.
    """
    import boto3  # takes longer than a start without it
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(boto3.client("sts", region_name=region).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise CloudError(f"AWS didn't say whose account your credentials belong to: {error}") from error


def refusal(target: str, call: str) -> str:
    """Why a target refuses a call that only the local cloud has, and what to do instead.

    Args:
        target: "aws" or a URL.
        call: a key of `ON_AWS`.
    """
    if target == "aws":
        instead = ON_AWS.get(call, "")
        return f"Only the local cloud can do this. {advice('cleanup', instead) if call == 'reset' else instead}".strip()
    return f"Only the local cloud can do this, but boto3 uses the target {target}. Start without target to try it."


def database_address(identifier: str) -> tuple[str, int]:
    """The host and the port of an RDS instance or proxy, as RDS describes them.

    Args:
        identifier: its DBInstanceIdentifier or DBProxyName.

    Raises:
        CloudError: there is none of this name, or it has no address yet.
    """
    import boto3  # as above
    from botocore.exceptions import ClientError

    rds: Any = boto3.client("rds")
    try:
        (instance,) = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        endpoint = instance.get("Endpoint") or {}
        host, port, state = endpoint.get("Address"), endpoint.get("Port"), instance["DBInstanceStatus"]
    except ClientError:
        try:
            (proxy,) = rds.describe_db_proxies(DBProxyName=identifier)["DBProxies"]
        except ClientError as error:
            raise CloudError(f"There is no RDS instance or RDS proxy named {identifier!r}: {error}") from None
        host, port, state = proxy.get("Endpoint"), _POSTGRESQL, proxy["Status"]
    if not host or not port:
        raise CloudError(f"{identifier} is {state} and has no address yet. Wait until it is available.")
    return str(host), int(port)


def require_lambda_s_platform(name: str) -> None:
    """Refuses a layer that Lambda could not load, because its compiled modules are this machine's.

    Raises:
        CloudError: this machine doesn't run Linux on x86_64.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CloudError(
            f"The layer {name} would contain this machine's packages, for {platform.system()} on {platform.machine()}, "
            "but Lambda runs Linux on x86_64. Build it with pip install --platform manylinux2014_x86_64 "
            f"--python-version 3.{sys.version_info.minor} --only-binary=:all: --target python, zip it, and publish it."
        )

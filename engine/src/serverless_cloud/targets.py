"""What takes the local cloud's place: a real account, or another emulator."""

from __future__ import annotations

import contextlib
import platform
import sys
import urllib.parse
from typing import Any, Protocol

from serverless_cloud.errors import CloudError, advice

#: The target that is a real account.
AWS = "aws"
#: Call of the local cloud's own -> what to use on AWS.
ON_AWS = {
    "environments": "AWS does not show execution environments. CloudWatch has the metric ConcurrentExecutions.",
    "timeline": "AWS does not show execution environments. REPORT lines in the log tell durations and cold starts.",
    "proxy-events": "On AWS: the proxy's metrics in CloudWatch, and its log when DebugLogging is on.",
    "database-sessions": "On AWS: connect and SELECT * FROM pg_stat_activity, or look at the instance's monitoring.",
    "url": "On AWS an API's own address is the one to call: give that.",
    "image": "On AWS: build a container image and push it to Amazon ECR.",
    "reset": "On AWS: aws.cleanup() removes what its session has made.",
}
_POSTGRESQL = 5432


class Session(Protocol):
    """Who answers for a target: asks before an account is used, tags what is made there, and removes it."""

    @property
    def account_id(self) -> str:
        """The account's number; it is asked for if need be."""

    @property
    def known_account_id(self) -> str:
        """The account's number if it has been asked for, else empty."""

    @property
    def greeting(self) -> str:
        """What a start says after the target, from a blank on; may be empty."""

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
        ValueError: it is no URL.
    """
    if target is None:
        return None
    target = target.rstrip("/")
    if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
        raise ValueError(f'target is {target!r}; it must be "aws" or a URL, as in "http://127.0.0.1:4566".')
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
        raise CloudError(f"Whose account it is could not be found out: {error}") from error


def refusal(target: str, call: str) -> str:
    """Why a call of the local cloud's own is refused at a target, and what to do in its place.

    Args:
        target: "aws" or a URL.
        call: a key of `ON_AWS`.
    """
    if target == "aws":
        instead = ON_AWS.get(call, "")
        return f"Only the local cloud can do this. {advice('cleanup', instead) if call == 'reset' else instead}".strip()
    return f"Only the local cloud can do this, and a target takes its place: {target}"


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
            raise CloudError(f"There is no RDS instance and no RDS proxy {identifier!r}: {error}") from None
        host, port, state = proxy.get("Endpoint"), _POSTGRESQL, proxy["Status"]
    if not host or not port:
        raise CloudError(f"{identifier} is {state} and has no address yet: wait until it is available.")
    return str(host), int(port)


def require_lambda_s_platform(name: str) -> None:
    """Refuses a layer that Lambda could not load: its compiled modules are this machine's.

    Raises:
        CloudError: this is no Linux on x86_64.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CloudError(
            f"The layer {name} is made of what is installed here, for {platform.system()} on {platform.machine()}, and "
            f"Lambda runs Linux: build it with pip install --platform manylinux2014_x86_64 --python-version "
            f"3.{sys.version_info.minor} --only-binary=:all: --target python, zip it, and publish that."
        )

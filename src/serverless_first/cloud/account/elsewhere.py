"""What `aws.` calls do where no local cloud is: on a real account, or in another emulator."""

from __future__ import annotations

import platform
import sys
from typing import Any

from serverless_first.cloud.errors import CloudError

#: Call of the local cloud's own -> what to use on AWS.
ON_AWS = {
    "environments": "AWS does not show execution environments. CloudWatch has the metric ConcurrentExecutions.",
    "timeline": "AWS does not show execution environments. REPORT lines in the log tell durations and cold starts.",
    "proxy-events": "On AWS: the proxy's metrics in CloudWatch, and its log when DebugLogging is on.",
    "database-sessions": "On AWS: connect and SELECT * FROM pg_stat_activity, or look at the instance's monitoring.",
    "url": "On AWS an API's own address is the one to call: give that.",
    "image": "On AWS: build a container image and push it to Amazon ECR.",
    "reset": "On AWS: cloud.cleanup() removes what you have made, by its tag.",
}
_POSTGRESQL = 5432


def refusal(target: str, call: str) -> str:
    """Why a call of the local cloud's own is refused at a target, and what to do in its place.

    Args:
        target: "aws" or a URL.
        call: a key of `ON_AWS`.
    """
    if target == "aws":
        return f"Only the local cloud can do this. {ON_AWS.get(call, '')}".strip()
    return f"Only the local cloud can do this, and a target takes its place: {target}"


def database_address(identifier: str) -> tuple[str, int]:
    """The host and the port of an RDS instance or proxy, as RDS describes them.

    Args:
        identifier: its DBInstanceIdentifier or DBProxyName.

    Raises:
        CloudError: there is none of this name, or it has no address yet.
    """
    import boto3
    from botocore.exceptions import ClientError

    rds: Any = boto3.client("rds")
    try:
        (instance,) = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        endpoint = instance.get("Endpoint") or {}
        found, state = (endpoint.get("Address"), endpoint.get("Port")), instance["DBInstanceStatus"]
    except ClientError:
        try:
            (proxy,) = rds.describe_db_proxies(DBProxyName=identifier)["DBProxies"]
        except ClientError as error:
            raise CloudError(f"There is no RDS instance and no RDS proxy {identifier!r}: {error}") from None
        found, state = (proxy.get("Endpoint"), _POSTGRESQL), proxy["Status"]
    host, port = found
    if not host or not port:
        raise CloudError(f"{identifier} is {state} and has no address yet: wait until it is available.")
    return str(host), int(port)


def require_lambda_s_platform(name: str) -> None:
    """Refuses a layer that Lambda could not load: its compiled modules are this machine's.

    Args:
        name: of the layer.

    Raises:
        CloudError: this is no Linux on x86_64.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CloudError(
            f"The layer {name} is made of what is installed here, for {platform.system()} on {platform.machine()}, and "
            f"Lambda runs Linux: build it with pip install --platform manylinux2014_x86_64 --python-version "
            f"3.{sys.version_info.minor} --only-binary=:all: --target python, zip it, and publish that."
        )

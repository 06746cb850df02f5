"""Universal targets of EventBridge Scheduler: calls of a service's API, "arn:aws:scheduler:::aws-sdk:sqs:sendMessage".

Rules: EventBridge Scheduler User Guide, "Using universal targets". No moto: ordinary boto3 calls to this same server.
"""

from __future__ import annotations

import json
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from serverless_cloud.errors import AccessDenied
from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.plane import DataPlane

_PREFIX = "arn:aws:scheduler:::aws-sdk:"
#: The service as Scheduler calls it: boto3's name, and its prefix in IAM's actions.
SERVICES = {
    "cloudwatch": ("cloudwatch", "cloudwatch"),
    "cloudwatchlogs": ("logs", "logs"),
    "dynamodb": ("dynamodb", "dynamodb"),
    "eventbridge": ("events", "events"),
    "kinesis": ("kinesis", "kinesis"),
    "lambda": ("lambda", "lambda"),
    "rds": ("rds", "rds"),
    "s3": ("s3", "s3"),
    "secretsmanager": ("secretsmanager", "secretsmanager"),
    "sfn": ("stepfunctions", "states"),
    "sns": ("sns", "sns"),
    "sqs": ("sqs", "sqs"),
    "ssm": ("ssm", "ssm"),
}
#: Calls that only read: Scheduler refuses them.
_READS = ("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup",
          "discover", "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList",
          "testMigration", "retrieve", "testConnection", "translateDocument", "isAuthorized",
          "invokeModel")  # fmt: skip


class NotACall(ValueError):
    """The ARN names no call that Scheduler makes. The text is for the learner."""


class NotServed(ValueError):
    """AWS makes this call, the local cloud does not. The text names the service."""


def is_universal(arn: str) -> bool:
    """Whether a target's ARN names a call."""
    return arn.startswith(_PREFIX)


def operation(arn: str) -> tuple[str, str, str]:
    """What a universal target calls: boto3's service, the API's operation ("SendMessage"), IAM's action.

    Raises:
        NotACall, NotServed.
    """
    service, _, action = arn.removeprefix(_PREFIX).partition(":")
    if not service or not action[:1].islower() or ":" in action:
        raise NotACall(f"{arn} is not a universal target; one is like {_PREFIX}sqs:sendMessage.")
    if action.startswith(_READS):
        raise NotACall(f"{arn}: EventBridge Scheduler does not make calls that only read.")
    if service not in SERVICES:
        raise NotServed(f"universal targets of {service} (it calls {', '.join(SERVICES)})")
    name, prefix = SERVICES[service]
    wanted = action[0].upper() + action[1:]
    if wanted not in _client(name, "us-east-1").meta.service_model.operation_names:
        raise NotACall(f"{arn}: {service} has no call {action}.")
    return name, wanted, f"{prefix}:{'InvokeFunction' if (name, wanted) == ('lambda', 'Invoke') else wanted}"


def call(plane: DataPlane, arn: str, payload: str, region: str, account_id: str, role_arn: str) -> None:
    """Makes the call once.

    Args:
        payload: its parameters, a JSON object.

    Raises:
        TargetFailed: it was refused, or the payload is not what it takes.
    """
    service, wanted, action = operation(arn)
    try:
        given = json.loads(payload)
        if not isinstance(given, dict):
            raise ValueError("it must be an object")
        resource = _resource(service, given, region, account_id)
        plane.permissions.require(role_arn, action, resource, service="scheduler.amazonaws.com")
        answer = getattr(_client(service, region), xform_name(wanted))(**given)
        for value in answer.values():
            if hasattr(value, "close"):  # a body that nobody reads keeps its connection
                value.close()
    except (ValueError, RecursionError) as error:
        raise TargetFailed("INVALID_JSON", f"The input of {arn}: {error}", False) from error
    except AccessDenied as error:
        raise TargetFailed("NO_PERMISSIONS", str(error), False, "AccessDeniedException") from error
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        retryable = status >= 500 or status == 429 or "Throttl" in code or "TooManyRequests" in code
        raise TargetFailed("ERROR_FROM_TARGET", message, retryable, code) from error
    except BotoCoreError as error:  # parameters that the call does not have
        raise TargetFailed("INVALID_PARAMETER", str(error), False, type(error).__name__) from error


def _client(service: str, region: str) -> Any:
    from serverless_cloud.clients import client  # the seams import the plane, which targets imports

    return client(service, region)


def _resource(service: str, given: dict[str, Any], region: str, account_id: str) -> str:
    """The ARN that a call acts on, as far as its parameters tell; "*" if they do not."""
    for name in ("TopicArn", "stateMachineArn", "StreamARN", "ResourceArn", "SecretId"):
        if str(given.get(name, "")).startswith("arn:"):
            return str(given[name])
    place = f"arn:aws:{service}:{region}:{account_id}"
    if service == "sqs" and "QueueUrl" in given:
        return f"{place}:{str(given['QueueUrl']).split('/')[-1]}"
    if service == "lambda" and "FunctionName" in given:
        name = str(given["FunctionName"])
        return name if name.startswith("arn:") else f"{place}:function:{name}"
    if service == "dynamodb" and "TableName" in given:
        return f"{place}:table/{given['TableName']}"
    if service == "s3" and "Bucket" in given:
        return f"arn:aws:s3:::{given['Bucket']}" + (f"/{given['Key']}" if "Key" in given else "")
    if service == "kinesis" and "StreamName" in given:
        return f"{place}:stream/{given['StreamName']}"
    return "*"

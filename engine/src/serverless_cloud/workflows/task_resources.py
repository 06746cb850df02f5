"""A Task's possible Resources, with AWS's names, and which of them the local cloud supports. No moto.

Rules: Step Functions Developer Guide, "Integrating services" (patterns by service), "AWS SDK service integrations".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import xform_name
from botocore.model import ServiceModel
from botocore.session import Session

from serverless_cloud.core.once import once

#: The services of AWS SDK integrations by their names there: boto3's name, the prefix of IAM's actions.
SDK_SERVICES = {
    **{
        name: (name, name)
        for name in (
            "apigateway",
            "batch",
            "cloudformation",
            "cloudwatch",
            "dynamodb",
            "ec2",
            "iam",
            "kinesis",
            "kms",
            "lambda",
            "pipes",
            "rds",
            "s3",
            "scheduler",
            "secretsmanager",
            "sns",
            "sqs",
            "ssm",
            "sts",
        )
    },
    "cloudwatchlogs": ("logs", "logs"),
    "eventbridge": ("events", "events"),
    "sfn": ("stepfunctions", "states"),
}
#: Optimised integrations that are served: the actions of a service, each with the patterns that AWS has for it.
SERVED: dict[str, dict[str, tuple[str, ...]]] = {
    "batch": {"submitJob": ("", "sync")},
    "dynamodb": dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), ("",)),
    "events": {"putEvents": ("", "waitForTaskToken")},
    "lambda": {"invoke": ("", "waitForTaskToken")},
    "sns": {"publish": ("", "waitForTaskToken")},
    "sqs": {"sendMessage": ("", "waitForTaskToken")},
    "states": {"startExecution": ("", "sync", "sync:2", "waitForTaskToken")},
}
#: AWS has optimized integrations of these; the local cloud doesn't.
NOT_SERVED = (
    "athena", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce", "emr-containers", "emr-serverless",
    "glue", "http", "mediaconvert", "sagemaker",
)  # fmt: skip
#: boto3's names of the optimized integrations' services.
BOTO = {"states": "stepfunctions"}
#: The parameters that an optimized integration takes, where they are not all of the call's.
PARAMETERS = {
    ("lambda", "invoke"): ("ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"),
    ("states", "startExecution"): ("Input", "Name", "StateMachineArn", "TraceHeader"),
}

_FORM = re.compile(r"arn:(aws[a-zA-Z-]*):states:([a-z0-9-]*):(\d{12})?:(.+)")
_SDK = re.compile(r"aws-sdk:([a-zA-Z0-9-]+):([a-zA-Z0-9]+)(?:\.(.+))?")
_OPTIMISED = re.compile(r"([a-z-]+):([a-zA-Z0-9]+)(?:\.(.+))?")


@dataclass(frozen=True)
class Call:
    """An integration of a service.

    Args:
        service: its name in the ARN, "sfn" or "states".
        action: "startExecution".
        pattern: "", "sync", "sync:2" or "waitForTaskToken".
        is_sdk: whether it is an AWS SDK integration.
    """

    service: str
    action: str
    pattern: str
    is_sdk: bool

    @property
    def boto_service(self) -> str:
        """boto3's name of the service."""
        return SDK_SERVICES[self.service][0] if self.is_sdk else BOTO.get(self.service, self.service)

    @property
    def operation(self) -> str:
        """The operation in the service's API."""
        return self.action[0].upper() + self.action[1:]

    @property
    def method(self) -> str:
        """boto3's name of the operation."""
        return str(xform_name(self.operation))


def call_of(resource: str) -> Call | None:
    """The call of a Resource; None if it is not an integration (a function)."""
    form = _FORM.fullmatch(resource)
    if form is None:
        return None
    if sdk := _SDK.fullmatch(form[4]):
        return Call(sdk[1], sdk[2], sdk[3] or "", True)
    if optimised := _OPTIMISED.fullmatch(form[4]):
        return Call(optimised[1], optimised[2], optimised[3] or "", False)
    return None


def resource_problem(resource: str, is_express: bool = False) -> str | None:
    """Why a Task cannot have this Resource, in a sentence; None if it can.

    Args:
        is_express: of a machine of this type.
    """
    if resource.startswith("arn:") and ":states:" in resource and ":activity:" in resource:
        return f"The local cloud doesn't support {resource}, because it doesn't have activities."
    if not _FORM.fullmatch(resource):
        return None  # a function's ARN, or no ARN: others look at that
    call = call_of(resource)
    unknown = (
        f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource "
        "is not available in this region."
    )
    if call is None:
        return unknown
    if is_express and call.pattern:
        pattern = "sync" if call.pattern.startswith("sync") else call.pattern
        return f"Express state machine does not support '.{pattern}' service integration"
    return _sdk_problem(call, resource, unknown) if call.is_sdk else _optimised_problem(call, resource, unknown)


def _sdk_problem(call: Call, resource: str, unknown: str) -> str | None:
    if call.service not in SDK_SERVICES:
        return (
            f"The local cloud doesn't support {resource}. Its AWS SDK integrations work only with "
            f"{', '.join(sorted(SDK_SERVICES))}."
        )
    if not call.action[0].islower() or call.operation not in operations(call.boto_service):
        return unknown
    return None if call.pattern in ("", "waitForTaskToken") else unknown


def _optimised_problem(call: Call, resource: str, unknown: str) -> str | None:
    if call.service == "apigateway":
        return f"The local cloud doesn't support {resource}. Call the API in a function."
    if call.service in NOT_SERVED:
        return f"The local cloud doesn't support {resource}, because it doesn't have the service {call.service}."
    return None if call.pattern in SERVED.get(call.service, {}).get(call.action, ()) else unknown


@once()
def model(boto_service: str) -> ServiceModel:
    """botocore's model of a service."""
    return Session().get_service_model(boto_service)


def operations(boto_service: str) -> tuple[str, ...]:
    """The operations of a service's API."""
    return tuple(model(boto_service).operation_names)

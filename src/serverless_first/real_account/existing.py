"""Finds out whether a resource existed before a call that creates it. Some of these calls succeed in any case.

An existing resource must not get the tag, because the cleanup deletes everything that is tagged, such as a bucket with
all its objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from serverless_first.real_account.owned import Account
from serverless_first.real_account.things import is_gone


def was_there(account: Account, service: str, operation: str, request: dict[str, Any]) -> bool:
    """Whether a call creates nothing new, and the existing resource is not the owner's.

    Args:
        service: as botocore calls it.
        operation: as AWS calls it.
    """
    look = _LOOKS.get((service, operation))
    return look is not None and look(account, request)


def log_group_of(operation: str, request: Mapping[str, Any]) -> str:
    """The log group that a function or a proxy writes to.

    Args:
        operation: the call that creates the function or proxy, "CreateFunction" or "CreateDBProxy".
    """
    if operation == "CreateDBProxy":
        return f"/aws/rds/proxy/{request.get('DBProxyName')}"
    return f"/aws/lambda/{request.get('FunctionName')}"


def has_logs(account: Account, operation: str, request: dict[str, Any]) -> bool:
    """Whether the log group that a function or a proxy will write to already exists, with somebody's lines in it.

    If AWS doesn't say, the answer is yes, because the cleanup may remove a log group only if it is certainly new.

    Args:
        operation: as AWS calls it.
    """
    name = log_group_of(operation, request)
    try:
        groups = account.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    except (BotoCoreError, ClientError):
        return True
    return any(group["logGroupName"] == name for group in groups)


def _answers(account: Account, service: str, call: str, **arguments: str) -> bool:
    try:
        return not is_gone(partial(getattr(account.client(service), call), **arguments))
    except ClientError as error:  # a HEAD request says only 404; other errors mean that it is somebody else's
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] != 404)


def _bucket(account: Account, request: dict[str, Any]) -> bool:
    return _answers(account, "s3", "head_bucket", Bucket=request["Bucket"])


def _queue(account: Account, request: dict[str, Any]) -> bool:
    return _answers(account, "sqs", "get_queue_url", QueueName=request["QueueName"])


def _topic(account: Account, request: dict[str, Any]) -> bool:
    arn = f"arn:aws:sns:{account.region}:{account.id}:{request['Name']}"
    return _answers(account, "sns", "get_topic_attributes", TopicArn=arn)


def _rule(account: Account, request: dict[str, Any]) -> bool:
    where = {"EventBusName": request["EventBusName"]} if "EventBusName" in request else {}
    return _answers(account, "events", "describe_rule", Name=request["Name"], **where)


def _alarm(account: Account, request: dict[str, Any]) -> bool:
    return bool(account.client("cloudwatch").describe_alarms(AlarmNames=[request["AlarmName"]])["MetricAlarms"])


def _state_machine(account: Account, request: dict[str, Any]) -> bool:
    arn = f"arn:aws:states:{account.region}:{account.id}:stateMachine:{request['name']}"
    return _answers(account, "stepfunctions", "describe_state_machine", stateMachineArn=arn)


def _changed_stack(account: Account, request: dict[str, Any]) -> bool:
    if request.get("ChangeSetType") == "CREATE":  # the default is UPDATE
        return False
    (stack,) = account.client("cloudformation").describe_stacks(StackName=request["StackName"])["Stacks"]
    return not account.owns(stack.get("Tags"))


# A change set for the owner's stack gets the tag again, because a change set's tags replace the stack's tags.
_LOOKS: dict[tuple[str, str], Callable[[Account, dict[str, Any]], bool]] = {
    ("s3", "CreateBucket"): _bucket,
    ("sqs", "CreateQueue"): _queue,
    ("sns", "CreateTopic"): _topic,
    ("events", "PutRule"): _rule,
    ("cloudwatch", "PutMetricAlarm"): _alarm,
    ("stepfunctions", "CreateStateMachine"): _state_machine,
    ("cloudformation", "CreateChangeSet"): _changed_stack,
}

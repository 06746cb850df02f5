"""The IAM actions that a call needs, and the ARNs of their resources. No moto.

Source: Service Authorization Reference, the page of each service. For services that are not listed here the resource is
"*", so a policy must say "Resource": "*" for them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam import s3_actions
from serverless_cloud.iam.operations import Call, WebRequest
from serverless_cloud.iam.policies import Request

#: Prefix of the actions, where it is not the name in the signature.
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}

#: Operation: the action that it needs, where the names differ.
_ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sqs", "SendMessageBatch"): "SendMessage",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sns", "PublishBatch"): "Publish",
    ("dynamodb", "TransactGetItems"): "GetItem",
    ("secretsmanager", "BatchGetSecretValue"): "GetSecretValue",
    ("execute-api", "PostToConnection"): "ManageConnections",
    ("execute-api", "GetConnection"): "ManageConnections",
    ("execute-api", "DeleteConnection"): "ManageConnections",
}
#: Operations that need no permission: AWS asks for none, or the local cloud doesn't support the call and says so.
_FREE = (
    ("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("dynamodb", "ExecuteStatement"),
    ("dynamodb", "BatchExecuteStatement"), ("dynamodb", "ExecuteTransaction"),
)  # fmt: skip
#: Where an operation names a role that a service will act in.
_PASSED_ROLES = {"lambda": "Role", "states": "roleArn", "scheduler": "RoleArn", "pipes": "RoleArn", "events": "RoleArn",
                 "rds": "RoleArn", "apigateway": "credentials"}  # fmt: skip


@dataclass(frozen=True)
class ArnScope:
    """Where a request is made.

    Args:
        secret_arn: the full ARN of a secret, by its name or ARN.
    """

    region: str
    account_id: str
    secret_arn: Callable[[str], str]

    def arn(self, service: str, rest: str) -> str:
        """arn:aws:SERVICE:REGION:ACCOUNT:REST, or `rest` itself if it is one already."""
        return rest if rest.startswith("arn:") else f"arn:aws:{service}:{self.region}:{self.account_id}:{rest}"


def requests_of(web: WebRequest, call: Call, place: ArnScope) -> list[Request]:
    """All that a call needs: each must be allowed. Empty: it needs nothing."""
    if call.protocol == "s3":
        return list(s3_actions.requests_of(web))
    prefix = _PREFIXES.get(call.service, call.service)
    if (prefix, call.operation) in _FREE:
        return []
    if (prefix, call.operation) == ("dynamodb", "TransactWriteItems"):
        needed = _transaction(call.parameters, place)
    elif call.service == "apigateway":
        needed = [Request(f"apigateway:{web.method}", f"arn:aws:apigateway:{place.region}::{web.path.rstrip('/')}")]
    else:
        action = f"{prefix}:{_ACTIONS.get((prefix, call.operation), call.operation)}"
        needed = [Request(action, arn, _keys(call, place)) for arn in _arns(prefix, call, place) or ["*"]]
    return [*needed, *_passed_roles(call)]


def _arns(prefix: str, call: Call, place: ArnScope) -> list[str]:
    find = _FINDERS.get(prefix)
    try:
        return list(dict.fromkeys(find(call, place))) if find else []
    except (AttributeError, TypeError):  # not what the API takes: moto says so to whom has all rights
        return []


def _keys(call: Call, place: ArnScope) -> Mapping[str, list[str]]:
    """Condition keys of single services."""
    given = call.parameters
    if call.operation == "CreateEventSourceMapping" and "FunctionName" in given:
        return {"lambda:functionarn": [_function_arn(str(given["FunctionName"]), place)]}
    if call.operation == "Subscribe":
        keys = {"sns:protocol": given.get("Protocol"), "sns:endpoint": given.get("Endpoint")}
        return {key: [str(value)] for key, value in keys.items() if value}
    return {}


def _passed_roles(call: Call) -> Iterator[Request]:
    name = _PASSED_ROLES.get(call.service)
    if name is None:
        return
    given = call.parameters
    several = given.get("Targets")
    targets = several if isinstance(several, list) else [given.get("Target")]
    for holder in (given, *targets):
        if isinstance(holder, Mapping) and str(holder.get(name, "")).startswith("arn:"):
            yield Request("iam:PassRole", str(holder[name]), {"iam:passedtoservice": [f"{call.service}.amazonaws.com"]})


def _transaction(given: JsonObject, place: ArnScope) -> list[Request]:
    needed = []
    for item in given.get("TransactItems", []):
        for kind, content in item.items() if isinstance(item, Mapping) else ():
            table = content.get("TableName", "") if isinstance(content, Mapping) else ""
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            needed.append(Request(f"dynamodb:{action}", place.arn("dynamodb", f"table/{_bare(table)}")))
    return needed


Arns = Iterable[str]


def _sqs(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    url = str(given.get("QueueUrl", ""))
    if name := url.rstrip("/").rpartition("/")[2] or given.get("QueueName"):
        yield place.arn("sqs", str(name))
    for key in ("SourceArn", "TaskHandle"):
        if str(given.get(key, "")).startswith("arn:"):
            yield str(given[key])


def _sns(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    for key in ("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"):
        if arn := str(given.get(key, "")):
            yield ":".join(arn.split(":")[:6])
    if operation == "CreateTopic":
        yield place.arn("sns", str(given.get("Name", "")))


def _bare(table: str) -> str:
    return table.partition(":table/")[2] or table


def _dynamodb(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    index = f"/index/{given['IndexName']}" if given.get("IndexName") else ""
    if table := given.get("TableName"):
        yield place.arn("dynamodb", f"table/{_bare(str(table))}{index}")
    for table in given.get("RequestItems", {}):
        yield place.arn("dynamodb", f"table/{_bare(table)}")
    for item in given.get("TransactItems", []):
        for content in item.values():
            yield place.arn("dynamodb", f"table/{_bare(content.get('TableName', ''))}")
    for key in ("StreamArn", "ResourceArn", "BackupArn", "TableArn"):
        if key in given:
            yield str(given[key])
    if (iterator := str(given.get("ShardIterator", ""))).startswith("arn:"):
        yield iterator.partition("|")[0]


def _kinesis(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    if "StreamARN" in given:
        yield str(given["StreamARN"])
    elif "StreamName" in given:
        yield place.arn("kinesis", f"stream/{given['StreamName']}")
    elif "ShardIterator" in given:  # moto's: Base64 of name:shard:number
        try:
            name = base64.b64decode(str(given["ShardIterator"])).decode().partition(":")[0]
        except ValueError:
            return
        yield place.arn("kinesis", f"stream/{name}")
    if "ConsumerARN" in given:
        yield str(given["ConsumerARN"])


def _function_arn(name: str, place: ArnScope) -> str:
    return name if name.startswith("arn:") else place.arn("lambda", f"function:{name.split('function:')[-1]}")


def _lambda(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    if name := str(given.get("FunctionName", "")):
        if operation == "CreateEventSourceMapping":
            return
        arn = _function_arn(name, place)
        qualifier = given.get("Qualifier")
        yield f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn
    elif "UUID" in given:
        yield place.arn("lambda", f"event-source-mapping:{given['UUID']}")
    elif layer := given.get("LayerName"):
        version = f":{given['VersionNumber']}" if "VersionNumber" in given else ""
        yield place.arn("lambda", f"layer:{str(layer).rpartition(':layer:')[2]}{version}")
    elif "Resource" in given:
        yield str(given["Resource"])


def _events(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    if operation == "PutEvents":
        for entry in given.get("Entries", []):
            yield place.arn("events", _bus(entry.get("EventBusName")))
        return
    if operation in ("CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"):
        yield place.arn("events", _bus(given.get("Name")))
    elif operation in ("PutPermission", "RemovePermission"):
        yield place.arn("events", _bus(given.get("EventBusName")))
    elif operation.endswith("Archive"):
        yield place.arn("events", f"archive/{given.get('ArchiveName', '')}")
    elif rule := given.get("Rule") or given.get("Name"):
        bus = str(given.get("EventBusName") or "default").rpartition("/")[2]
        yield place.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")
    elif "ResourceARN" in given:
        yield str(given["ResourceARN"])


def _bus(name: object) -> str:
    text = str(name or "default")
    return text if text.startswith("arn:") else f"event-bus/{text}"


def _states(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    for key in ("stateMachineArn", "executionArn", "activityArn", "resourceArn", "mapRunArn"):
        if key in given:
            yield str(given[key])
    if operation == "CreateStateMachine":
        yield place.arn("states", f"stateMachine:{given.get('name', '')}")


def _secretsmanager(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    for name in (given.get("SecretId"), *given.get("SecretIdList", [])):
        if name:
            yield place.secret_arn(str(name))
    if operation == "CreateSecret":
        yield place.arn("secretsmanager", f"secret:{given.get('Name', '')}")


def _ssm(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    for name in (given.get("Name"), given.get("Path"), *given.get("Names", [])):
        if name and "Parameter" in operation:
            yield place.arn("ssm", f"parameter/{str(name).lstrip('/')}")


def _kms(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    if key := str(given.get("KeyId", "")):
        yield place.arn("kms", key if key.startswith("alias/") else f"key/{key}")


def _logs(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    group = given.get("logGroupName") or given.get("logGroupIdentifier")
    for each in (group, *given.get("logGroupNames", [])):
        if each:
            name = str(each).partition(":log-group:")[2].removesuffix(":*") or str(each)
            yield place.arn("logs", f"log-group:{name}:log-stream:{given.get('logStreamName', '')}")


def _iam(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    if "RoleArn" in given:  # of STS
        yield str(given["RoleArn"])
    if "PolicyArn" in given and not {"RoleName", "UserName", "GroupName"} & set(given):
        yield str(given["PolicyArn"])
    for kind in ("Role", "User", "Group", "Policy"):
        if f"{kind}Name" in given and not (kind == "Policy" and operation != "CreatePolicy"):
            yield f"arn:aws:iam::{place.account_id}:{kind.lower()}/{given[f'{kind}Name']}"


def _scheduler(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    if operation.endswith("Schedule"):
        group = given.get("GroupName") or given.get("groupName") or "default"
        yield place.arn("scheduler", f"schedule/{group}/{given.get('Name', '')}")
    elif operation.endswith("ScheduleGroup"):
        yield place.arn("scheduler", f"schedule-group/{given.get('Name', '')}")


def _batch(call: Call, place: ArnScope) -> Arns:
    operation, given = call.operation, call.parameters
    if operation in ("CancelJob", "TerminateJob"):
        yield place.arn("batch", f"job/{given.get('jobId', '')}")
    for key, kind in (("jobDefinition", "job-definition"), ("jobQueue", "job-queue")):
        if operation in ("SubmitJob", "DeregisterJobDefinition", "UpdateJobQueue", "DeleteJobQueue") and key in given:
            name = str(given[key])
            yield name if name.startswith("arn:") else place.arn("batch", f"{kind}/{name}")


def _cloudformation(call: Call, place: ArnScope) -> Arns:
    given = call.parameters
    if name := str(given.get("StackName", "")):
        yield name if name.startswith("arn:") else place.arn("cloudformation", f"stack/{name}/*")


def _named(service: str, **forms: str) -> Callable[[Call, ArnScope], Arns]:
    """For services whose parameters name what a call acts on: how the ARN of each begins."""
    return lambda call, place: [
        place.arn(service, f"{form}{call.parameters[name]}")
        for name, form in forms.items()
        if call.parameters.get(name)
    ]


_FINDERS: dict[str, Callable[[Call, ArnScope], Arns]] = {
    "sqs": _sqs, "sns": _sns, "dynamodb": _dynamodb, "kinesis": _kinesis, "lambda": _lambda, "events": _events,
    "states": _states, "secretsmanager": _secretsmanager, "ssm": _ssm, "kms": _kms, "logs": _logs,
    "cloudwatch": _named("cloudwatch", AlarmName="alarm:"), "iam": _iam, "sts": _iam, "scheduler": _scheduler,
    "pipes": _named("pipes", Name="pipe/"), "batch": _batch, "cloudformation": _cloudformation,
    "rds": _named("rds", DBInstanceIdentifier="db:", DBProxyName="db-proxy:", DBParameterGroupName="pg:",
                  DBSubnetGroupName="subgrp:"),
}  # fmt: skip

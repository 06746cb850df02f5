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
from serverless_cloud.iam.actions import Call, WebRequest
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
    parameters = call.parameters
    if call.operation == "CreateEventSourceMapping" and "FunctionName" in parameters:
        return {"lambda:functionarn": [_function_arn(str(parameters["FunctionName"]), place)]}
    if call.operation == "Subscribe":
        keys = {"sns:protocol": parameters.get("Protocol"), "sns:endpoint": parameters.get("Endpoint")}
        return {key: [str(value)] for key, value in keys.items() if value}
    return {}


def _passed_roles(call: Call) -> Iterator[Request]:
    name = _PASSED_ROLES.get(call.service)
    if name is None:
        return
    parameters = call.parameters
    several = parameters.get("Targets")
    targets = several if isinstance(several, list) else [parameters.get("Target")]
    for holder in (parameters, *targets):
        if isinstance(holder, Mapping) and str(holder.get(name, "")).startswith("arn:"):
            yield Request("iam:PassRole", str(holder[name]), {"iam:passedtoservice": [f"{call.service}.amazonaws.com"]})


def _transaction(parameters: JsonObject, place: ArnScope) -> list[Request]:
    needed = []
    for item in parameters.get("TransactItems", []):
        for kind, content in item.items() if isinstance(item, Mapping) else ():
            table = content.get("TableName", "") if isinstance(content, Mapping) else ""
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            needed.append(Request(f"dynamodb:{action}", place.arn("dynamodb", f"table/{_bare(table)}")))
    return needed


Arns = Iterable[str]


def _sqs(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    url = str(parameters.get("QueueUrl", ""))
    if name := url.rstrip("/").rpartition("/")[2] or parameters.get("QueueName"):
        yield place.arn("sqs", str(name))
    for key in ("SourceArn", "TaskHandle"):
        if str(parameters.get(key, "")).startswith("arn:"):
            yield str(parameters[key])


def _sns(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    for key in ("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"):
        if arn := str(parameters.get(key, "")):
            yield ":".join(arn.split(":")[:6])
    if operation == "CreateTopic":
        yield place.arn("sns", str(parameters.get("Name", "")))


def _bare(table: str) -> str:
    return table.partition(":table/")[2] or table


def _dynamodb(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    index = f"/index/{parameters['IndexName']}" if parameters.get("IndexName") else ""
    if table := parameters.get("TableName"):
        yield place.arn("dynamodb", f"table/{_bare(str(table))}{index}")
    for table in parameters.get("RequestItems", {}):
        yield place.arn("dynamodb", f"table/{_bare(table)}")
    for item in parameters.get("TransactItems", []):
        for content in item.values():
            yield place.arn("dynamodb", f"table/{_bare(content.get('TableName', ''))}")
    for key in ("StreamArn", "ResourceArn", "BackupArn", "TableArn"):
        if key in parameters:
            yield str(parameters[key])
    if (iterator := str(parameters.get("ShardIterator", ""))).startswith("arn:"):
        yield iterator.partition("|")[0]


def _kinesis(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    if "StreamARN" in parameters:
        yield str(parameters["StreamARN"])
    elif "StreamName" in parameters:
        yield place.arn("kinesis", f"stream/{parameters['StreamName']}")
    elif "ShardIterator" in parameters:  # moto's: Base64 of name:shard:number
        try:
            name = base64.b64decode(str(parameters["ShardIterator"])).decode().partition(":")[0]
        except ValueError:
            return
        yield place.arn("kinesis", f"stream/{name}")
    if "ConsumerARN" in parameters:
        yield str(parameters["ConsumerARN"])


def _function_arn(name: str, place: ArnScope) -> str:
    return name if name.startswith("arn:") else place.arn("lambda", f"function:{name.split('function:')[-1]}")


def _lambda(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    if name := str(parameters.get("FunctionName", "")):
        if operation == "CreateEventSourceMapping":
            return
        arn = _function_arn(name, place)
        qualifier = parameters.get("Qualifier")
        yield f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn
    elif "UUID" in parameters:
        yield place.arn("lambda", f"event-source-mapping:{parameters['UUID']}")
    elif layer := parameters.get("LayerName"):
        version = f":{parameters['VersionNumber']}" if "VersionNumber" in parameters else ""
        yield place.arn("lambda", f"layer:{str(layer).rpartition(':layer:')[2]}{version}")
    elif "Resource" in parameters:
        yield str(parameters["Resource"])


def _events(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    if operation == "PutEvents":
        for entry in parameters.get("Entries", []):
            yield place.arn("events", _bus(entry.get("EventBusName")))
        return
    if operation in ("CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"):
        yield place.arn("events", _bus(parameters.get("Name")))
    elif operation in ("PutPermission", "RemovePermission"):
        yield place.arn("events", _bus(parameters.get("EventBusName")))
    elif operation.endswith("Archive"):
        yield place.arn("events", f"archive/{parameters.get('ArchiveName', '')}")
    elif rule := parameters.get("Rule") or parameters.get("Name"):
        bus = str(parameters.get("EventBusName") or "default").rpartition("/")[2]
        yield place.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")
    elif "ResourceARN" in parameters:
        yield str(parameters["ResourceARN"])


def _bus(name: object) -> str:
    text = str(name or "default")
    return text if text.startswith("arn:") else f"event-bus/{text}"


def _states(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    for key in ("stateMachineArn", "executionArn", "activityArn", "resourceArn", "mapRunArn"):
        if key in parameters:
            yield str(parameters[key])
    if operation == "CreateStateMachine":
        yield place.arn("states", f"stateMachine:{parameters.get('name', '')}")


def _secretsmanager(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    for name in (parameters.get("SecretId"), *parameters.get("SecretIdList", [])):
        if name:
            yield place.secret_arn(str(name))
    if operation == "CreateSecret":
        yield place.arn("secretsmanager", f"secret:{parameters.get('Name', '')}")


def _ssm(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    for name in (parameters.get("Name"), parameters.get("Path"), *parameters.get("Names", [])):
        if name and "Parameter" in operation:
            yield place.arn("ssm", f"parameter/{str(name).lstrip('/')}")


def _kms(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    if key := str(parameters.get("KeyId", "")):
        yield place.arn("kms", key if key.startswith("alias/") else f"key/{key}")


def _logs(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    group = parameters.get("logGroupName") or parameters.get("logGroupIdentifier")
    for identifier in (group, *parameters.get("logGroupNames", [])):
        if identifier:
            name = str(identifier).partition(":log-group:")[2].removesuffix(":*") or str(identifier)
            yield place.arn("logs", f"log-group:{name}:log-stream:{parameters.get('logStreamName', '')}")


def _iam(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    if "RoleArn" in parameters:  # of STS
        yield str(parameters["RoleArn"])
    if "PolicyArn" in parameters and not {"RoleName", "UserName", "GroupName"} & set(parameters):
        yield str(parameters["PolicyArn"])
    for kind in ("Role", "User", "Group", "Policy"):
        if f"{kind}Name" in parameters and not (kind == "Policy" and operation != "CreatePolicy"):
            yield f"arn:aws:iam::{place.account_id}:{kind.lower()}/{parameters[f'{kind}Name']}"


def _scheduler(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    if operation.endswith("Schedule"):
        group = parameters.get("GroupName") or parameters.get("groupName") or "default"
        yield place.arn("scheduler", f"schedule/{group}/{parameters.get('Name', '')}")
    elif operation.endswith("ScheduleGroup"):
        yield place.arn("scheduler", f"schedule-group/{parameters.get('Name', '')}")


def _batch(call: Call, place: ArnScope) -> Arns:
    operation, parameters = call.operation, call.parameters
    if operation in ("CancelJob", "TerminateJob"):
        yield place.arn("batch", f"job/{parameters.get('jobId', '')}")
    for key, kind in (("jobDefinition", "job-definition"), ("jobQueue", "job-queue")):
        if (
            operation in ("SubmitJob", "DeregisterJobDefinition", "UpdateJobQueue", "DeleteJobQueue")
            and key in parameters
        ):
            name = str(parameters[key])
            yield name if name.startswith("arn:") else place.arn("batch", f"{kind}/{name}")


def _cloudformation(call: Call, place: ArnScope) -> Arns:
    parameters = call.parameters
    if name := str(parameters.get("StackName", "")):
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

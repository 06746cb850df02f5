"""Puts the owner's tag on what any boto3 client creates, in the request if the API accepts tags, or else afterward.

botocore's handlers see each call before its parameters are checked, and then its response. botocore's service models
say which operations accept tags, and in which form.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from botocore import handlers
from botocore.exceptions import BotoCoreError, ClientError

from serverless_first.real_account.existing import has_logs, was_there
from serverless_first.real_account.journal import Made
from serverless_first.real_account.owned import KEY, Account

_MAKES = re.compile(
    r"(Create|Import|Restore)\w+|AllocateAddress|RunInstances|RegisterJobDefinition|PublishLayerVersion"
    r"|PutRule|PutMetricAlarm|PutParameter"
)
_NAMING = re.compile(r"(name|identifier|id|arn)$", re.IGNORECASE)
_LONGEST_NAME = 300
_FIELDS = ("Tags", "tags", "TagSpecifications", "UserPoolTags")

# EC2 requires the kind of resource next to its tags.
_EC2: dict[str, tuple[str, ...]] = {
    "CreateVpc": ("vpc",),
    "CreateSubnet": ("subnet",),
    "CreateSecurityGroup": ("security-group",),
    "CreateRouteTable": ("route-table",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateNatGateway": ("natgateway",),
    "AllocateAddress": ("elastic-ip",),
    "CreateVpcEndpoint": ("vpc-endpoint",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateVolume": ("volume",),
    "RunInstances": ("instance", "volume"),
}

#: Operations that create nothing that stays, or only a part that is deleted with its tagged resource.
PARTS: dict[str, frozenset[str]] = {
    "lambda": frozenset({"CreateAlias", "CreateFunctionUrlConfig"}),
    "apigateway": frozenset(
        {"CreateResource", "CreateDeployment", "CreateModel", "CreateRequestValidator", "CreateAuthorizer"}
    ),
    "apigatewayv2": frozenset(
        {"CreateRoute", "CreateIntegration", "CreateAuthorizer", "CreateDeployment", "CreateModel"}
        | {"CreateIntegrationResponse", "CreateRouteResponse"}
    ),
    "ec2": frozenset({"CreateRoute", "CreateNetworkAclEntry", "CreateTags"}),
    "logs": frozenset({"CreateLogStream"}),
    "iam": frozenset({"CreatePolicyVersion", "CreateAccessKey"}),
    "stepfunctions": frozenset({"CreateStateMachineAlias"}),
    "s3": frozenset({"CreateMultipartUpload", "CreateSession", "RestoreObject"}),
    "kms": frozenset({"CreateGrant"}),
}

#: Operations whose resources AWS can't tag -> the call that removes them, and its arguments from request or response.
UNTAGGABLE: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("scheduler", "CreateSchedule"): ("delete_schedule", ("Name", "GroupName")),
    ("lambda", "PublishLayerVersion"): ("delete_layer_version", ("LayerName", "VersionNumber")),
    ("events", "CreateApiDestination"): ("delete_api_destination", ("Name",)),
    ("events", "CreateConnection"): ("delete_connection", ("Name",)),
    ("events", "CreateArchive"): ("delete_archive", ("ArchiveName",)),
    ("dynamodb", "CreateBackup"): ("delete_backup", ("BackupArn",)),
}


#: Their resources write to a log group that the service creates without a tag, so its name is noted.
LEAVES_LOGS = frozenset({"CreateFunction", "CreateDBProxy"})


def _tag_bucket(account: Account, request: dict[str, Any], answer: dict[str, Any]) -> None:
    del answer
    tags = {"TagSet": [{"Key": KEY, "Value": account.owner}]}
    account.client("s3").put_bucket_tagging(Bucket=request["Bucket"], Tagging=tags)


def _tag_rest_api(account: Account, request: dict[str, Any], answer: dict[str, Any]) -> None:
    del request
    arn = f"arn:aws:apigateway:{account.region}::/restapis/{answer['id']}"
    account.client("apigateway").tag_resource(resourceArn=arn, tags={KEY: account.owner})


def _tag_http_api(account: Account, request: dict[str, Any], answer: dict[str, Any]) -> None:
    del request
    arn = f"arn:aws:apigateway:{account.region}::/apis/{answer['ApiId']}"
    account.client("apigatewayv2").tag_resource(ResourceArn=arn, Tags={KEY: account.owner})


def _tag_parameter(account: Account, request: dict[str, Any], answer: dict[str, Any]) -> None:
    """Tags a new parameter, whose version is 1. With Overwrite, SSM accepts no tags but creates a missing parameter."""
    if answer.get("Version") == 1:
        tags = [{"Key": KEY, "Value": account.owner}]
        account.client("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId=request["Name"], Tags=tags)


#: Operations that accept no tags, although their resources can be tagged afterward.
AFTERWARDS: dict[tuple[str, str], Callable[[Account, dict[str, Any], dict[str, Any]], None]] = {
    ("s3", "CreateBucket"): _tag_bucket,
    ("apigateway", "ImportRestApi"): _tag_rest_api,
    ("apigatewayv2", "ImportApi"): _tag_http_api,
    ("ssm", "PutParameter"): _tag_parameter,
}


class Tagger:
    """Tags what every boto3 client creates, between `install` and `remove`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._others: dict[str, Account] = {}
        self._handlers: list[tuple[str, Callable[..., None]]] = [
            ("before-parameter-build.*.*", self._before),
            ("after-call.*.*", self._after),
        ]

    def install(self) -> None:
        """Starts tagging. Clients of existing sessions are not seen, so boto3's default session must be new."""
        handlers.BUILTIN_HANDLERS.extend(self._handlers)  # botocore gives these to every new session

    def remove(self) -> None:
        """Stops tagging. Existing sessions keep the handlers, which then do nothing."""
        for handler in self._handlers:
            if handler in handlers.BUILTIN_HANDLERS:
                handlers.BUILTIN_HANDLERS.remove(handler)
        self._handlers = []

    def _before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        if not self._handlers or not _MAKES.fullmatch(model.name):
            return
        account = self._account_at(context.get("client_region"))
        if self._was_there(account, params, model):
            return
        tagged = add_tag(params, model, account.owner)
        noted = not tagged or (model.name in LEAVES_LOGS and not has_logs(account, model.name, params))
        context["serverless_first"] = (account, dict(params), tagged, noted)

    def _account_at(self, region: str | None) -> Account:
        """The account in the Region of the client that makes the call, which can differ from the session's Region."""
        if region in (None, self._account.region) or str(region).endswith("-global"):
            return self._account
        if region not in self._others:
            self._others[str(region)] = self._account.in_region(str(region))
            print(
                f"One of your clients creates resources in {region}. cloud.cleanup() looks only in "
                f'{self._account.region}. For the other Region, call cloud.start(target=..., region="{region}"), '
                "then cloud.cleanup().",
                file=sys.stderr,
            )
        return self._others[str(region)]

    @staticmethod
    def _was_there(account: Account, params: dict[str, Any], model: Any) -> bool:
        service = model.service_model.service_name
        try:
            return was_there(account, service, model.name, params)
        except (BotoCoreError, ClientError, KeyError) as error:  # KeyError: a required parameter is missing
            print(
                f"Not tagged: {service} {model.name}. The course could not tell whether the resource is new: {error}",
                file=sys.stderr,
            )
            return True

    def _after(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        call = context.get("serverless_first") if self._handlers else None
        if call is None or parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 300:
            return
        account, request, tagged, noted = call
        service, operation = model.service_model.service_name, model.name
        if operation in PARTS.get(service, ()):
            return
        if not tagged and (afterwards := AFTERWARDS.get((service, operation))):
            try:
                afterwards(account, request, parsed)
                tagged, noted = True, False
            except (ClientError, BotoCoreError) as error:
                print(f"Created, but not tagged: {service} {operation}. {error}", file=sys.stderr)
        if not noted:
            return
        if elsewhere := _other_account(parsed, account.id):
            print(
                f"Created in another account, so not noted: {elsewhere}. cloud.cleanup() doesn't remove it.",
                file=sys.stderr,
            )
            return
        try:
            account.journal.add(Made(service, operation, _names(request, parsed), tagged))
        except OSError as error:
            print(f"Not noted in {account.journal.path}: {service} {operation}. {error}", file=sys.stderr)


def _other_account(answer: dict[str, Any], number: str) -> str:
    """An ARN in a response that belongs to another account, because the client has other credentials; else ""."""
    arns = (v for v in answer.values() if isinstance(v, str) and v.startswith("arn:") and v.count(":") >= 5)
    return next((arn for arn in arns if arn.split(":")[4] not in ("", number)), "")


def add_tag(params: dict[str, Any], model: Any, owner: str) -> bool:
    """Adds the tag to a call's parameters, and returns whether the operation accepts tags. Other tags stay.

    Args:
        params: the call's parameters, which are changed.
    """
    members = model.input_shape.members if model.input_shape is not None else {}
    name = next((field for field in _FIELDS if field in members), None)
    if name is None or (model.name == "PutParameter" and params.get("Overwrite")):  # SSM refuses both at once
        return False
    shape = members[name]
    if name == "TagSpecifications":
        kinds = _EC2.get(model.name)
        if kinds is None:
            return False
        params[name] = _with_specifications(params.get(name), kinds, owner)
    elif shape.type_name == "map":
        params[name] = {**(params.get(name) or {}), KEY: owner}
    elif shape.type_name == "list" and shape.member.type_name == "structure":
        names = {member.lower().removeprefix("tag"): member for member in shape.member.members}  # Key, key, TagKey
        if not {"key", "value"} <= set(names):
            return False
        key, value = names["key"], names["value"]
        others = [tag for tag in params.get(name) or [] if tag.get(key) != KEY]
        params[name] = [*others, {key: KEY, value: owner}]
    else:
        return False
    return True


def _with_specifications(specifications: Any, kinds: tuple[str, ...], owner: str) -> list[dict[str, Any]]:
    tag = {"Key": KEY, "Value": owner}
    by_kind = {kind: [tag] for kind in kinds}
    others = []
    for entry in specifications or []:
        kind, tags = entry.get("ResourceType"), [t for t in entry.get("Tags", []) if t.get("Key") != KEY]
        if kind in by_kind:
            by_kind[kind] = [*tags, tag]
        else:
            others.append(entry)
    return [*others, *({"ResourceType": kind, "Tags": tags} for kind, tags in by_kind.items())]


def _names(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, str]:
    """The names, ids and ARNs of a resource, from short strings in the request and in the response."""
    names: dict[str, str] = {}
    for source in (request, answer):
        for name, value in source.items():
            if _NAMING.search(name) and isinstance(value, str) and len(value) <= _LONGEST_NAME:
                names.setdefault(name, value)
    if "LayerName" in names:
        names["VersionNumber"] = str(answer.get("Version"))
    if details := answer.get("BackupDetails"):
        names["BackupArn"] = str(details["BackupArn"])
    return names

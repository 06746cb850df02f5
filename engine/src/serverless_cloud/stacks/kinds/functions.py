"""Lambda: functions, versions, aliases, permissions, mappings, layers, URLs."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.archives import zip_of
from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import (
    ByCalls,
    HandlerError,
    Kind,
    Made,
    Place,
    Properties,
    call_if_there,
    set_tags,
)
from serverless_cloud.stacks.kinds.function_network import wait_until_released

#: The default of a property that a template leaves out. Source: Lambda API reference, CreateFunction.
_DEFAULTS: Mapping[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "KmsKeyArn": "",
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
_NOT_OF_CONFIGURATION = ("Architectures", "Code", "FunctionName", "PackageType", "ReservedConcurrentExecutions", "Tags")


class Function(ByCalls):
    """AWS::Lambda::Function."""

    type, service, name = "AWS::Lambda::Function", "lambda", "FunctionName"
    created_by, updated_by, deleted_by = "CreateFunction", "UpdateFunctionConfiguration", "DeleteFunction"
    ids, ref, gives = {"FunctionName": "FunctionName"}, "FunctionName", {"Arn": "FunctionArn"}
    tags_as_map = True
    refused = ("CodeSigningConfigArn", "RecursiveLoop", "FunctionScalingConfig", "PublishToLatestPublished",
               "SnapStart.ApplyOn", "Code.ImageUri")  # fmt: skip

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        """Makes it, and waits until it is active."""
        _refuse_pinned_runtime(properties)
        reserved = properties.pop("ReservedConcurrentExecutions", None)
        resource = super().create(at, properties | {"Code": _code(properties)})
        with self.whole_or_gone(at, resource, properties):
            _wait(at, resource.physical_id)
            if reserved is not None:
                _reserve(at, resource.physical_id, reserved)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        """Changes code, configuration, reserved concurrency and tags: only the parts that differ."""
        _refuse_pinned_runtime(properties)
        name = resource.physical_id
        which = {"FunctionName": name}
        new_settings, old_settings = ({k: v for k, v in state.items() if k not in _NOT_OF_CONFIGURATION}
                                      for state in (properties, old))  # fmt: skip
        if new_settings != old_settings:
            cleared = {k: v for k, v in _DEFAULTS.items() if k in old_settings and k not in new_settings}
            settings = self.parameters(at, "UpdateFunctionConfiguration", cleared | new_settings)
            at.call("lambda", "UpdateFunctionConfiguration", **settings, **which)
            _wait(at, name)
        if (properties.get("Code"), properties.get("Architectures")) != (old.get("Code"), old.get("Architectures")):
            more = {"Architectures": properties["Architectures"]} if "Architectures" in properties else {}
            at.call("lambda", "UpdateFunctionCode", **_code(properties), **more, **which)
            _wait(at, name)
        if properties.get("ReservedConcurrentExecutions") != old.get("ReservedConcurrentExecutions"):
            _reserve(at, name, properties.get("ReservedConcurrentExecutions"))
        set_tags(at, "lambda", old, properties, as_map=True, Resource=resource.attributes["Arn"])
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """Deletes it, and waits until the network interfaces that only it had have gone."""
        super().delete(at, resource, properties)
        wait_until_released(at, properties.get("VpcConfig"))


class Version(Kind):
    """AWS::Lambda::Version."""

    type = "AWS::Lambda::Version"
    refused = ("RuntimePolicy", "FunctionScalingConfig")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        settings = {
            name: properties[name] for name in ("FunctionName", "CodeSha256", "Description") if name in properties
        }
        answer = at.call("lambda", "PublishVersion", **settings)
        number = str(answer["Version"])
        resource = Made(answer["FunctionArn"], {"Version": number, "FunctionArn": answer["FunctionArn"]})
        resource.own |= {"FunctionName": answer["FunctionName"], "Qualifier": number}
        _provision(at, resource, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        with contextlib.suppress(ResourceFailed):
            at.call("lambda", "DeleteProvisionedConcurrencyConfig", **resource.own)
        call_if_there(at, "lambda", "DeleteFunction", **resource.own)


class Alias(Kind):
    """AWS::Lambda::Alias."""

    type, name, custom_name_may_stay = "AWS::Lambda::Alias", "Name", True

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        answer = at.call("lambda", "CreateAlias", **_of_alias(properties))
        resource = Made(answer["AliasArn"], {"AliasArn": answer["AliasArn"]})
        resource.own |= {"FunctionName": properties["FunctionName"], "Qualifier": properties["Name"]}
        _provision(at, resource, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        cleared = {"Description": "", "RoutingConfig": {"AdditionalVersionWeights": {}}}
        at.call("lambda", "UpdateAlias", **(cleared | _of_alias(properties)))
        if properties.get("ProvisionedConcurrencyConfig") != old.get("ProvisionedConcurrencyConfig"):
            with contextlib.suppress(HandlerError):
                at.call("lambda", "DeleteProvisionedConcurrencyConfig", **resource.own)
            _provision(at, resource, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(
            at, "lambda", "DeleteAlias", FunctionName=resource.own["FunctionName"], Name=resource.own["Qualifier"]
        )


class Permission(Kind):
    """AWS::Lambda::Permission; Ref is its statement's id."""

    type = "AWS::Lambda::Permission"
    deleted_with = ("lambda", "RemovePermission")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        statement = at.generated_name(100)
        function, qualifier = _split(properties["FunctionName"])
        which = {"FunctionName": function, "StatementId": statement} | ({"Qualifier": qualifier} if qualifier else {})
        settings = {name: value for name, value in properties.items() if name != "FunctionName"}
        at.call("lambda", "AddPermission", **settings, **which)
        return Made(statement, {"Id": statement}, which)


def _with_names_of_the_call(settings: dict[str, Any]) -> dict[str, Any]:
    """A mapping's settings as Lambda's call names them. Templates have another name for Kafka's servers."""
    servers = settings.get("SelfManagedEventSource", {}).get("Endpoints", {}).get("KafkaBootstrapServers")
    if not servers:
        return settings
    return settings | {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": servers}}}


class EventSourceMapping(ByCalls):
    """AWS::Lambda::EventSourceMapping."""

    type, service = "AWS::Lambda::EventSourceMapping", "lambda"
    created_by, updated_by = "CreateEventSourceMapping", "UpdateEventSourceMapping"
    deleted_by, ids, ref = "DeleteEventSourceMapping", {"UUID": "UUID"}, "UUID"
    described_by = "GetEventSourceMapping"
    gives = {"Id": "UUID", "EventSourceMappingArn": "EventSourceMappingArn"}
    tags_as_map = True
    cleared: Mapping[str, Any] = {
        "Enabled": True, "FilterCriteria": {}, "FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0,
        "DestinationConfig": {}, "ScalingConfig": {}, "BisectBatchOnFunctionError": False, "ParallelizationFactor": 1,
        "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1, "TumblingWindowInSeconds": 0,
    }  # fmt: skip

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, _with_names_of_the_call(properties))
        self._wait(at, resource)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        cleared = {name: value for name, value in self.cleared.items() if name in old and name not in properties}
        if "BatchSize" in old and "BatchSize" not in properties:
            cleared["BatchSize"] = 10 if ":sqs:" in properties["EventSourceArn"] else 100
        changed = super().update(at, resource, old, cleared | properties)
        self._wait(at, changed)
        return changed

    @staticmethod
    def _wait(at: Place, resource: Made) -> None:
        def settled() -> bool:
            state = at.call("lambda", "GetEventSourceMapping", UUID=resource.own["UUID"])["State"]
            return state in ("Enabled", "Disabled")

        at.wait(settled, "the mapping is enabled")


class Url(ByCalls):
    """AWS::Lambda::Url."""

    type, service = "AWS::Lambda::Url", "lambda"
    created_by, updated_by = "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"
    deleted_by, renamed, ref = "DeleteFunctionUrlConfig", {"TargetFunctionArn": "FunctionName"}, "FunctionArn"
    gives = {"FunctionUrl": "FunctionUrl", "FunctionArn": "FunctionArn"}
    ids = {"FunctionName": "TargetFunctionArn", "Qualifier": "Qualifier"}

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = super().create(at, properties)
        resource.own["which"] = {p: properties[name] for p, name in self.ids.items() if name in properties}
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        cleared: dict[str, Any] = {"Cors": {}} if "Cors" in old and "Cors" not in properties else {}
        at.call("lambda", self.updated_by, **self.parameters(at, self.updated_by, cleared | properties))
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(at, "lambda", self.deleted_by, **resource.own["which"])


class EventInvokeConfig(ByCalls):
    """AWS::Lambda::EventInvokeConfig."""

    type, service = "AWS::Lambda::EventInvokeConfig", "lambda"
    created_by = updated_by = "PutFunctionEventInvokeConfig"
    deleted_by, ref = "DeleteFunctionEventInvokeConfig", "id"
    ids = {"FunctionName": "FunctionName", "Qualifier": "Qualifier"}

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        at.call("lambda", self.created_by, **self.parameters(at, self.created_by, properties))
        return Made(at.generated_name(), {}, {p: properties[name] for p, name in self.ids.items()})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        at.call("lambda", self.created_by, **self.parameters(at, self.created_by, properties))
        return resource


def _code(properties: Properties) -> dict[str, Any]:
    code = dict(properties["Code"])
    if "ZipFile" in code:  # source code: the file of the handler. Source: AWS::Lambda::Function Code
        code["ZipFile"] = zip_of({"index.py": str(code["ZipFile"]).encode()})
    return code


def _refuse_pinned_runtime(properties: dict[str, Any]) -> None:
    mode = (properties.pop("RuntimeManagementConfig", None) or {}).get("UpdateRuntimeOn", "Auto")
    if mode != "Auto":
        raise ResourceFailed(
            f"The local cloud doesn't support RuntimeManagementConfig {mode} (docs/fidelity.md). Leave it out."
        )


def _wait(at: Place, function: str) -> None:
    def settled() -> bool:
        configuration = at.call("lambda", "GetFunctionConfiguration", FunctionName=function)
        if "Failed" in (configuration.get("State"), configuration.get("LastUpdateStatus")):
            why = configuration.get("StateReason") or configuration.get("LastUpdateStatusReason")
            raise ResourceFailed(f"Lambda function {function} did not stabilize: {why}")
        return (
            configuration.get("State", "Active") in ("Active", "Inactive")
            and configuration.get("LastUpdateStatus") != "InProgress"
        )

    at.wait(settled, f"the function {function} is active", 300.0)


def _reserve(at: Place, function: str, count: int | None) -> None:
    if count is None:
        at.call("lambda", "DeleteFunctionConcurrency", FunctionName=function)
    else:
        at.call("lambda", "PutFunctionConcurrency", FunctionName=function, ReservedConcurrentExecutions=count)


def _provision(at: Place, resource: Made, properties: Properties) -> None:
    count = (properties.get("ProvisionedConcurrencyConfig") or {}).get("ProvisionedConcurrentExecutions")
    if count is None:
        return
    at.call("lambda", "PutProvisionedConcurrencyConfig", ProvisionedConcurrentExecutions=count, **resource.own)

    def ready() -> bool:
        config = at.call("lambda", "GetProvisionedConcurrencyConfig", **resource.own)
        if config["Status"] == "FAILED":
            raise ResourceFailed(f"Provisioned concurrency failed: {config.get('StatusReason')}")
        return bool(config["Status"] == "READY")

    at.wait(ready, "provisioned concurrency is ready")


def _of_alias(properties: Properties) -> dict[str, Any]:
    settings = {
        name: properties[name]
        for name in ("FunctionName", "Name", "FunctionVersion", "Description")
        if name in properties
    }
    if weights := (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        shares = {weight["FunctionVersion"]: float(weight["FunctionWeight"]) for weight in weights}
        settings["RoutingConfig"] = {"AdditionalVersionWeights": shares}
    return settings


def _split(function: str) -> tuple[str, str | None]:
    """A function's name or ARN without its qualifier, and the qualifier."""
    parts = function.split(":")
    if len(parts) == 8:  # arn:aws:lambda:REGION:ACCOUNT:function:NAME:QUALIFIER
        return ":".join(parts[:7]), parts[7]
    return (parts[0], parts[1]) if len(parts) == 2 else (function, None)


KINDS: tuple[Kind, ...] = (
    Function(), Version(), Alias(), Permission(), EventSourceMapping(), Url(), EventInvokeConfig(),
    ByCalls(type="AWS::Lambda::LayerVersion", service="lambda", name="LayerName", name_limit=140,
            custom_name_may_stay=True, created_by="PublishLayerVersion", deleted_by="DeleteLayerVersion",
            ids={"LayerName": "LayerName", "VersionNumber": "Version"}, ref="LayerVersionArn",
            gives={"LayerVersionArn": "LayerVersionArn"}),
)  # fmt: skip

"""API Gateway version 1: REST APIs, from their parts or from an OpenAPI document."""

# ruff: noqa: ARG002, RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from serverless_cloud.stacks.errors import ResourceFailed, UnsupportedResource
from serverless_cloud.stacks.kinds.api_documents import document_of
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, as_text, call_if_there


class _Rest(ByCalls):
    """A part of a REST API; changes in place are patches."""

    service = "apigateway"
    patched: ClassVar[Mapping[str, str]] = {}  # property -> path

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        patches = _patches(self.patched, old, properties)
        _require_known(self.type, self.patched, old, properties)
        if patches:
            assert self.updated_by is not None
            which = {parameter: resource.own[key] for parameter, key in self.ids.items()}
            at.call(self.service, self.updated_by, patchOperations=patches, **which)
        return resource

    @property
    def can_update(self) -> bool:
        return self.updated_by is not None


def _patches(paths: Mapping[str, str], old: Properties, properties: Properties) -> list[dict[str, str]]:
    patches = []
    for name, path in paths.items():
        before, after = old.get(name), properties.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            had, has = dict(before or {}), dict(after or {})
            patches += [{"op": "remove", "path": f"{path}/{key}"} for key in had if key not in has]
            patches += [{"op": "replace", "path": f"{path}/{key}", "value": as_text(value)}
                      for key, value in has.items() if had.get(key) != value]  # fmt: skip
        elif isinstance(before, list) or isinstance(after, list):
            left, right = list(before or []), list(after or [])
            patches += [{"op": "remove", "path": f"{path}/{_escaped(item)}"} for item in left if item not in right]
            patches += [{"op": "add", "path": f"{path}/{_escaped(item)}"} for item in right if item not in left]
        else:
            patches.append({"op": "replace", "path": path, "value": "" if after is None else as_text(after)})
    return patches


def _require_known(type: str, paths: Mapping[str, str], old: Properties, properties: Properties) -> None:
    changed = [name for name in {*old, *properties} if old.get(name) != properties.get(name)]
    if unknown := sorted(name for name in changed if name not in paths):
        raise UnsupportedResource(f"a change of {', '.join(unknown)} of {type}")


def _escaped(part: Any) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


class RestApi(Kind):
    """AWS::ApiGateway::RestApi."""

    type = "AWS::ApiGateway::RestApi"
    deleted_with = ("apigateway", "DeleteRestApi", "restApiId")
    refused = ("CloneFrom", "EndpointAccessMode", "SecurityPolicy")
    _paths: Mapping[str, str] = {
        "Name": "/name", "Description": "/description", "BinaryMediaTypes": "/binaryMediaTypes",
        "MinimumCompressionSize": "/minimumCompressionSize", "ApiKeySourceType": "/apiKeySource",
        "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint", "Policy": "/policy",
    }  # fmt: skip
    _own = ("Body", "BodyS3Location", "FailOnWarnings", "Mode", "Parameters", "Tags", "EndpointConfiguration")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        document = document_of(at, properties)
        name = (
            properties.get("Name") or ((document or {}).get("info") or {}).get("title") or (document and at.logical_id)
        )
        if not name:
            raise ResourceFailed("Name is required. Give the API a Name, or a Body with info.title")
        settings: dict[str, Any] = {"name": str(name)}
        for key, parameter in (("Description", "description"), ("BinaryMediaTypes", "binaryMediaTypes"),
                               ("MinimumCompressionSize", "minimumCompressionSize"), ("Version", "version"),
                               ("ApiKeySourceType", "apiKeySource"),
                               ("DisableExecuteApiEndpoint", "disableExecuteApiEndpoint")):  # fmt: skip
            if key in properties:
                settings[parameter] = properties[key]
        if "Policy" in properties:
            settings["policy"] = as_text(properties["Policy"])
        if kinds := self._endpoints(properties):
            settings["endpointConfiguration"] = {"types": kinds}
        if properties.get("Tags"):
            settings["tags"] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
        answer = at.call("apigateway", "CreateRestApi", **settings)
        resource = Made(answer["id"], {"RestApiId": answer["id"], "RootResourceId": answer.get("rootResourceId")})
        with self.whole_or_gone(at, resource, properties):
            self._import(at, resource, document)
        return self._read(at, resource)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if properties.get("EndpointConfiguration") != old.get("EndpointConfiguration"):
            raise UnsupportedResource(f"a change of EndpointConfiguration of {self.type}")
        document = document_of(at, properties)
        if document != document_of(at, old) or "BodyS3Location" in properties:
            self._import(at, resource, document)
        texts = [{name: as_text(value) if name == "Policy" else value for name, value in state.items()}
                 for state in (old, properties)]  # fmt: skip
        if patches := _patches(self._paths, *texts):
            at.call("apigateway", "UpdateRestApi", restApiId=resource.physical_id, patchOperations=patches)
        return self._read(at, resource)

    @staticmethod
    def _endpoints(properties: Properties) -> list[str]:
        kinds = [*((properties.get("EndpointConfiguration") or {}).get("Types") or [])]
        kind = (properties.get("Parameters") or {}).get("endpointConfigurationTypes")
        return kinds or ([str(kind)] if kind else [])

    @staticmethod
    def _import(at: Place, resource: Made, document: Mapping[str, Any] | None) -> None:
        if document is not None:
            at.call("apigateway", "PutRestApi", restApiId=resource.physical_id, mode="overwrite",
                    body=json.dumps(document).encode())  # fmt: skip

    @staticmethod
    def _read(at: Place, resource: Made) -> Made:
        items: list[Any] = at.call("apigateway", "GetResources", restApiId=resource.physical_id, limit=500)["items"]
        (root,) = [item["id"] for item in items if item["path"] == "/"]
        return Made(resource.physical_id, {"RestApiId": resource.physical_id, "RootResourceId": root})


class Deployment(Kind):
    """AWS::ApiGateway::Deployment."""

    type = "AWS::ApiGateway::Deployment"
    refused = ("DeploymentCanarySettings", "StageDescription")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        names = {"RestApiId": "restApiId", "StageName": "stageName", "Description": "description"}
        settings = {parameter: properties[name] for name, parameter in names.items() if name in properties}
        id = at.call("apigateway", "CreateDeployment", **settings)["id"]
        return Made(id, {"DeploymentId": id})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        if properties.get("StageName") != old.get("StageName"):
            raise UnsupportedResource(f"a change of StageName of {self.type}")
        patches = [{"op": "replace", "path": "/description", "value": properties.get("Description", "")}]
        at.call("apigateway", "UpdateDeployment", restApiId=properties["RestApiId"], deploymentId=resource.physical_id,
                patchOperations=patches)  # fmt: skip
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        api = properties["RestApiId"]
        if name := properties.get("StageName"):  # deletes its stage, unless it has another deployment
            stage = call_if_there(at, "apigateway", "GetStage", restApiId=api, stageName=name)
            if stage.get("deploymentId") == resource.physical_id:
                call_if_there(at, "apigateway", "DeleteStage", restApiId=api, stageName=name)
        call_if_there(at, "apigateway", "DeleteDeployment", restApiId=api, deploymentId=resource.physical_id)


class Stage(_Rest):
    """AWS::ApiGateway::Stage."""

    type, created_by, updated_by, deleted_by = "AWS::ApiGateway::Stage", "CreateStage", "UpdateStage", "DeleteStage"
    ids, ref = {"restApiId": "RestApiId", "stageName": "StageName"}, "StageName"
    refused = ("AccessLogSetting", "CacheClusterEnabled", "CanarySetting", "ClientCertificateId",
               "DocumentationVersion")  # fmt: skip
    tags_as_map = True
    patched = {"DeploymentId": "/deploymentId", "Description": "/description", "Variables": "/variables",
               "TracingEnabled": "/tracingEnabled", "MethodSettings": ""}  # fmt: skip
    _settings: Mapping[str, str] = {
        "ThrottlingRateLimit": "throttling/rateLimit", "ThrottlingBurstLimit": "throttling/burstLimit",
        "LoggingLevel": "logging/loglevel", "DataTraceEnabled": "logging/dataTrace",
        "MetricsEnabled": "metrics/enabled",
    }  # fmt: skip

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        settings = properties.get("MethodSettings")
        resource = super().create(at, {name: value for name, value in properties.items() if name != "MethodSettings"})
        with self.whole_or_gone(at, resource, properties):
            self._set(at, resource, settings or [])
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        settings = properties.get("MethodSettings")
        plain = [
            {name: value for name, value in state.items() if name != "MethodSettings"} for state in (old, properties)
        ]
        if settings != old.get("MethodSettings"):
            if old.get("MethodSettings"):
                paths = [self._path(setting) for setting in old["MethodSettings"]]
                self._patch(at, resource, [{"op": "remove", "path": path} for path in paths])
            self._set(at, resource, settings or [])
        return super().update(at, resource, plain[0], plain[1])

    def _set(self, at: Place, resource: Made, settings: list[Any]) -> None:
        patches = []
        for setting in settings:
            if unknown := sorted(set(setting) - set(self._settings) - {"ResourcePath", "HttpMethod"}):
                raise UnsupportedResource(f"{', '.join(unknown)} in MethodSettings of {self.type}")
            patches += [
                {"op": "replace", "path": f"{self._path(setting)}/{self._settings[name]}", "value": as_text(value)}
                for name, value in setting.items()
                if name in self._settings
            ]
        self._patch(at, resource, patches)

    def _patch(self, at: Place, resource: Made, patches: list[dict[str, str]]) -> None:
        if patches:
            at.call("apigateway", "UpdateStage", patchOperations=patches,
                    **{parameter: resource.own[key] for parameter, key in self.ids.items()})  # fmt: skip

    @staticmethod
    def _path(setting: Properties) -> str:
        path = str(setting.get("ResourcePath", "/*"))
        place = "*" if path == "/*" else path.replace("/", "~1")
        return f"/{place}/{setting.get('HttpMethod', '*')}"


class Method(ByCalls):
    """AWS::ApiGateway::Method: method, integration and their responses, each made by a call."""

    type, service = "AWS::ApiGateway::Method", "apigateway"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        which = {
            "restApiId": properties["RestApiId"],
            "resourceId": properties["ResourceId"],
            "httpMethod": properties["HttpMethod"],
        }
        resource = Made(at.generated_name(), {}, which)
        own = ("RestApiId", "ResourceId", "HttpMethod", "Integration", "MethodResponses")
        settings = {name: value for name, value in properties.items() if name not in own}
        settings.setdefault("AuthorizationType", "NONE")
        with self.whole_or_gone(at, resource, properties):
            self._put(at, "PutMethod", settings, which)
            for response in properties.get("MethodResponses") or []:
                self._put(at, "PutMethodResponse", response, which)
            if integration := dict(properties.get("Integration") or {}):
                responses = integration.pop("IntegrationResponses", None) or []
                self._put(at, "PutIntegration", integration, which)
                for response in responses:
                    self._put(at, "PutIntegrationResponse", response, which)
        return resource

    def _put(self, at: Place, operation: str, properties: Properties, which: Mapping[str, str]) -> None:
        at.call("apigateway", operation, **self.parameters(at, operation, properties), **which)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self.delete(at, resource, old)
        return Made(resource.physical_id, {}, self.create(at, properties).own)

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(at, "apigateway", "DeleteMethod", **resource.own)


class Model(_Rest):
    """AWS::ApiGateway::Model."""

    type, created_by, deleted_by = "AWS::ApiGateway::Model", "CreateModel", "DeleteModel"
    ids, ref, name, name_limit = {"restApiId": "RestApiId", "modelName": "name"}, "name", "Name", 40

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        if "Name" not in properties:
            properties["Name"] = at.logical_id
        return super().create(at, {"ContentType": "application/json"} | properties)


class UsagePlan(_Rest):
    """AWS::ApiGateway::UsagePlan."""

    type, created_by, deleted_by = "AWS::ApiGateway::UsagePlan", "CreateUsagePlan", "DeleteUsagePlan"
    ids, ref, gives, renamed = {"usagePlanId": "id"}, "id", {"Id": "id"}, {"UsagePlanName": "name"}
    tags_as_map = True

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        return super().create(at, {"UsagePlanName": at.generated_name()} | properties)

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        stages = [f"{stage['ApiId']}:{stage['Stage']}" for stage in properties.get("ApiStages") or []]
        if patches := [{"op": "remove", "path": "/apiStages", "value": stage} for stage in stages]:
            call_if_there(
                at, "apigateway", "UpdateUsagePlan", usagePlanId=resource.physical_id, patchOperations=patches
            )
        super().delete(at, resource, properties)


class Account(Kind):
    """AWS::ApiGateway::Account: the settings of a Region, which stay when the stack is deleted, as on AWS."""

    type = "AWS::ApiGateway::Account"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties.get("CloudWatchRoleArn", "")}
        at.call("apigateway", "UpdateAccount", patchOperations=[role])
        name = at.generated_name()
        return Made(name, {"Id": name})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self.create(at, properties)
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """The settings stay."""


KINDS: tuple[Kind, ...] = (
    Account(), RestApi(), Deployment(), Stage(), Method(), Model(), UsagePlan(),
    _Rest(type="AWS::ApiGateway::Resource", created_by="CreateResource", deleted_by="DeleteResource",
          ids={"restApiId": "RestApiId", "resourceId": "id"}, ref="id", gives={"ResourceId": "id"}),
    _Rest(type="AWS::ApiGateway::Authorizer", created_by="CreateAuthorizer", updated_by="UpdateAuthorizer",
          deleted_by="DeleteAuthorizer", ids={"restApiId": "RestApiId", "authorizerId": "id"}, ref="id",
          gives={"AuthorizerId": "id"},
          patched={"Name": "/name", "AuthorizerUri": "/authorizerUri", "IdentitySource": "/identitySource",
                   "AuthorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds", "Type": "/type",
                   "IdentityValidationExpression": "/identityValidationExpression"}),
    _Rest(type="AWS::ApiGateway::RequestValidator", created_by="CreateRequestValidator",
          deleted_by="DeleteRequestValidator", ids={"restApiId": "RestApiId", "requestValidatorId": "id"}, ref="id",
          gives={"RequestValidatorId": "id"}),
    _Rest(type="AWS::ApiGateway::ApiKey", created_by="CreateApiKey", deleted_by="DeleteApiKey", ids={"apiKey": "id"},
          ref="id", name="Name", gives={"APIKeyId": "id"}, tags_as_map=True),
    _Rest(type="AWS::ApiGateway::UsagePlanKey", created_by="CreateUsagePlanKey", deleted_by="DeleteUsagePlanKey",
          ids={"usagePlanId": "UsagePlanId", "keyId": "KeyId"}, ref="KeyId"),
)  # fmt: skip

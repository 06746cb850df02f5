"""Seam: REST APIs in CloudFormation stacks (moto 5.2.5).

moto makes APIs, resources, methods and deployments, but not the binary media types, the `Body`, the authoriser, the
parameters, the templates and the responses of them; a method without a call behind it (MOCK) is a crash to it. It makes
no stages, authorisers, models, validators, gateway responses, keys and usage plans, and says nothing. All of them are
made here by calls; a later class of the same type takes the place of moto's.

Rules: CloudFormation Template Reference, AWS::ApiGateway. Worth an upstream change: all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel

from serverless_first.cloud.seams.stack_calls import Made, call, call_unless_gone, refusal, without

_SERVICE = "apigateway"


class _Part(Made):
    """What one call makes and one deletes; an update is refused."""

    create: ClassVar[str]  # "create_model"
    id_in_answer: ClassVar[str] = "id"
    renamed: ClassVar[Mapping[str, str]] = {}  # a property, and the parameter of the call
    remove: ClassVar[tuple[str, str]]  # the call that deletes, and its parameter for the id

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        given = {cls.renamed.get(name, name): value for name, value in properties.items()}
        answer = call(_SERVICE, region, cls.create, given)
        id = answer[cls.id_in_answer]
        return cls(region, properties, id, dict.fromkeys(cls.attribute_names, id))

    def unmake(self) -> None:
        operation, parameter = self.remove
        api = {"restApiId": self.properties["RestApiId"]} if "RestApiId" in self.properties else {}
        call_unless_gone(_SERVICE, self.region, operation, **{parameter: self.id}, **api)


class Authorizer(_Part, CloudFormationModel):
    """AWS::ApiGateway::Authorizer."""

    kind, create, remove = "AWS::ApiGateway::Authorizer", "create_authorizer", ("delete_authorizer", "authorizerId")
    attribute_names = ("AuthorizerId",)


class RequestValidator(_Part, CloudFormationModel):
    """AWS::ApiGateway::RequestValidator."""

    kind, create = "AWS::ApiGateway::RequestValidator", "create_request_validator"
    remove, attribute_names = ("delete_request_validator", "requestValidatorId"), ("RequestValidatorId",)


class Model(_Part, CloudFormationModel):
    """AWS::ApiGateway::Model."""

    kind, create, id_in_answer = "AWS::ApiGateway::Model", "create_model", "name"
    remove = ("delete_model", "modelName")


class ApiKey(_Part, CloudFormationModel):
    """AWS::ApiGateway::ApiKey."""

    kind, create, remove = "AWS::ApiGateway::ApiKey", "create_api_key", ("delete_api_key", "apiKey")
    attribute_names = ("APIKeyId",)

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        return super().make(region, without(properties, "StageKeys"))  # what came before usage plans


class UsagePlan(_Part, CloudFormationModel):
    """AWS::ApiGateway::UsagePlan."""

    kind, create, remove = "AWS::ApiGateway::UsagePlan", "create_usage_plan", ("delete_usage_plan", "usagePlanId")
    renamed: ClassVar[Mapping[str, str]] = {"UsagePlanName": "name"}
    attribute_names = ("Id",)

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        return super().make(region, {"UsagePlanName": "plan"} | dict(properties))

    def unmake(self) -> None:
        for stage in self.properties.get("ApiStages") or []:
            patch = {"op": "remove", "path": "/apiStages", "value": f"{stage['ApiId']}:{stage['Stage']}"}
            given = {"usagePlanId": self.id, "patchOperations": [patch]}
            call_unless_gone(_SERVICE, self.region, "update_usage_plan", **given)
        super().unmake()


class UsagePlanKey(_Part, CloudFormationModel):
    """AWS::ApiGateway::UsagePlanKey."""

    kind, create, attribute_names = "AWS::ApiGateway::UsagePlanKey", "create_usage_plan_key", ("Id",)

    def unmake(self) -> None:
        given = {"usagePlanId": self.properties["UsagePlanId"], "keyId": self.id}
        call_unless_gone(_SERVICE, self.region, "delete_usage_plan_key", **given)


class RestApi(Made, CloudFormationModel):
    """AWS::ApiGateway::RestApi, also with its `Body`."""

    kind, attribute_names = "AWS::ApiGateway::RestApi", ("RootResourceId", "RestApiId")

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        if "BodyS3Location" in properties:
            raise refusal("The local cloud does not honour BodyS3Location; write the document into Body.")
        body = properties.get("Body") or {}
        name = properties.get("Name") or (body.get("info") or {}).get("title")
        given = without(properties, "Body", "Mode", "FailOnWarnings", "Parameters", "ApiKeySourceType")
        given |= {"name": name, "apiKeySource": properties.get("ApiKeySourceType")}
        made = call(_SERVICE, region, "create_rest_api", without(given, "Name"))
        ids = {"RootResourceId": made["rootResourceId"], "RestApiId": made["id"]}
        api = cls(region, properties, made["id"], ids)
        if body:
            try:
                api._put(body, "overwrite")
            except Exception:
                api.unmake()
                raise
        return api

    def change(self, properties: Mapping[str, Any]) -> Self:
        known = ("Name", "Description", "Body")
        if without(properties, *known) != without(self.properties, *known):
            return super().change(properties)
        texts = {"name": properties.get("Name"), "description": properties.get("Description")}
        patches = [{"op": "replace", "path": f"/{name}", "value": text} for name, text in texts.items() if text]
        call(_SERVICE, self.region, "update_rest_api", {"restApiId": self.id, "patchOperations": patches})
        if properties.get("Body") and properties["Body"] != self.properties.get("Body"):
            self._put(properties["Body"], str(properties.get("Mode") or "overwrite"))
        return type(self)(self.region, properties, self.id, self.attributes)

    def unmake(self) -> None:
        call_unless_gone(_SERVICE, self.region, "delete_rest_api", restApiId=self.id)

    def _put(self, body: Mapping[str, Any], mode: str) -> None:
        given = {"restApiId": self.id, "mode": mode, "body": json.dumps(body).encode()}
        call(_SERVICE, self.region, "put_rest_api", given)


class Resource(_Part, CloudFormationModel):
    """AWS::ApiGateway::Resource."""

    kind, create, remove = "AWS::ApiGateway::Resource", "create_resource", ("delete_resource", "resourceId")
    attribute_names = ("ResourceId",)


class Method(Made, CloudFormationModel):
    """AWS::ApiGateway::Method with its integration and its responses; a changed one is put anew."""

    kind = "AWS::ApiGateway::Method"

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        who = cls._of(properties)
        method = {"AuthorizationType": "NONE"} | without(properties, "Integration", "MethodResponses")
        call(_SERVICE, region, "put_method", method)
        made = cls(region, properties, "-".join(who.values()), {})
        try:
            for response in properties.get("MethodResponses") or []:
                call(_SERVICE, region, "put_method_response", who | response)
            if integration := properties.get("Integration"):
                call(_SERVICE, region, "put_integration", who | without(integration, "IntegrationResponses"))
                for response in integration.get("IntegrationResponses") or []:
                    call(_SERVICE, region, "put_integration_response", who | response)
        except Exception:
            made.unmake()
            raise
        return made

    def change(self, properties: Mapping[str, Any]) -> Self:
        self.unmake()
        return self.make(self.region, properties)

    def unmake(self) -> None:
        call_unless_gone(_SERVICE, self.region, "delete_method", **self._of(self.properties))

    @staticmethod
    def _of(properties: Mapping[str, Any]) -> dict[str, str]:
        return {name: str(properties.get(name)) for name in ("RestApiId", "ResourceId", "HttpMethod")}


class Deployment(Made, CloudFormationModel):
    """AWS::ApiGateway::Deployment. One that a stage still shows stays: on AWS, CloudFormation deletes it last."""

    kind, attribute_names = "AWS::ApiGateway::Deployment", ("DeploymentId",)

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        stage = properties.get("StageDescription") or {}
        if more := sorted(set(stage) - {"Variables", "Description"}):
            raise refusal(f"StageDescription has {', '.join(more)}. Make an AWS::ApiGateway::Stage with it.")
        given = without(properties, "StageDescription") | {
            "variables": stage.get("Variables"),
            "stageDescription": stage.get("Description"),
        }
        id = call(_SERVICE, region, "create_deployment", given)["id"]
        return cls(region, properties, id, {"DeploymentId": id})

    def change(self, properties: Mapping[str, Any]) -> Self:
        self.properties = dict(properties)
        return self  # as on AWS: what is deployed is not looked at again

    def unmake(self) -> None:
        api_id = self.properties["RestApiId"]
        if name := self.properties.get("StageName"):
            call_unless_gone(_SERVICE, self.region, "delete_stage", restApiId=api_id, stageName=name)
        try:
            call_unless_gone(_SERVICE, self.region, "delete_deployment", restApiId=api_id, deploymentId=self.id)
        except Exception as error:
            if "Active stages" not in str(error):
                raise


class GatewayResponse(Made, CloudFormationModel):
    """AWS::ApiGateway::GatewayResponse."""

    kind = "AWS::ApiGateway::GatewayResponse"

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        call(_SERVICE, region, "put_gateway_response", properties)
        return cls(region, properties, str(properties["ResponseType"]), {})

    def change(self, properties: Mapping[str, Any]) -> Self:
        self.unmake()
        return self.make(self.region, properties)

    def unmake(self) -> None:
        given = {"restApiId": self.properties["RestApiId"], "responseType": self.id}
        call_unless_gone(_SERVICE, self.region, "delete_gateway_response", **given)


class Account(Made, CloudFormationModel):
    """AWS::ApiGateway::Account: the role for logs, which stays when the stack goes, as on AWS."""

    kind = "AWS::ApiGateway::Account"

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        if role := properties.get("CloudWatchRoleArn"):
            patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
            call(_SERVICE, region, "update_account", {"patchOperations": [patch]})
        return cls(region, properties, "account", {})

    def change(self, properties: Mapping[str, Any]) -> Self:
        return self.make(self.region, properties)

    def unmake(self) -> None:
        """Nothing: it is the account's."""


class Stage(Made, CloudFormationModel):
    """AWS::ApiGateway::Stage with its method settings."""

    kind = "AWS::ApiGateway::Stage"

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        stage = cls(region, properties, str(properties.get("StageName")), {})
        call(_SERVICE, region, "create_stage", without(properties, "MethodSettings"))
        try:
            stage._patch([*_settings(properties)])
        except Exception:
            stage.unmake()
            raise
        return stage

    def change(self, properties: Mapping[str, Any]) -> Self:
        before = self.properties
        if any(before.get(name) != properties.get(name) for name in ("RestApiId", "StageName")):
            self.unmake()
            return self.make(self.region, properties)
        old, new = before.get("Variables") or {}, properties.get("Variables") or {}
        patches = [_replace(f"/variables/{name}", value) for name, value in new.items()]
        patches += [{"op": "remove", "path": f"/variables/{name}"} for name in old if name not in new]
        for name in ("DeploymentId", "Description", "CacheClusterEnabled", "CacheClusterSize", "TracingEnabled"):
            if properties.get(name) not in (None, before.get(name)):
                patches.append(_replace(f"/{name[0].lower()}{name[1:]}", properties[name]))
        kept = {_place(each) for each in properties.get("MethodSettings") or []}
        gone = [_place(each) for each in before.get("MethodSettings") or [] if _place(each) not in kept]
        self._patch([*patches, *({"op": "remove", "path": place} for place in gone), *_settings(properties)])
        return type(self)(self.region, properties, self.id, {})

    def unmake(self) -> None:
        given = {"restApiId": self.properties["RestApiId"], "stageName": self.id}
        call_unless_gone(_SERVICE, self.region, "delete_stage", **given)

    def _patch(self, patches: list[dict[str, str]]) -> None:
        if patches:
            given = {"restApiId": self.properties["RestApiId"], "stageName": self.id, "patchOperations": patches}
            call(_SERVICE, self.region, "update_stage", given)


#: A method setting in a template, and the end of its path in a patch. Source: API Gateway API reference, UpdateStage.
_SETTINGS = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


def _replace(path: str, value: Any) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": str(value).lower() if isinstance(value, bool) else str(value)}


def _place(setting: Mapping[str, Any]) -> str:
    """Where the settings of a method stand: /~1orders/GET, or /*/* for all."""
    resource = str(setting.get("ResourcePath") or "/*").removeprefix("/")
    resource = "*" if resource == "*" else "~1" + resource.replace("~1", "/").replace("/", "~1")
    return f"/{resource}/{setting.get('HttpMethod') or '*'}"


def _settings(properties: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for setting in properties.get("MethodSettings") or []:
        for name, value in without(setting, "ResourcePath", "HttpMethod").items():
            if name not in _SETTINGS:
                raise refusal(f"MethodSettings of an AWS::ApiGateway::Stage have no {name}.")
            yield _replace(f"{_place(setting)}/{_SETTINGS[name]}", value)

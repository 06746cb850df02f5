"""Seam: HTTP APIs and function URLs in CloudFormation stacks (moto 5.2.5).

moto makes none of them and says nothing. Nothing of it is replaced: the classes here are found by moto as its own are.

Rules: CloudFormation Template Reference, AWS::ApiGatewayV2 and AWS::Lambda::Url; their properties are the parameters of
the calls, and what an update call does not take makes a new resource. Worth an upstream change: all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from moto.core.common_models import CloudFormationModel

from serverless_first.cloud.clients import client
from serverless_first.cloud.seams.stack_calls import Made, call, call_unless_gone, without


class _OfApi(Made):
    """A part of an HTTP API, or the API: create_NAME, update_NAME and delete_NAME, with an id in the answer."""

    name: ClassVar[str]  # "route"
    key: ClassVar[str]  # "RouteId"

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        answer = call("apigatewayv2", region, f"create_{cls.name}", properties)
        return cls(region, properties, answer[cls.key], {each: answer[each] for each in cls.attribute_names})

    def change(self, properties: Mapping[str, Any]) -> Self:
        api = client("apigatewayv2", self.region)
        operation = api.meta.method_to_api_mapping[f"update_{self.name}"]
        can_change = set(api.meta.service_model.operation_model(operation).input_shape.members) - {"ApiId", self.key}
        names = {*properties, *self.properties} - {"Tags"}
        if any(self.properties.get(name) != properties.get(name) for name in names - can_change):
            self.unmake()
            return type(self).make(self.region, properties)
        given = {name: value for name, value in properties.items() if name in can_change}
        answer = call("apigatewayv2", self.region, f"update_{self.name}", self._who() | given)
        return type(self)(self.region, properties, self.id, {each: answer[each] for each in self.attribute_names})

    def unmake(self) -> None:
        call_unless_gone("apigatewayv2", self.region, f"delete_{self.name}", **self._who())

    def _who(self) -> dict[str, Any]:
        return {"ApiId": self.properties.get("ApiId", self.id), self.key: self.id}


class Api(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Api, also with its `Body`."""

    kind, name, key, attribute_names = "AWS::ApiGatewayV2::Api", "api", "ApiId", ("ApiEndpoint", "ApiId")

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        if "Body" not in properties:
            return super().make(region, properties)
        given = {"Body": json.dumps(properties["Body"]), "Basepath": properties.get("Basepath")}
        made = call("apigatewayv2", region, "import_api", given)
        api = cls(region, properties, made["ApiId"], {each: made[each] for each in cls.attribute_names})
        try:
            api._set()
        except Exception:
            api.unmake()
            raise
        return api

    def change(self, properties: Mapping[str, Any]) -> Self:
        if "Body" not in properties or "Body" not in self.properties:
            return super().change(properties)
        if properties["Body"] != self.properties["Body"]:
            given = {"ApiId": self.id, "Body": json.dumps(properties["Body"]), "Basepath": properties.get("Basepath")}
            call("apigatewayv2", self.region, "reimport_api", given)
        changed = type(self)(self.region, properties, self.id, self.attributes)
        changed._set()
        return changed

    def _set(self) -> None:
        """What the template says beside the `Body`."""
        given = without(self.properties, "Body", "Basepath", "FailOnWarnings", "ProtocolType", "Tags")
        call("apigatewayv2", self.region, "update_api", {"ApiId": self.id} | given)
        if self.properties.get("Tags"):
            arn = f"arn:aws:apigateway:{self.region}::/apis/{self.id}"
            call("apigatewayv2", self.region, "tag_resource", {"ResourceArn": arn, "Tags": self.properties["Tags"]})


class Integration(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Integration."""

    kind, name, key = "AWS::ApiGatewayV2::Integration", "integration", "IntegrationId"
    attribute_names = ("IntegrationId",)


class Route(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Route."""

    kind, name, key, attribute_names = "AWS::ApiGatewayV2::Route", "route", "RouteId", ("RouteId",)


class Authorizer(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Authorizer."""

    kind, name, key = "AWS::ApiGatewayV2::Authorizer", "authorizer", "AuthorizerId"
    attribute_names = ("AuthorizerId",)


class Stage(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Stage."""

    kind, name, key = "AWS::ApiGatewayV2::Stage", "stage", "StageName"


class Deployment(_OfApi, CloudFormationModel):
    """AWS::ApiGatewayV2::Deployment."""

    kind, name, key = "AWS::ApiGatewayV2::Deployment", "deployment", "DeploymentId"
    attribute_names = ("DeploymentId",)


class Url(Made, CloudFormationModel):
    """AWS::Lambda::Url."""

    kind, attribute_names = "AWS::Lambda::Url", ("FunctionArn", "FunctionUrl")

    @classmethod
    def make(cls, region: str, properties: Mapping[str, Any]) -> Self:
        answer = call("lambda", region, "create_function_url_config", cls._given(properties))
        return cls(region, properties, answer["FunctionArn"], answer)

    def change(self, properties: Mapping[str, Any]) -> Self:
        if self._function(properties) != self._function(self.properties):
            self.unmake()
            return self.make(self.region, properties)
        answer = call("lambda", self.region, "update_function_url_config", self._given(properties))
        return type(self)(self.region, properties, self.id, answer)

    def unmake(self) -> None:
        call_unless_gone("lambda", self.region, "delete_function_url_config", **self._function(self.properties))

    @staticmethod
    def _function(properties: Mapping[str, Any]) -> dict[str, Any]:
        names = {"FunctionName": properties.get("TargetFunctionArn"), "Qualifier": properties.get("Qualifier")}
        return {name: value for name, value in names.items() if value is not None}

    @classmethod
    def _given(cls, properties: Mapping[str, Any]) -> dict[str, Any]:
        return without(properties, "TargetFunctionArn", "Qualifier") | cls._function(properties)

"""API Gateway version 2: HTTP APIs, from their parts or from an OpenAPI document."""

# ruff: noqa: RUF012 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import json
from typing import Any

from serverless_cloud.stacks.kinds.api_documents import document_of
from serverless_cloud.stacks.kinds.base import ByCalls, Kind, Made, Place, Properties, call_if_there, set_tags


class HttpApi(ByCalls):
    """AWS::ApiGatewayV2::Api."""

    type, service = "AWS::ApiGatewayV2::Api", "apigatewayv2"
    created_by, updated_by, deleted_by = "CreateApi", "UpdateApi", "DeleteApi"
    ids, ref = {"ApiId": "ApiId"}, "ApiId"
    gives = {"ApiId": "ApiId", "ApiEndpoint": "ApiEndpoint"}
    refused = ("BasePath", "DisableSchemaValidation")
    _beside = ("Body", "BodyS3Location", "FailOnWarnings", "ProtocolType", "Tags")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        document = document_of(at, properties)
        if document is None:
            return super().create(at, properties)
        more = {"FailOnWarnings": properties["FailOnWarnings"]} if "FailOnWarnings" in properties else {}
        answer = at.call("apigatewayv2", "ImportApi", Body=json.dumps(document), **more)
        resource = self.resource(at, answer)
        with self.whole_or_gone(at, resource, properties):
            self._settings(at, resource, {}, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        document = document_of(at, properties)
        if document is not None and (document != document_of(at, old) or "BodyS3Location" in properties):
            at.call("apigatewayv2", "ReimportApi", ApiId=resource.physical_id, Body=json.dumps(document))
        self._settings(at, resource, old, properties)
        return resource

    def _settings(self, at: Place, resource: Made, old: Properties, properties: Properties) -> None:
        """Applies the settings beside a document, or without a document."""
        before, after = ({name: value for name, value in state.items() if name not in self._beside}
                         for state in (old, properties))  # fmt: skip
        arn = f"arn:aws:apigateway:{at.region}::/apis/{resource.physical_id}"
        set_tags(at, "apigatewayv2", old, properties, as_map=True, ResourceArn=arn)
        if "CorsConfiguration" in before and "CorsConfiguration" not in after:
            call_if_there(at, "apigatewayv2", "DeleteCorsConfiguration", ApiId=resource.physical_id)
        changed = {name: value for name, value in after.items() if before.get(name) != value}
        if changed:
            parameters = self.parameters(at, "UpdateApi", changed)
            at.call("apigatewayv2", "UpdateApi", ApiId=resource.physical_id, **parameters)


class _HttpPart(ByCalls):
    service = "apigatewayv2"
    tags_as_map = True


KINDS: tuple[Kind, ...] = (
    HttpApi(),
    _HttpPart(type="AWS::ApiGatewayV2::Stage", created_by="CreateStage", updated_by="UpdateStage",
              deleted_by="DeleteStage", ids={"ApiId": "ApiId", "StageName": "StageName"}, ref="StageName"),
    _HttpPart(type="AWS::ApiGatewayV2::Route", created_by="CreateRoute", updated_by="UpdateRoute",
              deleted_by="DeleteRoute", ids={"ApiId": "ApiId", "RouteId": "RouteId"}, ref="RouteId",
              gives={"RouteId": "RouteId"}),
    _HttpPart(type="AWS::ApiGatewayV2::Integration", created_by="CreateIntegration", updated_by="UpdateIntegration",
              deleted_by="DeleteIntegration", ids={"ApiId": "ApiId", "IntegrationId": "IntegrationId"},
              ref="IntegrationId", gives={"IntegrationId": "IntegrationId"}),
    _HttpPart(type="AWS::ApiGatewayV2::Authorizer", created_by="CreateAuthorizer", updated_by="UpdateAuthorizer",
              deleted_by="DeleteAuthorizer", ids={"ApiId": "ApiId", "AuthorizerId": "AuthorizerId"},
              ref="AuthorizerId", gives={"AuthorizerId": "AuthorizerId"}),
    _HttpPart(type="AWS::ApiGatewayV2::Deployment", created_by="CreateDeployment", deleted_by="DeleteDeployment",
              ids={"ApiId": "ApiId", "DeploymentId": "DeploymentId"}, ref="DeploymentId"),
)  # fmt: skip

"""REST APIs, HTTP APIs and function URLs in CloudFormation stacks: made, called, changed, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from kits import stack_kit
from kits.http_kit import ECHO
from kits.rest_kit import function_uri

pytestmark = pytest.mark.usefixtures("aws")

KEY = "hikari-partner-key-0001"
OPENAPI = {"openapi": "3.0.1", "info": {"title": "lamps", "version": "1"}}


def _template(resources: dict[str, Any], **outputs: Any) -> str:
    shown = {name: {"Value": value} for name, value in outputs.items()}
    return json.dumps({
        "Resources": {name: {"Type": kind, "Properties": given} for name, (kind, given) in resources.items()},
        "Outputs": shown,
    })  # fmt: skip


def _rest(arn: str, deployment: str = "First", **of_stage: Any) -> dict[str, Any]:
    """A REST API: a function behind /orders, behind a key; a mock at /health, not deployed before the methods."""
    api, resource = {"RestApiId": {"Ref": "Api"}}, "AWS::ApiGateway::"
    uri = {"Fn::Sub": function_uri(arn).replace("us-east-1:lambda:path", "${AWS::Region}:lambda:path")}
    lambda_proxy = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri, "TimeoutInMillis": "5000"}
    mock = {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [
            {"StatusCode": 200, "ResponseTemplates": {"application/json": '{"shop": "$stageVariables.shop"}'},
             "ResponseParameters": {"method.response.header.X-Lamp": "'on'"}},
        ],
    }  # fmt: skip
    mocked = {"MethodResponses": [{"StatusCode": 200, "ResponseParameters": {"method.response.header.X-Lamp": False}}]}
    plan = {
        "UsagePlanName": "gold",
        "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}],
        "Quota": {"Limit": "3", "Period": "DAY"},
    }
    health = api | {"ResourceId": {"Ref": "Health"}, "HttpMethod": "GET", "AuthorizationType": "NONE"}
    orders = api | {"ResourceId": {"Ref": "Orders"}, "HttpMethod": "ANY", "ApiKeyRequired": True}
    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    return {
        "Api": (resource + "RestApi", {"Name": "hikari", "BinaryMediaTypes": ["image/png"]}),
        "Orders": (resource + "Resource", api | {"ParentId": root, "PathPart": "orders"}),
        "Health": (resource + "Resource", api | {"ParentId": root, "PathPart": "health"}),
        "GetOrders": (resource + "Method", orders | {"Integration": lambda_proxy}),
        "GetHealth": (resource + "Method", health | {"Integration": mock} | mocked),
        deployment: (
            resource + "Deployment",
            api | {"Description": {"Fn::Sub": "${GetOrders} ${GetHealth}"}},
        ),
        "Stage": (resource + "Stage", api | {"StageName": "prod", "DeploymentId": {"Ref": deployment}} | of_stage),
        "Plan": (resource + "UsagePlan", plan),
        "Key": (resource + "ApiKey", {"Enabled": "true", "Value": KEY}),
        "PlanKey": (
            resource + "UsagePlanKey",
            {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
        ),
    }


def test_a_rest_api_with_a_stage_a_key_and_a_plan(aws: Any, kit: Any) -> None:
    arn = kit.deploy("orders", ECHO)
    url = {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/${Stage}"}
    settings = [{"ResourcePath": "/health", "HttpMethod": "GET", "ThrottlingRateLimit": 0, "ThrottlingBurstLimit": 0}]
    first = _rest(arn, Variables={"shop": "Kyoto"}, MethodSettings=settings)
    address = aws.local_url(stack_kit.create("shop", _template(first, Url=url))["Url"])

    assert requests.get(f"{address}/orders", timeout=20).status_code == 403  # without a key
    event = requests.get(f"{address}/orders", headers={"X-API-Key": KEY}, timeout=20).json()
    assert (event["stageVariables"], event["requestContext"]["identity"]["apiKey"]) == ({"shop": "Kyoto"}, KEY)
    assert requests.get(f"{address}/health", timeout=20).status_code == 429

    second = _rest(arn, "Second", Variables={"shop": "Nara"})
    assert aws.local_url(stack_kit.update("shop", _template(second, Url=url))["Url"]) == address
    health = requests.get(f"{address}/health", timeout=20)
    assert (health.status_code, health.json(), health.headers["X-Lamp"]) == (200, {"shop": "Nara"}, "on")
    codes = [requests.get(f"{address}/orders", headers={"X-API-Key": KEY}, timeout=20).status_code for _ in range(3)]
    assert codes == [200, 200, 429]  # the quota goes on counting

    stack_kit.delete("shop")
    gateway = kit.client("apigateway")
    for listed in (gateway.get_rest_apis(), gateway.get_usage_plans(), gateway.get_api_keys()):
        assert listed["items"] == []


def test_a_rest_api_from_a_document_with_an_authoriser_a_model_and_a_validator(aws: Any, kit: Any) -> None:
    arn = kit.deploy("orders", ECHO)
    guard = kit.deploy("guard", "def handler(event, context):\n    raise Exception('Unauthorized')\n")
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": function_uri(arn)}}
    paths = {"/lamps": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}}
    api, kind = {"RestApiId": {"Ref": "Api"}}, "AWS::ApiGateway::"
    authorizer: dict[str, Any] = {"Name": "guard", "Type": "TOKEN", "AuthorizerUri": function_uri(guard)}
    authorizer |= {"IdentitySource": "method.request.header.Authorization", "AuthorizerResultTtlInSeconds": 0}
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["sku"]}
    method = api | {"ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}}
    method |= {"Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": function_uri(arn)}}
    of_post = {
        "HttpMethod": "POST",
        "RequestValidatorId": {"Ref": "Validator"},
        "RequestModels": {"application/json": {"Ref": "Order"}},
    }
    of_get = {"HttpMethod": "GET", "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Guard"}}
    resources = {
        "Api": (
            kind + "RestApi",
            {"Body": OPENAPI | {"paths": paths}, "EndpointConfiguration": {"Types": ["REGIONAL"]}},
        ),
        "Guard": (kind + "Authorizer", api | authorizer),
        "Validator": (kind + "RequestValidator", api | {"ValidateRequestBody": True}),
        "Order": (kind + "Model", api | {"Name": "Order", "ContentType": "application/json", "Schema": schema}),
        "Post": (kind + "Method", method | of_post),
        "Get": (kind + "Method", method | of_get),
        "Deployment": (kind + "Deployment", api | {"StageName": "prod", "Description": {"Fn::Sub": "${Post} ${Get}"}}),
    }
    address = aws.local_url(stack_kit.create("lamps", _template(resources, Id={"Ref": "Api"}))["Id"]) + "/prod"
    answers = [
        requests.get(f"{address}/lamps", timeout=20),
        requests.post(f"{address}/", json={"quantity": 1}, timeout=20),
        requests.post(f"{address}/", json={"sku": "A-1001"}, timeout=20),
        requests.get(f"{address}/", headers={"Authorization": "lamp"}, timeout=20),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 401]


def _http(arn: str, key: str, **of_api: Any) -> dict[str, Any]:
    api, kind = {"ApiId": {"Ref": "Api"}}, "AWS::ApiGatewayV2::"
    target = {"Fn::Join": ["/", ["integrations", {"Ref": "Function"}]]}
    function = {"IntegrationType": "AWS_PROXY", "IntegrationUri": arn, "PayloadFormatVersion": "2.0"}
    return {
        "Api": (kind + "Api", {"Name": "hikari", "ProtocolType": "HTTP"} | of_api),
        "Function": (kind + "Integration", api | function),
        "Route": (kind + "Route", api | {"RouteKey": key, "Target": target}),
        "Stage": (kind + "Stage", api | {"StageName": "$default", "AutoDeploy": "true"}),
    }


def test_an_http_api(kit: Any) -> None:
    arn = kit.deploy("orders", ECHO)
    shown = {"Url": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}, "Id": {"Ref": "Api"}}
    outputs = stack_kit.create("shop", _template(_http(arn, "GET /orders"), **shown))
    assert requests.get(outputs["Url"] + "/orders", timeout=20).json()["routeKey"] == "GET /orders"
    cors = {"AllowOrigins": ["https://shop.example"]}
    changed = _template(_http(arn, "GET /lamps", CorsConfiguration=cors), **shown)
    assert stack_kit.update("shop", changed) == outputs
    assert requests.get(outputs["Url"] + "/orders", timeout=20).status_code == 404
    lamps = requests.get(outputs["Url"] + "/lamps", headers={"Origin": "https://shop.example"}, timeout=20)
    assert (lamps.status_code, lamps.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
    stack_kit.delete("shop")
    assert kit.client("apigatewayv2").get_apis()["Items"] == []


def test_a_function_url(kit: Any) -> None:
    kit.deploy("orders", ECHO)

    def template(auth: str) -> str:
        url = {"TargetFunctionArn": "orders", "AuthType": auth, "Cors": {"AllowOrigins": ["*"], "MaxAge": "60"}}
        return _template({"Url": ("AWS::Lambda::Url", url)}, Url={"Fn::GetAtt": ["Url", "FunctionUrl"]})

    address = stack_kit.create("shop", template("NONE"))["Url"]
    assert requests.get(address, timeout=20).status_code == 200
    assert stack_kit.update("shop", template("AWS_IAM"))["Url"] == address
    assert requests.get(address, timeout=20).status_code == 403
    stack_kit.delete("shop")
    assert kit.client("lambda").list_function_url_configs(FunctionName="orders")["FunctionUrlConfigs"] == []


def test_what_api_gateway_refuses_is_the_reason_in_the_stack_s_events(kit: Any) -> None:
    arn = kit.deploy("orders", ECHO)
    for name, resources, words in (
        ("route", _http(arn, "GET orders"), "The route key 'GET orders' is not valid"),
        ("property", _http(arn, "GET /orders", Lamp="on"), "Lamp"),
        ("setting", _rest(arn, MethodSettings=[{"HttpMethod": "*", "Lamp": 1}]), "Lamp"),
    ):
        assert words in stack_kit.why_not(_template(resources, A="a"), name)
    assert kit.client("apigatewayv2").get_apis()["Items"] == kit.client("apigateway").get_rest_apis()["items"] == []

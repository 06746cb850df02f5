"""HTTP APIs from OpenAPI documents: made, called, made anew, refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import yaml

from kits.http_kit import ECHO, send
from kits.rest_kit import function_uri
from serverless_cloud.http.http_api.document import BadDocument, NotKnown, read

X = "x-amazon-apigateway-"
GUARD = """
def handler(event, context):
    return {"isAuthorized": event["headers"]["authorization"] == "lamp"}
"""


def _document(arn: str, guard: str = "") -> dict[str, Any]:
    """An API whose GET /orders/{id} asks a Lambda authoriser; everything else goes to the same function."""
    authorizer = {
        "type": "request",
        "identitySource": "$request.header.Authorization",
        "authorizerUri": function_uri(guard),
        "authorizerPayloadFormatVersion": "2.0",
        "authorizerResultTtlInSeconds": 0,
        "enableSimpleResponses": True,
    }
    order = {"type": "aws_proxy", "httpMethod": "POST", "uri": function_uri(arn), "payloadFormatVersion": "2.0",
             "timeoutInMillis": 5000}  # fmt: skip
    return {
        "openapi": "3.0.1",
        "info": {"title": "hikari", "version": "7"},
        "tags": [{"name": "team", X + "tag-value": "lamps"}, {"name": "prose"}],
        X + "cors": {"allowOrigins": ["https://shop.example"]},
        "paths": {
            "/orders/{id}": {"get": {"responses": {}, "security": [{"guard": []}], X + "integration": order}},
            "/$default": {X + "any-method": {X + "integration": {"$ref": f"#/components/{X}integrations/shared"}}},
        },
        "components": {
            "securitySchemes": {"guard": {"type": "apiKey", "in": "header", X + "authorizer": authorizer}},
            X + "integrations": {"shared": {"type": "aws_proxy", "httpMethod": "POST", "uri": arn}},
        },
    }


def test_a_document_becomes_an_api_that_answers(aws: Any, kit: Any) -> None:
    del aws
    api, arn, guard = kit.client("apigatewayv2"), kit.deploy("orders", ECHO), kit.deploy("guard", GUARD)
    document = _document(arn, guard)
    made = api.import_api(Body=yaml.safe_dump(document))
    assert (made["Name"], made["Version"], made["Tags"]) == ("hikari", "7", {"team": "lamps"})
    api.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    address = made["ApiEndpoint"]
    statuses = [send(address, "/orders/1").status]
    statuses += [send(address, "/orders/1", headers=[("Authorization", word)]).status for word in ("candle", "lamp")]
    assert statuses == [401, 403, 200]
    other = send(address, "/lamps", "DELETE", headers=[("Origin", "https://shop.example")])
    assert (other.json["version"], other.header("Access-Control-Allow-Origin")) == ("1.0", "https://shop.example")

    document["paths"] = {"/lamps": {"get": document["paths"]["/orders/{id}"]["get"] | {"security": []}}}
    again = api.reimport_api(ApiId=made["ApiId"], Body=json.dumps(document))
    assert again["ApiEndpoint"] == address
    assert (send(address, "/lamps").json["routeKey"], send(address, "/orders/1").status) == ("GET /lamps", 404)
    assert [each["TimeoutInMillis"] for each in api.get_integrations(ApiId=made["ApiId"])["Items"]] == [5000]


def test_what_cannot_be_made_leaves_everything_as_it_was(aws: Any, kit: Any) -> None:
    del aws
    api, arn = kit.client("apigatewayv2"), kit.deploy("orders", ECHO)
    made = api.import_api(Body=json.dumps(_document(arn, arn)))
    broken = _document(arn, arn)
    broken["paths"]["/lamps/"] = broken["paths"]["/orders/{id}"]
    for call, named in ((api.import_api, {}), (api.reimport_api, {"ApiId": made["ApiId"]})):
        refusal = kit.refused(lambda call=call, named=named: call(Body=json.dumps(broken), **named))
        assert (refusal.code, "GET /lamps/" in refusal.message) == ("BadRequestException", True), refusal
    unknown = kit.refused(lambda: api.import_api(Body=json.dumps(_document(arn) | {X + "policy": {}})))
    assert (unknown.code, unknown.status) == ("NotImplementedException", 400)
    assert kit.refused(lambda: api.import_api(Body="{}", Basepath="prepend")).code == "NotImplementedException"
    assert [each["ApiId"] for each in api.get_apis()["Items"]] == [made["ApiId"]]
    keys = {route["RouteKey"] for route in api.get_routes(ApiId=made["ApiId"])["Items"]}
    assert keys == {"GET /orders/{id}", "$default"}


def test_an_api_with_a_body_in_a_stack(aws: Any, kit: Any) -> None:
    arn, stacks = kit.deploy("orders", ECHO), kit.client("cloudformation")

    def template(path: str) -> str:
        body = _document(arn)
        integration = body["paths"].pop("/orders/{id}")["get"][X + "integration"]
        integration["uri"] = {"Fn::Sub": integration["uri"].replace("us-east-1:lambda", "${AWS::Region}:lambda")}
        body["paths"][path] = {"get": {X + "integration": integration}}
        del body["components"]["securitySchemes"]
        api = {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Body": body, "Description": "lamps", "Tags": {"a": "b"}},
        }
        stage = {"ApiId": {"Ref": "Api"}, "StageName": "dev", "AutoDeploy": True}
        resources = {"Api": api, "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage}}
        return json.dumps({"Resources": resources, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}})

    def settle(status: str) -> None:
        kit.eventually(lambda: stacks.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"] == status, status)

    def key(path: str) -> str:
        (stack,) = stacks.describe_stacks(StackName="shop")["Stacks"]
        url = aws.local_url(
            f"https://{stack['Outputs'][0]['OutputValue']}.execute-api.us-east-1.amazonaws.com/dev{path}"
        )
        return str(requests.get(url, timeout=20).json()["requestContext"].get("routeKey", "$default"))

    stacks.create_stack(StackName="shop", TemplateBody=template("/orders"))
    settle("CREATE_COMPLETE")
    assert [key("/orders"), key("/lamps")] == ["GET /orders", "$default"]
    (api,) = kit.client("apigatewayv2").get_apis()["Items"]
    assert (api["Description"], api["Tags"]) == ("lamps", {"team": "lamps", "a": "b"})
    stacks.update_stack(StackName="shop", TemplateBody=template("/lamps"))
    settle("UPDATE_COMPLETE")
    assert [key("/orders"), key("/lamps")] == ["$default", "GET /lamps"]
    stacks.delete_stack(StackName="shop")
    kit.eventually(lambda: not kit.client("apigatewayv2").get_apis()["Items"], "the API is gone")


def test_security_of_a_document() -> None:
    jwt = {"type": "jwt", "jwtConfiguration": {"issuer": "http://127.0.0.1:1", "audience": ["shop"]}}
    schemes = {
        "jwt": {"type": "oauth2", X + "authorizer": jwt},
        "iam": {"type": "apiKey", X + "authtype": "awsSigv4"},
        "none": {"type": "http", "scheme": "basic"},
    }

    def route(wanted: list[Any], **of_all: Any) -> dict[str, Any]:
        document = {
            "openapi": "3.1.0", "info": {"title": "hikari"}, "components": {"securitySchemes": schemes},
            "paths": {"/lamps": {"get": {"security": wanted, "operationId": "lamps"}, "parameters": []}},
        }  # fmt: skip
        (operation,) = read(json.dumps(document | of_all)).operations
        return {**operation.route, "by": operation.authorizer}

    named = {"RouteKey": "GET /lamps", "OperationName": "lamps"}
    scoped = {"AuthorizationType": "JWT", "AuthorizationScopes": ["read"], "by": "jwt"}
    assert route([{"jwt": ["read"]}]) == named | scoped
    assert route([{"iam": []}]) == named | {"AuthorizationType": "AWS_IAM", "by": ""}
    assert route([], security=[{"iam": []}]) == named | {"AuthorizationType": "NONE", "by": ""}
    with pytest.raises(BadDocument, match="none has no"):
        route([{"none": []}])
    with pytest.raises(NotKnown, match="more than one"):
        route([{"jwt": []}, {"iam": []}])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"swagger": "2.0", "info": {"title": "hikari"}}, "OpenAPI 3"),
        ({"openapi": "3.0.1"}, "info.title"),
        ("lamp: [", "Unable to parse"),
        (
            {
                "openapi": "3.0.1",
                "info": {"title": "a"},
                "paths": {"/": {"get": {X + "integration": {"$ref": "#/a/b"}}}},
            },
            "#/a/b",
        ),
    ],
)
def test_documents_that_are_none(document: Any, words: str) -> None:
    with pytest.raises(BadDocument, match=words):
        read(document if isinstance(document, str) else json.dumps(document))

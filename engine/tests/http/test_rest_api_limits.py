"""REST APIs: cache, throttling, API keys and usage plans, validators, authorisers, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kits.rest_kit import Api, function_uri, service_uri

#: Answers with how often it was called, and for what.
COUNT = """
import json
count = 0
def handler(event, context):
    global count
    count += 1
    body = {"count": count, "path": event["path"], "identity": event["requestContext"]["identity"],
            "authorizer": event["requestContext"].get("authorizer")}
    return {"statusCode": 200, "body": json.dumps(body)}
"""

#: A TOKEN authoriser: "staff" may do anything, "guest" may read.
AUTHORIZER = """
def handler(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    if token == "nobody":
        raise Exception("Unauthorized")
    resource = event["methodArn"].split("/")[0]
    allowed = resource + ("/*" if token == "staff" else "/prod/GET/*")
    return {"principalId": token, "context": {"shop": "hikari", "level": 3, "vip": True}, "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": allowed}]}}
"""


def counted(api: Api, path: str, **more: Any) -> Any:
    """How often the function was called by then."""
    answer = api.call(path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["count"]


def test_a_cache_answers_for_the_integration(aws: Any, kit: Any) -> None:
    arn = kit.deploy("lamps", COUNT)
    api = Api(aws)
    key = "method.request.path.id"
    api.function("/lamps/{id}", arn, requestParameters={key: True}, cacheKeyParameters=[key])
    api.function("/parts/{id}", arn)
    api.function("/lamps", arn, "POST")
    api.deploy()
    assert [counted(api, "/lamps/1"), counted(api, "/lamps/1")] == [1, 2]
    on = ("/*/*/caching/enabled", "true")
    api.patch_stage(("/cacheClusterEnabled", "true"), ("/cacheClusterSize", "0.5"), on)
    settings = api.gateway.get_stage(restApiId=api.id, stageName="prod")["methodSettings"]["*/*"]
    assert (settings["cacheTtlInSeconds"], settings["throttlingRateLimit"]) == (300, 10_000.0)

    assert [counted(api, "/lamps/1"), counted(api, "/lamps/1?x=1"), counted(api, "/lamps/2")] == [3, 3, 4]
    # Without cacheKeyParameters all get the same: the surprise that AWS has for everybody.
    assert [counted(api, "/parts/1"), counted(api, "/parts/2")] == [5, 5]
    assert [counted(api, "/lamps", method="POST"), counted(api, "/lamps", method="POST")] == [6, 7]

    fresh = {"Cache-Control": "max-age=0"}
    ignored = api.call("/lamps/1", headers=fresh)
    assert (ignored.json()["count"], ignored.headers["Warning"][:3]) == (3, "199")
    api.patch_stage(("/*/*/caching/requireAuthorizationForCacheControl", "false"))
    assert [counted(api, "/lamps/1", headers=fresh), counted(api, "/lamps/1")] == [8, 8]
    api.gateway.flush_stage_cache(restApiId=api.id, stageName="prod")
    assert counted(api, "/lamps/1") == 9
    api.patch_stage(("/~1lamps~1{id}/GET/caching/enabled", "true"), ("/~1lamps~1{id}/GET/caching/ttlInSeconds", "1"))
    api.gateway.flush_stage_cache(restApiId=api.id, stageName="prod")
    assert [counted(api, "/lamps/1"), counted(api, "/parts/1")] == [10, 11]
    kit.eventually(lambda: counted(api, "/lamps/1") == 12, "the entry with a TTL of 1 s is replaced")
    assert counted(api, "/parts/1") == 11


def test_throttling_and_usage_plans(aws: Any) -> None:
    api = Api(aws)
    api.mock("/orders", body="{}")
    api.mock("/lamps", body="{}", settings={"apiKeyRequired": True})
    api.deploy()
    api.patch_stage(("/~1orders/GET/throttling/rateLimit", "0.001"), ("/~1orders/GET/throttling/burstLimit", "3"))
    answers = [api.call("/orders") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}
    assert answers[-1].headers["x-amzn-ErrorType"] == "TooManyRequestsException"

    gateway = api.gateway
    assert (api.call("/lamps").status_code, api.call("/lamps").json()) == (403, {"message": "Forbidden"})
    keys = [gateway.create_api_key(name=name, enabled=True) for name in ("web", "app")]
    web, app = ({"x-api-key": key["value"]} for key in keys)
    assert api.call("/lamps", headers=web).status_code == 403  # of no usage plan yet
    plan = gateway.create_usage_plan(
        name="basic",
        apiStages=[{"apiId": api.id, "stage": "prod"}],
        quota={"limit": 3, "period": "DAY"},
        throttle={"rateLimit": 100.0, "burstLimit": 50},
    )["id"]
    for key in keys:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    answers = [api.call("/lamps", headers=web) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json() == {"message": "Limit Exceeded"}
    assert api.call("/lamps", headers=app).status_code == 200
    assert api.call("/lamps", headers={"x-api-key": "of-somebody-else-12345"}).status_code == 403
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    usage = gateway.get_usage(usagePlanId=plan, startDate=day, endDate=day)["items"]
    assert usage == {keys[0]["id"]: [[3, 0]], keys[1]["id"]: [[1, 2]]}
    change = [{"op": "replace", "path": "/throttle/burstLimit", "value": "1"}]
    change += [{"op": "replace", "path": "/throttle/rateLimit", "value": "0.001"}]
    change += [{"op": "replace", "path": "/quota/limit", "value": "100"}]
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=change)
    assert [api.call("/lamps", headers=web).status_code for _ in range(2)] == [200, 429]
    gateway.update_api_key(
        apiKey=keys[1]["id"], patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
    )
    assert api.call("/lamps", headers=app).status_code == 403


def test_request_validators(aws: Any) -> None:
    api = Api(aws)
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["lamp", "count"],
        "properties": {"lamp": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
    }
    gateway = api.gateway
    gateway.create_model(restApiId=api.id, name="Order", contentType="application/json", schema=json.dumps(schema))
    validator = gateway.create_request_validator(
        restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    required = {"method.request.querystring.shop": True, "method.request.header.X-Shop": False}
    settings = {
        "requestValidatorId": validator,
        "requestModels": {"application/json": "Order"},
        "requestParameters": required,
    }
    api.mock("/orders", "POST", body='{"ok": true}', settings=settings)
    api.deploy()
    missing = api.call("/orders", "POST", json={"lamp": "a", "count": 1})
    assert missing.status_code == 400
    assert missing.json() == {"message": "Missing required request parameters: [shop]"}
    wrong = api.told("/orders?shop=1", "POST", json={"lamp": 7, "count": 0})
    assert wrong == (400, {"message": "Invalid request body"})
    assert api.call("/orders?shop=1", "POST", data="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert api.told("/orders?shop=1", "POST", json={"lamp": "a", "count": 1}) == (200, {"ok": True})


def test_a_lambda_authorizer_decides(aws: Any, kit: Any) -> None:
    orders, decides = kit.deploy("orders", COUNT), kit.deploy("decides", AUTHORIZER)
    api = Api(aws)
    authorizer = api.gateway.create_authorizer(
        restApiId=api.id,
        name="decides",
        type="TOKEN",
        authorizerUri=function_uri(decides),
        identitySource="method.request.header.Authorization",
        identityValidationExpression="Bearer [a-z]+",
    )
    assert authorizer["identityValidationExpression"] == "Bearer [a-z]+"
    for method in ("GET", "POST"):
        api.function("/orders", orders, method, authorizationType="CUSTOM", authorizerId=authorizer["id"])
    api.deploy()

    def call(token: str | None, method: str = "GET") -> Any:
        return api.call("/orders", method, headers={"Authorization": token} if token else {})

    for token in (None, "Bearer 77", "Bearer nobody"):
        refused = call(token)
        assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"}), token
    allowed = call("Bearer guest").json()
    assert allowed["authorizer"]["principalId"] == "guest"
    found = {name: allowed["authorizer"][name] for name in ("shop", "level", "vip")}
    assert found == {"shop": "hikari", "level": "3", "vip": "true"}
    denied = call("Bearer guest", "POST")
    assert denied.status_code == 403
    assert denied.json() == {"Message": "User is not authorized to access this resource"}
    assert call("Bearer staff", "POST").status_code == 200
    api.gateway.flush_stage_authorizers_cache(restApiId=api.id, stageName="prod")


def test_signed_requests_and_user_pools(aws: Any, kit: Any) -> None:
    orders, cognito = kit.deploy("orders", COUNT), kit.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="hikari")["UserPool"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="web", ExplicitAuthFlows=flows)
    client_id = app["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool["Id"], Username="aki")
    cognito.admin_set_user_password(UserPoolId=pool["Id"], Username="aki", Password="Lamp-2026!", Permanent=True)
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool["Id"],
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "aki", "PASSWORD": "Lamp-2026!"},
    )["AuthenticationResult"]
    api = Api(aws)
    authorizer = api.gateway.create_authorizer(
        restApiId=api.id,
        name="pool",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )["id"]
    api.function("/mine", orders, authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    api.function("/signed", orders, authorizationType="AWS_IAM")
    api.deploy()

    mine = api.call("/mine", headers={"Authorization": tokens["IdToken"]})
    assert mine.json()["authorizer"]["claims"]["cognito:username"] == "aki"
    for token in (tokens["AccessToken"], tokens["IdToken"][:-4] + "AAAA", "none"):
        assert api.call("/mine", headers={"Authorization": token}).status_code == 401

    url = f"{api.address}/prod/signed"
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials("local", "local"), "execute-api", aws.region).add_auth(request)
    signed = dict(request.headers)
    caller = requests.get(url, headers=signed, timeout=30).json()["identity"]
    assert (caller["accessKey"], caller["userArn"]) == ("local", "arn:aws:iam::123456789012:root")
    unsigned = requests.get(url, timeout=30)
    assert (unsigned.status_code, unsigned.json()) == (403, {"message": "Missing Authentication Token"})
    forged = requests.get(url, headers=signed | {"X-Amz-Date": "20260101T000000Z"}, timeout=30)
    assert (forged.status_code, forged.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_an_openapi_document_becomes_an_api(aws: Any, kit: Any) -> None:
    arn, gateway = kit.deploy("orders", COUNT), kit.client("apigateway")
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": function_uri(arn)}
    origin = "method.response.header.Access-Control-Allow-Origin"
    preflight = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseParameters": {origin: "'*'"}}},
    }
    integration = "x-amazon-apigateway-integration"
    order = {"type": "object", "required": ["lamp"], "properties": {"lamp": {"$ref": "#/definitions/Lamp"}}}
    document = {
        "swagger": "2.0",
        "info": {"title": "hikari", "version": "1"},
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
        "securityDefinitions": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "definitions": {"Lamp": {"type": "string"}, "Order": order},
        "paths": {
            "/orders": {
                "parameters": [],
                "get": {integration: proxy, "security": [{"key": []}]},
                "post": {
                    "parameters": [{"in": "body", "name": "order", "schema": {"$ref": "#/definitions/Order"}}],
                    "x-amazon-apigateway-request-validator": "all",
                    integration: proxy,
                },
                "options": {
                    "responses": {"200": {"headers": {"Access-Control-Allow-Origin": {"type": "string"}}}},
                    integration: preflight,
                },
            },
            "/lamps/{proxy+}": {"x-amazon-apigateway-any-method": {integration: proxy}},
        },
    }
    api_id = gateway.import_rest_api(body=json.dumps(document))["id"]
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    base = aws.local_url(f"https://{api_id}.execute-api.{aws.region}.amazonaws.com/prod")

    def status(method: str, path: str, body: Any = None) -> int:
        return requests.request(method, base + path, json=body, timeout=30).status_code

    assert [status("POST", "/orders", {"lamp": "desk"}), status("PUT", "/lamps/a/b")] == [200, 200]
    assert [status("POST", "/orders", {"lamp": 7}), status("POST", "/orders", {})] == [400, 400]
    assert status("GET", "/orders") == 403  # needs a key
    assert requests.options(base + "/orders", timeout=30).headers["Access-Control-Allow-Origin"] == "*"

    resources = {each["path"]: each["id"] for each in gateway.get_resources(restApiId=api_id)["items"]}
    names = {"restApiId": api_id, "resourceId": resources["/orders"], "httpMethod": "GET"}
    open_to_all = [{"op": "replace", "path": "/apiKeyRequired", "value": "false"}]
    gateway.update_method(**names, patchOperations=open_to_all)
    late = [{"op": "replace", "path": "/timeoutInMillis", "value": "50"}]
    assert gateway.update_integration(**names, patchOperations=late)["timeoutInMillis"] == 50
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    assert status("GET", "/orders") in (200, 504)
    policy = document | {"x-amazon-apigateway-policy": {"Version": "2012-10-17"}}
    assert "x-amazon-apigateway-policy" in kit.refused(lambda: gateway.import_rest_api(body=json.dumps(policy))).message


def test_what_is_refused(aws: Any, kit: Any) -> None:
    api = Api(aws)
    gateway, arn = api.gateway, kit.deploy("orders", COUNT)
    api.function("/orders/{id}", arn)
    names = {"restApiId": api.id, "resourceId": api.resource("/orders/{id}"), "httpMethod": "GET"}
    of_function = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": function_uri(arn)}
    deployment = api.deploy()

    def stage(path: str, value: str) -> Any:
        return kit.refused(lambda: api.patch_stage((path, value)))

    def integration(**settings: Any) -> Any:
        return kit.refused(lambda: gateway.put_integration(**names, **(of_function | settings)))

    assert integration(timeoutInMillis=40).message == "Timeout should be between 50 ms and 29000 ms"
    assert integration(timeoutInMillis=30_000).code == "BadRequestException"
    undeclared = integration(requestParameters={"integration.request.path.id": "method.request.querystring.id"})
    assert (
        "errors : [Invalid mapping expression parameter specified: method.request.querystring.id]" in undeclared.message
    )
    assert integration(type="AWS", uri=service_uri("sqs", "path/1/q")).code == "BadRequestException"  # without a role
    role = kit.make_role("api")
    assert integration(type="AWS", uri=service_uri("s3", "path/b"), credentials=role).code == "NotImplementedException"
    assert integration(connectionType="VPC_LINK", connectionId="v").code == "NotImplementedException"
    gateway.put_method_response(**names, statusCode="200")
    mapped = {"method.response.header.X-Lamp": "'on'"}
    for status in ("200", "201"):  # the method declares 200 without the header, and 201 not at all
        response = names | {"statusCode": status, "responseParameters": mapped}
        answer = kit.refused(lambda response=response: gateway.put_integration_response(**response))
        assert "method.response.header.X-Lamp" in answer.message

    parent = api.resource("/orders")
    for part, code in (("{id}", "ConflictException"), ("{other}", "BadRequestException")):
        kit.refused(lambda part=part: gateway.create_resource(restApiId=api.id, parentId=parent, pathPart=part), code)
    assert kit.refused(lambda: api.method("/orders", "GET", authorizationType="CUSTOM")).code == "BadRequestException"
    assert kit.refused(lambda: api.method("/orders", "FETCH")).code == "BadRequestException"
    for setting in ({"policy": "{}"}, {"minimumCompressionSize": 0}, {"endpointConfiguration": {"types": ["PRIVATE"]}}):
        assert kit.refused(lambda given=setting: Api(aws, **given)).code in ("NotImplementedException",), setting

    assert kit.refused(lambda: api.method("/orders/{id}")).code == "ConflictException"
    assert kit.refused(lambda: api.deploy("my stage")).message == "Stage name only allows a-zA-Z0-9_-"
    nameless = kit.refused(lambda: gateway.create_resource(restApiId=api.id, parentId=parent, pathPart=""))
    assert nameless.code == kit.refused(lambda: gateway.create_rest_api(name=" ")).code == "BadRequestException"
    api.method("/empty")
    assert kit.refused(api.deploy).message == "No integration defined for method"

    assert stage("/deploymentId", "nothing").message == "Deployment id does not exist"
    assert stage("/canarySettings/percentTraffic", "10").code == "NotImplementedException"
    assert stage("/throttling", "1").message.startswith("Invalid method setting path: /throttling. Must be one of: [")
    assert stage("/*/*/caching/ttlInSeconds", "3601").code == "BadRequestException"
    canary = {"percentTraffic": 10.0}
    made = kit.refused(
        lambda: gateway.create_stage(restApiId=api.id, stageName="x", deploymentId=deployment, canarySettings=canary)
    )
    assert made.code == "NotImplementedException"
    plan = [{"apiId": api.id, "stage": "nowhere"}]
    assert kit.refused(lambda: gateway.create_usage_plan(name="p", apiStages=plan)).code == "NotFoundException"
    assert kit.refused(lambda: gateway.get_sdk(restApiId=api.id, stageName="prod", sdkType="java")).status == 400
    export = {"restApiId": api.id, "stageName": "prod", "exportType": "oas30"}
    assert kit.refused(lambda: gateway.get_export(**export)).code == "NotImplementedException"
    plan, key = gateway.create_usage_plan(name="p")["id"], gateway.create_api_key(name="k", enabled=True)["id"]
    change = [{"op": "replace", "path": "/throttle/rateLimit", "value": "much"}]
    wrong = kit.refused(lambda: gateway.update_usage_plan(usagePlanId=plan, patchOperations=change))
    assert wrong.message == "Invalid value specified for rateLimit: much, a number"
    lost = kit.refused(lambda: gateway.create_usage_plan_key(usagePlanId="none", keyId=key, keyType="API_KEY"))
    assert (lost.code, lost.status) == ("NotFoundException", 404)

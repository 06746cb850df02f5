"""REST APIs: answers to calls on authorizers, responses, methods, lists and documents, as AWS gives them."""

from __future__ import annotations

from typing import Any

import pytest

from kits.table_kit import client, refused
from serverless_cloud import Cloud

LAMBDA = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:us-east-1:123456789012:function:doorman/invocations"
)
MAPPING = (
    "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression "
)


@pytest.fixture(scope="module")
def gateway(cloud_of_module: Cloud) -> Any:
    """API Gateway; its APIs stay until the end of the file."""
    del cloud_of_module
    return client("apigateway")


@pytest.fixture
def api(gateway: Any) -> dict[str, str]:
    """An API with GET on its root, which has no integration."""
    made = gateway.create_rest_api(name="lamps")
    root = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**root, authorizationType="NONE")
    return root


def test_authorizers_and_validators_have_what_they_have_on_aws(gateway: Any, api: dict[str, str]) -> None:
    of_api = {"restApiId": api["restApiId"]}
    token = {"name": "token", "type": "TOKEN", "authorizerUri": LAMBDA, "identitySource": "method.request.header.Auth"}
    made = gateway.create_authorizer(**of_api, **token)
    assert (made["authType"], made["authorizerResultTtlInSeconds"]) == ("custom", 300)
    arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"
    pools = gateway.create_authorizer(**of_api, name="pools", type="COGNITO_USER_POOLS", providerARNs=[arn])
    assert pools["authType"] == "cognito_user_pools"
    assert "authorizerResultTtlInSeconds" not in pools
    assert refused(gateway.create_authorizer, **of_api, **token) == (
        "BadRequestException", "Authorizer name must be unique. Authorizer token already exists in this RestApi.",
    )  # fmt: skip
    wrong = (
        "Invalid Authorizer URI: doorman. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
        "function invocation."
    )
    assert refused(gateway.create_authorizer, **of_api, **token | {"name": "x", "authorizerUri": "doorman"})[1] == wrong
    operations = [{"op": "replace", "path": "/authorizerUri", "value": "doorman"}]
    assert refused(gateway.update_authorizer, **of_api, authorizerId=made["id"], patchOperations=operations)[1] == wrong
    validator = gateway.create_request_validator(**of_api, name="none")
    assert (validator["validateRequestBody"], validator["validateRequestParameters"]) == (False, False)


def test_the_account_and_gateway_responses_have_what_they_have_on_aws(gateway: Any, api: dict[str, str]) -> None:
    assert gateway.get_account()["features"] == ["UsagePlans"]
    of_api = {"restApiId": api["restApiId"]}
    usual = {each["responseType"]: each for each in gateway.get_gateway_responses(**of_api)["items"]}
    assert (usual["INTEGRATION_FAILURE"]["statusCode"], len(usual)) == ("504", 21)
    wrong = refused(gateway.get_gateway_response, **of_api, responseType="LAMP")[1]
    assert wrong.startswith("1 validation error detected: Value 'LAMP' at 'responseType' failed to satisfy")


def test_a_list_has_pages(gateway: Any) -> None:
    made = gateway.create_rest_api(name="paged")
    of_api = {"restApiId": made["id"]}
    for part in ("a", "b"):
        gateway.create_resource(**of_api, parentId=made["rootResourceId"], pathPart=part)
    first = gateway.get_resources(**of_api, limit=2)
    last = gateway.get_resources(**of_api, limit=2, position=first["position"])
    assert [each["path"] for each in (*first["items"], *last["items"])] == ["/", "/a", "/b"]
    assert (len(first["items"]), "position" in last) == (2, False)
    pages = gateway.get_paginator("get_resources").paginate(**of_api, PaginationConfig={"PageSize": 1})
    assert [len(each["items"]) for each in pages] == [1, 1, 1]


def test_responses_are_checked(gateway: Any, api: dict[str, str]) -> None:
    header = "method.response.header.Lamp"
    gateway.put_integration(**api, type="MOCK")
    for more, message in (
        ({"statusCode": "200", "responseModels": {"application/json": "Sofa"}},
         "Invalid model identifier specified: Sofa"),
        ({"statusCode": "200", "responseParameters": {"Lamp": True}}, MAPPING + "parameter specified: Lamp]"),
        ({"statusCode": "lamp"},
         "1 validation error detected: Value 'lamp' at 'statusCode' failed to satisfy constraint: Member must satisfy "
         r"regular expression pattern: [1-5]\d\d"),
        ({"statusCode": "999"},
         "1 validation error detected: Value '999' at 'statusCode' failed to satisfy constraint: Member must satisfy "
         r"regular expression pattern: [1-5]\d\d"),
    ):  # fmt: skip
        assert refused(gateway.put_method_response, **api, **more)[1] == message
    gateway.put_method_response(**api, statusCode="200", responseParameters={header: True})
    plain = gateway.put_integration_response(**api, statusCode="200", selectionPattern="")
    assert (plain["selectionPattern"], "responseTemplates" in plain) == ("", False)
    for source in ("andon", "*", "method.response.header.Lamp"):
        mapped = {"statusCode": "200", "responseParameters": {header: source}}
        assert refused(gateway.put_integration_response, **api, **mapped)[1] == MAPPING + f"specified: {source}]"
    for source in (
        "'andon'",
        "integration.response.header.Lamp",
        "integration.response.body.lamp",
        "context.requestId",
    ):
        gateway.put_integration_response(**api, statusCode="200", responseParameters={header: source})
    conversion = refused(gateway.put_integration, **api, type="MOCK", contentHandling="CONVERT")
    assert conversion == (
        "ValidationException",
        "1 validation error detected: Value 'CONVERT' at 'putIntegrationInput.contentHandling' failed to satisfy "
        "constraint: Member must satisfy enum value set: [CONVERT_TO_BINARY, CONVERT_TO_TEXT]",
    )
    assert refused(gateway.put_integration, **api, type="AWS_PROXY", integrationHttpMethod="POST")[1] == (
        "Invalid ARN specified in the request"
    )
    target = {"integration.request.header.Lamp": "andon"}
    assert refused(gateway.put_integration, **api, type="MOCK", requestParameters=target)[1] == (
        MAPPING + "specified: andon]"
    )


def test_a_method_is_changed_as_a_whole_or_not_at_all(gateway: Any, api: dict[str, str]) -> None:
    def asked(*operations: tuple[str, str, str]) -> list[dict[str, str]]:
        return [dict(zip(("op", "path", "value"), each, strict=True)) for each in operations]

    for operation, message in (
        (("replace", "/authorizationType", "LAMP"),
         "Invalid Authorization Type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"),
        (("replace", "/authorizationType", "CUSTOM"),
         "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a "
         "valid authorizer."),
        (("replace", "/requestValidatorId", "x"), "Invalid Request Validator identifier specified"),
        (("add", "/requestModels/application~1json", "Sofa"), "Invalid model identifier specified: Sofa"),
        (("move", "/operationName", "x"),
         "Invalid patch path  '/operationName' specified for op 'move'. Please choose supported operations"),
        (("add", "/httpMethod", "x"),
         "Invalid patch path  '/httpMethod' specified for op 'add'. Must be one of: "
         "[/requestParameters, /requestModels, /authorizationScopes]"),
    ):  # fmt: skip
        operations = asked(("replace", "/apiKeyRequired", "true"), operation)
        assert refused(gateway.update_method, **api, patchOperations=operations)[1] == message
    assert gateway.get_method(**api)["apiKeyRequired"] is False
    authorizer = gateway.create_authorizer(
        restApiId=api["restApiId"], name="doorman", type="TOKEN", authorizerUri=LAMBDA
    )["id"]
    operations = asked(("replace", "/authorizationType", "CUSTOM"), ("replace", "/authorizerId", authorizer))
    changed = gateway.update_method(**api, patchOperations=operations)
    assert (changed["authorizationType"], changed["authorizerId"]) == ("CUSTOM", authorizer)


def test_operations_of_patches_are_an_enumeration(gateway: Any, api: dict[str, str]) -> None:
    of_api = {"restApiId": api["restApiId"]}
    operations = [{"op": op, "path": "/name", "value": "lamps"} for op in ("replace", "lamp")]
    assert refused(gateway.update_rest_api, **of_api, patchOperations=operations) == (
        "ValidationException",
        "1 validation error detected: Value 'lamp' at 'updateRestApiInput.patchOperations.2.member.op' failed to "
        "satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
    )
    for operation in ({"op": "replace", "value": "lamps"}, {"op": "remove"}):
        shown = gateway.update_rest_api(**of_api, patchOperations=[{"path": "/description", **operation}])
        assert shown.get("description") == operation.get("value")
    operations = [{"op": "replace", "path": "/watts", "value": "7"}]
    assert refused(gateway.update_rest_api, **of_api, patchOperations=operations)[1].startswith(
        "Invalid patch path  '/watts' specified for op 'replace'. Must be one of: [/apiKeySource, "
    )


def test_keys_and_plans_have_tags_and_deployments_a_summary(gateway: Any, api: dict[str, str]) -> None:
    key = gateway.create_api_key(name="tagged")["id"]
    plan = gateway.create_usage_plan(name="tagged", tags={"cost": "1"})["id"]
    for arn, tags in ((f"apikeys/{key}", {"team": "lamps"}), (f"usageplans/{plan}", {"cost": "1", "team": "lamps"})):
        arn = f"arn:aws:apigateway:us-east-1::/{arn}"
        gateway.tag_resource(resourceArn=arn, tags={"team": "lamps"})
        assert gateway.get_tags(resourceArn=arn)["tags"] == tags
        gateway.untag_resource(resourceArn=arn, tagKeys=["team"])
        assert "team" not in gateway.get_tags(resourceArn=arn)["tags"]
    operations = [{"op": "replace", "path": "/watts", "value": "7"}]
    assert refused(gateway.update_usage_plan, usagePlanId=plan, patchOperations=operations)[1].startswith(
        "Invalid patch path  '/watts' specified for op 'replace'. Must be one of: [/name, "
    )
    gateway.put_integration(**api, type="MOCK")
    made = gateway.create_deployment(restApiId=api["restApiId"])["id"]
    which = {"restApiId": api["restApiId"], "deploymentId": made}
    assert "apiSummary" not in gateway.get_deployment(**which)
    assert gateway.get_deployment(**which, embed=["apisummary"])["apiSummary"] == {
        "/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}
    }


def test_statuses_and_siblings_are_checked(gateway: Any, api: dict[str, str]) -> None:
    wrong = {**api, "resourceId": "nowhere", "statusCode": "lamp"}
    for call in (gateway.get_integration_response, gateway.delete_method_response):
        assert refused(call, **wrong)[0] == "ValidationException"
    of_api = {"restApiId": api["restApiId"]}
    gateway.create_resource(**of_api, parentId=api["resourceId"], pathPart="{lamp}")
    other = gateway.create_resource(**of_api, parentId=api["resourceId"], pathPart="sofa")["id"]
    operations = [{"op": "replace", "path": "/pathPart", "value": "{proxy+}"}]
    assert refused(gateway.update_resource, **of_api, resourceId=other, patchOperations=operations)[1] == (
        "A sibling ({lamp}) of this resource already has a variable path part -- only one is allowed"
    )


def test_a_document_that_is_none_makes_no_api(gateway: Any, api: dict[str, str]) -> None:
    before = len(gateway.get_rest_apis()["items"])
    for body in (b"lamps", b'{"lamps": 7}', b"{"):
        for call, which in ((gateway.import_rest_api, {}), (gateway.put_rest_api, {"restApiId": api["restApiId"]})):
            assert refused(call, **which, body=body) == ("BadRequestException", "Invalid OpenAPI input.")
    assert refused(gateway.put_rest_api, restApiId="nowhere", body=b"lamps")[0] == "NotFoundException"
    assert len(gateway.get_rest_apis()["items"]) == before
    made = gateway.import_rest_api(body=b'{"openapi": "3.0.1", "info": {"title": "lamps"}, "paths": {}}')
    assert "version" not in made


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("7", "a method"),
        ('{"responses": ["200"]}', "responses"),
        ('{"responses": {"200": "lamps"}}', "a response"),
        ('{"responses": {"200": {"headers": "lamps"}}}', "headers"),
        ('{"requestBody": {"content": {"application/json": 7}}}', "an entry of content"),
        ('{"parameters": [7]}', "an entry of parameters"),
        ('{"security": [7]}', "an entry of security"),
        ('{"x-amazon-apigateway-integration": "lamps"}', "x-amazon-apigateway-integration"),
    ],
)
def test_a_document_with_a_part_that_is_no_object_is_refused(gateway: Any, method: str, part: str) -> None:
    body = f'{{"openapi": "3.0.1", "info": {{"title": "lamps"}}, "paths": {{"/a": {{"get": {method}}}}}}}'
    code, message = refused(gateway.import_rest_api, body=body.encode())
    assert (code, message.rpartition(": ")[2]) == ("BadRequestException", f"{part} is not an object")


def test_the_usage_of_a_day_that_is_none_is_refused(gateway: Any) -> None:
    plan = gateway.create_usage_plan(name="lamps")["id"]
    code, message = refused(gateway.get_usage, usagePlanId=plan, startDate="lamps", endDate="2026-11-29")
    assert (code, message) == ("BadRequestException", "Invalid startDate 'lamps'. Use a date such as 2026-11-29.")


def test_a_deleted_key_leaves_its_usage_plans(gateway: Any) -> None:
    key, plan = gateway.create_api_key(name="gone")["id"], gateway.create_usage_plan(name="plan")["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    gateway.delete_api_key(apiKey=key)
    assert gateway.get_usage_plan_keys(usagePlanId=plan)["items"] == []

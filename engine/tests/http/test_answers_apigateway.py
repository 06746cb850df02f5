"""REST APIs of API Gateway: what calls of the control plane are answered, in AWS's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import patch_kit
from kits.table_kit import client, refused
from serverless_cloud import Cloud

NOWHERE = "Invalid API identifier specified 123456789012:nowhere"
RESOURCE = "Invalid Resource identifier specified"
INTEGRATION = "Invalid Integration identifier specified"
STATUS = "Invalid Response status code specified"


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
    gateway.put_method(**root, authorizationType="none")
    return root


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_answers_have_the_status_of_the_api_reference(gateway: Any) -> None:
    made = gateway.create_rest_api(name="short")
    document = {"openapi": "3.0.1", "info": {"title": "imported"}, "paths": {}}
    imported = gateway.import_rest_api(body=json.dumps(document).encode())
    models = {"restApiId": made["id"], "modelName": "Empty"}
    answers = (made, imported, gateway.delete_model(**models), gateway.delete_rest_api(restApiId=made["id"]))
    assert [status(answer) for answer in answers] == [201, 201, 202, 202]
    assert status(gateway.get_rest_api(restApiId=imported["id"])) == 200


def test_a_new_api_has_what_it_has_on_aws(gateway: Any) -> None:
    made = gateway.create_rest_api(name="hikari")
    assert made["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    assert not {"tags", "binaryMediaTypes", "version", "policy"} & set(made)
    models = gateway.get_models(restApiId=made["id"])["items"]
    assert [model["name"] for model in models] == ["Empty", "Error"]
    assert json.loads(models[0]["schema"])["type"] == "object"
    usual = gateway.get_gateway_response(restApiId=made["id"], responseType="THROTTLED")
    assert (usual["statusCode"], usual["defaultResponse"]) == ("429", True)


#: Settings of a new API that are refused: error, message.
NO_API: dict[str, tuple[dict[str, Any], str, str]] = {
    "two endpoints": (
        {"types": ["EDGE", "REGIONAL"]}, "BadRequestException", "Cannot create an api with multiple Endpoint Types.",
    ),
    "an unknown endpoint": (
        {"types": ["LOCAL"]}, "ValidationException",
        "1 validation error detected: Value '[LOCAL]' at 'createRestApiInput.endpointConfiguration.types' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
        "[PRIVATE, EDGE, REGIONAL]]",
    ),
    "unknown addresses": (
        {"ipAddressType": "ipv5"}, "ValidationException",
        "1 validation error detected: Value 'ipv5' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed "
        "to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_API)
def test_an_endpoint_is_refused(gateway: Any, case: str) -> None:
    endpoint, name, message = NO_API[case]
    assert refused(gateway.create_rest_api, name="lamps", endpointConfiguration=endpoint) == (name, message)


def test_what_is_missing_is_not_found(gateway: Any, api: dict[str, str]) -> None:
    of_api = {"restApiId": api["restApiId"]}
    other, no_method = api | {"resourceId": "nowhere"}, api | {"httpMethod": "POST"}
    for call, request, message in (
        (gateway.get_rest_api, {"restApiId": "nowhere"}, NOWHERE),
        (gateway.get_request_validators, {"restApiId": "nowhere"}, NOWHERE),
        (gateway.delete_resource, of_api | {"resourceId": "nowhere"}, RESOURCE),
        (gateway.put_method, other | {"authorizationType": "x"}, RESOURCE),
        (gateway.put_integration_response, other | {"statusCode": "200"}, RESOURCE),
        (gateway.put_integration_response, no_method | {"statusCode": "200"}, "Invalid Method identifier specified"),
        (gateway.get_integration_response, no_method | {"statusCode": "200"}, "Invalid Method identifier specified"),
        (gateway.get_integration_response, api | {"statusCode": "200"}, INTEGRATION),
        (gateway.delete_integration, api, INTEGRATION),
        (gateway.get_method_response, api | {"statusCode": "200"}, STATUS),
        (gateway.delete_method_response, api | {"statusCode": "200"}, STATUS),
        (gateway.delete_request_validator, of_api | {"requestValidatorId": "x"},
         "Invalid Request Validator identifier specified"),
        (gateway.get_deployment, of_api | {"deploymentId": "x"}, "Invalid Deployment identifier specified"),
        (gateway.get_model, of_api | {"modelName": "Lamp"}, "Invalid model name specified: Lamp"),
        (gateway.get_vpc_link, {"vpcLinkId": "x"}, "Invalid Vpc Link identifier specified"),
        (gateway.delete_vpc_link, {"vpcLinkId": "x"}, "Invalid Vpc Link identifier specified"),
        (gateway.update_vpc_link, {"vpcLinkId": "x"}, "Invalid Vpc Link identifier specified"),
        (gateway.update_domain_name, {"domainName": "x"}, "Invalid domain name identifier specified"),
        (gateway.get_usage_plan_keys, {"usagePlanId": "x"}, "Invalid Usage Plan ID specified"),
    ):  # fmt: skip
        assert refused(call, **request) == ("NotFoundException", message)


def test_a_missing_api_has_other_errors_in_two_calls(gateway: Any) -> None:
    validator = refused(gateway.create_request_validator, restApiId="nowhere", name="strict")
    assert validator == ("BadRequestException", "Invalid REST API identifier specified")
    assert refused(gateway.create_authorizer, restApiId="nowhere", name="a", type="TOKEN")[0] == "ConflictException"


def test_a_method_is_checked(gateway: Any, api: dict[str, str]) -> None:
    method = gateway.get_method(**api)
    assert method["authorizationType"] == "NONE"
    assert "methodResponses" not in method
    post = api | {"httpMethod": "POST", "authorizationType": "NONE"}
    twice = {"method.request.path.id": True, "method.request.querystring.id": True}
    assert refused(gateway.put_method, **post, requestParameters=twice)[1] == (
        "Parameter names must be unique across querystring, header and path"
    )
    unknown = {"application/json": "Sofa"}
    assert refused(gateway.put_method, **post, requestModels=unknown)[1] == "Invalid model identifier specified: Sofa"
    schema = json.dumps({"type": "object"})
    names = {"restApiId": api["restApiId"], "contentType": "application/json"}
    gateway.create_model(**names, name="Lamp", schema=schema)
    assert refused(gateway.create_model, **names, name="Lamp 2", schema=schema)[1] == (
        "Model name must be alphanumeric: Lamp 2"
    )
    gateway.put_method(**post, requestModels={"application/json": "Lamp"})
    assert refused(gateway.delete_model, restApiId=api["restApiId"], modelName="Lamp") == (
        "ConflictException", "Cannot delete model 'Lamp', is referenced in method request: /POST",
    )  # fmt: skip
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/lamps"
    assert refused(
        gateway.put_integration, **api, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri
    )[1] == ("Invalid function ARN or invalid uri")  # fmt: skip


def test_a_validator_is_changed(gateway: Any, api: dict[str, str]) -> None:
    of_api = {"restApiId": api["restApiId"]}
    made = gateway.create_request_validator(**of_api, name="strict", validateRequestBody=True)
    which = of_api | {"requestValidatorId": made["id"]}

    def change(**operation: str) -> Any:
        return gateway.update_request_validator(**which, patchOperations=[operation])

    assert change(op="replace", path="/validateRequestBody")["validateRequestBody"] is False
    assert refused(change, op="add", path="/name", value="mild")[1] == (
        "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations"
    )
    assert refused(change, op="replace", path="/id", value="1")[1] == (
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: "
        "[/name, /validateRequestParameters, /validateRequestBody]"
    )


def test_patches_of_what_moto_cannot_patch(gateway: Any) -> None:
    made = gateway.create_rest_api(name="patched")
    of_api = {"restApiId": made["id"]}
    root = of_api | {"resourceId": made["rootResourceId"], "httpMethod": "GET"}

    def replace(path: str, value: str) -> list[dict[str, str]]:
        return [{"op": "replace", "path": path, "value": value}]

    one = gateway.create_resource(**of_api, parentId=made["rootResourceId"], pathPart="one")["id"]
    two = gateway.create_resource(**of_api, parentId=one, pathPart="two")["id"]
    for call, request in (
        (gateway.create_resource, {"parentId": one, "pathPart": "{a}b"}),
        (gateway.update_resource, {"resourceId": one, "patchOperations": replace("/pathPart", "{a}b")}),
    ):
        assert refused(call, **of_api, **request)[1] == (
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )
    named = gateway.update_resource(**of_api, resourceId=one, patchOperations=replace("/pathPart", "uno"))
    assert named["path"] == "/uno"
    cyclical = refused(gateway.update_resource, **of_api, resourceId=one, patchOperations=replace("/parentId", two))
    assert cyclical == ("BadRequestException", "Resources cannot be cyclical.")
    gateway.put_method(**root, authorizationType="NONE")
    gateway.put_method_response(**root, statusCode="200")
    gateway.put_integration(**root, type="MOCK")
    gateway.put_integration_response(**root, statusCode="200")
    header = [{"op": "add", "path": "/responseParameters/method.response.header.Lamp", "value": "true"}]
    shown = gateway.update_method_response(**root, statusCode="200", patchOperations=header)
    assert shown["responseParameters"] == {"method.response.header.Lamp": True}
    shown = gateway.update_integration_response(
        **root, statusCode="200", patchOperations=replace("/selectionPattern", "4..")
    )
    assert shown["selectionPattern"] == "4.."
    for path, message in (
        ("/binaryMediaTypes", "Invalid patch path /binaryMediaTypes"),
        ("/endpointConfiguration/types/EDGE", "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE"),
    ):
        operations = replace(path, "PRIVATE")
        assert refused(gateway.update_rest_api, **of_api, patchOperations=operations)[1] == message
    gateway.create_deployment(**of_api, stageName="old")
    new = gateway.create_deployment(**of_api, stageName="new")["id"]
    (stage,) = gateway.get_stages(**of_api, deploymentId=new)["item"]
    assert (stage["stageName"], "variables" in stage) == ("new", False)


def test_what_the_local_cloud_does_not_have_is_refused_by_name(gateway: Any, api: dict[str, str]) -> None:
    of_api = {"restApiId": api["restApiId"]}
    part, kind = {"location": {"type": "API"}, "properties": "{}"}, of_api | {"responseType": "THROTTLED"}
    calls: dict[str, dict[str, Any]] = {
        "create_documentation_part": of_api | part,
        "get_documentation_parts": of_api,
        "import_documentation_parts": of_api | {"body": b"{}"},
        "put_gateway_response": kind,
        "update_gateway_response": kind,
        "delete_gateway_response": kind,
        "test_invoke_method": api,
    }
    for name, request in calls.items():
        code, message = refused(getattr(gateway, name), **request)
        assert (code, f"doesn't support {name}." in message) == ("NotImplementedException", True), message
    for extension in ("x-amazon-apigateway-documentation", "x-amazon-apigateway-gateway-responses"):
        document = {"openapi": "3.0.1", "info": {"title": "lamps"}, "paths": {}, extension: {}}
        code, message = refused(gateway.import_rest_api, body=json.dumps(document).encode())
        assert (code, extension in message) == ("NotImplementedException", True), message


def test_a_document_is_imported_with_its_base_path_and_models(gateway: Any) -> None:
    integration = {"type": "mock", "passthroughBehavior": "when_no_templates"}
    method = {
        "produces": ["application/json"],
        "responses": {"200": {"description": "lamps", "schema": {"$ref": "#/definitions/Lamps"}}},
        "x-amazon-apigateway-integration": integration,
    }
    document = {
        "swagger": "2.0", "info": {"title": "lamps", "version": "7"}, "basePath": "/shop/v1",
        "paths": {"/lamps": {"get": method}}, "definitions": {"Lamps": {"type": "array"}},
    }  # fmt: skip
    body = json.dumps(document).encode()
    for mode, path in (("ignore", "/lamps"), ("prepend", "/shop/v1/lamps"), ("split", "/v1/lamps")):
        made = gateway.import_rest_api(body=body, parameters={"basepath": mode})
        resources = {each["path"]: each for each in gateway.get_resources(restApiId=made["id"])["items"]}
        assert path in resources
    assert made["version"] == "7"
    shown = gateway.get_method(restApiId=made["id"], resourceId=resources[path]["id"], httpMethod="GET")
    assert shown["methodResponses"]["200"] == {"statusCode": "200", "responseModels": {"application/json": "Lamps"}}
    assert resources[path]["resourceMethods"] == {"GET": {}}
    embedded = gateway.get_resource(restApiId=made["id"], resourceId=resources[path]["id"], embed=["methods"])
    assert embedded["resourceMethods"]["GET"]["authorizationType"] == "NONE"
    assert shown["methodIntegration"]["passthroughBehavior"] == "WHEN_NO_TEMPLATES"
    assert "requestParameters" not in shown


def test_patches_that_are_refused(gateway: Any, api: dict[str, str]) -> None:
    key = gateway.create_api_key(name="refused")["id"]
    pool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_"
    of_api = {"restApiId": api["restApiId"]}
    made = gateway.create_authorizer(**of_api, name="pools", type="COGNITO_USER_POOLS", providerARNs=[pool + "a"])
    which = of_api | {"authorizerId": made["id"]}
    for call, request in (
        (gateway.update_api_key, {"apiKey": key}), (gateway.update_account, {}), (gateway.update_authorizer, which),
    ):  # fmt: skip
        operations = [{"op": "copy", "path": "/name", "value": "lamps"}]
        assert refused(call, **request, patchOperations=operations) == (
            "BadRequestException",
            "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations",
        )
    operations = [
        {"op": op, "path": "/providerARNs", "value": pool + end} for op, end in (("add", "b"), ("remove", "a"))
    ]
    assert gateway.update_authorizer(**which, patchOperations=operations)["providerARNs"] == [pool + "b"]


def test_keys_and_tags(gateway: Any, api: dict[str, str]) -> None:
    assert refused(gateway.create_api_key, name="shop", value="short")[1] == (
        "API Key value should be at least 20 characters"
    )
    key = gateway.create_api_key(name="shop")["id"]
    operations = [{"op": "replace", "path": "/name", "value": "counter"}]
    changed = gateway.update_api_key(apiKey=key, patchOperations=operations)
    assert (changed["name"], "value" in changed) == ("counter", False)
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['restApiId']}"
    gateway.tag_resource(resourceArn=arn, tags={"team": "lamps", "cost": "1"})
    gateway.untag_resource(resourceArn=arn, tagKeys=["cost"])
    assert gateway.get_tags(resourceArn=arn)["tags"] == {"team": "lamps"}
    assert gateway.get_rest_api(restApiId=api["restApiId"])["tags"] == {"team": "lamps"}


# ---- what stock moto does wrong: when one of these fails, a patch may lose a part

STOCK = """
def make():
    api = gateway.create_rest_api(name="lamps")
    return dict(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET")

def breaks(call, error, **request):
    try:
        call(**request)
    except error:
        return True

def a_missing_deployment_breaks_it():
    return breaks(gateway.get_deployment, KeyError, restApiId=make()["restApiId"], deploymentId="x")

def the_words_are_others():
    try:
        gateway.get_rest_api(restApiId="nowhere")
    except ClientError as error:
        return "Invalid Rest API Id" in str(error)

def a_method_has_empty_responses():
    return gateway.put_method(**make(), authorizationType="NONE")["methodResponses"] == {}

def an_api_has_no_address_type():
    return "ipAddressType" not in gateway.create_rest_api(name="lamps")["endpointConfiguration"]

def all_stages_are_listed():
    api = make()
    gateway.put_method(**api, authorizationType="NONE")
    gateway.put_integration(**api, type="MOCK")
    for name in ("old", "new"):
        made = gateway.create_deployment(restApiId=api["restApiId"], stageName=name)
    return len(gateway.get_stages(restApiId=api["restApiId"], deploymentId=made["id"])["item"]) == 2

def a_missing_validator_breaks_it():
    return breaks(gateway.delete_request_validator, KeyError, restApiId=make()["restApiId"], requestValidatorId="x")

def a_missing_integration_breaks_it():
    api = make()
    gateway.put_method(**api, authorizationType="NONE")
    return breaks(gateway.delete_integration, AttributeError, **api)

def a_key_tells_its_value():
    key = gateway.create_api_key(name="shop")["id"]
    return "value" in gateway.update_api_key(apiKey=key, patchOperations=[])

def a_new_api_is_answered_200():
    return gateway.create_rest_api(name="lamps")["ResponseMetadata"]["HTTPStatusCode"] == 200

def a_patch_of_the_account_breaks_it():
    operations = [{"op": "copy", "path": "/name", "value": "lamps"}]
    return breaks(gateway.update_account, NotImplementedError, patchOperations=operations)

def a_deleted_key_stays_in_its_plan():
    key, plan = gateway.create_api_key(name="gone")["id"], gateway.create_usage_plan(name="plan")["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    gateway.delete_api_key(apiKey=key)
    return len(gateway.get_usage_plan_keys(usagePlanId=plan)["items"]) == 1

def an_account_has_no_usage_plans():
    return "features" not in gateway.get_account()

def an_authorizer_has_no_kind():
    pool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"
    made = gateway.create_authorizer(restApiId=make()["restApiId"], name="a", type="COGNITO_USER_POOLS",
                                     providerARNs=[pool])
    return "authType" not in made

def a_validator_tells_nothing():
    made = gateway.create_request_validator(restApiId=make()["restApiId"], name="none")
    return "validateRequestBody" not in made

def a_page_has_all():
    return "position" not in gateway.get_models(restApiId=make()["restApiId"], limit=1)

def a_response_has_empty_templates():
    api = make()
    gateway.put_method(**api, authorizationType="NONE")
    gateway.put_method_response(**api, statusCode="200")
    gateway.put_integration(**api, type="MOCK")
    return gateway.put_integration_response(**api, statusCode="200", selectionPattern="")["responseTemplates"] == {}

def a_link_that_is_missing_is_deleted():
    return gateway.delete_vpc_link(vpcLinkId="x")["ResponseMetadata"]["HTTPStatusCode"] == 202
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    found = patch_kit.shown(STOCK, gateway="apigateway")
    patch_kit.assert_all(found, STOCK.count("\ndef ") - 2, "apigateway/rest_answers.py")

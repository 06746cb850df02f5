"""The places where moto hands over REST APIs: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

from moto.apigateway import models, urls
from moto.apigateway.responses import APIGatewayResponse

from kits import patch_kit
from serverless_cloud.services.apigateway import rest_operations


def test_moto_lacks_the_operations_that_a_patch_adds() -> None:
    look = patch_kit.LOOK.format("apigateway/rest_operations.py")
    added = {"flush_stage_cache", "flush_stage_authorizers_cache", "get_usage", "update_method"}
    added |= {"update_deployment", "update_integration_response", "update_method_response",
              "update_model", "update_resource", "update_vpc_link", "update_domain_name"}  # fmt: skip
    refused = set(rest_operations.REFUSED) - set(rest_operations.IN_MOTO)
    for name in added | {"update_integration"} | refused:
        assert not hasattr(APIGatewayResponse, name), f"moto has {name} now; {look}"
    assert not set(rest_operations.PATHS).intersection(urls.url_paths), f"moto has paths of ours now; {look}"


def test_moto_s_objects_have_what_the_patches_read() -> None:
    for owner, attributes, patch in (
        (models.RestAPI, ("binaryMediaTypes", "api_key_source", "disableExecuteApiEndpoint", "root_resource_id",
                          "stages", "deployments", "resources", "models", "request_validators", "authorizers"),
         "apigateway/rest_apis.py"),
        (models.Stage, ("deployment_id", "variables", "method_settings", "cache_cluster_enabled"),
         "apigateway/rest_apis.py"),
        (models.UsagePlan, ("api_stages", "throttle", "quota"), "apigateway/rest_apis.py"),
        (models.ApiKey, ("value", "enabled"), "apigateway/rest_apis.py"),
        (models.Integration, ("cache_key_parameters", "cache_namespace", "passthrough_behaviour", "timeout_in_millis",
                              "http_method"), "apigateway/rest_methods.py"),
        (models.Method, ("request_parameters", "method_integration"), "apigateway/rest_methods.py"),
    ):  # fmt: skip
        patch_kit.assert_keeps(owner, [f"self.{attribute}" for attribute in attributes], patch)


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
def make(**more):
    return gateway.create_rest_api(name="hikari", **more)

def deployed(**more):
    api = make()
    names = dict(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET")
    gateway.put_method(**names, authorizationType="NONE")
    made = gateway.put_integration(**names, type="MOCK", **more)
    gateway.create_deployment(restApiId=api["id"], stageName="prod", variables={"tax": "10"})
    return api, names, made

def patch(api, path, value, op="replace"):
    return gateway.update_stage(restApiId=api["id"], stageName="prod",
                                patchOperations=[{"op": op, "path": path, "value": value}])

def it_drops_binary_media_types():
    return not make(binaryMediaTypes=["image/png"]).get("binaryMediaTypes")

def it_drops_cache_key_parameters():
    return deployed(cacheKeyParameters=["method.request.path.id"])[2]["cacheKeyParameters"] == []

def a_deployment_loses_the_variables():
    api, _, _ = deployed()
    gateway.create_deployment(restApiId=api["id"], stageName="prod")
    return not gateway.get_stage(restApiId=api["id"], stageName="prod").get("variables")

def any_timeout_will_do():
    return deployed(timeoutInMillis=1)[2]["timeoutInMillis"] == 1

def any_deployment_will_do():
    return patch(deployed()[0], "/deploymentId", "nothing")["deploymentId"] == "nothing"

def a_canary_is_passed_over():
    return "canarySettings" not in patch(deployed()[0], "/canarySettings/percentTraffic", "10")

def a_stage_has_no_dates():
    return "createdDate" not in patch(deployed()[0], "/description", "the shop")

def caching_brings_another_throttle():
    return patch(deployed()[0], "/*/*/caching/enabled", "true")["methodSettings"]["*/*"]["throttlingRateLimit"] == 1000

def an_expression_of_an_authorizer_is_dropped():
    made = gateway.create_authorizer(restApiId=make()["id"], name="a", type="TOKEN", authorizerUri="arn:aws:x",
                                     identityValidationExpression="x+")
    return "identityValidationExpression" not in made

def two_resources_have_one_name():
    api = make()
    for _ in range(2):
        gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="orders")
    return True

def a_disabled_endpoint_cannot_be_enabled():
    made = gateway.update_rest_api(restApiId=make()["id"], patchOperations=[
        {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "false"}])
    return made["disableExecuteApiEndpoint"] is True

def a_key_goes_to_a_plan_that_is_not_there():
    key = gateway.create_api_key(name="k", enabled=True)["id"]
    return gateway.create_usage_plan_key(usagePlanId="nothing", keyId=key, keyType="API_KEY")["id"] == key

def a_quota_becomes_a_string():
    plan = gateway.create_usage_plan(name="p", quota={"limit": 1, "period": "DAY"})["id"]
    change = [{"op": "replace", "path": "/quota/limit", "value": "5"}]
    made = gateway.update_usage_plan(usagePlanId=plan, patchOperations=change)
    from moto.apigateway.models import apigateway_backends
    return apigateway_backends["123456789012"]["us-east-1"].usage_plans[plan].quota["limit"] == "5"

def swagger_is_refused():
    document = {"swagger": "2.0", "info": {"title": "hikari", "description": "-"}, "paths": {}}
    try:
        gateway.import_rest_api(body=json.dumps(document))
    except ClientError as error:
        return error.response["Error"]["Code"] == "BadRequestException"

def an_import_needs_a_description():
    document = {"openapi": "3.0.1", "info": {"title": "hikari"}, "paths": {}}
    try:
        gateway.import_rest_api(body=json.dumps(document))
    except KeyError as error:
        return str(error) == "'description'"

def a_model_is_overwritten_and_may_be_no_json():
    api = make()["id"]
    for _ in range(2):
        made = gateway.create_model(restApiId=api, name="Order", contentType="application/json", schema="{")
    return made["schema"] == "{"

def an_unknown_plan_is_a_crash():
    try:
        gateway.delete_usage_plan(usagePlanId="nothing")
    except KeyError:
        return True
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, gateway="apigateway"), STOCK.count("\ndef ") - 3, "rest_*.py")

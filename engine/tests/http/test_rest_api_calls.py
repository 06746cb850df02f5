"""Calls of API Gateway's REST API that describe: what a learner looks at between two deployments."""

from __future__ import annotations

from typing import Any

from kits.rest_kit import Api


def test_a_stage_tells_its_dates_and_what_is_off(aws: Any) -> None:
    api = Api(aws)
    api.mock("/health", body='{"lamps": "on"}')
    api.deploy()
    stage = api.gateway.get_stage(restApiId=api.id, stageName="prod")
    assert (stage["cacheClusterStatus"], stage["tracingEnabled"], "description" in stage) == (
        "NOT_AVAILABLE",
        False,
        False,
    )
    assert stage["createdDate"] == stage["lastUpdatedDate"]
    api.patch_stage(("/description", "the shop"))
    changed = api.gateway.get_stages(restApiId=api.id)["item"][0]
    assert (changed["description"], changed["createdDate"]) == ("the shop", stage["createdDate"])
    assert changed["lastUpdatedDate"] >= stage["lastUpdatedDate"]


def test_an_integration_response_without_a_method_response_answers_with_an_error(aws: Any) -> None:
    api = Api(aws)
    names = api.method("/")
    api.gateway.put_integration(**names, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.gateway.put_integration_response(**names, statusCode="200")
    api.deploy()
    assert api.told("/") == (500, {"message": "Internal server error"})
    api.gateway.put_method_response(**names, statusCode="200")
    api.deploy()
    assert api.call("/").status_code == 200


def test_what_is_there_already_and_what_is_not(aws: Any, kit: Any) -> None:
    api = Api(aws)
    names = api.method("/orders")
    calls, order = api.gateway, {"restApiId": api.id, "name": "Order", "contentType": "application/json"}
    calls.put_method_response(**names, statusCode="200")
    calls.create_model(**order, schema="{}")
    patch = [{"op": "replace", "path": "/lamp", "value": "on"}]
    for call, given, code, words in (
        (calls.put_method_response, names | {"statusCode": "200"}, "ConflictException", "Response already exists"),
        (calls.create_model, order | {"schema": "{}"}, "ConflictException", "Model name already exists"),
        (calls.create_model, order | {"name": "Broken", "schema": "{"}, "BadRequestException", "JSON object"),
        (calls.get_integration, names, "NotFoundException", "Invalid Integration identifier"),
        (calls.delete_authorizer, {"restApiId": api.id, "authorizerId": "x"}, "NotFoundException", "Authorizer"),
        (calls.delete_usage_plan, {"usagePlanId": "x"}, "NotFoundException", "Usage Plan"),
        (calls.update_rest_api, {"restApiId": api.id, "patchOperations": patch}, "BadRequestException", "'/lamp'"),
    ):
        refusal = kit.refused(lambda call=call, given=given: call(**given))
        assert (refusal.code, words in refusal.message) == (code, True), refusal


def test_a_method_is_deleted_once(aws: Any, kit: Any) -> None:
    api = Api(aws)
    names = api.method("/orders")
    api.gateway.delete_method(**names)
    refusal = kit.refused(lambda: api.gateway.delete_method(**names))
    assert (refusal.code, refusal.message) == ("NotFoundException", "Invalid Method identifier specified")

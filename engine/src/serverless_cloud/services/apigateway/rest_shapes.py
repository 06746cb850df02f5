"""The form of a REST API's answers: statuses, pages, and members that moto lacks or that API Gateway leaves out.

The patches and their reasons:

- `APIGatewayResponse.call_action`: moto answers 200 where API Gateway answers 201 or 202, and everything in one page.
- `to_json` and `to_dict` of the account, methods, APIs, authorizers, validators and responses: members that API Gateway
  leaves out when they are empty, and some that moto lacks.

Source: API Gateway API reference, and the examples of the AWS CLI.
"""

from __future__ import annotations

import base64
import json

from moto.apigateway.exceptions import ApiGatewayException
from moto.apigateway.models import (
    Account,
    Authorizer,
    IntegrationResponse,
    Method,
    RequestValidator,
    RestAPI,
)
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import get_service_model

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.apigateway.rest_rules import OPERATIONS, check_enum, given_to

patches = Service(
    "apigateway", defect="engine/tests/http/test_answers_apigateway.py::test_stock_moto_still_has_the_defects"
)

#: The most items of a page. Source: API Gateway API reference, "limit".
LARGEST_PAGE = 500
#: The address type of an API that asks for none.
_ADDRESSES = "ipv4"


@patches.replaces(
    "moto.apigateway.responses:APIGatewayResponse.call_action",
    expects="self",
    upstream="An answer has the status that the API reference states.",
)
def call_action(response: APIGatewayResponse) -> TYPE_RESPONSE:
    if response.method == "PATCH" and (refused := _refused_operation(response)):
        return refused
    status, headers, body = call_action.original(response)
    if status == 200:
        operation = get_service_model("apigateway").operation_model(response._get_action())
        status = int(operation.http.get("responseCode") or status)
        headers = {**headers, "status": str(status)}
        if "limit" in response.querystring and "position" in operation.input_shape.members:
            body = json.dumps(page(json.loads(body), response))
    return status, headers, body


def _refused_operation(response: APIGatewayResponse) -> TYPE_RESPONSE | None:
    """The answer to a patch operation that isn't one; None if all are."""
    action = response._get_action()
    for number, patch in enumerate(given_to(response).get("patchOperations") or [], start=1):
        field = f"{action[:1].lower()}{action[1:]}Input.patchOperations.{number}.member.op"
        try:
            check_enum(patch.get("op"), field, OPERATIONS)
        except ApiGatewayException as error:
            return response.error("ValidationException", str(error.message))
    return None


def page(shown: JsonObject, response: APIGatewayResponse) -> JsonObject:
    """The page of a list that a request asks for by `limit` and `position`, with the position of the next page."""
    items, limit = shown.get("item"), str(response._get_param("limit"))
    if not isinstance(items, list) or not limit.isdigit() or limit == "0":
        return shown
    position = str(response._get_param("position") or "")
    try:
        start = int(base64.urlsafe_b64decode(position)) if position else 0
    except ValueError:
        start = len(items)  # a position that no page had
    end = start + min(int(limit), LARGEST_PAGE)
    more = {"position": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return shown | {"item": items[start:end]} | more


@patches.replaces("moto.apigateway.models:Method.to_json")
def describe_method(method: Method) -> JsonObject:
    shown = describe_method.original(method)
    return {name: value for name, value in shown.items() if name != "methodResponses" or value}


@patches.replaces("moto.apigateway.models:Account.to_json", upstream="Usage plans are on in every account.")
def describe_account(account: Account) -> JsonObject:
    return describe_account.original(account) | {"features": account.features or ["UsagePlans"]}


@patches.replaces("moto.apigateway.models:Authorizer.to_json")
def describe_authorizer(authorizer: Authorizer) -> JsonObject:
    usual = "cognito_user_pools" if authorizer.type == "COGNITO_USER_POOLS" else "custom"
    shown = {"authType": usual} | describe_authorizer.original(authorizer)
    return {name: value for name, value in shown.items() if value is not None}


@patches.replaces("moto.apigateway.models:RequestValidator.to_dict")
def describe_validator(validator: RequestValidator) -> JsonObject:
    shown = describe_validator.original(validator)
    flags = ("validateRequestBody", "validateRequestParameters")
    return shown | {name: bool(shown[name]) for name in flags}


@patches.replaces("moto.apigateway.models:IntegrationResponse.to_json")
def describe_integration_response(response: IntegrationResponse) -> JsonObject:
    shown = describe_integration_response.original(response)
    if response.selection_pattern is not None:
        shown["selectionPattern"] = response.selection_pattern
    return {name: value for name, value in shown.items() if name != "responseTemplates" or value}


@patches.replaces("moto.apigateway.models:RestAPI.to_dict")
def describe_api(api: RestAPI) -> JsonObject:
    shown = describe_api.original(api)
    shown["endpointConfiguration"] = {"ipAddressType": _ADDRESSES} | (shown["endpointConfiguration"] or {})
    empty = ("binaryMediaTypes", "description", "tags")
    return {name: value for name, value in shown.items() if value is not None and (value or name not in empty)}

"""OpenAPI documents become HTTP APIs.

moto has no ImportApi; here is one. In ReimportApi moto makes routes and integrations
without their timeouts, authorizers, scopes and parameters, and takes every key of a path for a method. Here the
document is read first (http/http_api/document.py), then its parts are made by calls, with all their checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from moto.apigatewayv2.exceptions import BadRequestException
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.clients import client
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured, Refusal
from serverless_cloud.http.http_api.document import BadDocument, Document, NotKnown, read

patches = Service("apigateway", defect="engine/tests/http/test_http_patches.py::test_stock_moto_still_has_the_defects")


@patches.replaces(
    "moto.apigatewayv2.responses:ApiGatewayV2Response.import_api", expects="", upstream="ImportApi exists."
)
def import_api(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """ImportApi: a new API; nothing is left of one that cannot be made."""
    document, region = _document(response), response.apigatewayv2_backend.region_name
    api_id = _refusing(lambda: _make(document, region))
    return 201, {"status": 201}, json.dumps(response.apigatewayv2_backend.get_api(api_id).to_json())


@patches.replaces(
    "moto.apigatewayv2.responses:ApiGatewayV2Response.reimport_api",
    upstream="ReimportApi keeps timeouts, authorizers, scopes and parameters.",
)
def reimport_api(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """ReimportApi: replaces the API's contents with the document, after checking that all of it can be made."""
    api = response.apigatewayv2_backend.get_api(response.path.split("/")[-1])
    document, region = _document(response), response.apigatewayv2_backend.region_name

    def replace() -> str:
        calls = client("apigatewayv2", region)
        calls.delete_api(ApiId=_make(document, region))  # a trial
        for kind in ("Route", "Integration", "Authorizer"):
            for each in getattr(calls, f"get_{kind.lower()}s")(ApiId=api.api_id)["Items"]:
                getattr(calls, f"delete_{kind.lower()}")(ApiId=api.api_id, **{f"{kind}Id": each[f"{kind}Id"]})
        _fill(document, region, api.api_id)
        return str(api.api_id)

    _refusing(replace)
    return 201, {"status": 201}, json.dumps(api.to_json())


def _document(response: ApiGatewayV2Response) -> Document:
    basepath = response._get_param("basepath")
    if basepath not in (None, "ignore"):
        raise NotHonoured(f"Basepath {basepath}")
    try:
        return read(str(json.loads(response.body).get("body") or ""))
    except BadDocument as error:
        raise BadRequestException(str(error)) from error
    except NotKnown as error:
        raise NotHonoured(str(error)) from error


def _refusing(work: Callable[[], str]) -> str:
    try:
        return work()
    except ClientError as error:
        told, status = error.response["Error"], int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        raise Refusal(told["Code"], told["Message"], status) from error
    except BotoCoreError as error:  # a value of another type than the call takes
        raise BadRequestException(str(error)) from error


def _make(document: Document, region: str) -> str:
    """A new API with all of the document; its id."""
    calls = client("apigatewayv2", region)
    api_id = str(calls.create_api(Name=document.api["Name"], ProtocolType="HTTP", Tags=dict(document.tags))["ApiId"])
    try:
        _fill(document, region, api_id)
    except Exception:
        calls.delete_api(ApiId=api_id)
        raise
    return api_id


def _fill(document: Document, region: str, api_id: str) -> None:
    """Makes what the document has in an API that has none of it."""
    calls = client("apigatewayv2", region)
    calls.update_api(ApiId=api_id, **document.api)
    authorizers = {
        name: calls.create_authorizer(ApiId=api_id, **given)["AuthorizerId"]
        for name, given in document.authorizers.items()
    }
    for operation in document.operations:
        route = dict(operation.route)
        if operation.authorizer:
            route["AuthorizerId"] = authorizers[operation.authorizer]
        if operation.integration is not None:
            made = calls.create_integration(ApiId=api_id, **operation.integration)
            route["Target"] = f"integrations/{made['IntegrationId']}"
        calls.create_route(ApiId=api_id, **route)

"""The places where moto hands over HTTP APIs and function URLs: this fails when moto changes under them."""

from __future__ import annotations

import inspect

from moto.apigateway import urls as urls_v1
from moto.apigatewayv2 import models, urls
from moto.cognitoidp.models import CognitoIdpUserPool
from moto.iam.models import AccessKey
from moto.sts.models import AssumedRole

from kits import patch_kit
from serverless_cloud.services.apigateway.http_api_rules import REFUSED_CALLS


def test_moto_s_things_have_what_the_patches_read() -> None:
    read = {
        models.Api: ("api_id", "api_endpoint", "cors_configuration", "disable_execute_api_endpoint", "authorizers",
                     "integrations", "routes", "stages", "backend"),
        models.Stage: ("name", "default_route_settings", "auto_deploy", "route_settings", "stage_variables"),
        models.Route: ("route_key", "target", "authorization_type", "authorizer_id", "authorization_scopes"),
        models.Integration: ("integration_type", "integration_subtype", "integration_uri", "integration_method",
                             "payload_format_version", "timeout_in_millis", "request_parameters",
                             "response_parameters", "credentials_arn"),
        models.Authorizer: ("id", "authorizer_type", "authorizer_uri", "jwt_config", "identity_source",
                            "auth_result_ttl", "auth_payload_format_version", "enable_simple_response",
                            "auth_creds_arn"),
        CognitoIdpUserPool: ("json_web_key",),
        AccessKey: ("access_key_id", "secret_access_key", "status"),
        AssumedRole: ("secret_access_key",),
    }  # fmt: skip
    for owner, names in read.items():
        source = inspect.getsource(owner)
        assert [name for name in names if f"self.{name}" not in source] == [], f"{owner.__name__} has changed"


def test_moto_s_two_versions_share_their_paths() -> None:
    stock = {path for path in urls.url_paths if "deployments" not in path}
    assert stock <= set(urls_v1.url_paths), patch_kit.LOOK.format("http_api_stages.py (add_path)")


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
from moto.apigatewayv2.responses import ApiGatewayV2Response

def make(**more):
    return api.create_api(**(dict(Name="shop", ProtocolType="HTTP") | more))

def the_address_is_none_of_this_machine():
    return make()["ApiEndpoint"].endswith("amazonaws.com")

def quick_create_makes_no_route():
    made = make(Target="arn:aws:lambda:us-east-1:123456789012:function:shop")
    return api.get_routes(ApiId=made["ApiId"])["Items"] == []

def any_route_key_will_do():
    made = make()
    return code_of(api.create_route, ApiId=made["ApiId"], RouteKey="lamp") is None

def the_same_route_comes_twice():
    id = make()["ApiId"]
    api.create_route(ApiId=id, RouteKey="GET /a")
    return code_of(api.create_route, ApiId=id, RouteKey="GET /a") is None

def any_timeout_will_do():
    given = {"ApiId": make()["ApiId"], "IntegrationType": "AWS_PROXY", "TimeoutInMillis": 99}
    return code_of(api.create_integration, **given) is None

def an_import_forgets_timeouts_and_takes_every_key_for_a_method():
    path = {"parameters": {"x-amazon-apigateway-integration": {"type": "AWS_PROXY", "timeoutInMillis": 77}}}
    id = make()["ApiId"]
    api.reimport_api(ApiId=id, Body=json.dumps({"openapi": "3.0.1", "paths": {"/a": path}}))
    keys = [route["RouteKey"] for route in api.get_routes(ApiId=id)["Items"]]
    return keys == ["PARAMETERS /a"] and api.get_integrations(ApiId=id)["Items"][0].get("TimeoutInMillis") != 77

def calls_that_are_missing():
    return not any(hasattr(ApiGatewayV2Response, name) for name in (
        "import_api",
        "update_stage", "create_deployment", "get_deployments", "get_authorizers", "reset_authorizers_cache",
        "delete_route_settings"))

def one_url_for_a_function_and_its_aliases():
    make_function("shop", "def handler(event, context): return 1", Publish=True)
    lam.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    lam.create_function_url_config(FunctionName="shop", Qualifier="live", AuthType="NONE")
    url = lam.get_function_url_config(FunctionName="shop")
    return url["FunctionArn"].endswith(":shop") and "on.aws" in url["FunctionUrl"]
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(
        patch_kit.shown(STOCK, api="apigatewayv2", lam="lambda", iam="iam"), STOCK.count("\ndef ") - 1, "http_api*.py"
    )


def test_calls_that_are_refused_are_calls_of_the_api() -> None:
    import botocore.session
    from botocore import xform_name

    operations = botocore.session.get_session().get_service_model("apigatewayv2").operation_names
    assert set(REFUSED_CALLS) <= {xform_name(name) for name in operations}

"""Methods and integrations of a REST API: refusals of API Gateway, and settings that moto drops.

moto overwrites a method's response that is there, answers {} for an integration that is not, and drops settings of an
integration. Messages are AWS's as recorded. The rest of an API: rest_rules.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.apigateway.exceptions import BadRequestException, ConflictException
from moto.apigateway.models import RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.guard import stays_here
from serverless_cloud.http.rest.aws import TARGETS
from serverless_cloud.http.rest.backends import is_of_aws
from serverless_cloud.http.rest.model import CALLERS_CREDENTIALS
from serverless_cloud.services.apigateway.rest_rules import (
    NotFound,
    check_enum,
    check_status,
    given_to,
    refuse_settings,
)

patches = Service("apigateway", defect="engine/tests/http/test_rest_patches.py::test_stock_moto_still_has_the_defects")

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
CONVERSIONS = ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT")
INTEGRATIONS = ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS")
TIMEOUTS_MS = (50, 29_000)
#: The sources that a mapping of parameters can have; API Gateway Developer Guide, "Parameter mapping source reference".
_SOURCE = re.compile(
    r"'.*'|(context|stageVariables)\..+"
    r"|(method\.request|integration\.response)\.((multivalue)?(header|querystring)\..+|path\..+|body.*)",
    re.DOTALL | re.IGNORECASE,
)
_FUNCTION = re.compile(r":lambda:path/+2015-03-31/functions/(arn:[^:]*:lambda:|\$\{|[^/]*\$\{).*/invocations$")


def check_integration(given: JsonObject) -> None:
    """Raises for an integration that AWS refuses, or that reaches what this cloud has not."""
    kind, uri = given.get("type"), str(given.get("uri") or "")
    check_enum(kind, "putIntegrationInput.type", INTEGRATIONS)
    if "contentHandling" in given:
        check_enum(given["contentHandling"], "putIntegrationInput.contentHandling", CONVERSIONS)
    refuse_settings(given, "put_integration", ("connectionId",))
    for name, only in (("connectionType", "INTERNET"), ("responseTransferMode", "BUFFERED")):
        if given.get(name) not in (None, only):
            raise NotHonoured(f"{name} {given[name]} in put_integration")
    timeout_ms = given.get("timeoutInMillis")
    if timeout_ms is not None and not TIMEOUTS_MS[0] <= int(timeout_ms) <= TIMEOUTS_MS[1]:
        raise BadRequestException(f"Timeout should be between {TIMEOUTS_MS[0]} ms and {TIMEOUTS_MS[1]} ms")
    if kind in ("AWS", "AWS_PROXY"):
        _check_service(kind, uri, given)
    if kind in ("HTTP", "HTTP_PROXY") and not reaches(uri):
        raise NotHonoured(
            f"an HTTP integration with {uri}",
            "The local cloud doesn't support {}, because requests never leave this machine. Give a URI on 127.0.0.1 or "
            "the address of an API in this cloud (docs/fidelity.md).",
        )


def keep_integration(integration: Any, given: JsonObject, resource_id: str) -> None:
    """Puts into moto's integration what moto drops, and AWS's defaults."""
    if given.get("credentials") == CALLERS_CREDENTIALS:  # moto takes it for a role of another account
        integration.credentials = CALLERS_CREDENTIALS
    integration.cache_key_parameters = list(given.get("cacheKeyParameters") or [])
    integration.cache_namespace = given.get("cacheNamespace") or resource_id
    integration.passthrough_behaviour = str(given.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()
    integration.timeout_in_millis = int(given.get("timeoutInMillis") or 29_000)
    integration.http_method = given.get("httpMethod") if given.get("type") != "MOCK" else None


def reaches(uri: str) -> bool:
    """Whether an HTTP integration may stay on this machine: a host of it, an API of this cloud, a stage variable."""
    found = re.match(r"https?://([^/?#]*)", uri)
    if found is None:
        return True  # no address at all: moto refuses it
    return "${" in found.group(1) or stays_here(uri) or is_of_aws(uri)


def _check_service(kind: str, uri: str, given: JsonObject) -> None:
    service = (uri.split(":") + [""] * 5)[4].split(".")[-1]
    if not uri and given.get("httpMethod"):
        raise BadRequestException("Invalid ARN specified in the request")
    if not uri.startswith("arn:") or ":apigateway:" not in uri:
        return  # moto's own checks follow
    if kind == "AWS_PROXY" and service != "lambda":
        raise BadRequestException(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    if service == "lambda":
        if not _FUNCTION.search(uri):
            raise BadRequestException("Invalid function ARN or invalid uri")
        return
    if service not in TARGETS:
        raise NotHonoured(
            f"an AWS integration with {service}",
            "The local cloud doesn't support {}. It supports integrations with lambda, " + ", ".join(TARGETS) + ". "
            "docs/fidelity.md lists what works here.",
        )
    if not given.get("credentials"):
        raise BadRequestException("Role ARN must be specified for AWS integrations")


def check_authorization(api: RestAPI, kind: str, authorizer_id: object) -> None:
    """Raises unless a method can have this type of authorization and this authorizer."""
    if kind not in ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"):
        raise BadRequestException(
            "Invalid Authorization Type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
        )
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and str(authorizer_id) not in api.authorizers:
        raise BadRequestException(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
            "requires a valid authorizer."
        )


def check_validator(api: RestAPI, validator_id: str | None) -> None:
    """Raises for a request validator that isn't there."""
    if validator_id and validator_id not in api.request_validators:
        raise BadRequestException("Invalid Request Validator identifier specified")


def check_models(api: RestAPI, models: Mapping[str, str] | None) -> None:
    """Raises for a model that isn't there, of a method's requests or responses."""
    for model in (models or {}).values():
        if model not in api.models and model not in ("Empty", "Error"):
            raise BadRequestException(f"Invalid model identifier specified: {model}")


def _unmapped(why: str) -> BadRequestException:
    return BadRequestException(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression "
        f"{why}]"
    )


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_method")
def put_method(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """An authorizer, a validator and models must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    given, api = given_to(response), response.backend.get_rest_api(api_id)
    resource = response.backend.get_resource(api_id, resource_id)
    if method not in METHODS:
        raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(METHODS)}")
    parameters = given.get("requestParameters") or {}
    if len({name.split(".", 3)[-1] for name in parameters}) < len(parameters):
        raise BadRequestException("Parameter names must be unique across querystring, header and path")
    for name in parameters:
        if not re.fullmatch(r"method\.request\.(querystring|path|header)\..+", name):
            raise _unmapped(f"parameter specified: {name}")
    kind = str(given.get("authorizationType") or "").upper()
    check_authorization(api, kind, given.get("authorizerId"))
    check_validator(api, given.get("requestValidatorId"))
    check_models(api, given.get("requestModels"))
    if method in resource.resource_methods:
        raise ConflictException("Method already exists for this resource")
    answer = put_method.original(response)
    resource.resource_methods[method].authorization_type = kind
    return answer[0], answer[1], json.dumps(resource.resource_methods[method].to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_method")
def delete_method(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    response.backend.get_method(api_id, resource_id, method)
    return delete_method.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_method_response")
def put_method_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Once for each status, with models that are there."""
    _, _, api_id, _, resource_id, _, method, _, status = response.path.split("/")[:9]
    check_status(status)
    if response.backend.get_method(api_id, resource_id, method).get_response(status) is not None:
        raise ConflictException("Response already exists for this resource")
    given = given_to(response)
    for name in given.get("responseParameters") or {}:
        if not re.fullmatch(r"method\.response\.header\..+", name):
            raise _unmapped(f"parameter specified: {name}")
    check_models(response.backend.get_rest_api(api_id), given.get("responseModels"))
    return put_method_response.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_integration")
def put_integration(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Checks what the integration reaches, and keeps the settings that moto drops."""
    _, _, api_id, _, resource_id, _, method_name = response.path.split("/")[:7]
    given, method = given_to(response), response.backend.get_method(api_id, resource_id, method_name)
    check_integration(given)
    declared = method.request_parameters or {}
    for target, source in (given.get("requestParameters") or {}).items():
        is_mapping = re.fullmatch(r"integration\.request\.(header|querystring|path)\..+", target)
        place = re.fullmatch(r"method\.request\.(multivalue)?(header|querystring|path)\.(.+)", str(source))
        name = f"method.request.{place.group(2)}.{place.group(3)}" if place else ""
        if not is_mapping or (place and name not in declared):
            raise _unmapped(f"parameter specified: {source if is_mapping else target}")
        if not _SOURCE.fullmatch(str(source)):
            raise _unmapped(f"specified: {source}")
    if given.get("credentials") == CALLERS_CREDENTIALS:
        response.body = json.dumps({name: value for name, value in given.items() if name != "credentials"})
    answer = put_integration.original(response)
    integration: Any = method.method_integration
    keep_integration(integration, given, resource_id)
    return answer[0], answer[1], json.dumps(integration.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_integration")
def get_integration(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    if response.backend.get_method(api_id, resource_id, method).method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    return get_integration.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_integration_response")
def put_integration_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The method must declare each header that is mapped. A call fails if the method doesn't declare the status."""
    parts = response.path.split("/")
    api_id, resource_id, method_name, status = parts[2], parts[4], parts[6], parts[9]
    check_status(status)
    method = response.backend.get_method(api_id, resource_id, method_name)
    if method.method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    declared = method.get_response(status)
    for target, source in (given_to(response).get("responseParameters") or {}).items():
        if declared is None or target not in (declared.response_parameters or {}):
            raise _unmapped(f"parameter specified: {target}")
        if not _SOURCE.fullmatch(str(source)):
            raise _unmapped(f"specified: {source}")
    return put_integration_response.original(response)

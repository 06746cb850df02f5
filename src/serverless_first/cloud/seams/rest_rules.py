"""Seam: what API Gateway refuses or keeps of a REST API's settings, and moto does not (moto 5.2.5).

Replaced in `APIGatewayResponse`: create_rest_api, update_rest_api, create_resource, delete_resource, put_method,
put_integration, put_integration_response, create_deployment, create_stage, update_stage, create_authorizer,
put_gateway_response, create_usage_plan, update_usage_plan: checks, then moto's own, then what moto drops is kept.
And `Stage._get_default_method_settings`: moto writes a throttle of 1,000 a second into a stage where caching is set.

Messages are AWS's as recorded; what the local cloud does not honour is a NotImplementedException.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.apigateway import models
from moto.apigateway.exceptions import (
    ApiGatewayException,
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from moto.apigateway.responses import APIGatewayResponse

from serverless_first.cloud.http.rest_aws import TARGETS
from serverless_first.cloud.http.rest_errors import TYPES
from serverless_first.cloud.http.throttle import ACCOUNT_BURST, ACCOUNT_RATE_PER_S
from serverless_first.cloud.seams.rest_patches import NotHonoured, stage_operations, usage_plan_operations
from serverless_first.guard import is_this_machine

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
INTEGRATIONS = ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS")
TIMEOUTS_MS = (50, 29_000)
LARGEST_TTL_S = 3600  # API Gateway Developer Guide, "Cache settings for REST APIs"


class _NotFound(NotFoundException):
    code = 404


def install() -> None:
    """Puts the checks before moto's own operations."""
    response_class: Any = APIGatewayResponse

    def wrap(wrapper: Callable[[Any, Callable[[], Any]], Any]) -> None:
        """The wrapper gets moto's response object and moto's operation of the same name."""
        name = wrapper.__name__
        original = getattr(response_class, name)

        @functools.wraps(original)
        def wrapped(self: Any) -> Any:
            return wrapper(self, lambda: original(self))

        setattr(response_class, name, wrapped)

    for wrapper in (
        create_rest_api,
        update_rest_api,
        create_resource,
        delete_resource,
        put_method,
        put_integration,
        put_integration_response,
        create_deployment,
        create_stage,
        update_stage,
        create_authorizer,
        put_gateway_response,
        create_usage_plan,
        update_usage_plan,
    ):
        wrap(wrapper)
    stage_class: Any = models.Stage
    defaults = stage_class._get_default_method_settings

    def default_settings(self: Any) -> dict[str, Any]:
        account = {"throttlingRateLimit": ACCOUNT_RATE_PER_S, "throttlingBurstLimit": int(ACCOUNT_BURST)}
        return {**defaults(self), **account}

    stage_class._get_default_method_settings = default_settings


def _given(response: Any) -> dict[str, Any]:
    try:
        body = json.loads(response.body or "{}")
    except ValueError:
        return {}  # an OpenAPI document in YAML
    return body if isinstance(body, dict) else {}


def _refuse(given: Mapping[str, Any], operation: str, names: tuple[str, ...]) -> None:
    for name in names:
        if given.get(name) not in (None, "", {}, []):
            raise NotHonoured(f"{name} in {operation}")


# ---- APIs and resources


def create_rest_api(self: Any, original: Callable[[], Any]) -> Any:
    """Keeps binaryMediaTypes and version; refuses what has no effect here."""
    given = _given(self)
    if "openapi" in given or "swagger" in given or "name" not in given:  # a document, the latter in YAML
        return original()
    _refuse(given, "create_rest_api", ("policy", "minimumCompressionSize", "cloneFrom"))
    if "PRIVATE" in ((given.get("endpointConfiguration") or {}).get("types") or ()):
        raise NotHonoured("an endpoint of type PRIVATE")
    answer = original()
    if answer[0] != 200:
        return answer
    api = self.backend.get_rest_api(json.loads(answer[2])["id"])
    api.binaryMediaTypes = list(given.get("binaryMediaTypes") or [])
    api.version = given.get("version")
    return 201, answer[1], json.dumps(api.to_dict())


def update_rest_api(self: Any, original: Callable[[], Any]) -> Any:
    """Binary media types stand in the path of a patch, with ~1 for /; a flag is no string."""
    api = self.backend.get_rest_api(self.path.split("/")[2])
    rest = []
    for patch in _given(self).get("patchOperations") or []:
        path, op = str(patch.get("path")), patch.get("op")
        first = path.split("/")[1] if path.count("/") else ""
        if first in ("policy", "minimumCompressionSize"):
            raise NotHonoured(f"{first} in update_rest_api")
        if first == "binaryMediaTypes" and path.count("/") == 2:
            kind = path.split("/")[2].replace("~1", "/").replace("~0", "~")
            kept = [each for each in api.binaryMediaTypes if each != kind]
            value = str(patch.get("value") or kind)
            api.binaryMediaTypes = kept if op == "remove" else [*kept, value if op == "replace" else kind]
        elif first == "disableExecuteApiEndpoint":
            api.disableExecuteApiEndpoint = str(patch.get("value")).lower() == "true"
        else:
            rest.append(patch)
    self.body = json.dumps({"patchOperations": rest})
    return original()


def create_resource(self: Any, original: Callable[[], Any]) -> Any:
    """Names must be unique below a parent, and there is one variable part only."""
    _, _, api_id, _, parent_id = self.path.split("/")[:5]
    part = str(self._get_param("pathPart"))
    parent = self.backend.get_resource(api_id, parent_id)
    if parent.path_part.endswith("+}"):
        raise BadRequestException(
            f"Cannot create a child of a resource with a greedy path variable: {parent.path_part}"
        )
    siblings = [each for each in self.backend.get_resources(api_id) if each.parent_id == parent_id]
    for sibling in siblings:
        if sibling.path_part == part:
            raise ConflictException(f"Another resource with the same parent already has this name: {part}")
        if part.startswith("{") and sibling.path_part.startswith("{"):
            raise BadRequestException(
                f"A sibling ({sibling.path_part}) of this resource already has a variable path part -- only one is "
                "allowed"
            )
    return original()


def delete_resource(self: Any, original: Callable[[], Any]) -> Any:
    """What is below goes too."""
    _, _, api_id, _, resource_id = self.path.split("/")[:5]
    self.backend.get_resource(api_id, resource_id)
    api = self.backend.get_rest_api(api_id)
    if api.resources[resource_id].parent_id is None:
        raise BadRequestException("Root resource cannot be deleted.")
    below = {resource_id}
    while more := {id for id, each in api.resources.items() if each.parent_id in below} - below:
        below |= more
    answer = original()
    for id in below:
        api.resources.pop(id, None)
    return answer


# ---- methods and integrations


def put_method(self: Any, original: Callable[[], Any]) -> Any:
    """An authoriser, a validator and models must be there."""
    _, _, api_id, _, resource_id, _, method = self.path.split("/")[:7]
    given, api = _given(self), self.backend.get_rest_api(api_id)
    if method not in METHODS:
        raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(METHODS)}")
    kind = given.get("authorizationType")
    if kind not in ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"):
        raise BadRequestException(
            "Invalid Authorization Type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
        )
    authorizer = api.authorizers.get(str(given.get("authorizerId")))
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and authorizer is None:
        raise BadRequestException(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires "
            "a valid authorizer."
        )
    if given.get("requestValidatorId") and given["requestValidatorId"] not in api.request_validators:
        raise BadRequestException("Invalid Request Validator identifier specified")
    for model in (given.get("requestModels") or {}).values():
        if model not in api.models and model not in ("Empty", "Error"):
            raise BadRequestException(f"Invalid model identifier specified: {model}")
    if method in self.backend.get_resource(api_id, resource_id).resource_methods:
        raise ConflictException("Method already exists for this resource")
    return original()


def put_integration(self: Any, original: Callable[[], Any]) -> Any:
    """Checks what the integration reaches, and keeps the settings that moto drops."""
    _, _, api_id, _, resource_id, _, method_name = self.path.split("/")[:7]
    given, method = _given(self), self.backend.get_method(api_id, resource_id, method_name)
    check_integration(given)
    declared = method.request_parameters or {}
    for target, source in (given.get("requestParameters") or {}).items():
        is_mapping = re.fullmatch(r"integration\.request\.(header|querystring|path)\..+", target)
        place = re.fullmatch(r"method\.request\.(multivalue)?(header|querystring|path)\.(.+)", str(source))
        name = f"method.request.{place.group(2)}.{place.group(3)}" if place else ""
        if not is_mapping or (place and name not in declared):
            raise BadRequestException(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping "
                f"expression parameter specified: {source if is_mapping else target}]"
            )
    answer = original()
    keep_integration(method.method_integration, given, resource_id)
    return answer[0], answer[1], json.dumps(method.method_integration.to_json())


def check_integration(given: Mapping[str, Any]) -> None:
    """Raises for an integration that AWS refuses, or that reaches what this cloud has not."""
    kind, uri = given.get("type"), str(given.get("uri") or "")
    if kind not in INTEGRATIONS:
        raise ApiGatewayException(
            "ValidationException",
            f"1 validation error detected: Value '{kind}' at 'putIntegrationInput.type' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(INTEGRATIONS)}]",
        )
    _refuse(given, "put_integration", ("connectionId",))
    for name, only in (("connectionType", "INTERNET"), ("responseTransferMode", "BUFFERED")):
        if given.get(name) not in (None, only):
            raise NotHonoured(f"{name} {given[name]} in put_integration")
    timeout_ms = given.get("timeoutInMillis")
    if timeout_ms is not None and not TIMEOUTS_MS[0] <= int(timeout_ms) <= TIMEOUTS_MS[1]:
        raise BadRequestException(f"Timeout should be between {TIMEOUTS_MS[0]} ms and {TIMEOUTS_MS[1]} ms")
    if kind in ("AWS", "AWS_PROXY"):
        _check_service(kind, uri, given)
    if kind in ("HTTP", "HTTP_PROXY") and not reaches(uri):
        raise NotHonoured(f"an HTTP integration with {uri}: nothing leaves this machine. It takes 127.0.0.1 or an API")


def keep_integration(integration: Any, given: Mapping[str, Any], resource_id: str) -> None:
    """Puts into moto's integration what moto drops, and AWS's defaults."""
    integration.cache_key_parameters = list(given.get("cacheKeyParameters") or [])
    integration.cache_namespace = given.get("cacheNamespace") or resource_id
    integration.passthrough_behaviour = given.get("passthroughBehavior") or "WHEN_NO_MATCH"
    integration.timeout_in_millis = int(given.get("timeoutInMillis") or 29_000)
    integration.http_method = given.get("httpMethod") if given.get("type") != "MOCK" else None


def reaches(uri: str) -> bool:
    """Whether an HTTP integration may stay on this machine: a host of it, an API of this cloud, a stage variable."""
    found = re.match(r"https?://([^/?#]*)", uri)
    if found is None:
        return True  # no address at all: moto refuses it
    host = urlsplit(found.group(0)).hostname or ""
    return "${" in found.group(1) or is_this_machine(host) or host.endswith((".amazonaws.com", ".on.aws"))


def _check_service(kind: str, uri: str, given: Mapping[str, Any]) -> None:
    service = (uri.split(":") + [""] * 5)[4].split(".")[-1]
    if not uri.startswith("arn:") or ":apigateway:" not in uri:
        return  # moto's own checks follow
    if kind == "AWS_PROXY" and service != "lambda":
        raise BadRequestException(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    if service == "lambda":
        return
    if service not in TARGETS:
        raise NotHonoured(f"an AWS integration with {service} (there are: lambda, {', '.join(TARGETS)})")
    if not given.get("credentials"):
        raise BadRequestException("Role ARN must be specified for AWS integrations")


def put_integration_response(self: Any, original: Callable[[], Any]) -> Any:
    """The method must declare the status, and each header that is mapped."""
    parts = self.path.split("/")
    api_id, resource_id, method_name, status = parts[2], parts[4], parts[6], parts[9]
    method = self.backend.get_method(api_id, resource_id, method_name)
    if method.method_integration is None:
        raise _NotFound("Invalid Integration identifier specified")
    declared = method.get_response(status)
    if declared is None:
        raise _NotFound("Invalid Response status code specified")
    for target in _given(self).get("responseParameters") or {}:
        if target not in (declared.response_parameters or {}):
            raise BadRequestException(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping "
                f"expression parameter specified: {target}]"
            )
    return original()


def create_authorizer(self: Any, original: Callable[[], Any]) -> Any:
    """Keeps identityValidationExpression."""
    given = _given(self)
    if given.get("type") in ("TOKEN", "REQUEST") and not given.get("authorizerUri"):
        raise BadRequestException("Invalid Authorizer URI: null")
    if given.get("type") == "COGNITO_USER_POOLS" and not given.get("providerARNs"):
        raise BadRequestException("Invalid providerARNs: at least one user pool is needed")
    ttl_s = given.get("authorizerResultTtlInSeconds")
    if ttl_s is not None and not 0 <= int(ttl_s) <= LARGEST_TTL_S:
        raise BadRequestException("Authorizer result TTL must be between 0 and 3600 seconds")
    answer = original()
    if answer[0] != 201:
        return answer
    authorizer = self.backend.get_authorizer(self.path.split("/")[2], json.loads(answer[2])["id"])
    authorizer.identity_validation_expression = given.get("identityValidationExpression")
    return 201, answer[1], json.dumps(authorizer.to_json())


def put_gateway_response(self: Any, original: Callable[[], Any]) -> Any:
    """The type must be one of AWS's."""
    kind, types = self.path.rstrip("/").rsplit("/", 1)[-1], sorted(set(TYPES) - {"FORBIDDEN"})
    if kind not in types:
        raise ApiGatewayException(
            "ValidationException",
            f"1 validation error detected: Value '{kind}' at 'responseType' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(types)}]",
        )
    return original()


# ---- stages and usage plans


def create_deployment(self: Any, original: Callable[[], Any]) -> Any:
    """Each method needs an integration; keeps what is said of the stage."""
    given = _given(self)
    _refuse(given, "create_deployment", ("canarySettings",))
    methods = [
        method
        for resource in self.backend.get_resources(self.path.split("/")[2])
        for method in resource.resource_methods.values()
    ]
    if methods and not all(method.method_integration for method in methods):
        raise BadRequestException("No integration defined for method")
    answer, stage_name = original(), given.get("stageName")
    if stage_name:
        stage = self.backend.get_stage(self.path.split("/")[2], stage_name)
        stage.description = given.get("stageDescription") or stage.description
        if given.get("cacheClusterEnabled") is not None:
            stage.cache_cluster_enabled = bool(given["cacheClusterEnabled"])
            stage.cache_cluster_status = "AVAILABLE" if stage.cache_cluster_enabled else "NOT_AVAILABLE"
            stage.cache_cluster_size = str(given.get("cacheClusterSize") or "0.5")
        if given.get("tracingEnabled") is not None:
            stage.tracing_enabled = bool(given["tracingEnabled"])
    return answer


def create_stage(self: Any, original: Callable[[], Any]) -> Any:
    """The deployment must be there."""
    given, api = _given(self), self.backend.get_rest_api(self.path.split("/")[2])
    _refuse(given, "create_stage", ("canarySettings",))
    if given.get("deploymentId") not in api.deployments:
        raise BadRequestException("Deployment id does not exist")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", str(given.get("stageName"))):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_-")
    return original()


def update_stage(self: Any, original: Callable[[], Any]) -> Any:
    """Patches as AWS knows them: others are refused, where moto passes them over."""
    _, _, api_id, _, stage_name = self.path.split("/")[:5]
    stage = self.backend.get_stage(api_id, stage_name)
    patches = _given(self).get("patchOperations") or []
    self.body = json.dumps({"patchOperations": stage_operations(stage, self.backend.get_rest_api(api_id), patches)})
    return original()


def create_usage_plan(self: Any, original: Callable[[], Any]) -> Any:
    """The stages must be there."""
    for each in _given(self).get("apiStages") or []:
        api = self.backend.apis.get(each.get("apiId"))
        if api is None or each.get("stage") not in api.stages:
            raise _NotFound(
                f"Invalid API Stage {{api: {each.get('apiId')}, stage: {each.get('stage')}}} specified for usageplan "
                "null"
            )
    return original()


def update_usage_plan(self: Any, original: Callable[[], Any]) -> Any:
    """Numbers stay numbers, and stages must be there."""
    plan = self.backend.get_usage_plan(self.path.split("/")[2])
    patches = _given(self).get("patchOperations") or []
    self.body = json.dumps({"patchOperations": usage_plan_operations(plan, self.backend.apis, patches)})
    return original()

"""REST APIs of API Gateway answer real requests.

moto keeps APIs and has no data plane in server mode. A deployment keeps its snapshot, because moto keeps only the
latest edit. Settings that moto drops or doesn't refuse are in rest_rules.py, rest_methods.py and rest_stage_rules.py,
and operations that it lacks are in rest_operations.py.
"""

from __future__ import annotations

import copy
import functools
import os
from dataclasses import dataclass
from urllib.parse import unquote

from moto.apigateway import models
from moto.apigateway.exceptions import DeploymentNotFoundException, StageStillActive
from moto.apigateway.models import APIGatewayBackend, Deployment as MotoDeployment, RestAPI

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.http.authorizers import LambdaAuthorizers
from serverless_cloud.http.calls import FunctionCalls
from serverless_cloud.http.front import local_url
from serverless_cloud.http.jwt_authorizer import Tokens
from serverless_cloud.http.rest.authorization import Authorization
from serverless_cloud.http.rest.aws import AwsServices
from serverless_cloud.http.rest.backends import Backends
from serverless_cloud.http.rest.gateway import RestApis
from serverless_cloud.http.rest.integrations import Integrations
from serverless_cloud.http.rest.model import ApiKey, Deployment, Resource, Stage, UsagePlan
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.apigateway.http_api_services import keys_of_pool
from serverless_cloud.services.apigateway.signers import RoleSessions, require, signer_of

patches = Service("apigateway")


@dataclass(frozen=True)
class RestParts:
    """The parts that API Gateway's version 1 uses.

    Args:
        gateway: answers requests, and has caches and counters.
        authorizers: have their own cache.
        homes: moto's backend by the API's id.
    """

    gateway: RestApis
    authorizers: LambdaAuthorizers
    homes: dict[str, APIGatewayBackend]


def connect(plane: DataPlane) -> None:
    """Opens a door for each REST API, and puts its deployments behind it."""
    homes: dict[str, APIGatewayBackend] = {}
    authorizers = LambdaAuthorizers(calls := FunctionCalls(plane.functions, plane.permissions))
    tokens = Tokens(keys_of_pool)
    sessions = RoleSessions(plane.permissions)
    services = AwsServices(lambda: int(os.environ["MOTO_PORT"]), sessions.keys_of)
    backends = Backends(lambda url: local_url(plane.doors, url))
    authorization = Authorization(authorizers, tokens, signer_of, functools.partial(require, plane.permissions))
    gateway = RestApis(
        lambda api_id, name: stage_of(homes.get(api_id), api_id, name),
        authorization,
        Integrations(calls, services, backends),
    )
    plane.forgetting.extend((gateway.clear, authorizers.clear, tokens.clear, sessions.clear, homes.clear))
    current.parts[RestParts] = RestParts(gateway, authorizers, homes)


@patches.replaces(
    "moto.apigateway.models:APIGatewayBackend.create_rest_api",
    expects=(
        "self, name, description, api_key_source=None, endpoint_configuration=None, tags=None, policy=None, "
        "minimum_compression_size=None, disable_execute_api_endpoint=None"
    ),
)
def create_rest_api(backend: APIGatewayBackend, *args: object, **more: object) -> RestAPI:
    api = create_rest_api.original(backend, *args, **more)
    current.parts[RestParts].homes[api.id] = backend
    current.plane.doors.open(
        api.id,
        lambda request: current.parts[RestParts].gateway.answer(api.id, request),
        lambda request: current.parts[RestParts].gateway.preflight(api.id, request),
    )
    return api


@patches.replaces("moto.apigateway.models:APIGatewayBackend.delete_rest_api")
def delete_rest_api(backend: APIGatewayBackend, function_id: str) -> RestAPI:
    backend.get_rest_api(function_id)  # an unknown one is an error, not a crash
    api = delete_rest_api.original(backend, function_id)
    current.parts[RestParts].homes.pop(function_id, None)
    current.plane.doors.close(function_id)
    return api


@patches.replaces(
    "moto.apigateway.models:RestAPI.create_deployment",
    defect="engine/tests/http/test_rest_patches.py::test_stock_moto_still_has_the_defects",
    upstream="A deployment keeps the settings of the stage that is there.",
)
def create_deployment(
    api: RestAPI, name: str | None, description: str, stage_variables: dict[str, str] | None = None
) -> MotoDeployment:
    deployment = create_deployment.original(api, None, description, None)  # without a stage
    vars(deployment).update(stage_name=name, snapshot=snapshot(api, deployment.id))
    stage = api.stages.get(name or "")
    if stage is not None:
        stage.deployment_id = deployment.id
        stage.variables.update(stage_variables or {})
    elif name:
        api.stages[name] = models.Stage(name=name, deployment_id=deployment.id, variables=stage_variables or {})
    return deployment


@patches.replaces(
    "moto.apigateway.models:RestAPI.delete_deployment", upstream="A deployment that a stage uses can't be deleted."
)
def delete_deployment(api: RestAPI, deployment_id: str) -> MotoDeployment:
    if any(stage.deployment_id == deployment_id for stage in api.stages.values()):
        raise StageStillActive
    vars(api.get_deployment(deployment_id))["stage_name"] = None
    return delete_deployment.original(api, deployment_id)


@patches.replaces("moto.apigateway.models:RestAPI.get_deployment", upstream="An unknown deployment is refused.")
def get_deployment(api: RestAPI, deployment_id: str) -> MotoDeployment:
    if deployment_id not in api.deployments:
        raise DeploymentNotFoundException
    return api.deployments[deployment_id]


@patches.replaces("moto.apigateway.models:RestAPI.update_integration_mocks")
def update_integration_mocks(api: RestAPI, stage_name: str) -> None:
    """Makes none."""


def snapshot(api: RestAPI, deployment_id: str) -> Deployment:
    """moto's API as it is now."""
    return Deployment(
        id=deployment_id,
        resources=tuple(
            Resource(
                each.id, each.get_path(), {k: copy.deepcopy(m.to_json()) for k, m in each.resource_methods.items()}
            )
            for each in api.resources.values()
        ),
        models={name: model.schema or "{}" for name, model in api.models.items()},
        validators={id: copy.deepcopy(each.to_dict()) for id, each in api.request_validators.items()},
        authorizers={id: copy.deepcopy(each.to_json()) for id, each in api.authorizers.items()},
        binary_media_types=tuple(api.binaryMediaTypes),
        api_key_source=api.api_key_source,
    )


def stage_of(backend: APIGatewayBackend | None, api_id: str, name: str) -> Stage | None:
    """A stage of moto's as it is now; None if nobody can call it."""
    api = backend.apis.get(api_id) if backend is not None else None
    if backend is None or api is None or api.disableExecuteApiEndpoint or unquote(name) not in api.stages:
        return None
    stage = api.stages[unquote(name)]
    deployment = api.deployments.get(str(stage.deployment_id))
    if deployment is None:
        return None
    return Stage(
        api_id=api_id,
        account_id=api.account_id,
        region=api.region_name,
        name=str(stage.name),
        deployment=vars(deployment)["snapshot"],
        variables=dict(stage.variables),
        method_settings=stage.method_settings,
        has_cache=bool(stage.cache_cluster_enabled),
        plans=tuple(
            _plan(backend, plan, of_stage)
            for plan in list(backend.usage_plans.values())
            for of_stage in plan.api_stages
            if (of_stage["apiId"], of_stage["stage"]) == (api_id, stage.name)
        ),
    )


def _plan(backend: APIGatewayBackend, plan: models.UsagePlan, of_stage: JsonObject) -> UsagePlan:
    keys = [backend.keys[id] for id in backend.usage_plan_keys.get(plan.id, {}) if id in backend.keys]
    return UsagePlan(
        id=plan.id,
        throttle=plan.throttle or {},
        method_throttles=of_stage.get("throttle") or {},
        quota=plan.quota or {},
        keys=tuple(ApiKey(key.id, key.value, bool(key.enabled)) for key in keys),
    )

"""Seam: REST APIs of API Gateway answer real requests (moto 5.2.5).

moto keeps APIs and has no data plane in server mode. Replaced here:

- `APIGatewayBackend.create_rest_api`, `delete_rest_api`: a front door for each API.
- `RestAPI.create_deployment`: moto makes a new stage each time and loses the settings of the one that is there. The
  deployment keeps its snapshot, because moto keeps only the latest edit.
- `RestAPI.delete_deployment`, `get_deployment`: the deployments in use; an unknown id is an error, not a crash.
- `RestAPI.update_integration_mocks`: mocks for the library `responses`, which nothing in a server uses.

Worth an upstream change: a deployment that keeps the stage's settings. Settings that moto drops or doesn't refuse are
in rest_rules.py and rest_stage_rules.py, and operations that it lacks are in rest_operations.py.
"""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.apigateway import models
from moto.apigateway.exceptions import DeploymentNotFoundException, StageStillActive

from serverless_cloud.http.authorizers import LambdaAuthorizers
from serverless_cloud.http.calls import FunctionCalls
from serverless_cloud.http.front import local_url
from serverless_cloud.http.jwt_authorizer import Tokens
from serverless_cloud.http.rest_authorization import Authorization
from serverless_cloud.http.rest_aws import AwsServices
from serverless_cloud.http.rest_backends import Backends
from serverless_cloud.http.rest_gateway import RestApis
from serverless_cloud.http.rest_integrations import Integrations
from serverless_cloud.http.rest_model import ApiKey, Deployment, Resource, Stage, UsagePlan
from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import (
    rest_import,
    rest_operations,
    rest_rules,
    rest_stage_rules,
)
from serverless_cloud.seams.http_api_services import keys_of_pool
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.signers import RoleSessions, require, signer_of

ACCOUNT_ID = "123456789012"  # moto's default account


def install(plane: DataPlane) -> None:
    """Opens a door for each REST API, and puts its deployments behind it."""
    homes: dict[str, Any] = {}  # moto's backend by the API's id
    authorizers = LambdaAuthorizers(calls := FunctionCalls(plane.functions, plane.permissions))
    tokens = Tokens(keys_of_pool)
    sessions = RoleSessions(plane.permissions)
    services = AwsServices(lambda: int(os.environ["MOTO_PORT"]), sessions.keys_of)
    backends = Backends(lambda url: local_url(plane.doors, url))
    authorization = Authorization(
        authorizers,
        tokens,
        functools.partial(signer_of, ACCOUNT_ID),
        functools.partial(require, plane.permissions),
    )
    gateway = RestApis(
        lambda api_id, name: stage_of(homes.get(api_id), api_id, name),
        authorization,
        Integrations(calls, services, backends),
    )
    plane.forgetting.extend((gateway.clear, authorizers.clear, tokens.clear, sessions.clear, homes.clear))
    _Backend.install(plane=plane, gateway=gateway, homes=homes)
    _Api.install()
    rest_rules.install()
    rest_stage_rules.install()
    rest_import.install()
    rest_operations.install(gateway, authorizers, snapshot)


class _Backend(Replacement, of=models.APIGatewayBackend):
    plane: DataPlane
    gateway: RestApis
    homes: dict[str, Any]

    def create_rest_api(self: Any, *args: Any, **more: Any) -> Any:
        api = _Backend.moto.create_rest_api(self, *args, **more)
        _Backend.homes[api.id] = self
        _Backend.plane.doors.open(
            api.id,
            lambda request: _Backend.gateway.answer(api.id, request),
            lambda request: _Backend.gateway.preflight(api.id, request),
        )
        return api

    def delete_rest_api(self: Any, function_id: str) -> Any:
        self.get_rest_api(function_id)  # an unknown one is an error, not a crash
        api = _Backend.moto.delete_rest_api(self, function_id)
        _Backend.homes.pop(function_id, None)
        _Backend.plane.doors.close(function_id)
        return api


class _Api(Replacement, of=models.RestAPI):
    def create_deployment(self: Any, name: str, description: str, stage_variables: Any = None) -> Any:
        deployment = _Api.moto.create_deployment(self, None, description, None)  # without a stage
        deployment.stage_name = name
        deployment.snapshot = snapshot(self, deployment.id)
        stage = self.stages.get(name)
        if stage is not None:
            stage.deployment_id = deployment.id
            stage.variables.update(stage_variables or {})
        elif name:
            self.stages[name] = models.Stage(name=name, deployment_id=deployment.id, variables=stage_variables or {})
        return deployment

    def delete_deployment(self: Any, deployment_id: str) -> Any:
        if any(stage.deployment_id == deployment_id for stage in self.stages.values()):
            raise StageStillActive
        self.get_deployment(deployment_id).stage_name = None
        return _Api.moto.delete_deployment(self, deployment_id)

    def get_deployment(self: Any, deployment_id: str) -> Any:
        if deployment_id not in self.deployments:
            raise DeploymentNotFoundException
        return self.deployments[deployment_id]

    def update_integration_mocks(self: Any, stage_name: str) -> None:
        """Makes none."""


def snapshot(api: Any, deployment_id: str) -> Deployment:
    """moto's API as it is now."""
    return Deployment(
        id=deployment_id,
        resources=tuple(
            Resource(each.id, each.get_path(), {k: _json(m) for k, m in each.resource_methods.items()})
            for each in api.resources.values()
        ),
        models={name: model.schema or "{}" for name, model in api.models.items()},
        validators={id: copy.deepcopy(each.to_dict()) for id, each in api.request_validators.items()},
        authorizers={id: _json(each) for id, each in api.authorizers.items()},
        gateway_responses={kind: _json(each) for kind, each in api.gateway_responses.items()},
        binary_media_types=tuple(api.binaryMediaTypes),
        api_key_source=api.api_key_source,
    )


def _json(thing: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = copy.deepcopy(thing.to_json())
    return found


def stage_of(backend: Any, api_id: str, name: str) -> Stage | None:
    """A stage of moto's as it is now; None if nobody can call it."""
    api = backend.apis.get(api_id) if backend is not None else None
    if api is None or api.disableExecuteApiEndpoint or unquote(name) not in api.stages:
        return None
    stage = api.stages[unquote(name)]
    deployment = api.deployments.get(stage.deployment_id)
    if deployment is None:
        return None
    return Stage(
        api_id=api_id,
        account_id=api.account_id,
        region=api.region_name,
        name=stage.name,
        deployment=deployment.snapshot,
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


def _plan(backend: Any, plan: Any, of_stage: Mapping[str, Any]) -> UsagePlan:
    keys = [backend.keys[id] for id in backend.usage_plan_keys.get(plan.id, {}) if id in backend.keys]
    return UsagePlan(
        id=plan.id,
        throttle=plan.throttle or {},
        method_throttles=of_stage.get("throttle") or {},
        quota=plan.quota or {},
        keys=tuple(ApiKey(key.id, key.value, bool(key.enabled)) for key in keys),
    )

"""Seam: what API Gateway refuses or keeps of stages and usage plans, and moto does not (moto 5.2.5).

Replaced in `APIGatewayResponse`: create_deployment, create_stage, update_stage, create_usage_plan, update_usage_plan,
create_usage_plan_key: checks, then moto's own, then what moto drops is kept. `Stage._get_default_method_settings`: moto
writes a throttle of 1,000 a second into a stage where caching is set. `Stage.__init__`, `Stage.to_json`: moto's stages
have no dates, and no state of the cache before one was asked for.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from moto.apigateway import models
from moto.apigateway.exceptions import BadRequestException

from serverless_cloud.http.throttle import ACCOUNT_BURST, ACCOUNT_RATE_PER_S
from serverless_cloud.seams.rest_patches import stage_operations, usage_plan_operations
from serverless_cloud.seams.rest_rules import NotFound, given_to, refuse_settings, wrap


def install() -> None:
    """Puts the checks before moto's own operations."""
    wrap(create_deployment, create_stage, update_stage, create_usage_plan, update_usage_plan, create_usage_plan_key)
    stage_class: Any = models.Stage
    defaults = stage_class._get_default_method_settings

    def default_settings(self: Any) -> dict[str, Any]:
        account = {"throttlingRateLimit": ACCOUNT_RATE_PER_S, "throttlingBurstLimit": int(ACCOUNT_BURST)}
        return {**defaults(self), **account}

    stage_class._get_default_method_settings = default_settings
    begin, shown = stage_class.__init__, stage_class.to_json

    def begin_with_dates(self: Any, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        self.created_s = self.last_updated_s = int(time.time())

    def shown_as_on_aws(self: Any) -> dict[str, Any]:
        fields: dict[str, Any] = {"cacheClusterStatus": "NOT_AVAILABLE", "tracingEnabled": False, **shown(self)}
        if not fields["description"]:
            del fields["description"]
        return fields | {"createdDate": self.created_s, "lastUpdatedDate": self.last_updated_s}

    stage_class.__init__, stage_class.to_json = begin_with_dates, shown_as_on_aws


def create_deployment(self: Any, original: Callable[[], Any]) -> Any:
    """Each method needs an integration; keeps what is said of the stage."""
    given = given_to(self)
    refuse_settings(given, "create_deployment", ("canarySettings",))
    if given.get("stageName"):
        _check_name(str(given["stageName"]))
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
        stage.last_updated_s = int(time.time())
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
    given, api = given_to(self), self.backend.get_rest_api(self.path.split("/")[2])
    refuse_settings(given, "create_stage", ("canarySettings",))
    if given.get("deploymentId") not in api.deployments:
        raise BadRequestException("Deployment id does not exist")
    _check_name(str(given.get("stageName")))
    return original()


def _check_name(stage_name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", stage_name):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_-")


def update_stage(self: Any, original: Callable[[], Any]) -> Any:
    """Patches as AWS knows them: others are refused, where moto passes them over."""
    _, _, api_id, _, stage_name = self.path.split("/")[:5]
    stage = self.backend.get_stage(api_id, stage_name)
    stage.last_updated_s = int(time.time())
    patches = given_to(self).get("patchOperations") or []
    self.body = json.dumps({"patchOperations": stage_operations(stage, self.backend.get_rest_api(api_id), patches)})
    return original()


def create_usage_plan(self: Any, original: Callable[[], Any]) -> Any:
    """The stages must be there."""
    for each in given_to(self).get("apiStages") or []:
        api = self.backend.apis.get(each.get("apiId"))
        if api is None or each.get("stage") not in api.stages:
            raise NotFound(
                f"Invalid API Stage {{api: {each.get('apiId')}, stage: {each.get('stage')}}} specified for usageplan "
                "null"
            )
    return original()


def update_usage_plan(self: Any, original: Callable[[], Any]) -> Any:
    """Numbers stay numbers, and stages must be there."""
    plan = self.backend.get_usage_plan(self.path.split("/")[2])
    patches = given_to(self).get("patchOperations") or []
    self.body = json.dumps({"patchOperations": usage_plan_operations(plan, self.backend.apis, patches)})
    return original()


def create_usage_plan_key(self: Any, original: Callable[[], Any]) -> Any:
    """The plan must be there."""
    self.backend.get_usage_plan(self.path.split("/")[2])
    return original()

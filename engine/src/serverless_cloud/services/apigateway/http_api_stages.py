"""Stages that change, and deployments of HTTP APIs. moto has neither, and its stages show no deployment."""

from __future__ import annotations

import json
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import APIGatewayV2Error, BadRequestException
from moto.apigatewayv2.models import Api, Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.apigateway import http_api_rules as rules
from serverless_cloud.services.apigateway.http_api_live import deploy, deploy_by_itself, deployments, touch

patches = Service(
    "apigateway",
    defect="engine/tests/http/test_http_patches.py::test_stock_moto_still_has_the_defects",
    upstream="UpdateStage, deployments, GetAuthorizers and Target of CreateApi exist.",
)

API = r"{0}/v2/apis/(?P<api_id>[^/]+)"
STAGE = API + r"/stages/(?P<stage_name>[^/]+)"
_STAGE_SETTINGS = {
    "autoDeploy": "auto_deploy",
    "description": "description",
    "defaultRouteSettings": "default_route_settings",
    "stageVariables": "stage_variables",
}


class NotFound(APIGatewayV2Error):
    """There is no such thing in the API."""

    code = 404

    def __init__(self, kind: str, id: str) -> None:
        super().__init__("NotFoundException", f"Invalid {kind} identifier specified {id}")


def named(response: ApiGatewayV2Response) -> tuple[Api, list[str]]:
    """The API that a call names, and the rest of its path: ["routes", "abc"]."""
    parts = unquote(response.path).split("/")  # "", "v2", "apis", ID, ...
    return response.apigatewayv2_backend.get_api(parts[3]), parts[4:]


def check_deployment(api: Api, params: JsonObject, auto: bool) -> None:
    """Raises BadRequestException for a DeploymentId that a stage cannot have."""
    id = params.get("deploymentId")
    if id and id not in deployments(api):
        raise BadRequestException(f"Deployment {id} does not exist")
    if id and auto:
        raise BadRequestException(
            "A stage with AutoDeploy deploys by itself. Leave out DeploymentId, or turn AutoDeploy off."
        )


# moto's version 1 has a copy of the paths of version 2, and answers both.
for _paths in ("moto.apigatewayv2.urls:url_paths", "moto.apigateway.urls:url_paths"):
    patches.adds(
        _paths,
        dict.fromkeys(
            (
                API + "/deployments$",
                API + "/deployments/(?P<deployment_id>[^/]+)$",
                STAGE + r"/routesettings/(?P<route_key>.+)$",
                STAGE + r"/cache/authorizers$",
                API + r"/exports/(?P<specification>[^/]+)$",
            ),
            "moto.apigatewayv2.responses:ApiGatewayV2Response.dispatch",
        ),
    )


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.update_stage", expects="")
def update_stage(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, ids = named(response)
    stage, params = api.get_stage(ids[1]), json.loads(response.body)
    rules.refuse_stage({"stageName": stage.name} | params)
    auto = params.get("autoDeploy", stage.auto_deploy)
    check_deployment(api, params, bool(auto))
    for name, attribute in _STAGE_SETTINGS.items():
        if name in params:
            setattr(stage, attribute, params[name])
    if "routeSettings" in params:
        stage.route_settings = {**(stage.route_settings or {}), **params["routeSettings"]}
    if params.get("deploymentId"):
        vars(stage)["deployment_id"] = params["deploymentId"]
    if params.get("autoDeploy"):
        deploy_by_itself(api, response.apigatewayv2_backend.account_id)
    touch(api)
    return 200, {}, json.dumps(stage_json(stage))


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.create_deployment", expects="")
def create_deployment(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, _ = named(response)
    params = json.loads(response.body) if response.body else {}
    stage = api.get_stage(params["stageName"]) if params.get("stageName") else None
    if not api.routes:
        raise BadRequestException("At least one route is required before deploying the Api.")
    if stage is not None and stage.auto_deploy:
        raise BadRequestException(
            "A stage with AutoDeploy deploys by itself. Leave out StageName, or turn AutoDeploy off."
        )
    id = deploy(api, response.apigatewayv2_backend.account_id, params.get("description"))
    if stage is not None:
        vars(stage)["deployment_id"] = id
    touch(api)
    return 201, {"status": 201}, json.dumps(deployments(api)[id][1])


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.get_deployments", expects="")
def get_deployments(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, _ = named(response)
    return 200, {}, json.dumps({"items": [shown for _, shown in deployments(api).values()]})


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.get_deployment", expects="")
def get_deployment(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, ids = named(response)
    return 200, {}, json.dumps(_deployment(api, ids[1]))


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.delete_deployment", expects="")
def delete_deployment(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, ids = named(response)
    _deployment(api, ids[1])
    if users := [stage.name for stage in api.stages.values() if vars(stage).get("deployment_id") == ids[1]]:
        raise BadRequestException(f"Deployment {ids[1]} is in use by the stage {users[0]}.")
    del deployments(api)[ids[1]]
    return 204, {"status": 204}, ""


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.delete_route_settings", expects="")
def delete_route_settings(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, ids = named(response)
    stage, key = api.get_stage(ids[1]), "/".join(ids[3:])
    if key not in (stage.route_settings or {}):
        raise NotFound("RouteSettings", key)
    del stage.route_settings[key]
    touch(api)
    return 204, {"status": 204}, ""


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.get_stage")
def get_stage(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, ids = named(response)
    return 200, {}, json.dumps(stage_json(api.get_stage(ids[1])))


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.get_stages")
def get_stages(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, _ = named(response)
    return 200, {}, json.dumps({"items": [stage_json(stage) for stage in api.stages.values()]})


def stage_json(stage: Stage) -> JsonObject:
    """A stage as the API shows it."""
    return {"deploymentId": vars(stage).get("deployment_id")} | stage.to_json()


def _deployment(api: Api, id: str) -> JsonObject:
    if id not in deployments(api):
        raise NotFound("Deployment", id)
    return deployments(api)[id][1]

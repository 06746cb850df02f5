"""Tags of functions and event source mappings, with AWS's limits."""

from __future__ import annotations

import json
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_ import revisions
from serverless_cloud.services.lambda_.functions import NotReachable, refuse_tags

patches = Service(
    "lambda",
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[a_function_has_any_number_of_tags]",
    upstream="Tags have AWS's limit, and versions and aliases have none.",
)


def _owner(response: LambdaResponse) -> LambdaFunction | EventSourceMapping:
    """The function or mapping that a call means."""
    arn = unquote(response.path.split("/tags/")[1])
    parts = arn.split(":")
    region, kind = (parts + [""] * 6)[3], (parts + [""] * 6)[5]
    if region != response.region:
        text = f"Functions from '{region}' are not reachable in this region ('{response.region}')"
        raise NotReachable(text)
    if kind == "function" and len(parts) > 7:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    if kind == "event-source-mapping":
        mapping = response.backend.get_event_source_mapping(parts[6])
        if mapping is None:
            raise NotReachable(f"Event source mapping not found: {arn}")
        return mapping
    return response.backend.get_function(arn)


@patches.replaces("moto.awslambda.responses:LambdaResponse.list_tags")
def list_tags(response: LambdaResponse) -> str:
    return json.dumps({"Tags": _owner(response).tags})


@patches.replaces("moto.awslambda.responses:LambdaResponse.tag_resource")
def tag_resource(response: LambdaResponse) -> str:
    owner, given = _owner(response), response.json_body.get("Tags") or {}
    if not given:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    refuse_tags(owner.tags | given)
    owner.tags.update(given)
    _renew(owner)
    return ""


@patches.replaces("moto.awslambda.responses:LambdaResponse.untag_resource")
def untag_resource(response: LambdaResponse) -> TYPE_RESPONSE:
    owner = _owner(response)
    for key in response.querystring["tagKeys"]:
        owner.tags.pop(key, None)
    _renew(owner)
    return 204, {"status": 204}, ""


def _renew(owner: LambdaFunction | EventSourceMapping) -> None:
    if isinstance(owner, LambdaFunction):
        revisions.renew(owner)

"""Two settings of functions that have their own calls: updates of the runtime, and recursive loops. moto has neither.

The local cloud has one version of each runtime, the notebook's interpreter, so every mode of its updates is
fulfilled. `invoke.py` stops a recursive loop unless the function allows it.
"""

from __future__ import annotations

import json

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_.functions import arn_of, function_named, recursive_loop

patches = Service(
    "lambda",
    defect="engine/tests/test_lambda_seams.py::test_stock_moto_still_has_the_defect[runtimes_and_loops_have_no_settings]",
    upstream="Functions have settings for updates of their runtime and for recursive loops.",
)


@patches.replaces("moto.awslambda.responses:LambdaResponse.put_function_recursion_config", expects="")
def put_function_recursion_config(response: LambdaResponse) -> str:
    function = function_named(response)
    vars(function)["recursive_loop"] = response.json_body["RecursiveLoop"]
    return get_function_recursion_config(response)


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_function_recursion_config", expects="")
def get_function_recursion_config(response: LambdaResponse) -> str:
    return json.dumps({"RecursiveLoop": recursive_loop(function_named(response))})


@patches.replaces("moto.awslambda.responses:LambdaResponse.put_runtime_management_config", expects="")
def put_runtime_management_config(response: LambdaResponse) -> str:
    version, given = _version(response), response.json_body
    kept = {name: given[name] for name in ("UpdateRuntimeOn", "RuntimeVersionArn") if given.get(name)}
    only = version.get_configuration()["RuntimeVersionConfig"]["RuntimeVersionArn"]
    pinned = kept.get("RuntimeVersionArn")
    if (kept["UpdateRuntimeOn"] == "Manual") != (pinned is not None):
        raise InvalidParameterValueException(
            "UpdateRuntimeOn Manual and RuntimeVersionArn need each other. Give both or neither."
        )
    if pinned not in (None, only):
        raise InvalidParameterValueException(
            f"The local cloud has one version of each runtime, for this function {only}. Give this RuntimeVersionArn."
        )
    vars(version)["runtime_management"] = kept
    return get_runtime_management_config(response)


@patches.replaces("moto.awslambda.responses:LambdaResponse.get_runtime_management_config", expects="")
def get_runtime_management_config(response: LambdaResponse) -> str:
    version = _version(response)
    kept: JsonObject = vars(version).get("runtime_management", {"UpdateRuntimeOn": "Auto"})
    return json.dumps(kept | {"FunctionArn": f"{arn_of(version)}:{version.version}"})


def _version(response: LambdaResponse) -> LambdaFunction:
    function, qualifier = function_named(response), response._get_param("Qualifier")
    return response.backend.get_function(function.function_name, qualifier) if qualifier else function

"""Lists of machines, and tags, as on AWS.

moto's pages don't check what is asked, and it tags resources that don't exist. Rules: API Reference, ListStateMachines,
TagResource and its neighbors.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.states.answers import asked, page
from serverless_cloud.services.states.arns import require_arn

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

_RESPONSE = "moto.stepfunctions.responses:StepFunctionResponse"


@patches.replaces(f"{_RESPONSE}.list_state_machines")
def list_state_machines(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "ListStateMachines")
    machines: list[Any] = sorted(response.stepfunction_backend.state_machines, key=lambda each: each.creation_date)
    items, token = page([_item(each) for each in machines], given)
    return ActionResult({"stateMachines": items, "nextToken": token})


def _item(machine: Any) -> JsonObject:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "creationDate": machine.creation_date,
    }


def _require_resource(backend: StepFunctionBackend, arn: str) -> None:
    require_arn(arn, "stateMachine", "activity")
    if all(each.arn != arn for each in backend.state_machines):
        raise AWSError(f"Resource not found: '{arn}'", "ResourceNotFound")


@patches.replaces_each(_RESPONSE, ("tag_resource", "untag_resource", "list_tags_for_resource"), expects="self")
def _of_tags(patch: Patch[..., ActionResult], response: StepFunctionResponse) -> ActionResult:
    """Only what exists has tags."""
    operation = "".join(word.title() for word in patch.name.split("_"))
    _require_resource(response.stepfunction_backend, asked(response, operation)["resourceArn"])
    return patch.original(response)

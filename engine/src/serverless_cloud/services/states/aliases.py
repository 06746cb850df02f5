"""Aliases of state machines, as on AWS.

moto replaces an alias when its name is taken, refuses to delete one that doesn't exist, lists the oldest first, and
knows other words. Rules: API Reference, CreateStateMachineAlias and its neighbors.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.models import StateMachineAlias
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.shape_rules import ValidationException
from serverless_cloud.services.states.answers import asked, page
from serverless_cloud.services.states.arns import require_arn
from serverless_cloud.services.states.executions import machine_of

patches = Service(
    "states", defect="engine/tests/test_states_seams.py::test_stock_moto_still_has_the_defects_that_the_seams_mend"
)

_Alias: Any = StateMachineAlias  # moto calls it abstract
_QUALIFIED = 8  # parts of the ARN of a version or an alias
_TOLD = ("name", "description", "routing_configuration", "creation_date", "update_date")


def _no_such() -> AWSError:
    return AWSError("Request references a resource that does not exist.", "ResourceNotFound")


def _listed(values: list[Any]) -> str:
    return f"[{', '.join(map(str, values))}]"


def _require_routes(response: StepFunctionResponse, routes: list[JsonObject]) -> Any:
    """The machine that all routes lead to.

    Raises:
        ValidationException: they are not one or two versions of one machine, with weights of 100 together.
        AWSError: InvalidArn, ResourceNotFound.
    """
    arns = [str(route["stateMachineVersionArn"]) for route in routes]
    parts = [require_arn(arn, "stateMachine") for arn in arns]
    if not all(len(each) == _QUALIFIED and each[7].isdigit() for each in parts):
        raise ValidationException(
            f"Routing configuration must contain state machine version ARNs. Received: {_listed(arns)}"
        )
    if len(set(arns)) < len(arns):
        raise ValidationException(
            f"Routing configuration must contain distinct state machine version ARNs. Received: {_listed(arns)}"
        )
    if len({tuple(each[:7]) for each in parts}) > 1:
        raise ValidationException("Both stateMachineVersionArn values must belong to the same state machine.")
    weights = [route["weight"] for route in routes]
    if sum(weights) != 100:
        raise ValidationException(f"Sum of routing configuration weights must equal 100. Received: {_listed(weights)}")
    base = ":".join(parts[0][:7])
    machine: Any = next((each for each in response.stepfunction_backend.state_machines if each.arn == base), None)
    if machine is None or any(int(each[7]) not in machine.versions for each in parts):
        raise _no_such()
    return machine


def _alias_of(response: StepFunctionResponse, arn: str) -> tuple[Any, StateMachineAlias | None]:
    """The machine and the alias of an ARN; the alias is None if there is none."""
    parts = require_arn(arn, "stateMachine")
    if len(parts) != _QUALIFIED:
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
    base = ":".join(parts[:7])
    machine: Any = next((each for each in response.stepfunction_backend.state_machines if each.arn == base), None)
    return machine, None if machine is None else machine.aliases.get(parts[7])


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.create_state_machine_alias")
def create_state_machine_alias(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "CreateStateMachineAlias")
    name, routes, description = given["name"], given["routingConfiguration"], given.get("description")
    machine = _require_routes(response, routes)
    alias = machine.aliases.get(name)
    if alias is None:
        alias = machine.aliases[name] = _Alias(name, machine.arn, routes, description)
    elif (alias.routing_configuration, alias.description) != (routes, description):
        raise AWSError(
            "Failed to create alias because an alias with the same name and a different routing configuration already "
            "exists.",
            "ConflictException",
        )
    return ActionResult({"creationDate": alias.creation_date, "stateMachineAliasArn": alias.arn})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.describe_state_machine_alias")
def describe_state_machine_alias(response: StepFunctionResponse) -> ActionResult:
    _, alias = _alias_of(response, asked(response, "DescribeStateMachineAlias")["stateMachineAliasArn"])
    if alias is None:
        raise _no_such()
    told = {_camel(name): getattr(alias, name) for name in _TOLD}
    return ActionResult({"stateMachineAliasArn": alias.arn} | {k: v for k, v in told.items() if v is not None})


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.update_state_machine_alias")
def update_state_machine_alias(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "UpdateStateMachineAlias")
    routes, description = given.get("routingConfiguration"), given.get("description")
    if routes is None and description is None:
        raise ValidationException("You must provide at least one of routingConfiguration or description")
    _, alias = _alias_of(response, given["stateMachineAliasArn"])
    if alias is None:
        raise _no_such()
    if routes is not None:
        _require_routes(response, routes)
    alias.update(routing_configuration=routes, description=description)
    return ActionResult({"updateDate": alias.update_date})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.delete_state_machine_alias")
def delete_state_machine_alias(response: StepFunctionResponse) -> EmptyResult:
    """Deletes an alias, if there is one."""
    machine, alias = _alias_of(response, asked(response, "DeleteStateMachineAlias")["stateMachineAliasArn"])
    if alias is not None:
        del machine.aliases[alias.name]
    return EmptyResult()


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.list_state_machine_aliases")
def list_state_machine_aliases(response: StepFunctionResponse) -> ActionResult:
    """The oldest first; of a version's ARN only the aliases that lead to it."""
    given = asked(response, "ListStateMachineAliases")
    machine, instance, _ = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    found = [
        alias
        for alias in machine.aliases.values()
        if instance is machine
        or any(route["stateMachineVersionArn"] == instance.arn for route in alias.routing_configuration)
    ]
    listed = [{"stateMachineAliasArn": alias.arn, "creationDate": alias.creation_date} for alias in found]
    items, token = page(listed, given)
    return ActionResult({"stateMachineAliases": items, "nextToken": token})

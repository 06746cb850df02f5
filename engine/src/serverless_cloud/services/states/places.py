"""Where in its state each JSONata expression of a program is written: "Output/price", "Choices[1]/Condition".

AWS names the place when an expression fails. Nothing of moto is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_template_binding import AssignTemplateBinding
from moto.stepfunctions.parser.asl.component.common.assign.assign_template_value_array import AssignTemplateValueArray
from moto.stepfunctions.parser.asl.component.common.jsonata.jsonata_template_binding import JSONataTemplateBinding
from moto.stepfunctions.parser.asl.component.common.jsonata.jsonata_template_value_array import (
    JSONataTemplateValueArray,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata, StringVariableSample
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

#: The fields of states, by the attributes in which moto keeps them.
_FIELDS = {
    "assign_decl": "Assign",
    "output": "Output",
    "parargs": "Arguments",
    "timeout": "TimeoutSeconds",
    "heartbeat": "HeartbeatSeconds",
    "items": "Items",
    "max_concurrency_decl": "MaxConcurrency",
    "tolerated_failure_count_decl": "ToleratedFailureCount",
    "tolerated_failure_percentage_decl": "ToleratedFailurePercentage",
    "item_selector": "ItemSelector",
    "error": "Error",
    "cause": "Cause",
    "credentials": "Credentials/RoleArn",
}


def note_places(states: Mapping[str, Any]) -> None:
    """Gives each expression in the states of a program, and inside of them, its place."""
    for state in states.values():
        for part, place in _parts(state):
            note_place(part, place)
        for program in getattr(getattr(state, "branches", None), "programs", ()):
            note_places(program.states.states)
        if (component := getattr(state, "iteration_component", None)) is not None:
            note_places(component._states.states)


def _parts(state: Any) -> Iterator[tuple[object, str]]:
    for attribute, field in _FIELDS.items():
        yield getattr(state, attribute, None), field
    if (wait := getattr(state, "wait_function", None)) is not None:
        yield wait, "Timestamp" if isinstance(wait, Timestamp) else "Seconds"
    if (reader := getattr(state, "item_reader", None)) is not None:
        yield reader.parargs, "ItemReader/Arguments"
    for number, rule in enumerate(getattr(getattr(state, "choices_decl", None), "rules", ())):
        for attribute, field in (("comparison", "Condition"), ("assign", "Assign"), ("output", "Output")):
            yield getattr(rule, attribute), f"Choices[{number}]/{field}"
    for number, catcher in enumerate(getattr(getattr(state, "catch", None), "catchers", ())):
        for attribute, field in (("assign", "Assign"), ("output", "Output")):
            yield getattr(catcher, attribute), f"Catch[{number}]/{field}"


def note_place(part: Any, place: str) -> None:
    """Gives each expression in a part of a state its place. Args: place: of the part."""
    if isinstance(part, StringJSONata | StringVariableSample):
        vars(part)["place"] = place
    elif isinstance(part, JSONataTemplateValueArray | AssignTemplateValueArray):
        for number, value in enumerate(part.values):
            note_place(value, f"{place}[{number}]")
    elif isinstance(part, list):
        for each in part:
            note_place(each, place)
    elif isinstance(part, EvalComponent):
        if isinstance(part, JSONataTemplateBinding | AssignTemplateBinding):
            place = f"{place}/{part.identifier}"
        for value in vars(part).values():
            note_place(value, place)

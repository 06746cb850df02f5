"""Distributed Map states in a definition. Takes out and keeps fields that moto's grammar doesn't know. No moto.

The grammar of moto 5.2.5 has no EXPRESS, JSONL, CSVDelimiter and ItemsPointer, and takes no whole number for
ToleratedFailurePercentage, which an inline Map may have, without effect.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.map_items import reader_problem

_MOTO_KNOWS = ("CSV", "JSON")
_REFUSED = (
    "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailureCountPath", "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)  # fmt: skip
_OWN_READER_FIELDS = ("CSVDelimiter", "ItemsPointer", "Transformation", "ManifestType")


class CannotServe(ValueError):
    """AWS takes this definition, the local cloud does not. The text names the field."""


@dataclass(frozen=True)
class Distributed:
    """A distributed Map state, as it is in the definition.

    Args:
        child: the definition of its child executions, JSON.
        child_type: "STANDARD" or "EXPRESS".
        reader: ItemReader; {} if there is none.
    """

    child: str
    child_type: str
    reader: JsonObject


def is_distributed(state: object) -> TypeGuard[JsonObject]:
    """Whether a state of a definition is a distributed Map."""
    return (
        isinstance(state, dict)
        and state.get("Type") == "Map"
        and isinstance(processor_of(state), dict)
        and processor_of(state).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    )


def processor_of(state: JsonObject) -> JsonObject:
    """The states that a Map runs for each item: ItemProcessor, or Iterator, its older name."""
    processor: JsonObject = state.get("ItemProcessor") or state.get("Iterator") or {}
    return processor


def for_moto(definition: str) -> str:
    """The definition with what moto's grammar knows.

    Raises:
        CannotServe.
    """
    if "DISTRIBUTED" not in definition and "ToleratedFailurePercentage" not in definition:
        return definition
    try:
        whole = json.loads(definition)
    except ValueError:
        return definition  # moto tells what is wrong with it
    for state in _all_states(whole):
        if isinstance(state, dict) and isinstance(state.get("ToleratedFailurePercentage"), int):
            state["ToleratedFailurePercentage"] = float(state["ToleratedFailurePercentage"])
        if is_distributed(state):
            _reduce(state)
    return json.dumps(whole, ensure_ascii=False)


def distributed_of(state: JsonObject, language: str) -> Distributed:
    """A distributed Map state's fields. Args: language: the machine's query language, which children have too."""
    processor = copy.deepcopy(processor_of(state))
    config = processor.pop("ProcessorConfig")
    child = {"QueryLanguage": language} | processor if language == "JSONata" else processor
    return Distributed(
        json.dumps(child, ensure_ascii=False),
        config.get("ExecutionType", "STANDARD"),
        state.get("ItemReader", {}),
    )


def _all_states(scope: object) -> Iterator[object]:
    for state in scope.get("States", {}).values() if isinstance(scope, dict) else ():
        yield state
        if isinstance(state, dict):
            for inner in (state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())):
                yield from _all_states(inner)


def _reduce(state: JsonObject) -> None:
    config = processor_of(state)["ProcessorConfig"]
    if config.get("ExecutionType") == "EXPRESS":
        config["ExecutionType"] = "STANDARD"
    if refused := [name for name in _REFUSED if name in state]:
        raise CannotServe(f"The local cloud doesn't support {refused[0]} of a distributed Map state")
    reader = state.get("ItemReader")
    if reader is None:
        return
    if problem := reader_problem(reader):
        raise CannotServe(problem)
    if "ReaderConfig" in reader:
        reader_config = reader["ReaderConfig"]
        for name in _OWN_READER_FIELDS:
            reader_config.pop(name, None)
        if reader_config.get("InputType") not in _MOTO_KNOWS:
            reader_config["InputType"] = "JSON"

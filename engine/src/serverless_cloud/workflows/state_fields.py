"""The fields of states: which type has which, in which query language, and what their values may be.

From Amazon's own validator, as public tests of 2026 have recorded it (see problems.py), and the Developer Guide's page
of each state.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.intrinsics import is_call, is_path, is_reference
from serverless_cloud.workflows.jsonata import is_expression
from serverless_cloud.workflows.problems import Problem, schema

COMMON = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_SIFTED = {"InputPath", "OutputPath"}
_OUTPUT = {"Output", "Assign"}

FIELDS: dict[str, set[str]] = {
    "Pass": {"Result", "ResultPath", "Parameters"} | _SIFTED | _OUTPUT | _FLOW,
    "Task": {
        "ResultPath", "Parameters", "Arguments", "Resource", "Credentials", "ResultSelector", "Retry", "Catch",
        "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath",
    } | _SIFTED | _OUTPUT | _FLOW,
    "Wait": {"Seconds", "Timestamp", "SecondsPath", "TimestampPath"} | _SIFTED | _OUTPUT | _FLOW,
    "Parallel": {"ResultPath", "Parameters", "Arguments", "ResultSelector", "Retry", "Catch", "Branches"}
    | _SIFTED | _OUTPUT | _FLOW,
    "Map": {
        "ResultPath", "Parameters", "ResultSelector", "Retry", "Catch", "ItemProcessor", "Iterator", "ItemsPath",
        "Items", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "MaxConcurrency", "MaxConcurrencyPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "ToleratedFailureCount",
        "ToleratedFailureCountPath", "Label",
    } | _SIFTED | _OUTPUT | _FLOW,
    "Choice": {"Choices", "Default"} | _SIFTED | _OUTPUT,
    "Succeed": {"Output"} | _SIFTED,
    "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
}  # fmt: skip

REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}

JSONPATH_ONLY = (
    "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "ItemsPath",
    "TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "ErrorPath", "CausePath",
)  # fmt: skip
JSONATA_ONLY = ("Arguments", "Output", "Items")

#: Not together.
_ONE_OF = (
    ("Next", "End"), ("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("SecondsPath", "Seconds", "TimestampPath", "Timestamp"), ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"), ("Error", "ErrorPath"), ("Cause", "CausePath"),
    ("ItemProcessor", "Iterator"),
)  # fmt: skip

#: Least and greatest value of numbers.
_NUMBERS: dict[str, tuple[float, float | None]] = {
    "TimeoutSeconds": (1, 99_999_999),
    "HeartbeatSeconds": (1, 99_999_999),
    "Seconds": (0, 99_999_999),
    "MaxConcurrency": (0, None),
    "ToleratedFailurePercentage": (0.0, 100.0),
    "ToleratedFailureCount": (0, None),
}
RETRY_NUMBERS: dict[str, tuple[float, float | None]] = {
    "IntervalSeconds": (0, 99_999_999),
    "MaxAttempts": (0, 99_999_999),
    "BackoffRate": (1.0, None),
    "MaxDelaySeconds": (1, 31_622_400),
}
_REALS = ("BackoffRate", "ToleratedFailurePercentage")
_TEXTS = ("Comment", "Next", "Default", "Error", "Cause", "Resource", "Label", "Timestamp")
#: Paths that must name one place of the input.
_REFERENCES = (
    "TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath", "ToleratedFailureCountPath",
)  # fmt: skip


def field_problems(kind: str, state: JsonObject, language: str, place: str) -> Iterator[Problem]:
    """Problems with the fields of a state that every type may have, or that have a simple value.

    Args:
        kind: its Type, a known one.
        language: JSONPath or JSONata, as it applies to this state.
        place: of the state.
    """
    yield from unknown_fields(state, COMMON | FIELDS[kind], place)
    yield from missing_fields(state, REQUIRED.get(kind, ()), place)
    yield from language_problems(state, language, place)
    yield from _together(kind, state, place)
    for name, value in state.items():
        where = f"{place}/{name}"
        if name in _NUMBERS:
            yield from number_problems(value, name, _NUMBERS[name], language, where)
        elif name in _TEXTS and not isinstance(value, str):
            yield schema("Expected value of type String", where)
        elif name == "End" and not isinstance(value, bool):
            yield schema("Expected value of type Boolean", where)
        elif name in ("InputPath", "OutputPath", "ResultPath", "ItemsPath", "ErrorPath", "CausePath", *_REFERENCES):
            yield from path_problems(name, value, where)


def unknown_fields(fields: Iterable[str], known: Container[str], place: str) -> Iterator[Problem]:
    """Fields that there are not."""
    return (schema(f"Field '{name}' is not supported", place) for name in fields if name not in known)


def missing_fields(fields: Container[str], required: Iterable[str], place: str) -> Iterator[Problem]:
    """Fields that have to be there: one problem for all of them."""
    if missing := [name for name in required if name not in fields]:
        yield schema(f"These fields are required: [{', '.join(missing)}]", place)


def language_problems(fields: JsonObject, language: str, place: str) -> Iterator[Problem]:
    """Fields of the other query language."""
    other, unfit = ("JSONata", JSONATA_ONLY) if language == "JSONPath" else ("JSONPath", JSONPATH_ONLY)
    for name in fields:
        if name in unfit or name == {"JSONata": "Condition", "JSONPath": "Variable"}[other]:
            yield schema(
                f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the '{other}' "
                "QueryLanguage",
                place,
            )


def _together(kind: str, state: JsonObject, place: str) -> Iterator[Problem]:
    for names in _ONE_OF:
        fields = [name for name in names if name in state and not (name == "End" and state[name] is False)]
        if len(fields) > 1:
            yield schema(f"There should only be one of the following fields: [{', '.join(names)}]", place)
        needed = names[0] in FIELDS[kind] and (
            names[0] == "Next"
            or (kind == "Wait" and names[0] == "SecondsPath")
            or (kind == "Map" and names[0] == "ItemProcessor")
        )
        if needed and not fields:
            yield schema(f"This object should have only one of the following fields: [{', '.join(names)}]", place)


def number_problems(
    value: object, name: str, bounds: tuple[float, float | None], language: str, place: str
) -> Iterator[Problem]:
    """Problems with a number, which JSONata may compute."""
    if language == "JSONata" and is_expression(value):
        return
    real = name in _REALS
    if isinstance(value, bool) or not isinstance(value, (int, float) if real else int):
        yield schema(f"Expected value of type {'Double' if real else 'Integer'}", place)
        return
    least, most = bounds
    if value < least:
        yield schema(f"Minimum value is {least}", place)
    elif most is not None and value > most:
        yield schema(f"Maximum value is {most}", place)


def path_problems(name: str, value: object, place: str) -> Iterator[Problem]:
    """Problems with the value of a field that takes a path."""
    if value is None and name in ("InputPath", "OutputPath", "ResultPath"):
        return
    if not isinstance(value, str):
        yield schema("Expected value of type String", place)
    elif name == "ResultPath" or name in _REFERENCES:
        if not is_reference(value) and not (name != "ResultPath" and is_path(value) and _is_variable(value)):
            yield schema("Value is not a Reference Path", place)
    elif not is_path(value) and not (name in ("ErrorPath", "CausePath") and is_call(value)):
        yield schema("Value is not a valid JSONPath", place)


def _is_variable(text: str) -> bool:
    return text[:1] == "$" and (text[1:2].isalpha() or text[1:2] == "_")

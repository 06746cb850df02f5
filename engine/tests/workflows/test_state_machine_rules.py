"""What may be a definition: codes, words and places as AWS's validator tells them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_cloud.workflows.definition import problems
from serverless_cloud.workflows.problems import as_text

DONE = {"Type": "Succeed"}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:pay"
NEXT_OR_END = "This object should have only one of the following fields: [Next, End]"


def steps(**states: Any) -> dict[str, Any]:
    """A definition of these states, the first of which begins."""
    return {"StartAt": next(iter(states)), "States": states}


def note(**more: Any) -> dict[str, Any]:
    """A definition of one Pass state with these fields."""
    return steps(Note={"Type": "Pass", "End": True} | more)


def pay(**more: Any) -> dict[str, Any]:
    """A definition of one Task that calls a function, with these fields."""
    return steps(Pay={"Type": "Task", "Resource": FUNCTION, "End": True} | more)


def ask(*rules: Any, **more: Any) -> dict[str, Any]:
    """A definition of one Choice with these rules."""
    return steps(Ask={"Type": "Choice", "Choices": list(rules), "Default": "Done"} | more, Done=DONE)


def jsonata(definition: dict[str, Any]) -> dict[str, Any]:
    """The same in JSONata."""
    return {"QueryLanguage": "JSONata"} | definition


def each(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition of one Map."""
    return steps(Each={"Type": "Map", "ItemProcessor": processor, "End": True} | more)


def told(definition: Any, kind: str = "STANDARD") -> list[tuple[str, str, str | None]]:
    """Code, message and place of all that is wrong."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [(found.code, found.message, found.place) for found in problems(text, kind)]


SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
TEMPLATE = "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call"
LANGUAGE = "The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage"
TYPES = "Value should be one of the following: [Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait]"
OPERATOR = "This object should have only one comparison operator, such as StringEquals"
WAITS = "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]"


def one(message: str, place: str) -> list[tuple[str, str, str | None]]:
    """A problem of the commonest code."""
    return [(SCHEMA, message, place)]


def missing(name: str, place: str) -> tuple[str, str, str | None]:
    """A target that is not there."""
    return (TARGET, f"Missing 'Next' target: {name}", place)


def lost(name: str, scope: str = "") -> tuple[str, str, str | None]:
    """A state that nothing leads to."""
    return (TARGET, f'State "{name}" is not reachable.', f"{scope}/States/{name}")


GOOD: dict[str, Any] = {
    "pass": note(),
    "paths": note(Parameters={"a.$": "$.a[0]['b c']", "b.$": "$$.Execution.Id", "c": [{"d.$": "$total.x"}]}),
    "intrinsic": note(Parameters={"a.$": "States.Format('{} \\'{}\\'', $.a, States.MathAdd($.n[0], -1))"}),
    "null paths": note(InputPath=None, ResultPath=None),
    "retry": pay(
        Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 0, "BackoffRate": 1.5}, {"ErrorEquals": ["States.ALL"]}]
    ),
    "timeout": pay(TimeoutSecondsPath="$.s", HeartbeatSeconds=5),
    "choice": ask(
        {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "IsNull": True}}], "Next": "Done"}
    ),
    "jsonata": jsonata(note(Output="{% $states.input.items[price > 3].lamp %}", Assign={"n": "{% 1 + 1 %}"})),
    "jsonata wait": jsonata(steps(Dry={"Type": "Wait", "Seconds": "{% $states.input.s %}", "End": True})),
    "jsonata state": steps(
        Note={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "End": True}
    ),
    "condition": jsonata(ask({"Condition": "{% $states.input.n > 3 %}", "Next": "Done", "Output": {"a": 1}})),
    "map": each(steps(One=DONE), ItemsPath="$.items", MaxConcurrency=2),
    "iterator": steps(Each={"Type": "Map", "Iterator": steps(One=DONE), "End": True}),
    "end false": steps(A={"Type": "Pass", "End": False, "Next": "B"}, B=DONE),
    "fail": steps(Stop={"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"}),
    "loop": steps(
        Look={
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "StringEquals": "b", "Next": "Done"}],
            "Default": "Dry",
        },
        Dry={"Type": "Wait", "Seconds": 5, "Next": "Look"},
        Done=DONE,
    ),
}


@pytest.mark.parametrize("definition", GOOD.values(), ids=GOOD)
def test_what_is_right(definition: dict[str, Any]) -> None:
    assert told(definition) == []


BAD: dict[str, tuple[Any, list[tuple[str, str, str | None]]]] = {
    "empty": ("", [("MISSING_DESCRIPTION", "The definition is empty", None)]),
    "no object": ("[]", one("Expected value of type Object", "")),
    "nothing in it": ({}, one("These fields are required: [StartAt, States]", "")),
    "no start": ({"States": {"Done": DONE}}, one("These fields are required: [StartAt]", "")),
    "no states": ({"StartAt": "Done", "States": {}}, one("Value cannot be empty", "/States")),
    "unknown at the top": (note() | {"Coment": ""}, one("Field 'Coment' is not supported", "")),
    "version": (note() | {"Version": "2.0"}, one("Value should be one of the following: [1.0]", "/Version")),
    "start": ({"StartAt": "Nobody", "States": {"Done": DONE}}, [missing("Nobody", "/StartAt"), lost("Done")]),
    "next": (steps(A={"Type": "Pass", "Next": "Nobody"}, B=DONE), [missing("Nobody", "/States/A/Next"), lost("B")]),
    "default and catch": (
        steps(
            Ask={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "X"}], "Default": "Pay"},
            Pay={
                "Type": "Task",
                "Resource": FUNCTION,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Y"}],
                "End": True,
            },
        ),
        [missing("X", "/States/Ask/Choices[0]/Next"), missing("Y", "/States/Pay/Catch[0]/Next")],
    ),
    "no end": (
        steps(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
        [("MISSING_END_STATE", "Workflow has no terminal state", None)],
    ),
    "no type": (steps(A={"End": True}), one("These fields are required: [Type]", "/States/A")),
    "unknown type": (steps(A={"Type": "Pas", "End": True}), one(TYPES, "/States/A/Type")),
    "neither next nor end": (
        steps(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass"}, C=DONE),
        [(SCHEMA, NEXT_OR_END, "/States/B"), lost("C")],
    ),
    "both next and end": (
        steps(A={"Type": "Pass", "Next": "B", "End": True}, B=DONE),
        one("There should only be one of the following fields: [Next, End]", "/States/A"),
    ),
    "no resource": (
        steps(Pay={"Type": "Task", "End": True}),
        one("These fields are required: [Resource]", "/States/Pay"),
    ),
    "resource": (pay(Resource="pay"), one("Value is not a valid resource ARN", "/States/Pay/Resource")),
    "unknown field": (note(Foo=1), one("Field 'Foo' is not supported", "/States/Note")),
    "catch on pass": (note(Catch=[]), one("Field 'Catch' is not supported", "/States/Note")),
    "path": (note(InputPath="order"), one("Value is not a valid JSONPath", "/States/Note/InputPath")),
    "half a path": (note(OutputPath="$.a["), one("Value is not a valid JSONPath", "/States/Note/OutputPath")),
    "reference": (note(ResultPath="$.a[*]"), one("Value is not a Reference Path", "/States/Note/ResultPath")),
    "template": (note(Parameters={"x": {"a.$": "order"}}), one(TEMPLATE, "/States/Note/Parameters")),
    "intrinsic": (note(Parameters={"a.$": "States.Formt('{}', $.a)"}), one(TEMPLATE, "/States/Note/Parameters")),
    "jsonata field": (note(Output={}), one(LANGUAGE.format("JSONPath", "Output", "JSONata"), "/States/Note")),
    "jsonpath field": (
        jsonata(note(ResultPath="$.a")),
        one(LANGUAGE.format("JSONata", "ResultPath", "JSONPath"), "/States/Note"),
    ),
    "jsonpath in jsonata": (
        jsonata(note(QueryLanguage="JSONPath")),
        one("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", "/States/Note"),
    ),
    "jsonata that cannot be read": (
        jsonata(note(Output={"v": "{% 1 + %}"})),
        [("INVALID_JSONATA_EXPRESSION", "Unexpected end of expression", "/States/Note/Output/v")],
    ),
    "jsonata without an input": (
        jsonata(note(Output={"v": "{% lamp & $states.input.lamp %}"})),
        [
            (
                "UNSUPPORTED_JSONATA_EXPRESSION",
                "Reference to 'lamp' at the top level is not supported.",
                "/States/Note/Output/v",
            )
        ],
    ),
    "half an expression": (
        jsonata(note(Output="{% 1")),
        one("JSONata string must start with {% and end with %}", "/States/Note/Output"),
    ),
    "retry numbers": (
        pay(Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": -1, "BackoffRate": 0.5, "IntervalSeconds": "1"}]),
        [
            (SCHEMA, "Expected value of type Integer", "/States/Pay/Retry[0]/IntervalSeconds"),
            (SCHEMA, "Minimum value is 0", "/States/Pay/Retry[0]/MaxAttempts"),
            (SCHEMA, "Minimum value is 1.0", "/States/Pay/Retry[0]/BackoffRate"),
        ],
    ),
    "states all": (
        pay(Retry=[{"ErrorEquals": ["States.ALL", "Busy"]}]),
        one("States.ALL must appear alone and at end of list", "/States/Pay/Retry[0]/ErrorEquals"),
    ),
    "no errors": (
        pay(Retry=[{"MaxAttempts": 1}]),
        one("These fields are required: [ErrorEquals]", "/States/Pay/Retry[0]"),
    ),
    "timeout": (pay(TimeoutSeconds=0), one("Minimum value is 1", "/States/Pay/TimeoutSeconds")),
    "wait": (steps(Dry={"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True}), one(WAITS, "/States/Dry")),
    "no rules": (ask(), one("Value cannot be empty", "/States/Ask/Choices")),
    "rule without next": (
        ask({"Variable": "$.a", "IsNull": True}),
        one("These fields are required: [Next]", "/States/Ask/Choices[0]"),
    ),
    "next inside": (
        ask({"Not": {"Variable": "$.a", "IsNull": True, "Next": "Done"}, "Next": "Done"}),
        one("Field 'Next' is not supported", "/States/Ask/Choices[0]/Not"),
    ),
    "kind of operand": (
        ask({"Variable": "$.a", "NumericEquals": "1", "Next": "Done"}),
        one("Expected value of type Number", "/States/Ask/Choices[0]/NumericEquals"),
    ),
    "unknown operator": (
        ask({"Variable": "$.a", "StringIs": "b", "Next": "Done"}),
        [
            (SCHEMA, "Field 'StringIs' is not supported", "/States/Ask/Choices[0]"),
            (SCHEMA, OPERATOR, "/States/Ask/Choices[0]"),
        ],
    ),
    "two of a name": (
        steps(Both={"Type": "Parallel", "Branches": [steps(A=DONE), steps(A=DONE)], "End": True}),
        [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/Both/Branches[1]/States/A")],
    ),
    "two of a name in one object": (
        '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Succeed"}}}',
        [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States")],
    ),
    "inside a branch": (
        steps(Both={"Type": "Parallel", "Branches": [steps(A={"Type": "Pass", "Next": "Both"}, B=DONE)], "End": True}),
        [missing("Both", "/States/Both/Branches[0]/States/A/Next"), lost("B", "/States/Both/Branches[0]")],
    ),
    "processor": (
        each(steps(One=DONE) | {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
        one("These fields are required: [ExecutionType]", "/States/Each/ItemProcessor/ProcessorConfig"),
    ),
    "reader in line": (
        each(steps(One=DONE), ItemReader={}),
        one("Field 'ItemReader' is not supported", "/States/Each"),
    ),
    "language of a processor": (
        each(steps(One=DONE) | {"QueryLanguage": "JSONata"}),
        one("Field 'QueryLanguage' is not supported", "/States/Each/ItemProcessor"),
    ),
}


@pytest.mark.parametrize(("definition", "wanted"), BAD.values(), ids=BAD)
def test_what_is_wrong(definition: Any, wanted: list[tuple[str, str, str | None]]) -> None:
    assert told(definition) == wanted


def test_no_json() -> None:
    ((code, message, place),) = told('{"StartAt": }')
    assert (code, place) == ("INVALID_JSON_DESCRIPTION", None)
    assert message.startswith("Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number,")


def test_express_machines_have_less() -> None:
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {},
        "End": True,
    }
    assert told(steps(Ask=wait)) == []
    assert told(steps(Ask=wait), "EXPRESS") == [
        (
            SCHEMA,
            "Express state machine does not support '.waitForTaskToken' service integration",
            "/States/Ask/Resource",
        )
    ]


def test_all_in_one_message() -> None:
    text = as_text(
        problems(json.dumps(steps(pass1={"Type": "Pass", "Next": "pass3"}, pass2={"Type": "Pass", "End": True})))
    )
    assert text == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at "
        '/States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2\''
    )
    loop = steps(A={"Type": "Pass", "Next": "A"})
    assert as_text(problems(json.dumps(loop))).endswith("'MISSING_END_STATE: Workflow has no terminal state at null'")


def test_deeply_nested_definitions_end() -> None:
    definition: Any = steps(S=DONE)
    for number in range(30):
        definition = steps(**{f"P{number}": {"Type": "Parallel", "Branches": [definition], "End": True}})
    assert "TOO_DEEPLY_NESTED" in [code for code, _, _ in told(definition)]
    assert told("[" * 100_000)[0][0] == "INVALID_JSON_DESCRIPTION"

"""TestState runs a single state, with and without a mock; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")

NOTE = states.steps(Note={"Type": "Pass", "End": True})
PRICE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "price", "Payload.$": "$"},
    "ResultSelector": {"yen.$": "$.Payload.yen"},
    "ResultPath": "$.price",
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["Sold"], "Next": "Other"}, {"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
    "Next": "Ship",
}
EACH = {
    "Type": "Map",
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
        "Parameters": {"Bucket": "shop", "Key": "lamps.csv"},
    },
    "ItemSelector": {"lamp.$": "$$.Map.Item.Value.lamp"},
    "ItemProcessor": NOTE | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
    "End": True,
}
#: What must be JSON in the request.
_JSON = ("definition", "input", "variables", "context")


def tried(definition: dict[str, Any], **given: Any) -> dict[str, Any]:
    """TestState's answer. Args: given: its parameters, from Python."""
    whole = {"definition": definition, "roleArn": states.ROLE} | given
    told = states.states().test_state(**{n: json.dumps(v) if n in _JSON else v for n, v in whole.items()})
    return {name: value for name, value in told.items() if name != "ResponseMetadata"}


def mocked(value: Any, **more: Any) -> dict[str, Any]:
    """A mock with a result."""
    return {"result": json.dumps(value)} | more


def fails(error: str) -> dict[str, Any]:
    """A mock with an error."""
    return {"errorOutput": {"error": error, "cause": "why not"}}


def test_states_that_need_no_service() -> None:
    note = {"Type": "Pass", "Result": {"n": 1}, "ResultPath": "$.note", "Next": "Ship"}
    assert tried(note, input={"id": 7}, inspectionLevel="DEBUG") == {
        "status": "SUCCEEDED",
        "output": '{"id":7,"note":{"n":1}}',
        "nextState": "Ship",
        "inspectionData": {
            "input": '{"id":7}',
            "afterInputPath": '{"id":7}',
            "result": '{"n":1}',
            "afterResultPath": '{"id":7,"note":{"n":1}}',
            "variables": "{}",
        },
    }
    rules = [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}]
    assert tried({"Type": "Choice", "Choices": rules, "Default": "Other"}, input={"n": 1})["nextState"] == "One"
    assert tried({"Type": "Fail", "Error": "Sold", "Cause": "out"}) == {
        "status": "FAILED",
        "error": "Sold",
        "cause": "out",
    }


def test_a_mocked_result_goes_through_the_state() -> None:
    mock = mocked({"StatusCode": 200, "Payload": {"yen": 9}})
    told = tried(PRICE, input={"n": 3}, mock=mock, inspectionLevel="TRACE")
    assert (told["status"], told["nextState"], told["output"]) == ("SUCCEEDED", "Ship", '{"n":3,"price":{"yen":9}}')
    data = told["inspectionData"]
    assert json.loads(data["afterParameters"]) == {"FunctionName": "price", "Payload": {"n": 3}}
    assert (json.loads(data["result"])["Payload"], data["afterResultSelector"]) == ({"yen": 9}, '{"yen":9}')


def test_without_a_mock_the_service_is_called(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    return {'yen': 400 * event['n']}\n")
    assert tried(PRICE, input={"n": 3})["output"] == '{"n":3,"price":{"yen":1200}}'


@pytest.mark.parametrize(
    ("error", "retries", "status", "following", "details"),
    [
        ("Busy", 0, "RETRIABLE", None, {"retryIndex": 0, "retryBackoffIntervalSeconds": 2}),
        ("Busy", 1, "RETRIABLE", None, {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}),
        ("Busy", 2, "CAUGHT_ERROR", "Sorry", {"catchIndex": 1}),
        ("Sold", 0, "CAUGHT_ERROR", "Other", {"catchIndex": 0}),
        ("States.Runtime", 0, "FAILED", None, None),
    ],
)
def test_a_mocked_error_is_retried_caught_or_fails(
    error: str, retries: int, status: str, following: str | None, details: dict[str, int] | None
) -> None:
    settings = {"retrierRetryCount": retries}
    told = tried(PRICE, mock=fails(error), stateConfiguration=settings, inspectionLevel="DEBUG")
    assert (told["status"], told.get("nextState"), told["error"]) == (status, following, error)
    assert told["inspectionData"].get("errorDetails") == details
    if status == "CAUGHT_ERROR":
        assert json.loads(told["output"]) == {"Error": error, "Cause": "why not"}


def test_a_state_of_a_machine_with_variables_and_context() -> None:
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": "approvals", "MessageBody": "{% $states.context.Task.Token & $lamp %}"},
        "Assign": {"ok": "{% $states.result.ok %}"},
        "Output": "{% $states.context.State.RetryCount %}",
        "End": True,
    }
    branch = {"Type": "Parallel", "Branches": [states.steps(Ask=ask)], "End": True}
    machine = {"QueryLanguage": "JSONata"} | states.steps(Both=branch)
    given = {"variables": {"lamp": "andon"}, "context": {"Task": {"Token": "t-"}}, "inspectionLevel": "DEBUG"}
    settings = {"retrierRetryCount": 2}
    told = tried(machine, stateName="Ask", mock=mocked({"ok": True}), stateConfiguration=settings, **given)
    assert (told["status"], told["output"]) == ("SUCCEEDED", "2")
    data = told["inspectionData"]
    assert json.loads(data["afterArguments"])["MessageBody"] == "t-andon"
    assert json.loads(data["variables"]) == {"lamp": "andon", "ok": True}
    assert "afterInputPath" not in data


def test_a_distributed_map() -> None:
    settings = {"mapItemReaderData": "lamp,n\nandon,1\nchochin,2\n"}
    told = tried(EACH, mock=mocked([1, 2]), stateConfiguration=settings, inspectionLevel="DEBUG")
    assert told["output"] == "[1,2]"
    assert json.loads(told["inspectionData"]["afterItemSelector"]) == [{"lamp": "andon"}, {"lamp": "chochin"}]
    assert told["inspectionData"]["toleratedFailureCount"] == 0
    settings["mapIterationFailureCount"] = 1  # type: ignore[assignment]
    told = tried(EACH, mock=mocked([1, 2]), stateConfiguration=settings)
    assert (told["status"], told["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_an_error_inside_of_a_parallel_state() -> None:
    both = {"Type": "Parallel", "Branches": [NOTE], "End": True}
    settings = {"errorCausedByState": "Note"}
    told = tried(both, mock=fails("States.Runtime"), stateConfiguration=settings)
    assert told["cause"].startswith("An error occurred while executing the state 'Note' ")


@pytest.mark.parametrize(
    ("definition", "given", "code", "message"),
    [
        ({"Type": "Pass", "Nxt": 1, "End": True}, {}, "InvalidDefinition", "Field 'Nxt' is not supported at /'"),
        ({"Type": "Pass", "End": True}, {"mock": mocked(1)}, "ValidationException", "when a mock is specified"),
        (EACH, {}, "ValidationException", "State type 'Map' is not supported when a mock is not specified"),
        (PRICE, {"mock": mocked(1) | fails("x")}, "ValidationException", "[result, errorOutput]"),
        (PRICE, {"mock": {"result": "no"}}, "ValidationException", "must be valid JSON"),
        (PRICE, {"mock": mocked({"StatusCode": "200"})}, "ValidationException", "'/StatusCode' must be a number"),
        (PRICE, {"mock": mocked({"Statuscode": 200})}, "ValidationException", "'/Statuscode' is not in the API"),
        (PRICE, {"context": {}}, "ValidationException", "context can only be specified when a mock"),
        (NOTE, {"stateName": "Ship"}, "ValidationException", "State 'Ship' was not found"),
    ],
)
def test_what_is_refused(kit: Any, definition: Any, given: dict[str, Any], code: str, message: str) -> None:
    refused = kit.refused(lambda: tried(definition, **given))
    assert (refused.code, message in refused.message) == (code, True), refused.message


def test_a_mock_that_is_not_validated_may_be_anything() -> None:
    told = tried(PRICE, mock=mocked({"Statuscode": "200", "Payload": {"yen": 9}}, fieldValidationMode="NONE"))
    assert told["output"] == '{"price":{"yen":9}}'


def test_a_trial_leaves_nothing_behind() -> None:
    tried({"Type": "Pass", "End": True})
    assert states.states().list_state_machines()["stateMachines"] == []

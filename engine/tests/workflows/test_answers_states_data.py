"""What states make of data, and what definitions may say, as on AWS; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")


def passed(given: Any = None, **state: Any) -> Any:
    """The output of one Pass state."""
    return states.succeeded(states.run_once(states.steps(Note={"Type": "Pass", "End": True} | state), given))


@pytest.mark.parametrize("path", ["$.items[*]", "$.items[*].price", "$.shop.items[1:]", "$.items[1:5].price", "$..x"])
def test_a_path_to_many_that_finds_nothing_is_an_empty_list(path: str) -> None:
    assert passed(Parameters={"found.$": path}) == {"found": []}


def test_blanks_after_paths_and_arrays() -> None:
    assert passed({"n": 1}, Parameters=[{"n.$": "$.n"}, 7, "$.lamps"]) == [{"n": 1}, 7, "$.lamps"]
    assert passed(Parameters={"name.$": "$$.State.Name "}) == {"name": "Note"}


def test_the_state_in_the_context_counts_retries_only_where_there_are_some() -> None:
    assert set(passed(Parameters={"state.$": "$$.State"})["state"]) == {"EnteredTime", "Name"}
    task = states.task("aws-sdk:sts:getCallerIdentity", {}, ResultSelector={"state.$": "$$.State"})
    assert states.succeeded(states.run_once(states.steps(Who=task)))["state"]["RetryCount"] == 0


def test_jsonata_unwraps_a_range_of_one() -> None:
    note = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": ["{% [1..1] %}", "{% [1..2] %}", "{% [1] %}"]}
    assert states.succeeded(states.run_once(states.steps(Note=note | {"End": True}))) == [1, [1, 2], [1]]


def test_two_fields_of_one_name_are_refused(kit: Any) -> None:
    both = states.steps(Note={"Type": "Pass", "Parameters": {"n": 1, "n.$": "$.n"}, "End": True})
    refused = kit.refused(lambda: states.machine(both))
    assert (refused.code, "'n' and 'n.$'" in refused.message) == ("InvalidDefinition", True)


def test_own_errors_may_be_called_as_steps_functions_calls_its_own() -> None:
    fail = states.steps(Fail={"Type": "Fail", "Error": "States.QuorumMet"})
    vote = {
        "Type": "Parallel",
        "Branches": [fail],
        "Catch": [{"ErrorEquals": ["States.QuorumMet"], "Next": "Done"}],
        "End": True,
    }
    run = states.run_once(states.steps(Vote=vote, Done=states.DONE))
    assert states.succeeded(run)["Error"] == "States.QuorumMet"


def test_an_inline_map_may_tolerate_failures() -> None:
    each = {"Type": "Map", "ItemProcessor": states.steps(Note={"Type": "Pass", "End": True}), "End": True}
    tolerant = {"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 5}
    assert states.succeeded(states.run_once(states.steps(Each=each | tolerant), [1, 2])) == [1, 2]
    computed = dict.fromkeys(tolerant, "{% 1 %}") | {"QueryLanguage": "JSONata", "Items": [1]}
    assert states.succeeded(states.run_once(states.steps(Each=each | computed))) == [1]


def test_a_definition_that_moto_cannot_read_leaves_nothing_behind(kit: Any) -> None:
    bad = {"QueryLanguage": "JSONata"} | legacy(Label="l" * 41)
    kit.refused(lambda: states.machine(bad, "bad"), "InvalidDefinition")
    assert passed(Parameters={"n": 1}) == {"n": 1}


def legacy(**more: Any) -> dict[str, Any]:
    """A distributed Map with the older names of its fields."""
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    iterator = states.steps(Note={"Type": "Pass", "End": True}) | mode
    return states.steps(Each={"Type": "Map", "Iterator": iterator, "End": True} | more)


def test_a_distributed_map_with_the_older_names() -> None:
    run = states.run_once(legacy(Parameters={"n.$": "$$.Map.Item.Value"}), [1, 2])
    assert states.succeeded(run) == [{"n": 1}, {"n": 2}]
    assert "MapRunStarted" in run.types


def test_what_item_reader_makes_of_objects_and_empty_lines(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="one.json", Body=b'{"lamp": "andon"}')
    s3.put_object(Bucket="shop", Key="lamps.csv", Body=b"lamp,n\nandon,1\n\nchochin,2\n")

    def read(key: str, **config: str) -> states.Run:
        place = {"Bucket": "shop", "Key": key}
        reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Parameters": place}
        return states.run_once(legacy(ItemReader=reader))

    one = read("one.json", InputType="JSON")
    states.failed(one, "States.ItemReaderFailed", cause="Attempting to map over non-iterable node.")
    assert "MapRunFailed" in one.types
    lamps = states.succeeded(read("lamps.csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW"))
    assert lamps == [{"lamp": "andon", "n": "1"}, {"lamp": "", "n": ""}, {"lamp": "chochin", "n": "2"}]


def failed_task(call: str, parameters: Any) -> dict[str, Any]:
    """The details of the event of a task that has failed."""
    run = states.run_once(states.steps(Call=states.task(call, parameters)))
    assert run.status == "FAILED"
    return run.details("TaskFailed")[0]


def test_what_services_refuse_is_told_in_awss_words() -> None:
    missing = failed_task("lambda:invoke", {"FunctionName": "lamps", "Payload": {}})
    assert missing["error"] == "Lambda.ResourceNotFoundException"
    assert missing["cause"].startswith(
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:lamps:$LATEST (Service: AWSLambda; Status "
        "Code: 404; Error Code: ResourceNotFoundException; Request ID: "
    )
    bucket = failed_task("aws-sdk:s3:listObjectsV2", {"Bucket": "no-such-lamps"})
    assert bucket["error"] == "S3.NoSuchBucketException"
    assert ", Extended Request ID: " in bucket["cause"]
    secret = failed_task("aws-sdk:secretsmanager:createSecret", {"Name": "an order", "SecretString": "1"})
    assert secret["error"] == "SecretsManager.SecretsManagerException"
    assert secret["cause"].startswith(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@! "
        "(Service: SecretsManager, Status Code: 400, Request ID: "
    )


def test_a_function_tells_lambdas_own_paths(kit: Any) -> None:
    arn = kit.deploy("price", "def handler(event, context):\n    raise ValueError('sold out')\n")
    run = states.run_once(states.steps(Price={"Type": "Task", "Resource": arn, "End": True}))
    states.failed(run, "ValueError", '  File \\"/var/task/price.py\\", line 2, in handler')


def test_nested_executions_get_an_empty_object_for_no_input() -> None:
    child = states.machine(states.steps(Note={"Type": "Pass", "End": True}), "child")
    call = states.task("states:startExecution.sync:2", {"StateMachineArn": child, "Input.$": "$.given"})
    assert states.succeeded(states.run_once(states.steps(Call=call), {"given": None}))["Input"] == {}


@pytest.mark.parametrize(
    ("state", "place", "end"),
    [
        ({"Output": {"lamps": [1, "{% $no %}"]}}, "Output/lamps[1]", "returned nothing (undefined)."),
        ({"Assign": {"a": {"b": "{% $no %}"}}}, "Assign/a/b", "returned nothing (undefined)."),
        (
            {"Type": "Choice", "Choices": [{"Condition": "{% 5 %}", "Next": "Done"}], "End": None},
            "Choices[0]/Condition",
            "returned an unexpected result type. Expected 'boolean', but was 'number' for value: 5",
        ),
        (
            {"Type": "Wait", "Seconds": "{% 'x' %}"},
            "Seconds",
            "returned an unexpected result type. Expected 'integer', but was 'string' for value: \"x\"",
        ),
        (
            {"Output": "{% $abs('x') %}"},
            "Output",
            'threw an error during evaluation. T0410: Argument 1 of function "abs" does not match function signature',
        ),
    ],
)
def test_a_jsonata_failure_names_the_field(state: dict[str, Any], place: str, end: str) -> None:
    whole = {"Type": "Pass", "QueryLanguage": "JSONata", "End": True} | state
    note = {name: value for name, value in whole.items() if value is not None}
    run = states.run_once(states.steps(Note=note, **({"Done": states.DONE} if note["Type"] == "Choice" else {})))
    (event,) = run.details("EvaluationFailed")
    assert (event["location"], event["state"]) == (place, "Note")
    assert event["cause"].endswith(f"' specified for the field '{place}' {end}")
    states.failed(run, "States.QueryEvaluationError", cause=event["cause"])


def test_a_cause_names_the_event_of_entering_the_state() -> None:
    task = states.task("aws-sdk:sts:getCallerIdentity", {}, ResultSelector={"a.$": "$.nobody"})
    run = states.run_once(states.steps(Who=task))
    states.failed(
        run, "States.Runtime", "An error occurred while executing the state 'Who' (entered at the event id #2)"
    )
    assert "TaskSucceeded" in run.types


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("States.ArrayGetItem($.a, 9)", "States.IntrinsicFailure"),
        ("States.StringToJson('{')", "States.IntrinsicFailure"),
        ("States.Format('{}', $.no)", "States.Runtime"),
    ],
)
def test_an_intrinsic_function_that_fails_is_named(call: str, error: str) -> None:
    run = states.run_once(states.steps(Note={"Type": "Pass", "Parameters": {"v.$": call}, "End": True}), {"a": []})
    states.failed(run, error, f"The function '{call}' had the following error: ")


def test_intrinsic_functions_round_fractions() -> None:
    assert passed(Parameters={"v.$": "States.MathAdd(1.5, -1.5)"}) == {"v": 1}


def test_a_state_that_does_not_end_may_say_so() -> None:
    note = {"Type": "Pass", "End": False, "Next": "Done"}
    assert states.run_once(states.steps(Note=note, Done=states.DONE)).entered == ["Note", "Done"]


def test_a_name_in_quotes_may_have_a_backslash() -> None:
    assert passed({'a\\"b': 1}, Parameters={"v.$": "$['a\\\"b']"}) == {"v": 1}
    assert passed({'a"b': 1}, Parameters={"v.$": "$['a\\\"b']"}) == {"v": 1}


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_a_runtime_error_inside_of_a_state_ends_the_execution(kind: str) -> None:
    inner = states.steps(Note={"Type": "Pass", "Parameters": {"v.$": "$.nobody"}, "End": True})
    works: dict[str, dict[str, Any]] = {"Parallel": {"Branches": [inner]}, "Map": {"ItemProcessor": inner}}
    both = {"Type": kind, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}], "End": True} | works[kind]
    run = states.failed(states.run_once(states.steps(Both=both, Done=states.DONE), [{}]), "States.Runtime")
    assert run.cause.startswith("An error occurred while executing the state 'Note' (entered at the event id #")
    assert (run.cause.count("An error occurred"), f"{kind}StateFailed" in run.types) == (1, False)


@pytest.mark.parametrize("config", [{"Mode": "INLINE"}, {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}])
@pytest.mark.parametrize("own", [{}, {"QueryLanguage": "JSONPath"}])
def test_states_inside_a_jsonata_state_have_the_language_of_the_machine(config: Any, own: Any) -> None:
    note = {"Type": "Pass", "Parameters": {"id.$": "$"}, "End": True} | own
    each = {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% [1, 2] %}", "End": True}
    definition = states.steps(Each=each | {"ItemProcessor": {"ProcessorConfig": config} | states.steps(Note=note)})
    told = states.states().validate_state_machine_definition(definition=json.dumps(definition))
    assert (told["result"], told["diagnostics"]) == ("OK", [])
    assert states.succeeded(states.run_once(definition)) == [{"id": 1}, {"id": 2}]
    branch = states.steps(Inner=each | {"Type": "Parallel", "Branches": [states.steps(Note=note)]})
    del branch["States"]["Inner"]["Items"]
    assert states.succeeded(states.run_once(branch, 7)) == [{"id": 7}]


def test_an_intrinsic_function_takes_null() -> None:
    call = "States.Array(null, 'null, null', $.null, States.ArrayContains(States.Array(null),null))"
    assert passed({"null": 1}, Parameters={"found.$": call})["found"] == [None, "null, null", 1, True]


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        ({"QueryLanguage": "JSONata", "Cause": "{% 5 %}"}, "States.QueryEvaluationError",
         "The JSONata expression '5' specified for the field 'Cause' returned an unexpected result type. Expected "
         "'string', but was 'number' for value: 5"),
        ({"ErrorPath": "$.code"}, "States.Runtime", 'Reference path "$.code" must point to a string.'),
    ],
)  # fmt: skip
def test_error_and_cause_are_texts(state: Any, error: str, cause: str) -> None:
    run = states.run_once(states.steps(Stop={"Type": "Fail"} | state), {"code": 7})
    place = "An error occurred while executing the state 'Stop' (entered at the event id #2). "
    assert (run.status, run.error, run.cause) == ("FAILED", error, place + cause)
    assert run.types[-1] == "ExecutionFailed"


@pytest.mark.parametrize(
    ("field", "value"),
    [("MaxConcurrency", -1), ("ToleratedFailureCount", -1), ("ToleratedFailurePercentage", 101)],
)
def test_a_number_that_is_out_of_range_is_told_once(field: str, value: int) -> None:
    each = {"Type": "Map", "QueryLanguage": "JSONata", "Items": [1], "End": True, field: f"{{% {value} %}}"}
    run = states.run_once(states.steps(Each=each | {"ItemProcessor": states.steps(Note={"Type": "Pass", "End": True})}))
    assert run.error == "States.QueryEvaluationError"
    assert run.cause.endswith(f"specified for the field '{field}' returned a value that is out of range: {value}")
    assert len(run.details("EvaluationFailed")) == 1


def test_a_result_without_the_path_that_is_selected_fails_the_execution() -> None:
    task = states.task("aws-sdk:sts:getCallerIdentity", {}, ResultSelector={"shop.$": "$.Shop"})
    run = states.run_once(states.steps(Who=task))
    assert (run.error, run.types[-2:]) == ("States.Runtime", ["TaskSucceeded", "ExecutionFailed"])
    assert "The JSONPath '$.Shop' specified for the field 'shop.$' could not be found in the input '{" in run.cause

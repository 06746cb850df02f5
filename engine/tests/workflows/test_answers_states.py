"""What Step Functions' control plane answers, in AWS's words; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")

NOTE = states.steps(Note={"Type": "Pass", "End": True})
ARN = "arn:aws:states:us-east-1:123456789012"


def test_a_description_has_defaults_and_no_first_revision() -> None:
    arn = states.machine(NOTE)
    run = states.run(arn)
    of_machine = states.states().describe_state_machine(stateMachineArn=arn)
    of_run = states.states().describe_state_machine_for_execution(executionArn=run.arn)
    for told in (of_machine, of_run):
        assert told["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
        assert {"revisionId", "variableReferences"} & set(told) == set()
    bare = states.states().describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
    assert bare["definition"] == "{}"


def test_a_description_lists_the_variables_that_states_read() -> None:
    sums = {"Type": "Pass", "Assign": {"sum.$": "States.MathAdd($x, $bias)"}, "End": True}
    definition = states.steps(
        Start={"Type": "Pass", "Assign": {"bias": 4, "orders": [{"x": 1}]}, "Next": "First"},
        First={"Type": "Pass", "InputPath": "$orders[0]", "Next": "Each"},
        Each={"Type": "Map", "ItemsPath": "$orders", "ItemProcessor": states.steps(Sum=sums), "Next": "Last"},
        Last={
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {"a": "{% ($own := 1; $map($orders, function($o) { $o.x + $own })) %}", "b": "{% '$no' %}"},
            "End": True,
        },
    )
    told = states.states().describe_state_machine(stateMachineArn=states.machine(definition))
    expected = {"First": ["orders"], "Each": ["orders"], "Sum": ["bias", "x"], "Last": ["orders"]}
    assert told["variableReferences"] == expected


def _unchecked(call: str, **given: Any) -> Any:
    """A call that boto3 doesn't check before it sends it."""
    client = boto3.client("stepfunctions", config=Config(parameter_validation=False))
    return getattr(client, call)(**given)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'No content to map due to end-of-input\n at [Source: (String)""; line: 1, column: 0]'),
        ("lamps", "Unrecognized token 'lamps': was expecting (JSON String, Number, Array, Object or token 'null', "),
        ("NaN", "Non-standard token 'NaN': enable"),
        ("{'a': 1}", "(code 39)): was expecting double-quote to start field name"),
        ('{"a": }', "JsonParseException: Unexpected character ('}' (code 125)): expected a valid value (JSON String"),
        ("{", "core.io.JsonEOFException: Unexpected end-of-input: expected close marker for Object (start marker at ["),
    ],
)
def test_input_that_is_no_json(kit: Any, text: str, words: str) -> None:
    arn = states.machine(NOTE)
    refused = kit.refused(lambda: states.states().start_execution(stateMachineArn=arn, input=text))
    assert refused.code == "InvalidExecutionInput"
    assert refused.message.startswith("Invalid State Machine Execution Input: '")
    assert words in refused.message


def test_input_is_limited_in_bytes(kit: Any) -> None:
    arn, text = states.machine(NOTE), json.dumps("灯" * 100_000, ensure_ascii=False)
    refused = kit.refused(lambda: states.states().start_execution(stateMachineArn=arn, input=text))
    assert refused.code == "ValidationException"
    assert refused.message.endswith("at 'input' failed to satisfy constraint: Member must have length less than or "
                                    "equal to 262144")  # fmt: skip


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        ("describe_state_machine", {"stateMachineArn": "orders"}, "Invalid Arn: 'Invalid ARN prefix: orders'"),
        ("delete_state_machine", {"stateMachineArn": "orders"}, "Invalid Arn: 'Invalid ARN prefix: orders'"),
        (
            "describe_state_machine",
            {"stateMachineArn": f"{ARN}:activity:pack"},
            "Invalid Arn: 'Resource type not valid in this context: activity'",
        ),
        ("describe_map_run", {"mapRunArn": "run"}, "Invalid Arn: 'Invalid ARN prefix: run'"),
        ("tag_resource", {"resourceArn": "orders", "tags": []}, "Invalid Arn: 'Invalid ARN prefix: orders'"),
    ],
)
def test_arns_that_are_none(kit: Any, call: str, given: dict[str, Any], message: str) -> None:
    refused = kit.refused(lambda: getattr(states.states(), call)(**given))
    assert (refused.code, refused.message) == ("InvalidArn", message)


def test_tags_and_runs_of_what_is_not_there(kit: Any) -> None:
    client, arn = states.states(), f"{ARN}:stateMachine:orders"
    refused = kit.refused(lambda: client.tag_resource(resourceArn=arn, tags=[{"key": "shop", "value": "hikari"}]))
    assert (refused.code, refused.message) == ("ResourceNotFound", f"Resource not found: '{arn}'")
    kit.refused(lambda: client.list_tags_for_resource(resourceArn=arn), "ResourceNotFound")
    kit.refused(lambda: client.list_map_runs(executionArn=f"{ARN}:execution:orders:1"), "ExecutionDoesNotExist")
    arn = states.machine(NOTE, tags=[{"key": "shop", "value": "hikari"}])
    client.untag_resource(resourceArn=arn, tagKeys=["shop"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_a_machine_with_other_settings_is_another_machine(kit: Any) -> None:
    arn = states.machine(NOTE)
    assert states.machine(NOTE, roleArn="arn:aws:iam::123456789012:role/other") == arn
    assert states.machine(NOTE, tracingConfiguration={"enabled": False}) == arn
    taken = "StateMachineAlreadyExists"
    kit.refused(lambda: states.machine(NOTE, tracingConfiguration={"enabled": True}), taken)


def test_a_log_group_is_named_with_an_asterisk(kit: Any) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/hikari/orders"
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    refused = kit.refused(lambda: states.machine(NOTE, loggingConfiguration=logging))
    words = "Invalid Logging Configuration: Log Group ARN must be provided with '*' qualifier."
    assert (refused.code, refused.message) == ("InvalidLoggingConfiguration", words)


@pytest.mark.parametrize(
    ("call", "given"),
    [("send_task_success", {"output": "{}"}), ("send_task_failure", {}), ("send_task_heartbeat", {})],
)
def test_a_task_token_has_a_length(kit: Any, call: str, given: dict[str, str]) -> None:
    for token, bound in (("", "greater than or equal to 1"), ("a" * 2_049, "less than or equal to 2048")):
        refused = kit.refused(lambda token=token: _unchecked(call, taskToken=token, **given))
        assert (refused.code, refused.message) == (
            "ValidationException",
            f"1 validation error detected: Value '{token}' at 'taskToken' failed to satisfy constraint: Member must "
            f"have length {bound}",
        )


def test_the_token_is_looked_at_before_the_output(kit: Any) -> None:
    refused = kit.refused(lambda: states.states().send_task_success(taskToken="lamps", output="no JSON"))
    assert (refused.code, refused.message) == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_an_unknown_status_is_refused_with_the_known_ones(kit: Any) -> None:
    arn = states.machine(NOTE)
    refused = kit.refused(lambda: states.states().list_executions(stateMachineArn=arn, statusFilter="succeeded"))
    assert refused.message.startswith(
        "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must "
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED,"
    )

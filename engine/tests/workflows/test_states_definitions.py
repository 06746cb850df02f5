"""Definitions that are refused, revisions, stacks of state machines; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")

OLD = states.steps(Old={"Type": "Pass", "Result": "old", "End": True})
NEW = states.steps(New={"Type": "Pass", "Result": "new", "End": True})
UNKNOWN = states.steps(Take={"Type": "Pass", "Next": "Pay"}, Done=states.DONE)
LOST = (
    "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Pay at /States/Take/Next, "
    'MISSING_TRANSITION_TARGET: State "Done" is not reachable. at /States/Done\''
)


def make(definition: Any, **more: Any) -> Any:
    """Creates "orders"."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return states.states().create_state_machine(name="orders", definition=text, roleArn=states.ROLE, **more)


def test_a_definition_with_an_error_is_refused(kit: Any) -> None:
    kit.refused(lambda: make(UNKNOWN), "InvalidDefinition", status=400, message=LOST)
    assert states.states().list_state_machines()["stateMachines"] == []


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ({"StartAt": "Nobody", "States": {"Done": {"Type": "Succeed"}}}, "Missing 'Next' target: Nobody at /StartAt"),
        (states.steps(A={"Type": "Task", "End": True}), "These fields are required: [Resource] at /States/A"),
        (
            states.steps(A={"Type": "Pass", "InputPath": "a", "End": True}),
            "not a valid JSONPath at /States/A/InputPath",
        ),
        (
            states.steps(A={"Type": "Pass", "InputPath": "$.lamps[?(@.price > 10)]", "End": True}),
            "NOT_SUPPORTED_HERE: The local cloud doesn't support filters in paths, such as $.lamps[?(@.price > 10)]",
        ),
        (
            states.steps(A={"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.a[?(@.b)])"}, "End": True}),
            "NOT_SUPPORTED_HERE: The local cloud doesn't support filters in paths, such as $.a[?(@.b)]",
        ),
        (states.steps(A={"Type": "Lambda", "End": True}), "at /States/A/Type"),
        (
            states.steps(A={"Type": "Task", "Resource": "pay", "End": True}),
            "not a valid resource ARN at /States/A/Resource",
        ),
    ],
)
def test_what_is_said_of_it(kit: Any, definition: Any, said: str) -> None:
    kit.refused(lambda: make(definition), "InvalidDefinition", said)


def test_an_update_is_checked_too_and_leaves_the_machine(kit: Any) -> None:
    arn = states.machine(OLD)
    refused = kit.refused(
        lambda: states.states().update_state_machine(stateMachineArn=arn, definition=json.dumps(UNKNOWN))
    )
    assert (refused.code, refused.message) == ("InvalidDefinition", LOST)
    assert states.succeeded(states.run(arn)) == "old"
    kit.refused(lambda: states.states().update_state_machine(stateMachineArn=arn), "MissingRequiredParameter")


def test_validated_without_a_machine(kit: Any) -> None:
    client = states.states()
    found = client.validate_state_machine_definition(definition=json.dumps(UNKNOWN))
    assert (found["result"], found["truncated"]) == ("FAIL", False)
    assert found["diagnostics"][0] == {
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: Pay",
        "location": "/States/Take/Next",
    }
    short = client.validate_state_machine_definition(definition=json.dumps(UNKNOWN), maxResults=1)
    assert (len(short["diagnostics"]), short["truncated"]) == (1, True)
    assert client.validate_state_machine_definition(definition=json.dumps(OLD))["result"] == "OK"
    asking = {"definition": json.dumps(OLD), "severity": "WARNING"}
    kit.refused(lambda: client.validate_state_machine_definition(**asking), "NotImplementedException", "WARNING")


def test_made_twice_is_one_and_a_name_that_is_taken_is_refused(kit: Any) -> None:
    first, again = make(OLD), make(OLD)
    assert first["stateMachineArn"] == again["stateMachineArn"]
    assert len(states.states().list_state_machines()["stateMachines"]) == 1
    for other in (lambda: make(NEW), lambda: make(OLD, type="EXPRESS")):
        refused = kit.refused(other)
        assert (refused.code, refused.message) == (
            "StateMachineAlreadyExists", f"State Machine Already Exists: '{first['stateMachineArn']}'",
        )  # fmt: skip


def test_what_else_is_refused(kit: Any) -> None:
    kit.refused(lambda: states.machine(OLD, "all orders"), "InvalidName")
    kit.refused(lambda: states.machine(OLD, roleArn="me"), "InvalidArn")
    kit.refused(lambda: make(OLD, type="FAST"), "ValidationException")
    kit.refused(lambda: make(OLD, loggingConfiguration={"level": "ALL"}), "InvalidLoggingConfiguration")


def test_versions_aliases_and_activities_are_refused_by_name(kit: Any) -> None:
    arn, client, pack = states.machine(OLD), states.states(), "arn:aws:states:us-east-1:123456789012:activity:pack"
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    change = {"stateMachineArn": arn, "definition": json.dumps(NEW), "publish": True}
    for call, name in (
        (lambda: make(OLD, publish=True), "publish of a state machine"),
        (lambda: client.update_state_machine(**change), "publish of a state machine"),
        (lambda: client.create_state_machine_alias(name="live", routingConfiguration=routes), "machine_alias"),
        (lambda: client.publish_state_machine_version(stateMachineArn=arn), "PublishStateMachineVersion"),
        (lambda: client.create_activity(name="pack"), "create_activity"),
        (lambda: client.get_activity_task(activityArn=pack), "GetActivityTask"),
    ):
        kit.refused(call, "NotImplementedException", name)
    assert states.succeeded(states.run(arn)) == "old"
    kit.refused(lambda: states.start(f"{arn}:1"), "StateMachineDoesNotExist")
    work = states.steps(Pack={"Type": "Task", "Resource": pack, "End": True})
    kit.refused(lambda: make(work), "InvalidDefinition", "doesn't have activities. at /States/Pack/Resource")


def test_texts_stay_as_they_are_written() -> None:
    texts = {
        "quoted": 'said "yes"',
        "lines": "a\nb",
        "back": "C:\\lamps",
        "lamp": "灯り",
        "next": "Next",
        "path": "$.no",
    }
    note = {"Type": "Pass", "Parameters": texts, "End": True}
    assert states.succeeded(states.run_once({"StartAt": 'The "note"', "States": {'The "note"': note}})) == texts
    result = {"Type": "Pass", "Result": texts, "End": True}
    assert states.succeeded(states.run_once(states.steps(Note=result))) == texts


def test_data_may_have_words_of_the_language() -> None:
    words = {
        "Next": "End",
        "StartAt": "INLINE",
        "States": {"Type": ["Pass", "FULL"]},
        "Error": "States.ALL",
        "true": False,
    }
    note = {"Type": "Pass", "Parameters": words | {"Result.$": "$.x"}, "Next": "Type"}
    own = states.steps(Note=note, Type={"Type": "Pass", "Next": "Fail"}, Fail=states.DONE)
    assert states.succeeded(states.run_once(own, {"x": 1})) == words | {"Result": 1}
    whole = {"QueryLanguage": "JSONata"} | states.steps(Note={"Type": "Pass", "Output": words, "End": True})
    assert states.succeeded(states.run_once(whole)) == words


def test_machines_of_a_stack_run(kit: Any) -> None:
    template = {
        "Resources": {
            "Orders": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": "orders",
                    "RoleArn": states.ROLE,
                    "DefinitionString": json.dumps(OLD),
                },
            }
        }
    }
    stacks = kit.client("cloudformation")
    stacks.create_stack(StackName="shop", TemplateBody=json.dumps(template))
    kit.eventually(lambda: states.states().list_state_machines()["stateMachines"], "the stack's machine")
    (machine,) = states.states().list_state_machines()["stateMachines"]
    assert states.succeeded(states.run(machine["stateMachineArn"])) == "old"
    stacks.delete_stack(StackName="shop")
    kit.eventually(
        lambda: not states.states().list_state_machines()["stateMachines"], "the machine goes with the stack"
    )

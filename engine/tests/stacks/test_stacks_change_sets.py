"""Change sets: what they say, that they are executed, that they end."""

from __future__ import annotations

from typing import Any

import pytest

from kits import stack_kit as here


def _template(**resources: Any) -> str:
    made = {name: {"Type": "AWS::SQS::Queue", "Properties": given} for name, given in resources.items()}
    return str(here.text({"Resources": made, "Outputs": {name: {"Value": {"Ref": name}} for name in made}}))


def _make(name: str, body: str, kind: str = "UPDATE", **more: Any) -> dict[str, Any]:
    here.stacks().create_change_set(StackName="shop", ChangeSetName=name, TemplateBody=body, ChangeSetType=kind, **more)
    return dict(here.stacks().describe_change_set(StackName="shop", ChangeSetName=name))


def _changes(change_set: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    changes = [each["ResourceChange"] for each in change_set["Changes"]]
    return sorted((each["Action"], each["LogicalResourceId"], each.get("Replacement")) for each in changes)


def test_a_stack_is_made_and_changed_by_change_sets(kit: Any) -> None:
    stacks = here.stacks()
    first = _make("first", _template(Orders={}, Old={}), "CREATE")
    assert (first["Status"], first["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert _changes(first) == [("Add", "Old", None), ("Add", "Orders", None)]
    assert here.status("shop") == "REVIEW_IN_PROGRESS"
    assert kit.client("sqs").list_queues().get("QueueUrls") is None
    stacks.get_waiter("change_set_create_complete").wait(StackName="shop", ChangeSetName="first")
    stacks.execute_change_set(StackName="shop", ChangeSetName="first")
    assert here.settled("shop") == "CREATE_COMPLETE"

    other = _make("other", _template(Orders={}))
    second = _make("second", _template(Orders={"QueueName": "orders"}, New={}))
    assert _changes(second) == [("Add", "New", None), ("Modify", "Orders", "True"), ("Remove", "Old", None)]
    third = _make("third", _template(Orders={"DelaySeconds": 1}, Old={}))
    assert _changes(third) == [("Modify", "Orders", "False")]
    waiting = [each["ChangeSetName"] for each in stacks.list_change_sets(StackName="shop")["Summaries"]]
    assert waiting == ["other", "second", "third"]
    stacks.execute_change_set(ChangeSetName=second["ChangeSetId"])
    assert here.settled("shop") == "UPDATE_COMPLETE"
    assert here.outputs("shop")["Orders"].endswith("/orders")
    for gone in (other, third):  # they were made for what was there before
        with pytest.raises(stacks.exceptions.ClientError, match="does not exist"):
            stacks.execute_change_set(ChangeSetName=gone["ChangeSetId"])


def test_a_change_set_without_changes_fails_and_cannot_be_executed(kit: Any) -> None:
    here.create("shop", _template(Orders={}))
    found = _make("same", _template(Orders={}))
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "The submitted information didn't contain changes." in found["StatusReason"]
    refusal = kit.refused(lambda: here.stacks().execute_change_set(StackName="shop", ChangeSetName="same"))
    assert refusal.code == "InvalidChangeSetStatus"
    here.stacks().delete_change_set(StackName="shop", ChangeSetName="same")
    kit.refused(lambda: here.stacks().describe_change_set(StackName="shop", ChangeSetName="same"), "ChangeSetNotFound")


def test_a_change_set_belongs_to_its_region(kit: Any) -> None:
    arn = _make("first", _template(Orders={}), "CREATE")["ChangeSetId"]
    elsewhere = kit.client("cloudformation", region_name="eu-central-1")
    kit.refused(lambda: elsewhere.describe_change_set(ChangeSetName=arn), "ChangeSetNotFound")
    assert here.stacks().describe_change_set(ChangeSetName=arn)["Status"] == "CREATE_COMPLETE"


def test_what_a_change_set_cannot_be(kit: Any) -> None:
    here.create("shop", _template(Orders={}))
    refusal = kit.refused(lambda: _make("new", _template(Orders={}), "CREATE"))
    assert "Stack [shop] already exists and cannot be created again" in refusal.message
    refusal = kit.refused(lambda: _make("1", _template(Orders={})))
    assert "changeSetName" in refusal.message
    here.delete("shop")
    assert "does not exist" in kit.refused(lambda: _make("new", _template(Orders={}))).message


def test_a_failed_change_set_of_a_new_stack_rolls_it_back(kit: Any) -> None:
    _make("first", _template(Orders={"VisibilityTimeout": 99_999}), "CREATE")
    here.stacks().execute_change_set(StackName="shop", ChangeSetName="first")
    assert here.settled("shop") == "ROLLBACK_COMPLETE"
    assert kit.client("sqs").list_queues().get("QueueUrls") is None

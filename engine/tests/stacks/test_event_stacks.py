"""EventBridge in CloudFormation stacks: buses and rules are made, changed in place, refused in words, and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import events_kit as here, stack_kit


def _template(queue: str, pattern: Any, **of_bus: Any) -> str:
    def rule(name: str) -> dict[str, Any]:
        target = {"Id": name, "Arn": queue, "Input": json.dumps(name), "RetryPolicy": {"MaximumRetryAttempts": "3"}}
        given = {"EventBusName": {"Ref": "Bus"}, "EventPattern": pattern, "Targets": [target]}
        return {"Type": "AWS::Events::Rule", "Properties": given}

    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "hikari", **of_bus}}
    return json.dumps({"Resources": {"Bus": bus, "Orders": rule("orders"), "Audit": rule("audit")}})


def test_a_stack_with_a_bus_and_rules_is_made_changed_and_deleted(kit: Any) -> None:
    queue, stacks = kit.make_queue("orders"), kit.client("cloudformation")

    def arns() -> set[str]:
        return {rule["Arn"] for rule in here.events().list_rules(EventBusName="hikari")["Rules"]}

    stacks.create_stack(StackName="shop", TemplateBody=_template(queue.arn, {"source": ["hikari.shop"]}))
    first = arns()
    here.put(here.entry({"order": "A-1001"}, EventBusName="hikari"))
    assert sorted(kit.records(queue, 2)) == ["audit", "orders"]

    changed = _template(queue.arn, {"source": ["hikari.shop"], "detail-type": ["OrderPaid"]}, Description="of the shop")
    stacks.update_stack(StackName="shop", TemplateBody=changed)
    assert len(first) == 2
    assert arns() == first  # what permissions name is still there
    here.put(
        here.entry({"order": "A-1001"}, EventBusName="hikari"),
        here.entry({"order": "A-1001"}, "OrderPaid", EventBusName="hikari"),
    )
    assert sorted(kit.records(queue, 2)) == ["audit", "orders"]
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=queue.url)

    here.make_rule("by-hand", {"source": ["hikari.shop"]}, bus="hikari")
    refusal = kit.refused(lambda: here.events().delete_event_bus(Name="hikari"))
    assert (refusal.code, refusal.message) == ("ValidationException", "EventBus can't be deleted since it has rules.")
    here.events().delete_rule(Name="by-hand", EventBusName="hikari")
    stacks.delete_stack(StackName="shop")
    assert [bus["Name"] for bus in here.events().list_event_buses()["EventBuses"]] == ["default"]


def test_what_eventbridge_refuses_a_stack_refuses_in_the_same_words(kit: Any) -> None:
    queue = kit.make_queue("orders")
    for name, template, words in (
        ("pattern", _template(queue.arn, {"source": "a"}, Name="first"), '"source" must be an object or an array'),
        ("target", _template("arn:aws:ecs:us-east-1:1:cluster/a", {"source": ["a"]}, Name="second"), "cluster/a"),
        ("key", _template(queue.arn, {"source": ["a"]}, KmsKeyIdentifier="alias/hikari"), "KmsKeyIdentifier"),
    ):
        assert words in stack_kit.why_not(template, name)


@pytest.mark.usefixtures("kit")
def test_a_change_that_is_not_supported_is_rolled_back() -> None:
    def stack(team: str) -> dict[str, Any]:
        properties = {"Name": "shop", "Tags": [{"Key": "team", "Value": team}]}
        return {"Resources": {"Bus": {"Type": "AWS::Events::EventBus", "Properties": properties}}}

    stack_kit.create("shop", stack("sales"))
    reason = stack_kit.why_not_changed("shop", stack("lamps"))
    assert "doesn't support a change of Tags of AWS::Events::EventBus" in reason
    (tag,) = here.events().list_tags_for_resource(ResourceARN=here.events().describe_event_bus(Name="shop")["Arn"])[
        "Tags"
    ]
    assert tag["Value"] == "sales"

"""EventBridge: what AWS refuses is refused with its words; what the local cloud does not serve is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import events_kit as here

ACCOUNT = "us-east-1:123456789012"
QUEUE = f"arn:aws:sqs:{ACCOUNT}:orders"
MACHINE = f"arn:aws:states:{ACCOUNT}:stateMachine:orders"
BUS = f"arn:aws:events:{ACCOUNT}:event-bus/billing"
VALIDATION = "ValidationException"

TARGETS: list[tuple[dict[str, Any], str, str]] = [
    ({"Arn": "orders"}, VALIDATION, "Parameter orders is not valid. Reason: Provided Arn is not in correct format."),
    ({"Arn": MACHINE}, VALIDATION, f"RoleArn is required for target {MACHINE}."),
    ({"Arn": QUEUE + ".fifo"}, VALIDATION, "Parameter(s) SqsParameters must be specified for target: t."),
    ({"Arn": f"arn:aws:sns:{ACCOUNT}:orders.fifo"}, VALIDATION, "doesn't send to FIFO topics"),
    ({"Arn": QUEUE, "Input": "order"}, VALIDATION, "JSON syntax error in input for target t: [Source: (String)"),
    ({"Arn": QUEUE, "Input": "{}", "InputPath": "$.detail"}, VALIDATION, "Only one of Input, InputPath, or"),
    ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": '"<order>"'}}, VALIDATION, "invalid placeholder order"),
    ({"Arn": BUS, "InputPath": "$.detail"}, VALIDATION, "Modifying the input for target t is not supported."),
    ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": QUEUE + ".fifo"}}, VALIDATION, "must name a standard SQS queue"),
    ({"Arn": QUEUE, "Id": "the queue"}, VALIDATION, "at 'targets.1.member.id' failed to satisfy constraint"),
    ({"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 186}}, VALIDATION, "less than or equal to 185"),
    ({"Arn": QUEUE, "RetryPolicy": {"MaximumEventAgeInSeconds": 86_401}}, VALIDATION, "less than or equal to 86400"),
    ({"Arn": "arn:aws:iam::123456789012:role/shop"}, VALIDATION, "iam is not a supported service for a target."),
    ({"Arn": f"arn:aws:ecs:{ACCOUNT}:cluster/hikari"}, "NotImplementedException", "arn:aws:ecs"),
    ({"Arn": f"arn:aws:events:{ACCOUNT}:api-destination/mail/1"}, "NotImplementedException", "api-destination/mail"),
    ({"Arn": f"arn:aws:batch:{ACCOUNT}:job-queue/renders"}, "NotImplementedException", "job-queue/renders"),
    (
        {"Arn": QUEUE, "BatchParameters": {"JobDefinition": "render", "JobName": "night"}},
        "NotImplementedException",
        "with BatchParameters",
    ),
    ({"Arn": f"arn:aws:firehose:{ACCOUNT}:deliverystream/orders"}, "NotImplementedException", "arn:aws:firehose"),
]


def test_rules_and_targets_that_are_refused(kit: Any) -> None:
    events = here.events()
    here.make_rule("orders", {"source": ["hikari.shop"]})
    for target, code, words in TARGETS:
        refusal = kit.refused(lambda target=target: events.put_targets(Rule="orders", Targets=[{"Id": "t", **target}]))
        assert (refusal.code, words in refusal.message) == (code, True), (target, refusal)
    assert events.list_targets_by_rule(Rule="orders")["Targets"] == []

    six = [{"Id": f"t{number}", "Arn": QUEUE} for number in range(6)]
    refusal = kit.refused(lambda: events.put_targets(Rule="orders", Targets=six))
    assert (refusal.code, refusal.message) == (
        "LimitExceededException", "The requested resource exceeds the maximum number allowed.",
    )  # fmt: skip
    events.put_targets(Rule="orders", Targets=six[:5])
    events.put_targets(Rule="orders", Targets=six[:5])  # the same ones once more
    assert kit.refused(lambda: events.put_targets(Rule="orders", Targets=six[5:])).code == "LimitExceededException"
    assert kit.refused(lambda: events.put_targets(Rule="no", Targets=six[:1])).code == "ResourceNotFoundException"
    kit.refused(lambda: events.delete_rule(Name="orders"), message="Rule can't be deleted since it has targets.")

    for pattern, reason in (
        ('{"source": "hikari.shop"}', '"source" must be an object or an array'),
        ('{"detail": {"total": [{"numeric": [">", "9"]}]}}', "Value of > must be numeric"),
        ('{"source": [{"regex": ".*"}]}', "Unrecognized match type regex"),
    ):
        refusal = kit.refused(lambda pattern=pattern: events.put_rule(Name="bad", EventPattern=pattern))
        assert refusal.code == "InvalidEventPatternException"
        assert refusal.message == f"Event pattern is not valid. Reason: {reason}"
    name = kit.refused(lambda: events.put_rule(Name="big orders", EventPattern='{"source": ["a"]}'))
    assert (name.code, "Value 'big orders' at 'name'" in name.message) == (VALIDATION, True)
    state = kit.refused(lambda: events.put_rule(Name="bad", EventPattern='{"source": ["a"]}', State="ON"))
    assert (state.code, "ENABLED" in state.message) == (VALIDATION, True)
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["orders"]


def test_a_bus_with_a_setting_that_has_no_effect_here_is_refused_by_name(kit: Any) -> None:
    create, update = here.events().create_event_bus, here.events().update_event_bus
    settings = (
        ("KmsKeyIdentifier", "alias/hikari"),
        ("DeadLetterConfig", {"Arn": QUEUE}),
        ("LogConfig", {"IncludeDetail": "FULL", "Level": "INFO"}),
    )
    for name, value in settings:
        for call, bus in ((create, "shop"), (update, "default")):
            refusal = kit.refused(lambda name=name, value=value, call=call, bus=bus: call(Name=bus, **{name: value}))
            assert (refusal.code, name in refusal.message) == ("NotImplementedException", True)
    assert [bus["Name"] for bus in here.events().list_event_buses()["EventBuses"]] == ["default"]


def test_the_description_of_a_bus_can_be_changed(kit: Any) -> None:
    events = here.events()
    events.create_event_bus(Name="hikari", Description="of the shop")
    made = events.describe_event_bus(Name="hikari")
    answer = events.update_event_bus(Name="hikari", Description="of all shops")
    assert (answer["Arn"], answer["Name"], answer["Description"]) == (made["Arn"], "hikari", "of all shops")
    found = events.describe_event_bus(Name="hikari")
    assert (found["Description"], found["CreationTime"]) == ("of all shops", made["CreationTime"])
    assert found["LastModifiedTime"] > made["LastModifiedTime"]
    events.update_event_bus(Description="of everybody")
    assert events.describe_event_bus()["Description"] == "of everybody"
    refusal = kit.refused(lambda: events.update_event_bus(Name="billing", Description="of the bank"))
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Event bus billing does not exist.")


def test_entries_that_are_refused_do_not_stop_the_others(kit: Any) -> None:
    queue = kit.make_queue("orders")
    here.make_rule("orders", {"source": ["hikari.shop"]}, queue)
    good = here.entry({"order": "A-1001"})
    answer = here.events().put_events(
        Entries=[
            {key: value for key, value in good.items() if key != "DetailType"},
            good | {"Detail": "no json"},
            good | {"Detail": '"text"'},
            good | {"Detail": '{"total": 1e400}'},  # would be Infinity, which is no JSON
            good | {"Source": "aws.ec2"},
            good | {"EventBusName": "nowhere"},  # AWS takes it, and no rule sees it
            good,
        ]
    )
    assert answer["FailedEntryCount"] == 5
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "InvalidArgument", "MalformedDetail", "MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException",
        None, None,
    ]  # fmt: skip
    assert answer["Entries"][4]["ErrorMessage"] == "Not authorized for the source."
    assert [record["id"] for record in kit.records(queue)] == [answer["Entries"][6]["EventId"]]

    large = here.events().put_events(Entries=[good | {"Detail": json.dumps({"text": "x" * 262_144})}])
    assert [record["id"] for record in kit.records(queue)] == [large["Entries"][0]["EventId"]]
    big = good | {"Detail": json.dumps({"text": "x" * 1_048_576})}
    kit.refused(lambda: here.events().put_events(Entries=[big]), VALIDATION, "over the limit")
    kit.refused(lambda: here.events().put_events(Entries=[good] * 11), VALIDATION, "less than or equal to 10")
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=queue.url)


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("create_archive", {"ArchiveName": "orders", "EventSourceArn": BUS}),
        ("create_partner_event_source", {"Name": "aws.partner/bank.example/a", "Account": "123456789012"}),
        ("describe_event_source", {"Name": "aws.partner/bank.example/a"}),
        ("put_permission", {"StatementId": "bank", "Principal": "*", "Action": "events:PutEvents"}),
        ("start_replay", {"ReplayName": "again", "EventSourceArn": BUS.replace("event-bus", "archive"),
                          "EventStartTime": 1, "EventEndTime": 2, "Destination": {"Arn": BUS}}),
    ],
)  # fmt: skip
def test_calls_that_are_not_served_are_refused_by_name(kit: Any, call: str, given: dict[str, Any]) -> None:
    kit.refused(lambda: getattr(here.events(), call)(**given), "NotImplementedException", f"doesn't support {call}.")


@pytest.mark.parametrize("bus", ["default", "arn:aws:events:us-east-1:123456789012:event-bus/default"])
def test_a_bus_by_its_name_or_its_arn(kit: Any, bus: str) -> None:
    queue = kit.make_queue("orders")
    here.make_rule("orders", {"source": ["hikari.shop"]}, queue)
    (put,) = here.put(here.entry({"order": "A-1001"}, EventBusName=bus))
    assert [record["id"] for record in kit.records(queue)] == [put]


def test_a_rule_that_is_not_there_is_named_with_its_bus(kit: Any) -> None:
    events = here.events()
    events.create_event_bus(Name="hikari")
    for bus, given in (("default", {}), ("hikari", {"EventBusName": "hikari"})):
        for call in (events.describe_rule, events.enable_rule, events.disable_rule):
            refusal = kit.refused(lambda call=call, given=given: call(Name="orders", **given))
            words = f"Rule orders does not exist on EventBus {bus}."
            assert (refusal.code, refusal.message) == ("ResourceNotFoundException", words)
        refusal = kit.refused(lambda given=given: events.list_targets_by_rule(Rule="orders", **given))
        assert (refusal.code, refusal.message) == ("ResourceNotFoundException", words)
    refusal = kit.refused(lambda: events.describe_rule(Name="orders", EventBusName="lost"))
    assert refusal.message == "Event bus lost does not exist."


def test_targets_that_share_an_arn_come_page_by_page(kit: Any) -> None:
    queue = kit.make_queue("orders")
    here.make_rule("orders", {"source": ["hikari.shop"]}, *[queue] * 5)
    pages = (
        here.events().get_paginator("list_targets_by_rule").paginate(Rule="orders", PaginationConfig={"PageSize": 2})
    )
    assert [[target["Id"] for target in page["Targets"]] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]

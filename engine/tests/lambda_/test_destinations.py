"""Where asynchronous events end: destinations for records, dead letters for events, and how they are set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kits import fixtures
from kits.async_kit import NAME, TRIES, configure, record_of, send
from serverless_cloud import Cloud

#: AWS's minute between two tries is a tenth of a second here.
cloud_of_module = fixtures.cloud_of(time_scale=600)


# ---- destinations


def test_the_record_of_a_success(kit: Any, tries: Path) -> None:
    arn = kit.deploy("price", TRIES)
    record = record_of({"folder": str(tries)}, "success")
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload",
    ]  # fmt: skip
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": next(tries.iterdir()).suffix[1:],
        "functionArn": f"{arn}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"tries": 1, "arn": arn}


def test_the_record_of_a_result_that_is_not_json(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    return b'lamp'\n")
    assert record_of({}, "success")["responsePayload"] == "lamp"


def test_a_topic(kit: Any, tries: Path) -> None:
    sns, inbox = kit.client("sns"), kit.make_queue("inbox")
    topic = sns.create_topic(Name="lost")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    kit.deploy("price", TRIES)
    configure(on_failure=topic, MaximumRetryAttempts=0)
    send({"folder": str(tries), "fails": 1})
    (envelope,) = kit.records(inbox)
    assert envelope["TopicArn"] == topic
    assert json.loads(envelope["Message"])["requestContext"]["condition"] == "RetriesExhausted"


def test_a_function(kit: Any, tries: Path) -> None:
    inbox = kit.make_queue("inbox")
    keeper = kit.deploy("keeper", "def handler(event, context):\n    return event\n")
    configured = {"Destination": inbox.arn}
    kit.client("lambda").put_function_event_invoke_config(
        FunctionName="keeper", DestinationConfig={"OnSuccess": configured}
    )
    kit.deploy("price", TRIES)
    configure(on_success=keeper)
    send({"folder": str(tries)})
    (record,) = kit.records(inbox)
    assert record["requestPayload"]["requestPayload"] == {"folder": str(tries)}
    assert record["responsePayload"]["requestContext"]["condition"] == "Success"


@pytest.mark.parametrize("bus", ["default", "hikari"])
def test_an_event_bus(kit: Any, tries: Path, bus: str) -> None:
    events, logs = kit.client("events"), kit.client("logs")
    if bus != "default":
        events.create_event_bus(Name=bus)
    arn = events.describe_event_bus(Name=bus)["Arn"]
    logs.create_log_group(logGroupName="/aws/events/lost")
    pattern = {"source": ["lambda"], "detail-type": ["Lambda Function Invocation Result - Failure"]}
    events.put_rule(Name="lost", EventBusName=bus, EventPattern=json.dumps(pattern))
    target = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/lost"
    events.put_targets(Rule="lost", EventBusName=bus, Targets=[{"Id": "log", "Arn": target}])
    function = kit.deploy("price", TRIES)
    configure(on_failure=arn, MaximumRetryAttempts=0)
    send({"folder": str(tries), "fails": 1})
    found = kit.eventually(
        lambda: logs.filter_log_events(logGroupName="/aws/events/lost")["events"], "the event has reached its target"
    )
    (event,) = [json.loads(e["message"]) for e in found]
    assert event["source"] == "lambda"
    assert event["detail"]["requestContext"]["condition"] == "RetriesExhausted"
    assert event["resources"] == [arn, f"{function}:$LATEST"]


def test_a_bucket_takes_failures(kit: Any, tries: Path) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari-lost")
    kit.deploy("price", TRIES)
    configure(on_failure="arn:aws:s3:::hikari-lost", MaximumRetryAttempts=0)
    send({"folder": str(tries), "fails": 1})
    found = kit.eventually(lambda: s3.list_objects_v2(Bucket="hikari-lost").get("Contents"), "the record is there")
    (key,) = [entry["Key"] for entry in found]
    folder, year, month, day, name = key.rsplit("/", 4)
    assert folder == "aws/lambda/async/price"
    assert name.startswith(f"{year}-{month}-{day}T")
    record = json.loads(s3.get_object(Bucket="hikari-lost", Key=key)["Body"].read())
    assert record["requestPayload"]["folder"] == str(tries)


def test_a_destination_that_is_gone_does_not_stop_the_next_event(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES)
    gone, done = kit.make_queue("gone"), kit.make_queue("done")
    configure(on_failure=gone.arn, on_success=done.arn, MaximumRetryAttempts=0)
    kit.client("sqs").delete_queue(QueueUrl=gone.url)
    send({"folder": str(tries), "fails": 1})
    kit.eventually(lambda: list(tries.iterdir()), "it was tried")
    send({"folder": str(tries)})
    kit.records(done)


# ---- dead letters


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_a_dead_letter_is_the_event_with_attributes(kit: Any, tries: Path, kind: str) -> None:
    inbox = kit.make_queue("dead")
    target = inbox.arn
    if kind == "sns":
        sns = kit.client("sns")
        target = sns.create_topic(Name="dead")["TopicArn"]
        sns.subscribe(TopicArn=target, Protocol="sqs", Endpoint=inbox.arn)
    kit.deploy("price", TRIES, DeadLetterConfig={"TargetArn": target})
    assert kit.client("lambda").get_function_configuration(**NAME)["DeadLetterConfig"] == {"TargetArn": target}
    configure(MaximumRetryAttempts=1)
    event = {"folder": str(tries), "fails": 9}
    send(event)
    (message,) = kit.received(inbox)
    expected = {"RequestID": next(tries.iterdir()).suffix[1:], "ErrorCode": "200", "ErrorMessage": "no price at try 2"}
    if kind == "sqs":
        assert json.loads(message["Body"]) == event
        assert {k: v["StringValue"] for k, v in message["MessageAttributes"].items()} == expected
        assert message["MessageAttributes"]["ErrorCode"]["DataType"] == "Number"
    else:
        envelope = json.loads(message["Body"])
        assert json.loads(envelope["Message"]) == event
        assert {k: v["Value"] for k, v in envelope["MessageAttributes"].items()} == expected


def test_dead_letter_and_destination_both_get_it(kit: Any, tries: Path) -> None:
    lost, dead = kit.make_queue("lost"), kit.make_queue("dead")
    kit.deploy("price", TRIES, DeadLetterConfig={"TargetArn": dead.arn})
    configure(on_failure=lost.arn, MaximumRetryAttempts=0)
    send({"folder": str(tries), "fails": 1})
    assert len(kit.records(lost)) == len(kit.received(dead)) == 1


def test_a_dead_letter_queue_is_taken_away(kit: Any, tries: Path) -> None:
    lost, dead = kit.make_queue("lost"), kit.make_queue("dead")
    kit.deploy("price", TRIES, DeadLetterConfig={"TargetArn": dead.arn})
    lam = kit.client("lambda")
    lam.update_function_configuration(**NAME, DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in lam.get_function_configuration(**NAME) or not (
        lam.get_function_configuration(**NAME)["DeadLetterConfig"].get("TargetArn")
    )
    configure(on_failure=lost.arn, MaximumRetryAttempts=0)
    send({"folder": str(tries), "fails": 1})
    kit.records(lost)
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=dead.url)


# ---- settings


def targets(**more: str) -> dict[str, Any]:
    """DestinationConfig as boto3 answers it: `targets(OnFailure=ARN)`."""
    given = {when: {"Destination": arn} for when, arn in more.items()}
    return {"OnSuccess": {}, "OnFailure": {}} | given


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """What a configuration holds, without what belongs to the answer."""
    return {k: v for k, v in answer.items() if k not in ("ResponseMetadata", "LastModified", "FunctionArn")}


def test_put_replaces_update_adds_delete_takes_away(kit: Any) -> None:
    arn, lost = kit.deploy("price", TRIES), kit.make_queue("lost")
    lam = kit.client("lambda")
    put = lam.put_function_event_invoke_config(
        **NAME, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": lost.arn}}
    )
    assert put["FunctionArn"] == f"{arn}:$LATEST"
    assert shown(put) == {"MaximumRetryAttempts": 1, "DestinationConfig": targets(OnFailure=lost.arn)}
    updated = lam.update_function_event_invoke_config(**NAME, MaximumEventAgeInSeconds=120)
    both = {
        "MaximumRetryAttempts": 1,
        "MaximumEventAgeInSeconds": 120,
        "DestinationConfig": targets(OnFailure=lost.arn),
    }
    assert shown(updated) == shown(lam.get_function_event_invoke_config(**NAME)) == both
    again = lam.put_function_event_invoke_config(**NAME, MaximumEventAgeInSeconds=90)
    assert shown(again) == {"MaximumEventAgeInSeconds": 90, "DestinationConfig": targets()}
    lam.delete_function_event_invoke_config(**NAME)
    for call in (
        lam.get_function_event_invoke_config,
        lam.delete_function_event_invoke_config,
        lambda **name: lam.update_function_event_invoke_config(**name, MaximumRetryAttempts=1),
    ):
        kit.refused(lambda c=call: c(**NAME), "ResourceNotFoundException", status=404)
    assert lam.list_function_event_invoke_configs(**NAME)["FunctionEventInvokeConfigs"] == []


def test_each_version_and_alias_has_settings_of_its_own(kit: Any, tries: Path) -> None:
    arn = kit.deploy("price", TRIES)
    kit.publish("price")
    kit.client("lambda").create_alias(**NAME, Name="live", FunctionVersion="1")
    lost = {q: kit.make_queue(f"lost-{number}") for number, q in enumerate(("$LATEST", "1", "live"))}
    for number, (qualifier, queue) in enumerate(lost.items()):
        more = {} if qualifier == "$LATEST" else {"Qualifier": qualifier}
        configure(on_failure=queue.arn, MaximumRetryAttempts=number, **more)
    listed = kit.client("lambda").list_function_event_invoke_configs(**NAME)["FunctionEventInvokeConfigs"]
    assert {row["FunctionArn"]: row["MaximumRetryAttempts"] for row in listed} == {
        f"{arn}:$LATEST": 0, f"{arn}:1": 1, f"{arn}:live": 2,
    }  # fmt: skip
    for number, (qualifier, queue) in enumerate(lost.items()):
        more = {} if qualifier == "$LATEST" else {"Qualifier": qualifier}
        send({"folder": str(tries), "fails": 99}, **more)
        (record,) = kit.records(queue)
        assert record["requestContext"]["functionArn"] == f"{arn}:{qualifier}"
        assert record["requestContext"]["approximateInvokeCount"] == number + 1
        assert record["responseContext"]["executedVersion"] == ("$LATEST" if qualifier == "$LATEST" else "1")


def test_a_version_keeps_the_dead_letter_queue_that_it_was_published_with(kit: Any, tries: Path) -> None:
    old, new = kit.make_queue("old"), kit.make_queue("new")
    kit.deploy("price", TRIES, DeadLetterConfig={"TargetArn": old.arn})
    kit.publish("price")
    kit.client("lambda").update_function_configuration(**NAME, DeadLetterConfig={"TargetArn": new.arn})
    for qualifier, queue in (("1", old), ("$LATEST", new)):
        configure(MaximumRetryAttempts=0, Qualifier=qualifier)
        send({"folder": str(tries), "fails": 99}, Qualifier=qualifier)
        kit.received(queue)


def test_settings_of_an_alias_or_a_version_go_with_it(kit: Any) -> None:
    kit.deploy("price", TRIES)
    kit.publish("price")
    lam = kit.client("lambda")
    lam.create_alias(**NAME, Name="live", FunctionVersion="1")
    for qualifier in ("live", "1"):
        configure(MaximumRetryAttempts=0, Qualifier=qualifier)
    lam.delete_alias(**NAME, Name="live")
    lam.delete_function(**NAME, Qualifier="1")
    assert lam.list_function_event_invoke_configs(**NAME)["FunctionEventInvokeConfigs"] == []


ABSENT = {
    "queue": "arn:aws:sqs:us-east-1:123456789012:nowhere",
    "topic": "arn:aws:sns:us-east-1:123456789012:nowhere",
    "function": "arn:aws:lambda:us-east-1:123456789012:function:nowhere",
    "bus": "arn:aws:events:us-east-1:123456789012:event-bus/nowhere",
    "bucket": "arn:aws:s3:::hikari-nowhere",
}


@pytest.mark.parametrize("kind", ABSENT)
def test_a_target_that_does_not_exist(kit: Any, kind: str) -> None:
    kit.deploy("price", TRIES)
    refusal = kit.refused(lambda: configure(on_failure=ABSENT[kind]))
    assert (refusal.code, refusal.status) == ("InvalidParameterValueException", 400)
    text = "The destination ARN {} is invalid." if kind == "function" else "The target {} does not exist"
    assert text.format(ABSENT[kind]) in refusal.message
    assert kit.client("lambda").list_function_event_invoke_configs(**NAME)["FunctionEventInvokeConfigs"] == []


@pytest.mark.parametrize("kind", ["on_failure", "on_success", "dead letter"])
def test_a_target_of_a_wrong_kind(kit: Any, kind: str) -> None:
    kit.client("s3").create_bucket(Bucket="hikari-lost")
    wrong = {
        "on_failure": "arn:aws:dynamodb:us-east-1:123456789012:table/lost",
        "on_success": "arn:aws:s3:::hikari-lost",
        "dead letter": kit.deploy("keeper", TRIES),
    }[kind]
    if kind == "dead letter":
        refusal = kit.refused(lambda: kit.deploy("price", TRIES, DeadLetterConfig={"TargetArn": wrong}))
        assert [f["FunctionName"] for f in kit.client("lambda").list_functions()["Functions"]] == ["keeper"]
    else:
        kit.deploy("price", TRIES)
        refusal = kit.refused(lambda: configure(**{kind: wrong}))
    assert refusal.code == "InvalidParameterValueException"
    text = {
        "on_failure": f"DestinationConfig(onSuccess=null, onFailure=OnFailure(destination={wrong})) is invalid.",
        "on_success": f"DestinationConfig(onSuccess=OnSuccess(destination={wrong}), onFailure=null) is invalid.",
        "dead letter": f"{wrong} can't be a target here",
    }[kind]
    assert text in refusal.message


def test_a_fifo_queue_or_topic(kit: Any) -> None:
    kit.deploy("price", TRIES)
    queue = kit.make_queue("lost.fifo", FifoQueue="true")
    topic = kit.client("sns").create_topic(Name="lost.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    lam = kit.client("lambda")
    for arn in (queue.arn, topic):
        for call in (
            lambda a=arn: configure(on_failure=a),
            lambda a=arn: lam.update_function_configuration(**NAME, DeadLetterConfig={"TargetArn": a}),
        ):
            kit.refused(call, "InvalidParameterValueException", "FIFO")


@pytest.mark.parametrize(
    ("setting", "text"),
    [({"MaximumRetryAttempts": 3}, "less than or equal to 2"), ({"MaximumEventAgeInSeconds": 59}, "or equal to 60")],
    ids=["retries", "age"],
)
def test_a_number_out_of_range(aws: Cloud, kit: Any, setting: dict[str, int], text: str) -> None:
    kit.deploy("price", TRIES)
    path = "/2019-09-25/functions/price/event-invoke-config"
    status, answer = kit.raw(aws.endpoint_url, "PUT", path, json.dumps(setting).encode())  # boto3 refuses it itself
    assert (status, answer["__type"]) == (400, "ValidationException"), answer
    assert text in answer["message"]
    assert kit.client("lambda").list_function_event_invoke_configs(**NAME)["FunctionEventInvokeConfigs"] == []


def test_settings_of_a_function_that_does_not_exist(kit: Any) -> None:
    assert kit.refused(lambda: configure(MaximumRetryAttempts=0)).code == "ResourceNotFoundException"
    kit.deploy("price", TRIES)
    assert kit.refused(lambda: configure(MaximumRetryAttempts=0, Qualifier="7")).code == "ResourceNotFoundException"


# ---- what is refused at once


def test_an_event_that_is_too_large(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    return len(event)\n")
    done = kit.make_queue("done")
    configure(on_success=done.arn)
    kit.refused(lambda: send("x" * 1_048_576), "RequestTooLargeException", "1048576 bytes", status=413)
    assert kit.invoke("price", "x" * 1_048_576).payload == 1_048_576  # synchronous ones may be larger


def test_an_event_that_is_not_json(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", TRIES)
    lam = kit.client("lambda")
    refusal = kit.refused(lambda: lam.invoke(**NAME, InvocationType="Event", Payload=b"{'lamp': 1}"))
    assert (refusal.code, refusal.status) == ("InvalidRequestContentException", 400)
    assert aws.environments("price") == []


def test_a_function_a_version_or_an_alias_that_does_not_exist(kit: Any) -> None:
    assert kit.refused(lambda: send({})).code == "ResourceNotFoundException"
    kit.deploy("price", TRIES)
    for qualifier in ("7", "live"):
        kit.refused(lambda q=qualifier: send({}, Qualifier=q), "ResourceNotFoundException", status=404)

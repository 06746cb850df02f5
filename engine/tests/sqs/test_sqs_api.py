"""SQS itself: redrive out of dead-letter queues, receipts of messages that have gone, what SQS refuses."""

from __future__ import annotations

import json
from typing import Any

from kits import mapping_kit


def _sqs(kit: Any) -> Any:
    return kit.client("sqs")


def _receive(kit: Any, queue: Any, **more: Any) -> list[dict[str, Any]]:
    given = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    return list(_sqs(kit).receive_message(QueueUrl=queue.url, **(given | more)).get("Messages", []))


def _fill(kit: Any, queue: Any, bodies: list[str], **more: Any) -> None:
    """Sends messages and lets all go on to the dead-letter queue; the redrive policy allows one receive."""
    mapping_kit.send(queue, bodies, **more)
    first = [_receive(kit, queue, VisibilityTimeout=0) for _ in bodies]
    kit.eventually(lambda: not _receive(kit, queue, VisibilityTimeout=0), f"{queue.arn} is empty; had {first}")


def _tasks(kit: Any, queue: Any, most: int = 1) -> list[dict[str, Any]]:
    return list(_sqs(kit).list_message_move_tasks(SourceArn=queue.arn, MaxResults=most)["Results"])


def _wait_for(kit: Any, queue: Any, status: str) -> dict[str, Any]:
    kit.eventually(lambda: _tasks(kit, queue)[0]["Status"] == status, f"{status}: {_tasks(kit, queue)}")
    return _tasks(kit, queue)[0]


def test_redrive_brings_messages_back_as_new_ones(kit: Any) -> None:
    queue, dead = mapping_kit.with_dead_letters("orders", 1, visibility_s=30)
    other = kit.make_queue("repaired")
    color = {"color": {"DataType": "String", "StringValue": "赤"}}
    mapping_kit.send(queue, ["lamp"], MessageAttributes=color)
    before = _receive(kit, queue, VisibilityTimeout=0)[0]
    assert not _receive(kit, queue)
    lost = _receive(kit, dead, VisibilityTimeout=0)[0]
    assert lost["MessageId"] == before["MessageId"]
    assert lost["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    assert lost["Attributes"]["ApproximateReceiveCount"] == "2"  # across all queues

    _sqs(kit).start_message_move_task(SourceArn=dead.arn)
    done = _wait_for(kit, dead, "COMPLETED")
    assert (done["ApproximateNumberOfMessagesMoved"], done["ApproximateNumberOfMessagesToMove"]) == (1, 1)
    assert not {"TaskHandle", "DestinationArn", "FailureReason"} & set(done)
    back = _receive(kit, queue, VisibilityTimeout=0)[0]
    assert (back["Body"], back["MessageAttributes"]) == ("lamp", color)
    assert back["MessageId"] != before["MessageId"]
    assert back["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in back["Attributes"]

    # what was not another queue's before must be told where to go; what was moved before stays moved
    assert not _receive(kit, queue)
    mapping_kit.send(dead, ["direct"])
    _sqs(kit).start_message_move_task(SourceArn=dead.arn)
    failed = _wait_for(kit, dead, "FAILED")
    assert (failed["FailureReason"], failed["ApproximateNumberOfMessagesMoved"]) == (
        "CouldNotDetermineMessageSource",
        1,
    )
    _sqs(kit).start_message_move_task(SourceArn=dead.arn, DestinationArn=other.arn)
    _wait_for(kit, dead, "COMPLETED")
    assert [message["Body"] for message in _receive(kit, other)] == ["direct"]
    assert [task["Status"] for task in _tasks(kit, dead, 10)] == ["COMPLETED", "FAILED", "COMPLETED"]


def test_redrive_has_a_rate_and_can_be_cancelled(kit: Any) -> None:
    queue, dead = mapping_kit.with_dead_letters("orders", 1)
    _fill(kit, queue, ["first", "second", "third"])
    handle = _sqs(kit).start_message_move_task(SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    kit.eventually(lambda: _tasks(kit, dead)[0]["ApproximateNumberOfMessagesMoved"], "one was moved")
    running = _tasks(kit, dead)[0]
    assert (running["Status"], running["TaskHandle"]) == ("RUNNING", handle)
    second = kit.refused(lambda: _sqs(kit).start_message_move_task(SourceArn=dead.arn))
    assert second.message.startswith("There is already a task running")
    moved = _sqs(kit).cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    _wait_for(kit, dead, "CANCELLED")
    assert mapping_kit.count(queue) == moved
    assert mapping_kit.count(dead) == 3 - moved > 0
    again = kit.refused(lambda: _sqs(kit).cancel_message_move_task(TaskHandle=handle))
    assert (again.code, again.message) == ("ResourceNotFoundException", "Task does not exist.")

    for given, code in [
        ({"SourceArn": queue.arn}, "InvalidParameterValue"),
        ({"SourceArn": f"{dead.arn}-none"}, "ResourceNotFoundException"),
        ({"SourceArn": "dead"}, "InvalidParameterValue"),
        ({"SourceArn": dead.arn, "DestinationArn": f"{queue.arn}-none"}, "ResourceNotFoundException"),
        ({"SourceArn": dead.arn, "DestinationArn": dead.arn}, "InvalidParameterValue"),
        ({"SourceArn": dead.arn, "MaxNumberOfMessagesPerSecond": 501}, "InvalidParameterValue"),
    ]:
        assert kit.refused(lambda given=given: _sqs(kit).start_message_move_task(**given)).code == code
    assert kit.refused(lambda: _sqs(kit).cancel_message_move_task(TaskHandle="lamp")).code == "InvalidParameterValue"


def test_redrive_of_a_fifo_queue_keeps_groups_and_duplicates_apart(kit: Any) -> None:
    queue, dead = mapping_kit.with_dead_letters("orders", 1, FifoQueue="true")
    for number in range(2):
        mapping_kit.send(
            queue, [f"lamp {number}"], MessageGroupId="moon", MessageDeduplicationId=lambda body: body.replace(" ", "-")
        )
    kit.eventually(lambda: not _receive(kit, queue, VisibilityTimeout=0), "all have gone on")
    lost = _receive(kit, dead, VisibilityTimeout=0)
    assert [message["Body"] for message in lost] == ["lamp 0", "lamp 1"]
    assert all(message["Attributes"]["MessageDeduplicationId"] == message["MessageId"] for message in lost)
    _sqs(kit).start_message_move_task(SourceArn=dead.arn)
    _wait_for(kit, dead, "COMPLETED")
    back = _receive(kit, queue)
    assert [(m["Body"], m["Attributes"]["MessageGroupId"]) for m in back] == [("lamp 0", "moon"), ("lamp 1", "moon")]


def test_a_fifo_queue_gives_as_much_of_one_group_as_there_is(kit: Any) -> None:
    queue = kit.make_queue("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    bodies = ["moon 0", "sun 0", "moon 1", "sun 1", "moon 2"]
    mapping_kit.send(queue, bodies, MessageGroupId=lambda body: body.split()[0])
    moons = _receive(kit, queue, MaxNumberOfMessages=2)
    assert [message["Body"] for message in moons] == ["moon 0", "moon 1"]
    suns = [message["Body"] for message in _receive(kit, queue)]
    assert suns == ["sun 0", "sun 1"]  # the third moon waits until the first two are deleted
    for message in moons:
        _sqs(kit).delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    assert [message["Body"] for message in _receive(kit, queue)] == ["moon 2"]
    more = ["star 0", "comet 0", "star 1"]
    mapping_kit.send(queue, more, MessageGroupId=lambda body: body.split()[0])
    found = [message["Body"] for message in _receive(kit, queue)]
    assert found == ["star 0", "star 1", "comet 0"]  # what is left of the ten goes to other groups


def test_a_slow_consumer_whose_message_has_gone(kit: Any) -> None:
    """It deletes what is not there any more, which is no error. It can hide again what has come back, nothing else."""
    sqs = _sqs(kit)
    queue, dead = mapping_kit.with_dead_letters("orders", 1, visibility_s=30)
    mapping_kit.send(queue, ["slow", "deleted"])
    slow, deleted = _receive(kit, queue)
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=deleted["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=deleted["ReceiptHandle"])
    entries = [
        {"Id": name, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for name, message in (("slow", slow), ("deleted", deleted))
    ]
    answer = sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)
    assert [row["Id"] for row in answer["Successful"]] == ["slow"]
    assert [(row["Id"], row["Code"]) for row in answer["Failed"]] == [("deleted", "InvalidParameterValue")]

    def extend(timeout_s: int = 9) -> Any:
        handle = slow["ReceiptHandle"]
        return sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=timeout_s)

    kit.eventually(lambda: mapping_kit.visible(queue) == 1, "it is visible again")
    extend()
    assert mapping_kit.visible(queue) == 0
    extend(0)
    assert not _receive(kit, queue)  # it goes on to the dead-letter queue
    assert kit.refused(extend).message.endswith(
        "Message does not exist or is not available for visibility timeout change."
    )
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=slow["ReceiptHandle"])
    assert mapping_kit.count(dead) == 1


REFUSED_QUEUES: list[tuple[dict[str, Any], str, str]] = [
    ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout."),
    ({"DelaySeconds": "soon"}, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds."),
    ({"MessageRetentionPeriod": "59"}, "InvalidAttributeValue", "Invalid value for the parameter"),
    ({"Lamp": "on"}, "InvalidAttributeName", "Unknown Attribute Lamp."),
    ({"ContentBasedDeduplication": "true"}, "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication."),
    ({"Policy": "{"}, "InvalidAttributeValue", "Invalid value for the parameter Policy."),
    ({"RedrivePolicy": "lamp"}, "InvalidParameterValue", "not a valid JSON map"),
    ({"RedrivePolicy": '{"maxReceiveCount": 3}'}, "InvalidParameterValue", "mandatory attribute: deadLetterTargetArn"),
    ({"RedrivePolicy": {"maxReceiveCount": 0}}, "InvalidParameterValue", "from 1 to 1000 both inclusive"),
    ({"RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:none"}}, "InvalidParameterValue",
     "Dead letter target does not exist."),
]  # fmt: skip


def test_the_counts_are_of_one_moment(kit: Any) -> None:
    queue, bodies = kit.make_queue("orders", VisibilityTimeout="1"), [str(n) for n in range(100)]
    mapping_kit.send(queue, bodies)
    for _ in range(10):
        _receive(kit, queue)
    counts = {mapping_kit.count(queue)}
    while mapping_kit.visible(queue) != len(bodies):
        counts.add(mapping_kit.count(queue))
    assert counts == {len(bodies)}, "a message whose visibility timeout ends is in one of the counts"


def test_what_sqs_refuses(kit: Any) -> None:
    sqs = _sqs(kit)
    dead = kit.make_queue("dead", RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    told = sqs.get_queue_attributes(QueueUrl=dead.url, AttributeNames=["RedriveAllowPolicy", "CreatedTimestamp"])
    assert json.loads(told["Attributes"]["RedriveAllowPolicy"]) == {"redrivePermission": "denyAll"}
    assert told["Attributes"]["CreatedTimestamp"].isdigit()
    gone = kit.refused(lambda: sqs.get_queue_attributes(QueueUrl=f"{dead.url}-none"))  # without a name of an attribute
    assert gone.code == "AWS.SimpleQueueService.NonExistentQueue"
    refused_queues = [*REFUSED_QUEUES, ({"RedrivePolicy": {}}, "InvalidParameterValue", "does not allow this queue")]
    for attributes, code, words in refused_queues:
        redrive = attributes.get("RedrivePolicy")
        if isinstance(redrive, dict):
            policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3} | redrive
            attributes = {"RedrivePolicy": json.dumps(policy)}
        found = kit.refused(lambda given=attributes: sqs.create_queue(QueueName="bad", Attributes=given))
        assert (found.code, words in found.message) == (code, True), (attributes, found)
    assert kit.refused(lambda: sqs.create_queue(QueueName="bad.fifo")).code == "InvalidParameterValue"
    assert "bad" not in str(sqs.list_queues().get("QueueUrls"))

    queue = kit.make_queue("orders", MaximumMessageSize="1024")
    text = {"DataType": "String", "StringValue": "x"}
    refused_messages: list[tuple[dict[str, Any], str, str]] = [
        ({"MessageBody": ""}, "MissingParameter", "MessageBody"),
        ({"MessageBody": "\x00"}, "InvalidMessageContents", "Invalid characters"),
        ({"MessageBody": "灯" * 342}, "InvalidParameterValue", "shorter than 1024 bytes"),
        ({"MessageAttributes": {f"a{n}": text for n in range(11)}}, "InvalidParameterValue", "[11] exceeds"),
        ({"MessageAttributes": {"a": text | {"StringValue": ""}}}, "InvalidParameterValue", "non-empty"),
        ({"MessageAttributes": {"a": text | {"DataType": "Number"}}}, "InvalidParameterValue", "to a number"),
        ({"MessageAttributes": {"lamp color": text}}, "InvalidParameterValue", "'lamp color' is invalid"),
        ({"MessageAttributes": {"AWS.lamp": text}}, "InvalidParameterValue", "begin with AWS."),
        ({"MessageDeduplicationId": "1"}, "InvalidParameterValue", "not valid for this queue type"),
        ({"MessageGroupId": "two words"}, "InvalidParameterValue", "alphanumeric and punctuation"),
        ({"DelaySeconds": -1}, "InvalidParameterValue", "DelaySeconds must be >= 0 and <= 900."),
    ]
    for given, code, words in refused_messages:
        message = {"MessageBody": "lamp"} | given
        found = kit.refused(lambda message=message: sqs.send_message(QueueUrl=queue.url, **message))
        assert (found.code, words in found.message) == (code, True), found
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e1b4151"}}
    entries = [
        {"Id": "good", "MessageBody": "lamp", "MessageSystemAttributes": trace},
        {"Id": "empty", "MessageBody": ""},
    ]
    answer = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [row["Id"] for row in answer["Successful"]] == ["good"]
    assert [(row["Id"], row["Code"], row["SenderFault"]) for row in answer["Failed"]] == [
        ("empty", "MissingParameter", True)
    ]
    [message] = _receive(kit, queue)
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5e1b4151"
    assert kit.refused(lambda: _receive(kit, queue, AttributeNames=["Lamp"])).code == "InvalidAttributeName"
    for wrong in ({"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": -1}):
        found = kit.refused(lambda wrong=wrong: _receive(kit, queue, **wrong))
        assert found.message.startswith(f"Value {next(iter(wrong.values()))} for parameter {next(iter(wrong))}")
    twice = [{"Id": "same", "ReceiptHandle": handle} for handle in ("a", "b")]
    assert "Distinct" in kit.refused(lambda: sqs.delete_message_batch(QueueUrl=queue.url, Entries=twice)).code
    assert "Empty" in kit.refused(lambda: sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=[])).code
    assert not sqs.list_queues(QueueNamePrefix="o(").get("QueueUrls")
    again = kit.refused(lambda: sqs.create_queue(QueueName="orders", Attributes={"DelaySeconds": "9"}))
    assert again.message == "A queue already exists with the same name and a different value for attribute DelaySeconds"

"""What pollers of queues share with others, and how they begin and end."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import serverless_cloud as cloud
from kits import mapping_kit, stack_kit


def test_many_receivers_lose_nothing_and_share_nothing(kit: Any) -> None:
    """Eight receivers delete what they get while four senders still send."""
    queue, sqs = kit.make_queue("orders"), kit.client("sqs")
    sent, got = [f"order {number}" for number in range(240)], []
    lock, all_here = threading.Lock(), threading.Event()

    def receive(_: int) -> None:
        while not all_here.is_set():
            answer = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=3, WaitTimeSeconds=0)
            for message in answer.get("Messages", []):
                with lock:
                    got.append(message["Body"])
                sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            if len(got) >= len(sent):
                all_here.set()

    with ThreadPoolExecutor(12) as pool:
        receivers = [pool.submit(receive, number) for number in range(8)]
        for first in range(0, len(sent), 60):
            pool.submit(mapping_kit.send, queue, sent[first : first + 60])
        try:
            kit.eventually(all_here.is_set, "every message is received")
        finally:
            all_here.set()
        for each in receivers:
            each.result()
    assert sorted(got) == sorted(sent)
    assert mapping_kit.count(queue) == 0


def test_a_long_poll_answers_when_a_message_group_is_free(kit: Any) -> None:
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "30"}
    queue, sqs = kit.make_queue("orders.fifo", **fifo), kit.client("sqs")
    mapping_kit.send(queue, ["first", "second"], MessageGroupId="moon")
    (first,) = sqs.receive_message(QueueUrl=queue.url)["Messages"]
    again = sqs.send_message(QueueUrl=queue.url, MessageBody="first", MessageGroupId="moon")
    assert again["MessageId"] == first["MessageId"]  # a duplicate, within five minutes
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=queue.url, WaitTimeSeconds=20)
        sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
        assert not waiting.done()
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=first["ReceiptHandle"])
        assert [message["Body"] for message in waiting.result(10)["Messages"]] == ["second"]
    sqs.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=waiting.result()["Messages"][0]["ReceiptHandle"], VisibilityTimeout=0
    )
    assert sqs.receive_message(QueueUrl=queue.url)["Messages"][0]["Body"] == "second"
    again = sqs.send_message(QueueUrl=queue.url, MessageBody="first", MessageGroupId="moon")
    assert again["MessageId"] == first["MessageId"]  # even though it was deleted
    sqs.purge_queue(QueueUrl=queue.url)
    late = sqs.send_message(QueueUrl=queue.url, MessageBody="first", MessageGroupId="moon")
    assert late["MessageId"] != first["MessageId"]  # a purge forgets what was seen
    assert mapping_kit.count(queue) == 1


def test_a_mapping_outlives_its_function_and_its_queue(aws: cloud.Cloud, kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    queue, lam, sqs = kit.make_queue("orders"), kit.client("lambda"), kit.client("sqs")
    uuid = mapping_kit.connect(queue)
    mapping_kit.send(queue, ["one"])
    worker.wait_for(lambda notes: len(notes) == 1, "the first order")
    mapping_kit.wait_until_empty(queue)
    lam.delete_function(FunctionName="orders")
    assert lam.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    mapping_kit.send(queue, ["two"])
    mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    notes = worker.wait_for(lambda notes: len(notes) == 2, "the second order")
    assert notes[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"  # nobody read it meanwhile
    mapping_kit.wait_until_empty(queue)
    sqs.delete_queue(QueueUrl=queue.url)
    queue = kit.make_queue("orders")
    mapping_kit.send(queue, ["three"])
    worker.wait_for(lambda notes: len(notes) == 3, "the third order")

    # Emptied in the middle of the work, the cloud hears no more of it.
    kit.deploy("slow", "import time\ndef handler(event, context):\n    time.sleep(20)\n", Timeout=30)
    slow = kit.make_queue("slow")
    mapping_kit.connect(slow, "slow")
    mapping_kit.send(slow, [f"order {number}" for number in range(3)])
    kit.eventually(lambda: any(e.state == "busy" for e in aws.environments("slow")), "the slow function is at work")
    aws.reset()
    assert lam.list_event_source_mappings()["EventSourceMappings"] == []
    again = kit.make_queue("slow")
    mapping_kit.send(again, ["new"])
    assert [message["Body"] for message in kit.received(again)] == ["new"]
    assert aws.environments() == []


def test_a_queue_is_read_in_the_execution_role(aws: cloud.Cloud, kit: Any, tmp_path: Path) -> None:
    cloud.start(enforce_iam=True)
    try:
        worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
        queue, iam, name = kit.make_queue("orders"), kit.client("iam"), "hikari-functions"
        refusal = kit.refused(lambda: mapping_kit.connect(queue))
        assert refusal.code == "InvalidParameterValueException"
        assert refusal.message == "The provided execution role does not have permissions to call ReceiveMessage on SQS"
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        statement = {"Effect": "Allow", "Action": actions, "Resource": queue.arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=policy)
        mapping_kit.connect(queue)
        mapping_kit.send(queue, ["one"])
        worker.wait_for(lambda notes: len(notes) == 1, "the first order")
        iam.delete_role_policy(RoleName=name, PolicyName="read")
        mapping_kit.send(queue, ["two"])
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=policy)
        notes = worker.wait_for(lambda notes: len(notes) == 2, "the second order")
        assert notes[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    finally:
        aws.reset()
        cloud.start(enforce_iam=False)


def test_a_stack_makes_changes_and_ends_a_mapping(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    stacks, lam = kit.client("cloudformation"), kit.client("lambda")

    def template(batch_size: str) -> str:
        mapping = {
            "FunctionName": "orders",
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "BatchSize": batch_size,
            "Enabled": "true",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": {"lamp": ["moon"]}})}]},
        }
        return json.dumps({
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
                "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
            },
            "Outputs": {"Url": {"Value": {"Ref": "Queue"}}, "Uuid": {"Value": {"Ref": "Mapping"}}},
        })  # fmt: skip

    stacks.create_stack(StackName="shop", TemplateBody=template("5"))
    (stack,) = stacks.describe_stacks(StackName="shop")["Stacks"]
    out = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    queue = kit.Queue(out["Url"], "")
    assert lam.get_event_source_mapping(UUID=out["Uuid"])["BatchSize"] == 5
    mapping_kit.send(queue, [{"lamp": "moon"}, {"lamp": "sun"}])
    worker.wait_for(len, "the order of a moon lamp")
    mapping_kit.wait_until_empty(queue)
    stacks.update_stack(StackName="shop", TemplateBody=template("1"))
    assert lam.get_event_source_mapping(UUID=out["Uuid"])["BatchSize"] == 1
    assert "Maximum batch window" in stack_kit.why_not_changed("shop", template("11"))
    assert lam.get_event_source_mapping(UUID=out["Uuid"])["BatchSize"] == 1
    stacks.delete_stack(StackName="shop")
    assert lam.list_event_source_mappings()["EventSourceMappings"] == []
    assert len(worker.notes()) == 1


def test_a_stack_makes_a_mapping_anew_or_as_it_was_at_the_beginning(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    stacks, lam = kit.client("cloudformation"), kit.client("lambda")
    queue, other = kit.make_queue("orders"), kit.make_queue("other")

    def template(source: str, **more: Any) -> str:
        mapping = {"FunctionName": "orders", "EventSourceArn": source, **more}
        attributes = ("Id", "EventSourceMappingArn")
        return json.dumps({
            "Resources": {"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}},
            "Outputs": {name: {"Value": {"Fn::GetAtt": ["Mapping", name]}} for name in attributes},
        })  # fmt: skip

    def told() -> dict[str, Any]:
        (stack,) = stacks.describe_stacks(StackName="shop")["Stacks"]
        out = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        mapping = lam.get_event_source_mapping(UUID=out["Id"])
        assert mapping["EventSourceMappingArn"] == out["EventSourceMappingArn"]
        return dict(mapping)

    filters = {"Filters": [{"Pattern": json.dumps({"body": {"lamp": ["moon"]}})}]}
    full = {"BatchSize": 5, "Enabled": False, "FilterCriteria": filters, "ScalingConfig": {"MaximumConcurrency": 2}}
    stacks.create_stack(StackName="shop", TemplateBody=template(queue.arn, **full))
    first = told()
    assert (first["BatchSize"], first["State"], first["FilterCriteria"]) == (5, "Disabled", filters)
    stacks.update_stack(StackName="shop", TemplateBody=template(queue.arn))
    second = told()
    assert second["UUID"] == first["UUID"]
    assert (second["BatchSize"], second["State"]) == (10, "Enabled")
    assert not {"FilterCriteria", "ScalingConfig"} & set(second)
    stacks.update_stack(StackName="shop", TemplateBody=template(other.arn))
    third = told()
    assert third["EventSourceArn"] == other.arn
    assert [each["UUID"] for each in lam.list_event_source_mappings()["EventSourceMappings"]] == [third["UUID"]]
    mapping_kit.send(other, ["of the other queue"])
    worker.wait_for(len, "an order of the other queue")
    assert "extraneous key [Lamp]" in stack_kit.why_not_changed("shop", template(other.arn, Lamp="on"))
    assert told()["UUID"] == third["UUID"]

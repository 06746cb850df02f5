"""Queues whose messages Lambda reads in batches: events, batches, failures, filters."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kits import mapping_kit
from serverless_cloud.sources.batches import read_failures
from serverless_cloud.sources.sqs_scaling import Scaling

REPORT: dict[str, Any] = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
FIFO: dict[str, Any] = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


def _bodies(notes: list[Any]) -> list[str]:
    return [record["body"] for event in notes for record in event["Records"]]


def test_an_event_carries_every_field_of_aws(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    queue = kit.make_queue("orders")
    mapping_kit.connect(queue)
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    sent = kit.client("sqs").send_message(
        QueueUrl=queue.url,
        MessageBody='{"lamp": "moon"}',
        MessageAttributes={
            "shop": {"DataType": "String", "StringValue": "Hikari"},
            "pieces": {"DataType": "Number", "StringValue": "2"},
            "picture": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )
    (event,) = worker.wait_for(len, "one event")
    mapping_kit.wait_until_empty(queue)
    (record,) = event["Records"]
    assert list(event) == ["Records"]
    handle, attributes = record.pop("receiptHandle"), record.pop("attributes")
    assert len(handle) > 20
    assert record == {
        "messageId": sent["MessageId"],
        "body": '{"lamp": "moon"}',
        "messageAttributes": {
            "shop": {
                "stringValue": "Hikari", "stringListValues": [], "binaryListValues": [], "dataType": "String",
            },
            "pieces": {"stringValue": "2", "stringListValues": [], "binaryListValues": [], "dataType": "Number"},
            "picture": {
                "binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary",
            },
        },
        "md5OfBody": hashlib.md5(b'{"lamp": "moon"}', usedforsecurity=False).hexdigest(),
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": "us-east-1",
    }  # fmt: skip
    assert attributes.pop("AWSTraceHeader") == trace
    assert attributes.pop("ApproximateReceiveCount") == "1"
    assert attributes.pop("SenderId")
    sent_ms, received_ms = attributes.pop("SentTimestamp"), attributes.pop("ApproximateFirstReceiveTimestamp")
    assert 1_700_000_000_000 < int(sent_ms) <= int(received_ms)
    assert attributes == {}


def test_a_batch_window_gathers_more_than_one_look_gives(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    queue = kit.make_queue("orders")
    small = mapping_kit.connect(queue, BatchSize=100, MaximumBatchingWindowInSeconds=300)
    lam = kit.client("lambda")
    mapping_kit.send(queue, ["early"])
    kit.eventually(lambda: mapping_kit.visible(queue) == 0, "the window is open")
    assert lam.update_event_source_mapping(UUID=small, Enabled=False)["State"] == "Disabling"
    kit.eventually(lambda: mapping_kit.visible(queue) == 1, "what was gathered is put back")
    mapping_kit.send(queue, [f"order {number}" for number in range(25)])
    assert lam.update_event_source_mapping(UUID=small, BatchSize=25, MaximumBatchingWindowInSeconds=1)
    assert worker.notes() == []
    assert mapping_kit.visible(queue) == 26  # a disabled mapping reads nothing
    assert lam.update_event_source_mapping(UUID=small, Enabled=True)["State"] == "Enabling"
    worker.wait_for(lambda notes: len(_bodies(notes)) == 26, "26 messages")
    assert sorted(len(event["Records"]) for event in worker.notes()) == [1, 25]


def test_a_batch_ends_before_six_megabytes(kit: Any, tmp_path: Path) -> None:
    source = mapping_kit.NOTE + "def handler(event, context):\n    note(len(event['Records']))\n"
    worker = mapping_kit.deploy(tmp_path, source)
    queue = kit.make_queue("orders")
    sqs = kit.client("sqs")
    for _ in range(8):
        sqs.send_message(QueueUrl=queue.url, MessageBody="x" * 1_000_000)
    mapping_kit.connect(queue)
    assert sorted(worker.wait_for(lambda notes: sum(notes) == 8, "eight messages")) == [2, 6]


def test_what_fails_comes_back_and_ends_in_the_dead_letter_queue(kit: Any, tmp_path: Path) -> None:
    """Three functions at once: one reports single messages, one raises, one is throttled."""
    raises = (mapping_kit.FAIL_BAD + '    raise RuntimeError("The lamp is broken.")\n').replace("    return", "    _ =")
    sources = {"orders": mapping_kit.FAIL_BAD, "stock": raises, "payments": mapping_kit.FAIL_BAD}
    workers = {name: mapping_kit.deploy(tmp_path, source, name, Timeout=1) for name, source in sources.items()}
    lam = kit.client("lambda")
    lam.put_function_concurrency(FunctionName="payments", ReservedConcurrentExecutions=0)
    queues = {name: mapping_kit.with_dead_letters(name, most_receives=2) for name in sources}
    for name, (queue, _) in queues.items():
        mapping_kit.send(queue, ["good 1", "bad", "good 2"])
        mapping_kit.connect(queue, name, **(REPORT if name == "orders" else {}))

    def given_up(name: str, count: int) -> list[str]:
        return sorted(message["Body"] for message in kit.received(queues[name][1], count))

    everything = ["bad", "good 1", "good 2"]
    assert given_up("orders", 1) == ["bad"]
    assert given_up("stock", 3) == everything
    assert given_up("payments", 3) == everything
    assert workers["orders"].notes() == [[["good 1", 1], ["bad", 1], ["good 2", 1]], [["bad", 2]]]
    assert workers["stock"].notes() == [[[body, times] for body in ("good 1", "bad", "good 2")] for times in (1, 2)]
    assert workers["payments"].notes() == []
    lam.delete_function_concurrency(FunctionName="payments")
    for name, (queue, _) in queues.items():
        mapping_kit.wait_until_empty(queue)
        mapping_kit.send(queue, ["next"])
        workers[name].wait_for(lambda notes: notes and notes[-1] == [["next", 1]], f"the next order for {name}")


RECORDS = [{"messageId": "a"}, {"messageId": "b"}]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, []),
        ({}, []),
        ([], []),
        ("", []),
        ({"statusCode": 200}, []),
        ({"batchItemFailures": None}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, ["b"]),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}, ["b"]),
        ({"batchItemFailures": [{"itemIdentifier": "c"}]}, None),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]}, None),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, None),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, None),
        ({"batchItemFailures": [{"id": "b"}]}, None),
        ({"batchItemFailures": ["b"]}, None),
        ({"batchItemFailures": "b"}, None),
        (["b"], None),
        ("done", None),
    ],
)
def test_what_a_function_may_answer_for_a_batch(answer: Any, failed: list[str] | None) -> None:
    found = read_failures(json.dumps(answer).encode(), RECORDS)
    assert (found.error is not None) == (failed is None)
    assert list(found.failed) == (failed or [])
    assert read_failures(b"no JSON", RECORDS).error
    assert read_failures(b"", RECORDS).error is None


def test_messages_that_no_filter_lets_pass_are_deleted(kit: Any, tmp_path: Path) -> None:
    worker = mapping_kit.deploy(tmp_path, mapping_kit.KEEP)
    text, order = kit.make_queue("text"), kit.make_queue("orders")
    dear = {"body": {"total": [{"numeric": [">", 10_000]}]}}
    moon = {"body": {"lamp": ["moon"]}}
    patterns = [{"Pattern": json.dumps(pattern)} for pattern in (dear, moon)]
    mapping_kit.connect(order, FilterCriteria={"Filters": patterns})
    plain = {"Filters": [{"Pattern": json.dumps({"body": [{"prefix": "order"}]})}]}
    mapping_kit.connect(text, FilterCriteria=plain)
    mapping_kit.send(order, [{"total": 20_000}, {"total": 9}, {"lamp": "moon"}, "total", {"lamp": ["sun", "moon"]}])
    mapping_kit.send(text, ["order 1", "return 1", {"order": 1}])
    mapping_kit.wait_until_empty(order)
    mapping_kit.wait_until_empty(text)
    passed = ['{"lamp": "moon"}', '{"lamp": ["sun", "moon"]}', '{"total": 20000}', "order 1"]
    assert sorted(_bodies(worker.notes())) == sorted(passed)


def test_a_mapping_starts_with_five_batches_at_once_or_maximum_concurrency(kit: Any, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    enter = """
def handler(event, context):
    mine = os.path.join(os.environ["INSIDE"], context.aws_request_id)
    open(mine, "w").close()
"""
    bound = mapping_kit.NOTE + enter + "    time.sleep(0.05)\n    note(len(os.listdir(os.environ['INSIDE'])))\n"
    bound += "    os.remove(mine)\n"
    worker = mapping_kit.deploy(tmp_path, bound, Variables={"INSIDE": str(inside)})
    queue = kit.make_queue("orders")
    mapping_kit.connect(queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    mapping_kit.send(queue, [f"order {number}" for number in range(20)])
    notes = worker.wait_for(lambda found: len(found) == 20, "20 batches")
    assert max(notes) == 2

    # Without it: each of five batches waits until all five are there.
    meet = (
        mapping_kit.NOTE + enter + "    while len(os.listdir(os.environ['INSIDE'])) < 5:\n        time.sleep(0.005)\n"
    )
    meet += "    note(1)\n"
    free = mapping_kit.deploy(tmp_path, meet, "stock", Timeout=20, Variables={"INSIDE": str(inside)})
    stock = kit.make_queue("stock")
    mapping_kit.send(stock, [f"lamp {number}" for number in range(5)])
    mapping_kit.connect(stock, "stock", BatchSize=1)
    free.wait_for(lambda found: len(found) == 5, "five batches at once")


def test_the_limit_grows_while_messages_are_left() -> None:
    now_s, scale = [0.0], [1.0]
    free = Scaling(None, lambda: scale[0], lambda: now_s[0])
    bound = Scaling(7, lambda: scale[0], lambda: now_s[0])

    def after(seconds: float) -> list[int]:
        now_s[0] += seconds
        for each in (free, bound):
            each.messages_left()
        return [free.limit, bound.limit]

    assert after(30.0) == [5, 5]  # the growth begins now
    assert after(6.0) == [35, 7]  # 300 a minute
    scale[0] = 10.0
    assert after(6.0) == [335, 7]
    assert after(60.0) == [1250, 7]
    free.call_failed()
    assert free.limit == 625
    free.queue_is_empty()
    assert free.limit == 5
    assert after(600.0)[0] == 5


@pytest.mark.usefixtures("aws")
def test_the_order_of_each_message_group_holds(tmp_path: Path) -> None:
    """The second order of group a fails once; nothing of a overtakes it, b goes on."""
    source = (
        mapping_kit.NOTE
        + """
def handler(event, context):
    failed = []
    for r in event["Records"]:
        group, number = r["attributes"]["MessageGroupId"], json.loads(r["body"])["number"]
        fails = (group, number) == ("a", 1) and r["attributes"]["ApproximateReceiveCount"] == "1"
        if fails or [f for f in failed if f[0] == group]:
            failed.append((group, r["messageId"]))
        else:
            note([group, number, r["attributes"]["SequenceNumber"], r["attributes"]["MessageDeduplicationId"]])
    return {"batchItemFailures": [{"itemIdentifier": f[1]} for f in failed]}
"""
    )
    worker = mapping_kit.deploy(tmp_path, source, Timeout=1)
    queue, _ = mapping_kit.with_dead_letters("orders", 5, **FIFO)
    mapping_kit.connect(queue, BatchSize=4, **REPORT)
    orders = [{"group": group, "number": number} for number in range(8) for group in "ab"]
    mapping_kit.send(queue, orders, MessageGroupId=lambda order: order["group"])
    mapping_kit.send(queue, orders[:1], MessageGroupId="a")  # the same once more, within five minutes
    notes = worker.wait_for(lambda found: len(found) == len(orders), "16 orders")
    for group in "ab":
        mine = [note for note in notes if note[0] == group]
        assert [note[1] for note in mine] == list(range(8))
        assert [note[2] for note in mine] == sorted({note[2] for note in mine}, key=int)
        assert all(len(note[2]) == 20 and len(note[3]) == 64 for note in mine)
    mapping_kit.wait_until_empty(queue)
    last_of_b = max(place for place, note in enumerate(notes) if note[0] == "b")
    assert last_of_b < notes.index(next(note for note in notes if note[:2] == ["a", 1]))

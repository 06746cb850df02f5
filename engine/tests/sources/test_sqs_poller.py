"""The poller of a queue, without a queue: what must not end it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from serverless_cloud.core.background import Tasks
from serverless_cloud.lambda_.event_source_mapping import Delivery, Mapping
from serverless_cloud.sources.sqs import SqsPoller
from serverless_cloud.sources.sqs_records import Message

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


class _Queue:
    """Fails at the first look, then has one message."""

    visibility_timeout_s = 30.0

    def __init__(self) -> None:
        self.looks = 0
        self.deleted: list[str] = []
        self.emptied = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        return not self.emptied.wait(timeout_s)

    def receive(self, most: int, room_bytes: int) -> list[Message]:
        del most, room_bytes
        self.looks += 1
        if self.looks == 1:
            raise ValueError("a message that nobody can read")
        return [Message("id", "handle", "lamp", "md5", {})] if not self.deleted else []

    def delete(self, receipt_handles: list[str]) -> None:
        self.deleted += receipt_handles
        self.emptied.set()

    def put_back(self, receipt_handles: list[str]) -> None:
        raise AssertionError(receipt_handles)


def test_a_message_that_cannot_be_read_does_not_end_the_poller(capsys: Any) -> None:
    queue, tasks = _Queue(), Tasks()
    plane: Any = SimpleNamespace(tasks=tasks, time_scale=1.0, permissions=SimpleNamespace(require=lambda *_: None))
    mapping = Mapping("uuid", "arn", ARN, "arn:function", "arn:role", batch_size=10)
    bodies: list[str] = []

    def deliver(records: list[dict[str, Any]]) -> Delivery:
        bodies.extend(record["body"] for record in records)
        return Delivery()

    poller = SqsPoller(plane, mapping, deliver, queue)
    try:
        assert queue.emptied.wait(10)
    finally:
        poller.stop()
        tasks.clear()
    assert bodies == ["lamp"]
    assert "a message that nobody can read" in capsys.readouterr().err

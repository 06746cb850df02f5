"""A queue of SQS without a server, on a machine that is so busy that each look at the clock shows a later time."""

from __future__ import annotations

import itertools

import pytest

from serverless_cloud.core import clock
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sqs import attributes as queue_attributes
from serverless_cloud.sqs.messages import new_message
from serverless_cloud.sqs.queues import Message, Queue, Queues

STEP_MS = 5.0
ARN = "arn:aws:sqs:ap-northeast-1:123456789012:"


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steady clock goes on with each look."""
    times = itertools.count(1_000_000.0, STEP_MS)
    monkeypatch.setattr(clock, "now_ms", lambda: next(times))


def make(name: str, queues: Queues | None = None, **attributes: str) -> Queue:
    """A queue with these attributes."""
    all_attributes = queue_attributes.changed(queue_attributes.at_first(name), attributes)
    return (queues or Queues()).create(ARN + name, all_attributes, {})


def send(queue: Queue, *bodies: str) -> None:
    """Sends messages; in a FIFO queue, a body's first letter is its group."""
    for body in bodies:
        group = body[0] if queue.is_fifo else None
        queue.add(new_message(queue, body, group_id=group, deduplication_id=body if queue.is_fifo else None))


def receive(queue: Queue, visibility_timeout_s: int = 30, most: int = 10) -> list[Message]:
    """Receives at once."""
    return queue.receive(most, 0.0, visibility_timeout_s)


def bodies_of(messages: list[Message]) -> list[str]:
    """The bodies of messages."""
    return [message.body for message in messages]


def test_what_was_received_together_comes_back_together(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = make("orders")
    send(queue, "a1", "a2", "a3")
    messages = receive(queue)
    (back_ms,) = {message.visible_ms for message in messages}
    monkeypatch.setattr(clock, "now_ms", lambda: back_ms - 0.1)
    assert receive(queue) == []
    monkeypatch.setattr(clock, "now_ms", lambda: back_ms)
    assert bodies_of(receive(queue)) == ["a1", "a2", "a3"]


def test_without_a_visibility_timeout_it_can_be_received_again_at_once() -> None:
    queue = make("orders")
    send(queue, "a1", "a2")
    assert bodies_of(receive(queue, 0)) == bodies_of(receive(queue, 0)) == ["a1", "a2"]


def test_each_message_is_in_one_count() -> None:
    queue = make("orders")
    send(queue, "seen", "waits")
    receive(queue, most=1)
    queue.add(new_message(queue, "later", delay_s=60))
    counts = queue.counts()
    assert (counts.visible, counts.in_flight, counts.delayed) == (1, 1, 1)


def test_a_receiver_keeps_the_receipt_that_it_was_given() -> None:
    queue = make("orders")
    send(queue, "lamp")
    (first,) = receive(queue, 0)
    (second,) = receive(queue, 0)
    assert (first.receive_count, second.receive_count) == (1, 2)
    assert first.receipt_handle != second.receipt_handle
    queue.delete(first.receipt_handle)  # a standard queue takes any receipt
    queue.delete(first.receipt_handle)  # and takes it again when the message is gone
    assert receive(queue) == []
    for text in ("lamp", "", make("other").arn):
        with pytest.raises(ServiceError, match="is not a valid receipt handle"):
            queue.delete(text)


def test_a_receipt_is_of_one_queue() -> None:
    queues = Queues()
    queue, other = make("orders", queues), make("other", queues)
    send(queue, "lamp")
    (message,) = receive(queue)
    with pytest.raises(ServiceError, match="is not a valid receipt handle"):
        other.delete(message.receipt_handle)


def test_messages_that_were_received_too_often_move() -> None:
    queues = Queues()
    dead = make("dead", queues)
    redrive = f'{{"deadLetterTargetArn":"{dead.arn}","maxReceiveCount":"2"}}'
    queue = make("orders", queues, RedrivePolicy=redrive)
    send(queue, "lamp")
    for count in (1, 2):
        assert [message.receive_count for message in receive(queue, 0)] == [count]
    assert receive(queue, 0) == []
    (message,) = receive(dead, 0)
    assert (message.body, message.source_arn, message.receive_count) == ("lamp", queue.arn, 3)
    del queues.of("123456789012", "ap-northeast-1")["dead"]
    send(queue, "stays")
    assert [bodies_of(receive(queue, 0)) for _ in range(3)] == [["stays"]] * 3


def test_a_fifo_queue_gives_nothing_of_a_group_in_flight() -> None:
    queue = make("orders.fifo", FifoQueue="true")
    send(queue, "a1", "a2", "b1")
    assert bodies_of(receive(queue, most=1)) == ["a1"]
    assert bodies_of(receive(queue)) == ["b1"]
    assert receive(queue) == []


def test_old_messages_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = make("orders", MessageRetentionPeriod="60")
    send(queue, "lamp")
    monkeypatch.setattr(clock, "now_ms", lambda: 1_061_000.0)
    assert receive(queue) == []
    assert queue.counts().visible == 0

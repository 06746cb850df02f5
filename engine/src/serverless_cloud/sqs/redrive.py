"""Dead-letter queue redrive: StartMessageMoveTask and what belongs to it.

Rules (Amazon SQS API reference; Developer Guide, "Learn how to configure a dead-letter queue redrive"): a task moves
messages out of a queue that is another queue's dead-letter queue, oldest first, back to where each came from, or to one
destination of the same type. It arrives as a new message, with a new id, a new time and no receives. One task of a
queue runs at a time. Messages that were moved before a task fails or is canceled stay moved.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from serverless_cloud.core import clock
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.tasks import Tasks
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.models import Message, Queue, Queues

MOST_PER_SECOND, MOST_RESULTS = 500, 10
_ACTIVE = ("RUNNING", "CANCELLING")
_ARN = re.compile("arn(:[^:]+){5}")


@dataclass
class _Task:
    """One task of one queue. `rate`: messages a second, None: without a limit."""

    source_arn: str
    destination_arn: str | None
    rate: int | None
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_ms: int = field(default_factory=lambda: int(time.time() * 1000))

    @property
    def handle(self) -> str:
        """TaskHandle of the API."""
        content = json.dumps({"taskId": self.id, "sourceArn": self.source_arn}, separators=(",", ":"))
        return base64.b64encode(content.encode()).decode()

    def shown(self) -> JsonObject:
        """As ListMessageMoveTasks shows it."""
        row = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source_arn,
            "DestinationArn": self.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure,
            "StartedTimestamp": self.started_ms,
        }
        return {name: value for name, value in row.items() if value is not None}


class MoveTasks:
    """All tasks of the local cloud."""

    def __init__(self, queues: Queues, tasks: Tasks) -> None:
        self._queues, self._background = queues, tasks
        self._tasks: list[_Task] = []

    def clear(self) -> None:
        """The cloud is emptied."""
        with self._queues.lock:
            self._tasks = []

    def start(self, here: Mapping[str, Queue], source_arn: str, destination_arn: str | None, rate: int | None) -> str:
        """Starts a task; its handle."""
        with self._queues.lock:
            source = _require_queue(here, source_arn, "SourceArn")
            if not any(queue.dead_letter_queue is source for queue in here.values()):
                raise errors.invalid_parameter("Source queue must be configured as a Dead Letter Queue.")
            if destination_arn:
                destination = _require_queue(here, destination_arn, "DestinationArn")
                if destination is source:
                    raise errors.invalid_parameter("Source queue arn and destination queue arn cannot be the same.")
                if destination.is_fifo != source.is_fifo:
                    raise errors.invalid_parameter("The source queue and destination queue must be of the same type.")
            if rate is not None and not 1 <= rate <= MOST_PER_SECOND:
                raise _out_of_range(rate, "MaxNumberOfMessagesPerSecond", MOST_PER_SECOND)
            if any(task.source_arn == source_arn and task.status in _ACTIVE for task in self._tasks):
                raise errors.invalid_parameter(
                    "There is already a task running. Only one active task is allowed for a source queue arn at a "
                    "given time."
                )
            task = _Task(source_arn, destination_arn or None, rate, sum(1 for _ in source.receivable(clock.now_ms())))
            self._tasks.append(task)
        self._background.start(f"redrive of {source.name}", lambda stopped: self._work(here, task, stopped))
        return task.handle

    def shown(self, here: Mapping[str, Queue], source_arn: str, most: int) -> list[JsonObject]:
        """The newest tasks of a queue, newest first."""
        _require_queue(here, source_arn, "SourceArn")
        if not 1 <= most <= MOST_RESULTS:
            raise _out_of_range(most, "MaxResults", MOST_RESULTS)
        with self._queues.lock:
            return [task.shown() for task in reversed(self._tasks) if task.source_arn == source_arn][:most]

    def cancel(self, here: Mapping[str, Queue], handle: str) -> int:
        """Cancels a task that runs; how many messages it has moved."""
        try:
            given = json.loads(base64.b64decode(handle, validate=True))
            task_id, source_arn = str(given["taskId"]), str(given["sourceArn"])
        except (ValueError, TypeError, KeyError) as error:
            raise errors.invalid_parameter("Value for parameter TaskHandle is invalid.") from error
        _require_queue(here, source_arn, "SourceArn")
        with self._queues.lock:
            for task in self._tasks:
                if task.id == task_id and task.status == "RUNNING":
                    task.status = "CANCELLING"
                    return task.moved
        raise errors.not_found("Task does not exist.")

    def _work(self, here: Mapping[str, Queue], task: _Task, stopped: threading.Event) -> None:
        while not stopped.is_set():
            with self._queues.lock:
                if task.status == "RUNNING":
                    task.status = _move_one(here, task)
                if task.status == "CANCELLING":
                    task.status = "CANCELLED"
                if task.status != "RUNNING":
                    return
            if task.rate:
                stopped.wait(1 / task.rate)


def _move_one(here: Mapping[str, Queue], task: _Task) -> str:
    """Moves the oldest message; the task's status after it. The lock is held."""
    queues = {queue.arn: queue for queue in here.values()}
    source = queues.get(task.source_arn)
    message = next(source.receivable(clock.now_ms()), None) if source is not None else None
    if source is None or message is None or task.moved >= task.to_move:
        return "COMPLETED"
    to = task.destination_arn or message.source_arn
    if to not in queues:
        task.failure = "CouldNotDetermineMessageSource" if to is None else "AWS.SimpleQueueService.NonExistentQueue"
        return "FAILED"
    source.remove(message)
    queues[to].add(_renewed(message, queues[to].number("DelaySeconds")))
    task.moved += 1
    return "RUNNING" if task.moved < task.to_move else "COMPLETED"


def _renewed(message: Message, delay_s: int) -> Message:
    """A new message with the content of an old one."""
    return Message(
        message.body,
        message.attributes,
        message.system_attributes,
        message.group_id,
        message.deduplication_id,
        visible_ms=clock.now_ms() + delay_s * 1000,
    )


def _require_queue(here: Mapping[str, Queue], arn: str, parameter: str) -> Queue:
    if not _ARN.fullmatch(arn):
        raise errors.invalid_parameter(
            f"You must use this format to specify the {parameter}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    found = next((queue for queue in here.values() if queue.arn == arn), None)
    if found is None:
        text = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise errors.not_found(text)
    return found


def _out_of_range(value: int, name: str, most: int) -> errors.SqsError:
    return errors.invalid_parameter(
        f"Value {value} for parameter {name} is invalid. Reason: Must be between 1 and {most}."
    )

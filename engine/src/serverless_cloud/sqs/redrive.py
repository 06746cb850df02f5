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
from serverless_cloud.core.background import Tasks
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.queues import Message, Queue, Queues

_MOST_PER_SECOND, _MOST_RESULTS = 500, 10
_ARN = re.compile("arn(:[^:]+){5}")


@dataclass
class _Task:
    """One task of one queue.

    Args:
        destination_arn: "" moves each message back to where it came from.
        rate: messages a second; None: without a limit.
    """

    source_arn: str
    destination_arn: str
    rate: int | None
    to_move: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_ms: int = field(default_factory=lambda: int(time.time() * 1000))

    @property
    def handle(self) -> str:
        """TaskHandle of the API."""
        content = json.dumps({"taskId": self.id, "sourceArn": self.source_arn}, separators=(",", ":"))
        return base64.b64encode(content.encode()).decode()

    def row(self) -> JsonObject:
        """As ListMessageMoveTasks shows it."""
        row: JsonObject = {
            "Status": self.status,
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        }
        more = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "DestinationArn": self.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "FailureReason": self.failure,
        }
        return row | {name: value for name, value in more.items() if value}


class MoveTasks:
    """All tasks of the local cloud. `here` are always the queues of the caller's account and Region, by name."""

    def __init__(self, queues: Queues, tasks: Tasks) -> None:
        self._lock, self._background = queues.lock, tasks
        self._tasks: list[_Task] = []

    def clear(self) -> None:
        """The cloud is emptied."""
        with self._lock:
            self._tasks = []

    def start(self, here: Mapping[str, Queue], source_arn: str, destination_arn: str, rate: int | None) -> str:
        """Starts a task; its handle."""
        with self._lock:
            source = _require_queue(here, source_arn, "SourceArn")
            if not any(queue.dead_letter_queue is source for queue in list(here.values())):
                raise errors.invalid_parameter("Source queue must be configured as a Dead Letter Queue.")
            if destination_arn:
                destination = _require_queue(here, destination_arn, "DestinationArn")
                if destination is source:
                    raise errors.invalid_parameter("Source queue arn and destination queue arn cannot be the same.")
                if destination.is_fifo != source.is_fifo:
                    raise errors.invalid_parameter("The source queue and destination queue must be of the same type.")
            _require_range(rate, "MaxNumberOfMessagesPerSecond", _MOST_PER_SECOND)
            if any(task.source_arn == source_arn and task.status in ("RUNNING", "CANCELLING") for task in self._tasks):
                raise errors.invalid_parameter(
                    "There is already a task running. Only one active task is allowed for a source queue arn at a "
                    "given time."
                )
            task = _Task(source_arn, destination_arn, rate, sum(1 for _ in source.receivable(clock.now_ms())))
            self._tasks.append(task)
        self._background.start(f"redrive of {source.name}", lambda stopped: self._work(here, task, stopped))
        return task.handle

    def rows(self, here: Mapping[str, Queue], source_arn: str, most: int) -> list[JsonObject]:
        """The newest tasks of a queue, newest first."""
        _require_queue(here, source_arn, "SourceArn")
        _require_range(most, "MaxResults", _MOST_RESULTS)
        with self._lock:
            return [task.row() for task in reversed(self._tasks) if task.source_arn == source_arn][:most]

    def cancel(self, here: Mapping[str, Queue], handle: str) -> int:
        """Cancels a task that runs; how many messages it has moved."""
        try:
            content = json.loads(base64.b64decode(handle, validate=True))
            task_id, source_arn = str(content["taskId"]), str(content["sourceArn"])
        except (ValueError, TypeError, KeyError) as error:
            raise errors.invalid_parameter("Value for parameter TaskHandle is invalid.") from error
        _require_queue(here, source_arn, "SourceArn")
        with self._lock:
            for task in self._tasks:
                if task.id == task_id and task.status == "RUNNING":
                    task.status = "CANCELLING"
                    return task.moved
        raise ServiceError("ResourceNotFoundException", "Task does not exist.")

    def _work(self, here: Mapping[str, Queue], task: _Task, stopped: threading.Event) -> None:
        while not stopped.is_set():
            with self._lock:
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
    source = _find(here, task.source_arn)
    message = next(source.receivable(clock.now_ms()), None) if source is not None else None
    if source is None or message is None or task.moved >= task.to_move:
        return "COMPLETED"
    arn = task.destination_arn or message.source_arn
    if (destination := _find(here, arn)) is None:
        task.failure = "AWS.SimpleQueueService.NonExistentQueue" if arn else "CouldNotDetermineMessageSource"
        return "FAILED"
    source.remove(message)
    visible_ms = clock.now_ms() + destination.number("DelaySeconds") * 1000
    content = (message.body, message.attributes, message.system_attributes)
    destination.add(Message(*content, message.group_id, message.deduplication_id, visible_ms=visible_ms))
    task.moved += 1
    return "RUNNING" if task.moved < task.to_move else "COMPLETED"


def _find(here: Mapping[str, Queue], arn: str) -> Queue | None:
    queue = here.get(arn.rpartition(":")[2])
    return queue if queue is not None and queue.arn == arn else None


def _require_queue(here: Mapping[str, Queue], arn: str, parameter: str) -> Queue:
    if not _ARN.fullmatch(arn):
        raise errors.invalid_parameter(
            f"You must use this format to specify the {parameter}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    if (queue := _find(here, arn)) is None:
        text = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise ServiceError("ResourceNotFoundException", text)
    return queue


def _require_range(value: int | None, name: str, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise errors.invalid_value(value, name, f"Must be between 1 and {most}.")

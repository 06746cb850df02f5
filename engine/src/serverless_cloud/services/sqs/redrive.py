"""Dead-letter queue redrive, StartMessageMoveTask and what belongs to it. moto has none of it.

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
from dataclasses import dataclass, field

from moto.core.responses import ActionResult
from moto.sqs import models
from moto.sqs.exceptions import InvalidParameterValue, SQSException
from moto.sqs.models import Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.sqs import fifo as sqs_fifo, queues as sqs_queues

patches = Service(
    "sqs",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[there_is_no_redrive]",
    upstream="Dead-letter queue redrive exists.",
)

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


class Redrive:
    """All tasks of the local cloud."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._tasks: list[_Task] = []

    def clear(self) -> None:
        """The cloud is emptied."""
        with sqs_queues.LOCK:
            self._tasks = []

    def start(self, backend: SQSBackend, source_arn: str, destination_arn: str | None, rate: int | None) -> str:
        """Starts a task; its handle."""
        with sqs_queues.LOCK:
            source = _require_queue(backend, source_arn, "SourceArn")
            if not any(queue.dead_letter_queue is source and queue.redrive_policy for queue in backend.queues.values()):
                raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
            if destination_arn:
                destination = _require_queue(backend, destination_arn, "DestinationArn")
                if destination is source:
                    raise InvalidParameterValue("Source queue arn and destination queue arn cannot be the same.")
                if destination.fifo_queue != source.fifo_queue:
                    raise InvalidParameterValue("The source queue and destination queue must be of the same type.")
            if rate is not None and not 1 <= rate <= MOST_PER_SECOND:
                raise _out_of_range(rate, "MaxNumberOfMessagesPerSecond", MOST_PER_SECOND)
            if any(task.source_arn == source_arn and task.status in _ACTIVE for task in self._tasks):
                raise InvalidParameterValue(
                    "There is already a task running. Only one active task is allowed for a source queue arn at a "
                    "given time."
                )
            task = _Task(source_arn, destination_arn or None, rate, sum(1 for _ in sqs_queues.takeable(source)))
            self._tasks.append(task)
        self._plane.tasks.start(f"redrive of {source.name}", lambda stopped: self._work(backend, task, stopped))
        return task.handle

    def shown(self, backend: SQSBackend, source_arn: str, most: int) -> list[JsonObject]:
        """The newest tasks of a queue, newest first."""
        _require_queue(backend, source_arn, "SourceArn")
        if not 1 <= most <= MOST_RESULTS:
            raise _out_of_range(most, "MaxResults", MOST_RESULTS)
        with sqs_queues.LOCK:
            return [task.shown() for task in reversed(self._tasks) if task.source_arn == source_arn][:most]

    def cancel(self, backend: SQSBackend, handle: str) -> int:
        """Cancels a task that runs; how many messages it has moved."""
        try:
            given = json.loads(base64.b64decode(handle, validate=True))
            task_id, source_arn = str(given["taskId"]), str(given["sourceArn"])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidParameterValue("Value for parameter TaskHandle is invalid.") from error
        _require_queue(backend, source_arn, "SourceArn")
        with sqs_queues.LOCK:
            for task in self._tasks:
                if task.id == task_id and task.status == "RUNNING":
                    task.status = "CANCELLING"
                    return task.moved
        raise SQSException("ResourceNotFoundException", "Task does not exist.")

    def _work(self, backend: SQSBackend, task: _Task, stopped: threading.Event) -> None:
        while not stopped.is_set():
            with sqs_queues.LOCK:
                if task.status == "RUNNING":
                    task.status = _move_one(backend, task)
                if task.status == "CANCELLING":
                    task.status = "CANCELLED"
                if task.status != "RUNNING":
                    return
            if task.rate:
                stopped.wait(1 / task.rate)


def _move_one(backend: SQSBackend, task: _Task) -> str:
    """Moves the oldest message; the task's status after it. The lock is held."""
    queues = {queue.queue_arn: queue for queue in backend.queues.values()}
    source = queues.get(task.source_arn)
    message = next(sqs_queues.takeable(source), None) if source is not None else None
    if source is None or message is None or task.moved >= task.to_move:
        return "COMPLETED"
    to = task.destination_arn or getattr(message, "dead_letter_source_arn", None)
    if to not in queues:
        task.failure = "CouldNotDetermineMessageSource" if to is None else "AWS.SimpleQueueService.NonExistentQueue"
        return "FAILED"
    sqs_queues.remove(source, message)
    queues[to].add_message(_renewed(message, sqs_fifo.setting(queues[to], "delay_seconds")))
    task.moved += 1
    return "RUNNING" if task.moved < task.to_move else "COMPLETED"


def _renewed(message: models.Message, delay_s: int) -> models.Message:
    """A new message with the content of an old one."""
    fresh = models.Message(str(uuid.uuid4()), message.body, message.system_attributes)
    fresh.message_attributes = message.message_attributes
    fresh.group_id, fresh.deduplication_id = message.group_id, message.deduplication_id
    fresh.mark_sent(delay_seconds=delay_s)
    return fresh


def _require_queue(backend: SQSBackend, arn: str, parameter: str) -> Queue:
    if not _ARN.fullmatch(arn):
        raise InvalidParameterValue(
            f"You must use this format to specify the {parameter}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    found = next((queue for queue in backend.queues.values() if queue.queue_arn == arn), None)
    if found is None:
        text = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise SQSException("ResourceNotFoundException", text)
    return found


def _out_of_range(value: int, name: str, most: int) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {value} for parameter {name} is invalid. Reason: Must be between 1 and {most}."
    )


def connect(plane: DataPlane) -> None:
    """Lets tasks move messages."""
    current.parts[Redrive] = redrive = Redrive(plane)
    plane.forgetting.append(redrive.clear)


@patches.replaces("moto.sqs.responses:SQSResponse.start_message_move_task", expects="")
def start_message_move_task(response: SQSResponse) -> ActionResult:
    names = ("SourceArn", "DestinationArn", "MaxNumberOfMessagesPerSecond")
    return ActionResult(
        {"TaskHandle": current.parts[Redrive].start(response.sqs_backend, *(response._get_param(n) for n in names))}
    )


@patches.replaces("moto.sqs.responses:SQSResponse.list_message_move_tasks", expects="")
def list_message_move_tasks(response: SQSResponse) -> ActionResult:
    most = response._get_param("MaxResults")
    found = current.parts[Redrive].shown(
        response.sqs_backend, response._get_param("SourceArn"), 1 if most is None else most
    )
    return ActionResult({"Results": found})


@patches.replaces("moto.sqs.responses:SQSResponse.cancel_message_move_task", expects="")
def cancel_message_move_task(response: SQSResponse) -> ActionResult:
    moved = current.parts[Redrive].cancel(response.sqs_backend, response._get_param("TaskHandle"))
    return ActionResult({"ApproximateNumberOfMessagesMoved": moved})

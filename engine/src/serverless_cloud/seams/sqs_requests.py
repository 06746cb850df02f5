"""Seam: SQS's refusals, and the parts of answers that moto leaves out (moto 5.2.5).

moto takes values that no queue can have (or fails on them with status 500), bodies that AWS refuses, and a dead-letter
queue that does not want the source; in a batch one bad message refuses all, and trace headers get lost. Replaced here:

- `SQSBackend.create_queue`, `set_queue_attributes`, `send_message`: AWS's checks first. moto counts all messages of the
  queue for each that is sent.
- `SQSBackend.send_message_batch`, `change_message_visibility_batch`: each entry by itself.
- `SQSBackend.delete_message_batch`: the number of entries and their ids are checked.
- `SQSBackend.list_queues`: moto takes a prefix for a regular expression.
- `SQSBackend.get_queue_attributes`: RedriveAllowPolicy is told, times in whole seconds.
- `SQSResponse.create_queue`, `set_queue_attributes`: names of attributes are checked.
- `SQSResponse.receive_message`: its numbers are checked; DeadLetterQueueSourceArn is told.

Worth an upstream change: all of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from moto.sqs import models
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    InvalidAttributeName,
    InvalidBatchEntryId,
    QueueAlreadyExists,
    SQSException,
    TooManyEntriesInBatchRequest,
)
from moto.sqs.responses import SQSResponse

from serverless_cloud.seams import sqs_rules
from serverless_cloud.seams.replacement import Replacement

_TIMES = ("CreatedTimestamp", "LastModifiedTimestamp")
_SOURCE = "DeadLetterQueueSourceArn"


def install() -> None:
    """Puts AWS's checks before moto's queues."""
    _Queues.install()
    _Answers.install()


class _Queues(Replacement, of=models.SQSBackend):
    def create_queue(self: Any, name: str, tags: dict[str, str] | None = None, **given: Any) -> Any:
        arn = f"arn:aws:sqs:{self.region_name}:{self.account_id}:{name}"
        sqs_rules.check_values(arn, given, self.queues.values())
        try:
            return _Queues.moto.create_queue(self, name, tags, **given)
        except QueueAlreadyExists as error:
            kept = self.queues[name].attributes
            other = next((key for key in given if str(kept.get(key)) != str(given[key])), "")
            raise QueueAlreadyExists(
                f"A queue already exists with the same name and a different value for attribute {other}"
            ) from error

    def set_queue_attributes(self: Any, queue_name: str, attributes: dict[str, Any]) -> Any:
        sqs_rules.check_values(self.get_queue(queue_name).queue_arn, attributes, self.queues.values())
        return _Queues.moto.set_queue_attributes(self, queue_name, attributes)

    def list_queues(self: Any, queue_name_prefix: str | None) -> list[Any]:
        return [queue for name, queue in self.queues.items() if name.startswith(queue_name_prefix or "")]

    def get_queue_attributes(self: Any, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        self.get_queue(queue_name)  # raises if there is none, whatever is asked for
        names = set(attribute_names) - {"RedriveAllowPolicy"}
        if unknown := sorted(names - {"All"} - sqs_rules.QUEUE_ATTRIBUTES):
            raise InvalidAttributeName(unknown[0])
        if not attribute_names:
            return {}
        # Once: moto counts all messages for each name.
        found = dict(_Queues.moto.get_queue_attributes(self, queue_name, ["All"]))
        found |= {name: int(found[name]) for name in _TIMES}
        if allows := getattr(self.get_queue(queue_name), "redrive_allow_policy", None):
            found["RedriveAllowPolicy"] = allows if isinstance(allows, str) else json.dumps(allows)
        return found if "All" in names else {name: found[name] for name in attribute_names if name in found}

    def send_message(
        self: Any,
        queue_name: str,
        message_body: str,
        message_attributes: dict[str, Any] | None = None,
        delay_seconds: int | None = None,
        deduplication_id: str | None = None,
        group_id: str | None = None,
        system_attributes: dict[str, Any] | None = None,
        validate_group_id: bool = True,
    ) -> Any:
        del validate_group_id
        queue = self.get_queue(queue_name)
        sqs_rules.check_message(queue, message_body, message_attributes, delay_seconds, group_id, deduplication_id)
        message = models.Message(str(uuid.uuid4()), message_body, system_attributes)
        if queue.content_based_deduplication and deduplication_id is None:
            deduplication_id = hashlib.sha256(message_body.encode()).hexdigest()
        message.deduplication_id, message.group_id = deduplication_id, group_id
        message.message_attributes = message_attributes or {}
        message.mark_sent(delay_seconds=queue.delay_seconds if delay_seconds is None else int(delay_seconds))
        queue.add_message(message)
        return message

    def send_message_batch(
        self: Any, queue_name: str, entries: dict[str, dict[str, Any]]
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        self.get_queue(queue_name)
        _check_batch(list(entries.values()))
        done: list[Any] = []

        def take(entry: dict[str, Any]) -> None:
            message = self.send_message(
                queue_name,
                entry["MessageBody"],
                entry.get("MessageAttributes"),
                entry.get("DelaySeconds"),
                entry.get("MessageDeduplicationId"),
                entry.get("MessageGroupId"),
                entry.get("MessageSystemAttributes"),
            )
            message.user_id = entry["Id"]
            done.append(message)

        return done, _each(list(entries.values()), take)[1]

    def change_message_visibility_batch(
        self: Any, queue_name: str, entries: list[dict[str, Any]]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        def change(entry: dict[str, Any]) -> None:
            timeout_s = entry.get("VisibilityTimeout")
            sqs_rules.check_receive({"VisibilityTimeout": timeout_s})
            self.change_message_visibility(queue_name, entry["ReceiptHandle"], timeout_s or 0)

        _check_ids(entries, "ChangeMessageVisibility")
        return _each(entries, change)

    def delete_message_batch(self: Any, queue_name: str, receipts: list[dict[str, Any]]) -> Any:
        _check_ids(receipts, "DeleteMessage")
        return _Queues.moto.delete_message_batch(self, queue_name, receipts)


def _check_batch(entries: list[dict[str, Any]]) -> None:
    """Raises unless the entries of a SendMessageBatch can be taken together."""
    _check_ids(entries, "SendMessage")
    total = sum(sqs_rules.size_bytes(entry["MessageBody"], entry.get("MessageAttributes")) for entry in entries)
    if total > MAXIMUM_MESSAGE_LENGTH:
        raise BatchRequestTooLong(total)


def _check_ids(entries: list[dict[str, Any]], action: str) -> None:
    """Raises unless a batch has 1 to 10 entries, each with its own id. `action`: without "Batch"."""
    if not entries:
        text = f"There should be at least one {action}BatchRequestEntry in the request."
        raise SQSException("AWS.SimpleQueueService.EmptyBatchRequest", text)
    if len(entries) > sqs_rules.BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", str(entry.get("Id"))):
            raise InvalidBatchEntryId
        if entry["Id"] in seen:
            raise BatchEntryIdsNotDistinct(entry["Id"])
        seen.add(entry["Id"])


def _each(
    entries: list[dict[str, Any]], work: Callable[[dict[str, Any]], None]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Does the work for each entry. Returns the ids of successful entries, and the rows of failed entries."""
    done, failed = [], []
    for entry in entries:
        try:
            work(entry)
        except SQSException as error:
            row = {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
            failed.append(row)
        else:
            done.append(entry["Id"])
    return done, failed


class _Answers(Replacement, of=SQSResponse):
    def create_queue(self: Any) -> Any:
        sqs_rules.check_names(self._get_param("QueueName"), self._get_param("Attributes", {}))
        return _Answers.moto.create_queue(self)

    def set_queue_attributes(self: Any) -> Any:
        name, given = self._get_queue_name(), self._get_param("Attributes", {})
        is_fifo = self.sqs_backend.get_queue(name).fifo_queue
        sqs_rules.check_names(name, ({"FifoQueue": "true"} if is_fifo else {}) | given)
        return _Answers.moto.set_queue_attributes(self)

    def receive_message(self: Any) -> Any:
        names = ("MaxNumberOfMessages", "WaitTimeSeconds", "VisibilityTimeout")
        sqs_rules.check_receive({name: self._get_param(name) for name in names})
        asked = {*self._get_param("AttributeNames", []), *self._get_param("MessageSystemAttributeNames", [])}
        sqs_rules.check_system_names(sorted(asked))
        answer = _Answers.moto.receive_message(self)
        if answer.result and {"All", _SOURCE} & asked:
            queue = self.sqs_backend.get_queue(self._get_queue_name())
            sources = {m.id: m.dead_letter_source_arn for m in queue._messages if hasattr(m, "dead_letter_source_arn")}
            for message in answer.result["Messages"]:
                if message["MessageId"] in sources:
                    message.setdefault("Attributes", {})[_SOURCE] = sources[message["MessageId"]]
        return answer

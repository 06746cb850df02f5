"""SQS's refusals, and the parts of answers that moto leaves out.

moto takes values that no queue can have (or fails on them with status 500), bodies that AWS refuses, and a dead-letter
queue that does not want the source; in a batch one bad message refuses all, and trace headers get lost. It counts all
messages of the queue for each that is sent, and takes a prefix of names for a regular expression.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable

from moto.core.responses import ActionResult
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
from moto.sqs.models import Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.sqs import counts as sqs_counts, fifo as sqs_fifo, validation as sqs_refusals

patches = Service(
    "sqs",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[an_empty_message_is_accepted]",
)

_TIMES = ("CreatedTimestamp", "LastModifiedTimestamp")
_SOURCE = "DeadLetterQueueSourceArn"


@patches.replaces(
    "moto.sqs.models:SQSBackend.create_queue",
    expects="self, name, tags=None, **kwargs",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_timeout_of_a_day_is_accepted]",
    upstream="CreateQueue refuses values that no queue can have.",
)
def create_queue_of_backend(
    backend: SQSBackend, name: str, tags: dict[str, str] | None = None, **given: object
) -> Queue:
    arn = f"arn:aws:sqs:{backend.region_name}:{backend.account_id}:{name}"
    sqs_refusals.check_values(arn, given, backend.queues.values())
    sqs_refusals.check_throughput(given)
    sqs_refusals.check_tags(tags or ())
    try:
        return create_queue_of_backend.original(backend, name, tags, **_one_encryption(given))
    except QueueAlreadyExists as error:
        kept = backend.queues[name].attributes
        other = next((key for key in given if str(kept.get(key)) != str(given[key])), "")
        raise QueueAlreadyExists(
            f"A queue already exists with the same name and a different value for attribute {other}"
        ) from error


@patches.replaces(
    "moto.sqs.models:SQSBackend.set_queue_attributes",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_timeout_of_a_day_is_accepted]",
    upstream="SetQueueAttributes refuses values that no queue can have.",
)
def set_queue_attributes_of_backend(backend: SQSBackend, queue_name: str, attributes: JsonObject) -> Queue:
    queue = backend.get_queue(queue_name)
    sqs_refusals.check_values(queue.queue_arn, attributes, backend.queues.values())
    sqs_refusals.check_change(queue, attributes)
    # moto forgets the policy if it isn't among the attributes that change
    return set_queue_attributes_of_backend.original(
        backend, queue_name, {"Policy": queue.policy} | _one_encryption(attributes)
    )


def _one_encryption(given: JsonObject) -> JsonObject:
    """Attributes with the other kind of encryption turned off, since a queue has one kind at most."""
    if given.get("KmsMasterKeyId"):
        return given | {"SqsManagedSseEnabled": "false"}
    if str(given.get("SqsManagedSseEnabled", "")).lower() == "true":
        return given | {"KmsMasterKeyId": None}
    return given


@patches.replaces("moto.sqs.models:SQSBackend.list_queues", upstream="ListQueues takes a prefix for a prefix.")
def list_queues(backend: SQSBackend, queue_name_prefix: str | None) -> list[Queue]:
    return [queue for name, queue in backend.queues.items() if name.startswith(queue_name_prefix or "")]


@patches.replaces(
    "moto.sqs.models:SQSBackend.get_queue_attributes",
    upstream="GetQueueAttributes tells RedriveAllowPolicy, and times in whole seconds.",
)
def get_queue_attributes(backend: SQSBackend, queue_name: str, attribute_names: list[str]) -> JsonObject:
    queue = backend.get_queue(queue_name)  # raises if there is none, whatever is asked for
    for name in attribute_names:
        if name != "All" and name not in sqs_refusals.QUEUE_ATTRIBUTES:
            raise InvalidAttributeName(name)
    if not attribute_names:
        return {}
    with sqs_counts.counting(queue):  # all names at once: moto counts all messages for each
        found = dict(get_queue_attributes.original(backend, queue_name, ["All"]))
    found |= {name: int(found[name]) for name in _TIMES}
    for name, policy in (
        ("RedrivePolicy", queue.redrive_policy),
        ("RedriveAllowPolicy", getattr(queue, "redrive_allow_policy", None)),
    ):
        if policy:
            found[name] = policy if isinstance(policy, str) else json.dumps(policy, separators=(",", ":"))
    return found if "All" in attribute_names else {name: found[name] for name in attribute_names if name in found}


@patches.replaces(
    "moto.sqs.models:SQSBackend.send_message", upstream="SendMessage refuses bodies and attributes that AWS refuses."
)
def send_message(
    backend: SQSBackend,
    queue_name: str,
    message_body: str,
    message_attributes: JsonObject | None = None,
    delay_seconds: int | None = None,
    deduplication_id: str | None = None,
    group_id: str | None = None,
    system_attributes: JsonObject | None = None,
    validate_group_id: bool = True,
) -> models.Message:
    del validate_group_id
    queue = backend.get_queue(queue_name)
    sqs_refusals.check_message(queue, message_body, message_attributes, delay_seconds, group_id, deduplication_id)
    sqs_refusals.check_attributes(system_attributes or {})
    message = models.Message(str(uuid.uuid4()), message_body, system_attributes)
    if sqs_fifo.setting(queue, "content_based_deduplication") and deduplication_id is None:
        deduplication_id = hashlib.sha256(message_body.encode()).hexdigest()
    message.deduplication_id, message.group_id = deduplication_id, group_id
    message.message_attributes = message_attributes or {}
    own_delay = delay_seconds is not None and not queue.fifo_queue  # a FIFO queue delays all of its messages
    delay_s = delay_seconds if own_delay else sqs_fifo.setting(queue, "delay_seconds")
    message.mark_sent(delay_seconds=int(delay_s or 0))
    queue.add_message(message)
    return message


@patches.replaces(
    "moto.sqs.models:SQSBackend.send_message_batch",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_batch_loses_trace_headers]",
    upstream="In a batch, each message is accepted or refused by itself, and keeps its trace header.",
)
def send_message_batch(
    backend: SQSBackend, queue_name: str, entries: dict[str, JsonObject]
) -> tuple[list[models.Message], list[JsonObject]]:
    queue = backend.get_queue(queue_name)
    _check_batch(list(entries.values()))
    for each in entries.values():  # without them, nothing of the batch is sent
        sqs_refusals.check_order(queue, each.get("MessageGroupId"), each.get("MessageDeduplicationId"))
    done: list[models.Message] = []

    def take(entry: JsonObject) -> None:
        message = backend.send_message(
            queue_name,
            entry["MessageBody"],
            entry.get("MessageAttributes"),
            entry.get("DelaySeconds"),
            entry.get("MessageDeduplicationId"),
            entry.get("MessageGroupId"),
            entry.get("MessageSystemAttributes"),
        )
        vars(message)["user_id"] = entry["Id"]
        done.append(message)

    return done, _each(list(entries.values()), take)[1]


@patches.replaces(
    "moto.sqs.models:SQSBackend.change_message_visibility_batch",
    upstream="In a batch, each change is accepted or refused by itself.",
)
def change_message_visibility_batch(
    backend: SQSBackend, queue_name: str, entries: list[JsonObject]
) -> tuple[list[str], list[JsonObject]]:
    def change(entry: JsonObject) -> None:
        timeout_s = entry.get("VisibilityTimeout")
        sqs_refusals.check_receive({"VisibilityTimeout": timeout_s})
        backend.change_message_visibility(queue_name, entry["ReceiptHandle"], timeout_s or 0)

    _check_ids(entries, "ChangeMessageVisibility")
    return _each(entries, change)


@patches.replaces(
    "moto.sqs.models:SQSBackend.delete_message_batch",
    upstream="DeleteMessageBatch checks the number of entries and their ids.",
)
def delete_message_batch(
    backend: SQSBackend, queue_name: str, receipts: list[JsonObject]
) -> tuple[list[str], list[JsonObject]]:
    def delete(entry: JsonObject) -> None:
        backend.delete_message(queue_name, entry["ReceiptHandle"])

    backend.get_queue(queue_name)
    _check_ids(receipts, "DeleteMessage")
    return _each(receipts, delete)


def _check_batch(entries: list[JsonObject]) -> None:
    """Raises unless the entries of a SendMessageBatch can be taken together."""
    _check_ids(entries, "SendMessage")
    total = sum(sqs_refusals.size_bytes(entry["MessageBody"], entry.get("MessageAttributes")) for entry in entries)
    if total > MAXIMUM_MESSAGE_LENGTH:
        raise BatchRequestTooLong(total)


def _check_ids(entries: list[JsonObject], action: str) -> None:
    """Raises unless a batch has 1 to 10 entries, each with its own id. `action`: without "Batch"."""
    if not entries:
        text = f"There should be at least one {action}BatchRequestEntry in the request."
        raise SQSException("AWS.SimpleQueueService.EmptyBatchRequest", text)
    if len(entries) > sqs_refusals.BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", str(entry.get("Id"))):
            raise InvalidBatchEntryId
        if entry["Id"] in seen:
            raise BatchEntryIdsNotDistinct(entry["Id"])
        seen.add(entry["Id"])


def _each(entries: list[JsonObject], work: Callable[[JsonObject], None]) -> tuple[list[str], list[JsonObject]]:
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


@patches.replaces(
    "moto.sqs.responses:SQSResponse.create_queue",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_timeout_of_a_day_is_accepted]",
)
def answer_create_queue(response: SQSResponse) -> ActionResult:
    name, given = response._get_param("QueueName"), response._get_param("Attributes", {})
    sqs_refusals.check_queue_name(name, given)
    sqs_refusals.check_names(name, given)
    return answer_create_queue.original(response)


@patches.replaces(
    "moto.sqs.responses:SQSResponse.set_queue_attributes",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_timeout_of_a_day_is_accepted]",
)
def answer_set_queue_attributes(response: SQSResponse) -> ActionResult:
    name, given = response._get_queue_name(), response._get_param("Attributes", {})
    response.sqs_backend.get_queue(name)  # raises if there is none
    sqs_refusals.check_names(name, given)
    return answer_set_queue_attributes.original(response)


@patches.replaces(
    "moto.sqs.responses:SQSResponse.receive_message",
    upstream="ReceiveMessage checks its numbers and tells DeadLetterQueueSourceArn.",
)
def receive_message(response: SQSResponse) -> ActionResult:
    names = ("MaxNumberOfMessages", "WaitTimeSeconds", "VisibilityTimeout")
    sqs_refusals.check_receive({name: response._get_param(name) for name in names})
    asked = [*response._get_param("AttributeNames", []), *response._get_param("MessageSystemAttributeNames", [])]
    sqs_refusals.check_system_names(asked)
    answer = receive_message.original(response)
    received = answer.result
    if received and isinstance(received, dict) and ("All" in asked or _SOURCE in asked):
        queue = response.sqs_backend.get_queue(response._get_queue_name())
        sources = {
            m.id: own["dead_letter_source_arn"] for m in queue._messages if "dead_letter_source_arn" in (own := vars(m))
        }
        for message in received["Messages"]:
            if message["MessageId"] in sources:
                message.setdefault("Attributes", {})[_SOURCE] = sources[message["MessageId"]]
    return answer

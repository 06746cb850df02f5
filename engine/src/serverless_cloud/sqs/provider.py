"""The operations of SQS's API, one method each. Source: Amazon SQS API reference, the action of the same name.

Parameters have the names of the API in Python's spelling, and results are as the API reference shows them. Whatever the
request lacks or may not contain raises `errors.SqsError`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from serverless_cloud.core import clock
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import Caller
from serverless_cloud.core.tasks import Tasks
from serverless_cloud.sqs import attributes as queue_attributes, errors, messages
from serverless_cloud.sqs.models import Attributes, AttributeValue, Message, Queue, Queues, attributes_md5
from serverless_cloud.sqs.redrive import MoveTasks

_MOST_LISTED, _MOST_ACTIONS, _MOST_TAGS = 1000, 7, 50
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
#: The actions that AddPermission can allow.
_ACTIONS = (
    "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues",
    "PurgeQueue", "ReceiveMessage", "SendMessage",
)  # fmt: skip


class SqsProvider:
    """SQS.

    Args:
        queues: its state.
        tasks: where redrives run.
    """

    def __init__(self, queues: Queues, tasks: Tasks) -> None:
        self._queues, self._move_tasks = queues, MoveTasks(queues, tasks)

    def clear(self) -> None:
        """Forgets everything, because the cloud is emptied."""
        self._move_tasks.clear()
        self._queues.clear()

    # ---- queues

    def create_queue(
        self,
        at: Caller,
        queue_name: str,
        attributes: Mapping[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> JsonObject:
        """Creates a queue, or names the queue that has the same name and attributes."""
        given = attributes or {}
        queue_attributes.check_queue_name(queue_name, given)
        queue_attributes.check_names(queue_name, given)
        arn, here = f"arn:aws:sqs:{at.region}:{at.account_id}:{queue_name}", self._here(at)
        queue_attributes.check_values(arn, given, here.values())
        queue_attributes.check_throughput(given)
        queue_attributes.check_tags(tags or ())
        if not _NAME.fullmatch(queue_name):
            raise errors.invalid_parameter(_BAD_NAME)
        if (queue := here.get(queue_name)) is None:
            complete = queue_attributes.complete(queue_name, given)
            queue = self._queues.create(arn, complete, dict(tags or {}))
        for name, value in given.items():
            if queue.attributes.get(name, "") != queue_attributes.normal(name, value):
                words = "A queue already exists with the same name and a different value for attribute"
                raise errors.SqsError("QueueAlreadyExists", f"{words} {name}")
        return {"QueueUrl": _url(at, queue)}

    def get_queue_url(self, at: Caller, queue_name: str, queue_owner_aws_account_id: str | None = None) -> JsonObject:
        """Finds a queue by its name."""
        queue = self._queues.of(queue_owner_aws_account_id or at.account_id, at.region).get(queue_name)
        if queue is None:
            raise errors.no_queue()
        return {"QueueUrl": _url(at, queue)}

    def list_queues(
        self,
        at: Caller,
        queue_name_prefix: str | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> JsonObject:
        """Lists queues, with pages if MaxResults is given."""
        names = [name for name in self._here(at) if name.startswith(queue_name_prefix or "")]
        return _page(at, "QueueUrls", [self._here(at)[name] for name in names], next_token, max_results)

    def list_dead_letter_source_queues(
        self, at: Caller, queue_url: str, next_token: str | None = None, max_results: int | None = None
    ) -> JsonObject:
        """Lists the queues whose dead-letter queue this is."""
        dead = self._queue(at, queue_url)
        sources = [queue for queue in self._here(at).values() if queue.dead_letter_queue is dead]
        return {"queueUrls": []} | _page(at, "queueUrls", sources, next_token, max_results)

    def delete_queue(self, at: Caller, queue_url: str) -> None:
        """Deletes a queue with its messages."""
        del self._here(at)[self._queue(at, queue_url).name]

    def purge_queue(self, at: Caller, queue_url: str) -> None:
        """Deletes all messages of a queue."""
        self._queue(at, queue_url).purge()

    def get_queue_attributes(self, at: Caller, queue_url: str, attribute_names: Sequence[str] = ()) -> JsonObject:
        """Tells attributes of a queue; the counts are of one moment."""
        queue = self._queue(at, queue_url)
        for name in attribute_names:
            if name != "All" and name not in queue_attributes.QUEUE_ATTRIBUTES:
                raise errors.unknown_attribute(name)
        counts = queue.counts()
        values = {
            "ApproximateNumberOfMessages": str(counts.visible),
            "ApproximateNumberOfMessagesDelayed": str(counts.delayed),
            "ApproximateNumberOfMessagesNotVisible": str(counts.in_flight),
            "CreatedTimestamp": str(queue.created_s),
            "LastModifiedTimestamp": str(queue.changed_s),
            "QueueArn": queue.arn,
        } | queue.attributes
        names = values if "All" in attribute_names else attribute_names
        told = {name: values[name] for name in names if name in values}
        return {"Attributes": told} if told else {}

    def set_queue_attributes(self, at: Caller, queue_url: str, attributes: Mapping[str, str]) -> None:
        """Changes attributes of a queue; an empty text removes one."""
        queue = self._queue(at, queue_url)
        queue_attributes.check_names(queue.name, attributes)
        queue_attributes.check_values(queue.arn, attributes, self._here(at).values())
        queue_attributes.check_change(queue, attributes)
        queue.change(queue_attributes.changed(queue.attributes, attributes))

    def add_permission(
        self, at: Caller, queue_url: str, label: str, aws_account_ids: Sequence[str], actions: Sequence[str]
    ) -> None:
        """Adds a statement to the queue's policy."""
        queue = self._queue(at, queue_url)
        queue_attributes.check_permission(label, aws_account_ids)
        if not actions:
            raise errors.missing_parameter("Actions")
        if not aws_account_ids:
            raise errors.invalid_value("[]", "PrincipalId", "Unable to verify.")
        if len(actions) > _MOST_ACTIONS:
            words = f"{len(actions)} Actions were found, maximum allowed is {_MOST_ACTIONS}."
            raise errors.SqsError("OverLimit", words)
        for action in actions:
            if action not in _ACTIONS:
                text = "Only the queue owner is allowed to invoke this action."
                raise errors.invalid_value(f"SQS:{action}", "ActionName", text)
        empty = {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}
        policy = json.loads(queue.policy) if queue.policy else empty
        if any(statement.get("Sid") == label for statement in policy["Statement"]):
            raise errors.invalid_value(label, "Label", "Already exists.")
        principals = [f"arn:aws:iam::{account_id}:root" for account_id in aws_account_ids]
        statement = {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": principals if len(principals) > 1 else principals[0]},
            "Action": [f"SQS:{action}" for action in actions] if len(actions) > 1 else f"SQS:{actions[0]}",
            "Resource": queue.arn,
        }
        policy["Statement"].append(statement)
        queue.change(queue.attributes | {"Policy": json.dumps(policy)})

    def remove_permission(self, at: Caller, queue_url: str, label: str) -> None:
        """Removes a statement from the queue's policy."""
        queue = self._queue(at, queue_url)
        policy: JsonObject = json.loads(queue.policy or '{"Statement": []}')
        kept = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
        if len(kept) == len(policy["Statement"]):
            raise errors.invalid_value(label, "Label", "can't find label on existing policy.")
        policy["Statement"] = kept
        queue.change(queue_attributes.changed(queue.attributes, {"Policy": json.dumps(policy)}))

    def tag_queue(self, at: Caller, queue_url: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a queue."""
        queue = self._queue(at, queue_url)
        queue_attributes.check_tags(tags)
        if not tags:
            raise errors.missing_parameter("Tags")
        if len(queue.tags | tags) > _MOST_TAGS:
            raise errors.invalid_parameter(f"Too many tags added for queue {queue.name}.")
        queue.tags = queue.tags | tags

    def untag_queue(self, at: Caller, queue_url: str, tag_keys: Sequence[str]) -> None:
        """Removes tags from a queue."""
        queue = self._queue(at, queue_url)
        if not tag_keys:
            raise errors.invalid_parameter("Tag keys must be between 1 and 128 characters in length.")
        queue.tags = {key: value for key, value in queue.tags.items() if key not in tag_keys}

    def list_queue_tags(self, at: Caller, queue_url: str) -> JsonObject:
        """Tells the tags of a queue."""
        tags = self._queue(at, queue_url).tags
        return {"Tags": tags} if tags else {}

    # ---- messages

    def send_message(
        self,
        at: Caller,
        queue_url: str,
        message_body: str,
        delay_seconds: int | None = None,
        message_attributes: Attributes | None = None,
        message_system_attributes: Attributes | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
    ) -> JsonObject:
        """Sends a message."""
        queue, own = self._queue(at, queue_url), message_attributes or {}
        system = _traced(at, message_system_attributes)
        message = new_message(
            queue, message_body, own, delay_seconds, message_group_id, message_deduplication_id, system
        )
        queue.add(message)
        return _sent(message, message_system_attributes)

    def send_message_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Sends up to ten messages. Each is accepted or refused for itself, except for what concerns the order."""
        queue = self._queue(at, queue_url)
        messages.check_batch(entries)
        for entry in entries:
            messages.check_order(queue, entry.get("MessageGroupId"), entry.get("MessageDeduplicationId"))

        def send(entry: JsonObject) -> JsonObject:
            message = new_message(
                queue,
                entry["MessageBody"],
                entry.get("MessageAttributes") or {},
                entry.get("DelaySeconds"),
                entry.get("MessageGroupId"),
                entry.get("MessageDeduplicationId"),
                _traced(at, entry.get("MessageSystemAttributes")),
            )
            queue.add(message)
            return _sent(message, entry.get("MessageSystemAttributes"))

        return _batch(entries, send)

    def receive_message(
        self,
        at: Caller,
        queue_url: str,
        attribute_names: Sequence[str] = (),
        message_system_attribute_names: Sequence[str] = (),
        message_attribute_names: Sequence[str] = (),
        max_number_of_messages: int = 1,
        visibility_timeout: int | None = None,
        wait_time_seconds: int | None = None,
        receive_request_attempt_id: str | None = None,
    ) -> JsonObject:
        """Receives messages, and waits for the first one (long polling)."""
        del receive_request_attempt_id
        numbers = {"MaxNumberOfMessages": max_number_of_messages, "WaitTimeSeconds": wait_time_seconds}
        messages.check_receive(numbers | {"VisibilityTimeout": visibility_timeout})
        names = {*attribute_names, *message_system_attribute_names}
        messages.check_system_names((*attribute_names, *message_system_attribute_names))
        queue = self._queue(at, queue_url)
        wait_s = queue.number("ReceiveMessageWaitTimeSeconds") if wait_time_seconds is None else wait_time_seconds
        hidden_s = queue.number("VisibilityTimeout") if visibility_timeout is None else visibility_timeout
        rows = queue.receive(max_number_of_messages, wait_s, hidden_s)
        return {"Messages": [_told(row, names, message_attribute_names) for row in rows]} if rows else {}

    def delete_message(self, at: Caller, queue_url: str, receipt_handle: str) -> None:
        """Deletes a message."""
        self._queue(at, queue_url).delete(receipt_handle)

    def delete_message_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Deletes up to ten messages, each for itself."""
        queue = self._queue(at, queue_url)
        messages.check_ids(entries, "DeleteMessage")
        return _batch(entries, lambda entry: queue.delete(entry["ReceiptHandle"]))

    def change_message_visibility(
        self, at: Caller, queue_url: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        """Gives a message in flight another visibility timeout."""
        messages.check_receive({"VisibilityTimeout": visibility_timeout})
        self._queue(at, queue_url).hide(receipt_handle, visibility_timeout)

    def change_message_visibility_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Gives up to ten messages another visibility timeout, each for itself."""
        queue = self._queue(at, queue_url)
        messages.check_ids(entries, "ChangeMessageVisibility")

        def change(entry: JsonObject) -> None:
            messages.check_receive({"VisibilityTimeout": entry.get("VisibilityTimeout")})
            queue.hide(entry["ReceiptHandle"], entry.get("VisibilityTimeout") or 0)

        return _batch(entries, change)

    # ---- redrive

    def start_message_move_task(
        self,
        at: Caller,
        source_arn: str,
        destination_arn: str | None = None,
        max_number_of_messages_per_second: int | None = None,
    ) -> JsonObject:
        """Starts to move messages out of a dead-letter queue."""
        rate = max_number_of_messages_per_second
        return {"TaskHandle": self._move_tasks.start(self._here(at), source_arn, destination_arn, rate)}

    def list_message_move_tasks(self, at: Caller, source_arn: str, max_results: int = 1) -> JsonObject:
        """Lists the newest tasks of a queue, newest first."""
        return {"Results": self._move_tasks.shown(self._here(at), source_arn, max_results)}

    def cancel_message_move_task(self, at: Caller, task_handle: str) -> JsonObject:
        """Cancels a task that runs."""
        return {"ApproximateNumberOfMessagesMoved": self._move_tasks.cancel(self._here(at), task_handle)}

    # ---- helpers

    def _here(self, at: Caller) -> dict[str, Queue]:
        return self._queues.of(at.account_id, at.region)

    def _queue(self, at: Caller, queue_url: str) -> Queue:
        queue = self._here(at).get(queue_url.rstrip("/").rpartition("/")[2])
        if queue is None:
            raise errors.no_queue()
        return queue


def new_message(
    queue: Queue,
    body: str,
    attributes: Attributes,
    delay_s: int | None,
    group_id: str | None,
    deduplication_id: str | None,
    system_attributes: Attributes,
) -> Message:
    """A message for a queue. Raises SqsError if the queue doesn't take such messages."""
    messages.check_message(queue, body, attributes, delay_s, group_id, deduplication_id)
    messages.check_attributes(system_attributes)
    if deduplication_id is None and queue.attributes.get("ContentBasedDeduplication") == "true":
        deduplication_id = hashlib.sha256(body.encode()).hexdigest()
    has_own_delay = delay_s is not None and not queue.is_fifo  # a FIFO queue delays all of its messages
    wait_s = int(delay_s or 0) if has_own_delay else queue.number("DelaySeconds")
    visible_ms = clock.now_ms() + wait_s * 1000 if wait_s else 0.0
    return Message(body, attributes, system_attributes, group_id, deduplication_id, visible_ms=visible_ms)


def _url(at: Caller, queue: Queue) -> str:
    return f"{at.host_url}/{'/'.join(queue.arn.split(':')[4:])}"


def _page(at: Caller, key: str, queues: Sequence[Queue], token: str | None, most: int | None) -> JsonObject:
    if most is not None and not 1 <= most <= _MOST_LISTED:
        raise errors.invalid_value(most, "MaxResults", f"Must be between 1 and {_MOST_LISTED}.")
    try:
        first = int(base64.b64decode(token, validate=True)) if token else 0
    except ValueError as error:
        raise errors.invalid_parameter("Invalid or expired next token.") from error
    end = first + (most or _MOST_LISTED)
    page: JsonObject = {key: [_url(at, queue) for queue in queues[first:end]]} if queues[first:end] else {}
    if most and end < len(queues):
        page["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return page


def _traced(at: Caller, system_attributes: Attributes | None) -> Attributes:
    """The system attributes of a message: the trace header of its request, unless it has its own."""
    header: Attributes = {"AWSTraceHeader": {"DataType": "String", "StringValue": at.trace}} if at.trace else {}
    return header | (system_attributes or {})


def _sent(message: Message, system_attributes: Attributes | None) -> JsonObject:
    row: JsonObject = {"MD5OfMessageBody": message.body_md5, "MessageId": message.id}
    if message.attributes:
        row["MD5OfMessageAttributes"] = attributes_md5(message.attributes)
    if system_attributes:
        row["MD5OfMessageSystemAttributes"] = attributes_md5(system_attributes)
    if message.sequence_number:
        row["SequenceNumber"] = str(message.sequence_number)
    return row


def _told(message: Message, names: set[str], attribute_names: Sequence[str]) -> JsonObject:
    """A message as its receiver asks for it."""
    row: JsonObject = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if names and (system := _among(message.told_attributes(), names)):
        row["Attributes"] = system
    prefixes = tuple(name[:-2] for name in attribute_names if name.endswith(".*"))
    wants_all = "All" in attribute_names or "*" in attribute_names
    own: dict[str, AttributeValue] = {
        name: value
        for name, value in message.attributes.items()
        if wants_all or name in attribute_names or (prefixes and name.startswith(prefixes))
    }
    if own:
        row["MessageAttributes"], row["MD5OfMessageAttributes"] = own, attributes_md5(own)
    return row


def _among(attributes: dict[str, str], names: set[str]) -> dict[str, str]:
    return attributes if "All" in names else {name: value for name, value in attributes.items() if name in names}


def _batch(entries: Sequence[JsonObject], work: Callable[[JsonObject], Any]) -> JsonObject:
    """Does the work for each entry. The result has no empty lists, as on AWS."""
    rows: dict[str, list[JsonObject]] = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            rows["Successful"].append({"Id": entry["Id"]} | (work(entry) or {}))
        except errors.SqsError as error:
            row = {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
            rows["Failed"].append(row)
    return {name: content for name, content in rows.items() if content}

"""The operations of SQS's API, one method each. Source: Amazon SQS API reference, the action of the same name.

Parameters have the names of the API in Python's spelling, and results are as the API reference shows them. Whatever the
request lacks or may not contain raises `ServiceError`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from botocore import xform_name

from serverless_cloud.core import constraints
from serverless_cloud.core.background import Tasks
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import Caller, Provider, Request, ServiceError
from serverless_cloud.sqs import attributes as queue_attributes, errors, messages, policies
from serverless_cloud.sqs.queues import Attributes, Message, Queue, Queues, attributes_md5
from serverless_cloud.sqs.redrive import MoveTasks

_MOST_LISTED, _MOST_TAGS = 1000, 50
#: They concern no queue, so the address of a queue doesn't take them.
_NOT_OF_A_QUEUE = ("CreateQueue", "ListQueues")
#: Only what is missing, because SQS has its own words for the rest.
_MISSING = constraints.Dialect(order=())
_BAD_TAG = "Tag keys must be between 1 and 128 characters in length."


class SqsProvider(Provider):
    """SQS.

    Args:
        queues: its state.
        tasks: where redrives run.
    """

    invalid: ClassVar[str] = "InvalidParameterValue"
    unknown_action: ClassVar[str] = "The action {} is not valid for this endpoint."

    def __init__(self, queues: Queues, tasks: Tasks) -> None:
        self._queues, self._move_tasks = queues, MoveTasks(queues, tasks)

    def check(self, request: Request, shape: Any, parameters: JsonObject) -> None:
        """Takes the address of a queue for its QueueUrl, and names a parameter that is missing.

        Args: as for `Provider.check`. The operations check values.
        """
        if request.path.strip("/"):
            if (action := request.values.get("Action")) in _NOT_OF_A_QUEUE:
                raise ServiceError("InvalidAction", self.unknown_action.format(action))
            if "QueueUrl" in shape.members:
                parameters.setdefault("QueueUrl", request.path)
        if problems := constraints.violations(_MISSING, shape, parameters):
            name = problems[0].split("'")[1]  # "queueUrl", or "entries.1.member.id"
            text = f"The request must contain the parameter {name[:1].upper()}{name[1:]}."
            raise ServiceError("MissingParameter", text)

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
        tags: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Creates a queue, or names the queue that has the same name and attributes."""
        attributes, tags, here = attributes or {}, tags or {}, self._here(at)
        arn = f"arn:aws:sqs:{at.region}:{at.account_id}:{queue_name}"
        queue_attributes.check_queue_name(queue_name, attributes)
        queue_attributes.check(arn, attributes, here)
        queue_attributes.check_throughput(attributes)
        if not all(1 <= len(key) <= 128 for key in tags):
            raise errors.invalid_parameter(_BAD_TAG)
        if (queue := here.get(queue_name)) is None:
            all_attributes = queue_attributes.changed(queue_attributes.at_first(queue_name), attributes)
            queue = self._queues.create(arn, all_attributes, dict(tags))
        for name, value in attributes.items():
            if queue.attributes.get(name, "") != queue_attributes.normal(name, value):
                text = "A queue already exists with the same name and a different value for attribute"
                raise ServiceError("QueueAlreadyExists", f"{text} {name}")
        return {"QueueUrl": _url(at, queue)}

    def get_queue_url(self, at: Caller, queue_name: str, queue_owner_aws_account_id: str = "") -> JsonObject:
        """Finds a queue by its name."""
        queue = self._queues.of(queue_owner_aws_account_id or at.account_id, at.region).get(queue_name)
        if queue is None:
            raise errors.no_queue()
        return {"QueueUrl": _url(at, queue)}

    def list_queues(
        self, at: Caller, queue_name_prefix: str = "", next_token: str = "", max_results: int | None = None
    ) -> JsonObject:
        """Lists queues, with pages if MaxResults is given."""
        queues = [queue for queue in list(self._here(at).values()) if queue.name.startswith(queue_name_prefix)]
        urls, more = _page(at, queues, next_token, max_results)
        return {"QueueUrls": urls} | more if urls else more

    def list_dead_letter_source_queues(
        self, at: Caller, queue_url: str, next_token: str = "", max_results: int | None = None
    ) -> JsonObject:
        """Lists the queues whose dead-letter queue this is."""
        dead = self._queue(at, queue_url)
        sources = [queue for queue in list(self._here(at).values()) if queue.dead_letter_queue is dead]
        urls, more = _page(at, sources, next_token, max_results)
        return {"queueUrls": urls} | more

    def delete_queue(self, at: Caller, queue_url: str) -> None:
        """Deletes a queue with its messages."""
        self._here(at).pop(self._queue(at, queue_url).name, None)

    def purge_queue(self, at: Caller, queue_url: str) -> None:
        """Deletes all messages of a queue."""
        self._queue(at, queue_url).purge()

    def get_queue_attributes(self, at: Caller, queue_url: str, attribute_names: Sequence[str] = ()) -> JsonObject:
        """Tells attributes of a queue; the counts are of one moment."""
        queue = self._queue(at, queue_url)
        for name in attribute_names:
            if name not in queue_attributes.NAMES:
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
        if "KmsMasterKeyId" not in values:
            del values["KmsDataKeyReusePeriodSeconds"]
        values = _among(dict(sorted(values.items())), attribute_names)
        return {"Attributes": values} if values else {}

    def set_queue_attributes(self, at: Caller, queue_url: str, attributes: Mapping[str, str]) -> None:
        """Changes attributes of a queue; an empty text removes one."""
        queue = self._queue(at, queue_url)
        queue_attributes.check(queue.arn, attributes, self._here(at))
        queue_attributes.check_change(queue, attributes)
        queue.change(queue_attributes.changed(queue.attributes, attributes))

    def add_permission(
        self, at: Caller, queue_url: str, label: str, aws_account_ids: Sequence[str], actions: Sequence[str]
    ) -> None:
        """Adds a statement to the queue's policy."""
        queue = self._queue(at, queue_url)
        self._set_policy(queue, policies.with_permission(queue, label, aws_account_ids, actions))

    def remove_permission(self, at: Caller, queue_url: str, label: str) -> None:
        """Removes a statement from the queue's policy."""
        queue = self._queue(at, queue_url)
        self._set_policy(queue, policies.without_permission(queue, label))

    def tag_queue(self, at: Caller, queue_url: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a queue."""
        queue = self._queue(at, queue_url)
        if not all(1 <= len(key) <= 128 for key in tags):
            raise errors.invalid_parameter(_BAD_TAG)
        if not tags:
            raise errors.missing_parameter("Tags")
        if len(tags) > _MOST_TAGS:
            raise errors.invalid_parameter(f"Too many tags added for queue {queue.name}.")
        queue.tags = {**queue.tags, **tags}

    def untag_queue(self, at: Caller, queue_url: str, tag_keys: Sequence[str]) -> None:
        """Removes tags from a queue."""
        queue = self._queue(at, queue_url)
        if not tag_keys:
            raise errors.invalid_parameter(_BAD_TAG)
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
        """Sends a message. The trace header of the request is the message's, unless it has its own."""
        queue, header = self._queue(at, queue_url), Attributes()
        if at.trace:
            header["AWSTraceHeader"] = {"DataType": "String", "StringValue": at.trace}
        message = messages.new_message(
            queue,
            message_body,
            message_attributes,
            delay_seconds,
            message_group_id,
            message_deduplication_id,
            header | (message_system_attributes or {}),
        )
        queue.add(message)
        row: JsonObject = {"MD5OfMessageBody": message.body_md5, "MessageId": message.id}
        if message.attributes:
            row["MD5OfMessageAttributes"] = attributes_md5(message.attributes)
        if message_system_attributes:
            row["MD5OfMessageSystemAttributes"] = attributes_md5(message_system_attributes)
        if message.sequence_number:
            row["SequenceNumber"] = str(message.sequence_number)
        return row

    def send_message_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Sends up to ten messages."""
        messages.check_batch(self._queue(at, queue_url), entries)
        return _one_by_one(entries, lambda **entry: self.send_message(at, queue_url, **entry))

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
        receive_request_attempt_id: str = "",
    ) -> JsonObject:
        """Receives messages, and waits for the first one (long polling)."""
        del receive_request_attempt_id
        names = [*attribute_names, *message_system_attribute_names]
        numbers = {"MaxNumberOfMessages": max_number_of_messages, "WaitTimeSeconds": wait_time_seconds}
        messages.check_receive(numbers | {"VisibilityTimeout": visibility_timeout}, names)
        queue = self._queue(at, queue_url)
        if wait_time_seconds is None:
            wait_time_seconds = queue.number("ReceiveMessageWaitTimeSeconds")
        if visibility_timeout is None:
            visibility_timeout = queue.number("VisibilityTimeout")
        received = queue.receive(max_number_of_messages, wait_time_seconds, visibility_timeout)
        rows = [_received(message, names, message_attribute_names) for message in received]
        return {"Messages": rows} if rows else {}

    def delete_message(self, at: Caller, queue_url: str, receipt_handle: str) -> None:
        """Deletes a message."""
        self._queue(at, queue_url).delete(receipt_handle)

    def delete_message_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Deletes up to ten messages."""
        self._queue(at, queue_url)
        messages.check_ids(entries, "DeleteMessage")
        return _one_by_one(entries, lambda **entry: self.delete_message(at, queue_url, **entry))

    def change_message_visibility(
        self, at: Caller, queue_url: str, receipt_handle: str, visibility_timeout: int = 0
    ) -> None:
        """Gives a message in flight another visibility timeout."""
        messages.check_receive({"VisibilityTimeout": visibility_timeout})
        self._queue(at, queue_url).hide(receipt_handle, visibility_timeout)

    def change_message_visibility_batch(self, at: Caller, queue_url: str, entries: Sequence[JsonObject]) -> JsonObject:
        """Gives up to ten messages another visibility timeout."""
        messages.check_ids(entries, "ChangeMessageVisibility")
        return _one_by_one(entries, lambda **entry: self.change_message_visibility(at, queue_url, **entry))

    # ---- redrive

    def start_message_move_task(
        self,
        at: Caller,
        source_arn: str,
        destination_arn: str = "",
        max_number_of_messages_per_second: int | None = None,
    ) -> JsonObject:
        """Starts to move messages out of a dead-letter queue."""
        rate = max_number_of_messages_per_second
        return {"TaskHandle": self._move_tasks.start(self._here(at), source_arn, destination_arn, rate)}

    def list_message_move_tasks(self, at: Caller, source_arn: str, max_results: int = 1) -> JsonObject:
        """Lists the newest tasks of a queue, newest first."""
        return {"Results": self._move_tasks.rows(self._here(at), source_arn, max_results)}

    def cancel_message_move_task(self, at: Caller, task_handle: str) -> JsonObject:
        """Cancels a task that runs."""
        return {"ApproximateNumberOfMessagesMoved": self._move_tasks.cancel(self._here(at), task_handle)}

    # ---- helpers

    def _here(self, at: Caller) -> dict[str, Queue]:
        return self._queues.of(at.account_id, at.region)

    def _queue(self, at: Caller, queue_url: str) -> Queue:
        """The queue of a URL, whose last part is its name."""
        queue = self._here(at).get(queue_url.rstrip("/").rpartition("/")[2])
        if queue is None:
            raise errors.no_queue()
        return queue

    @staticmethod
    def _set_policy(queue: Queue, policy: str) -> None:
        queue.change(queue_attributes.changed(queue.attributes, {"Policy": policy}))


def _url(at: Caller, queue: Queue) -> str:
    return f"{at.host_url}/{'/'.join(queue.arn.split(':')[4:])}"


def _page(at: Caller, queues: Sequence[Queue], token: str, most: int | None) -> tuple[list[str], JsonObject]:
    """The URLs of a page of queues, and the token of the next page as in the answer."""
    if most is not None and not 1 <= most <= _MOST_LISTED:
        raise errors.invalid_value(most, "MaxResults", f"Must be between 1 and {_MOST_LISTED}.")
    try:
        first = int(base64.b64decode(token, validate=True) or 0)
    except ValueError as error:
        raise errors.invalid_parameter("Invalid or expired next token.") from error
    end = first + (most or _MOST_LISTED)
    has_more = most is not None and end < len(queues)
    more: JsonObject = {"NextToken": base64.b64encode(str(end).encode()).decode()} if has_more else {}
    return [_url(at, queue) for queue in queues[first:end]], more


def _received(message: Message, names: Sequence[str], attribute_names: Sequence[str]) -> JsonObject:
    """A message as its receiver asks for it."""
    row: JsonObject = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if names and (system := _among(message.system_values(), names)):
        row["Attributes"] = system
    if message.attributes:
        prefixes = tuple(name[:-2] for name in attribute_names if name.endswith(".*"))
        every = "All" in attribute_names or "*" in attribute_names
        own: Attributes = {
            name: value
            for name, value in message.attributes.items()
            if every or name in attribute_names or name.startswith(prefixes)
        }
        if own:
            row["MessageAttributes"], row["MD5OfMessageAttributes"] = own, attributes_md5(own)
    return row


def _among(values: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: values[name] for name in (values if "All" in names else names) if name in values}


def _one_by_one(entries: Sequence[JsonObject], call: Callable[..., JsonObject | None]) -> JsonObject:
    """Calls for each entry of a batch, and tells which have failed. The result has no empty lists, as on AWS."""
    rows: dict[str, list[JsonObject]] = {"Successful": [], "Failed": []}
    for entry in entries:
        parameters = {xform_name(name): value for name, value in entry.items() if name != "Id"}
        try:
            rows["Successful"].append({"Id": entry["Id"]} | (call(**parameters) or {}))
        except ServiceError as error:
            row = {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
            rows["Failed"].append(row)
    return {name: content for name, content in rows.items() if content}

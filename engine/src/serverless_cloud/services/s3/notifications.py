"""Events of objects reach functions, queues, topics and EventBridge.

moto delivers while the caller waits, leaves fields out, tells of tags when an object is put and of a Put when a
multipart upload is completed, tells nothing of delete markers and of most deleted versions, and offers events to the
rules of every bus. The patches and their reasons:

- `notifications.send_event`, `send_test_event`: notes events, and sends them after the request has succeeded.
- `S3Response.key_response`, `bucket_response`: one request is one `Call`; its ids are in the answer's headers.
- `S3Backend.delete_object`: tells of all that it removes.

Configurations and the names of buckets have their own file, `buckets.py`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.core.common_types import TYPE_RESPONSE
from moto.core.request import Request
from moto.s3 import models
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.responses import S3Response

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.s3 import buckets as s3_buckets, object_events as s3_events
from serverless_cloud.services.s3.buckets import PRINCIPAL, bucket_of
from serverless_cloud.services.s3.object_events import Bucket, Call, ObjectEvent
from serverless_cloud.sns.outbox import Delivery, Outbox, Undeliverable
from serverless_cloud.sns.publishing import Message
from serverless_cloud.sns.queue_sending import QueueSender

patches = Service("s3", defect="engine/tests/services/test_s3_patches.py::test_stock_moto_still_has_the_defects")

SUBJECT = "Amazon S3 Notification"


@dataclass
class _Request:
    """One request under way, with its events so far."""

    source_ip: str
    events: list[tuple[FakeBucket, ObjectEvent]] = field(default_factory=list)
    tests: list[FakeBucket] = field(default_factory=list)


_request: ContextVar[_Request | None] = ContextVar("s3_request", default=None)
_muted: ContextVar[bool] = ContextVar("s3_muted", default=False)


def connect(plane: DataPlane) -> None:
    """Puts the outbox behind buckets."""
    current.parts[Sender] = sender = Sender(plane)
    plane.forgetting.append(sender.outbox.clear)


@patches.replaces(
    "moto.s3.notifications:send_event",
    upstream="An event has all fields, and a request that makes an object is one event.",
)
def send_event(account_id: str, event_name: str, bucket: FakeBucket, key: FakeKey) -> None:
    current.parts[Sender].send_event(account_id, event_name, bucket, key)


@patches.replaces("moto.s3.notifications:send_test_event", defect="data plane")
def send_test_event(account_id: str, bucket: FakeBucket) -> None:
    current.parts[Sender].send_test_event(account_id, bucket)


class Sender:
    """Takes events to the targets that a bucket's configuration names."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._queues = QueueSender(plane.queues, plane.permissions, PRINCIPAL)
        self.outbox = Outbox(plane.tasks, "s3-notifications")
        self._numbers = itertools.count(time.time_ns())

    def sequencer(self) -> str:
        """Greater than any before it, as a text too."""
        return f"00{next(self._numbers):016X}"

    def send(self, bucket: FakeBucket, event: ObjectEvent, call: Call) -> None:
        """Hands one delivery for each matching configuration to the outbox."""
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        for kind, to in (
            ("cloud_function", self._to_function),
            ("queue", self._to_queue),
            ("topic", self._to_topic),
        ):
            for each in getattr(configuration, kind):
                if each.matches(f"s3:{event.name}", event.key):
                    text = json.dumps(s3_events.record(event, call, each.id))
                    self._put(to, each.arn, text, event.bucket)
        if configuration.event_bridge is not None:
            whole = s3_events.event_bridge_event(event, call)

            def publish() -> None:
                self._plane.events.publish(whole)

            self.outbox.put(Delivery(publish))

    def note(self, bucket: FakeBucket, event: ObjectEvent) -> None:
        """Keeps an event until its request has succeeded."""
        if bucket.notification_configuration is None:
            return
        request = _request.get()
        if request is not None:
            request.events.append((bucket, event))
        else:  # moto itself has done it, without a request
            self.send(bucket, event, _fresh_call("127.0.0.1"))

    def send_event(self, account_id: str, event_name: str, bucket: FakeBucket, key: FakeKey) -> None:
        """Replaces moto's. `event_name` begins with "s3:"."""
        del account_id
        if _muted.get():
            return
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        told = name.startswith(("ObjectCreated", "ObjectRestore"))
        self.note(
            bucket,
            ObjectEvent(
                name,
                bucket_of(bucket),
                key.name,
                _now(),
                size=key.size if told else None,
                etag=key.etag.strip('"'),
                version_id=_version(key.version_id),
                sequencer=self.sequencer() if told else None,
            ),
        )

    def send_test_event(self, account_id: str, bucket: FakeBucket) -> None:
        """Replaces moto's."""
        del account_id
        request = _request.get()
        if request is not None:
            request.tests.append(bucket)
        else:
            self.send_test(bucket, _fresh_call("127.0.0.1"))

    def send_test(self, bucket: FakeBucket, call: Call) -> None:
        """Tells each queue and topic of a configuration that it is named there."""
        text = s3_events.test_event(bucket.name, _now(), call)
        where, configuration = bucket_of(bucket), bucket.notification_configuration
        assert configuration is not None  # a test is noted when there is one
        for arn in dict.fromkeys(each.arn for each in configuration.queue):
            self._put(self._to_queue, arn, text, where)
        for arn in dict.fromkeys(each.arn for each in configuration.topic):
            self._put(self._to_topic, arn, text, where)

    def _put(self, to: Callable[[str, str, Bucket], None], arn: str, text: str, bucket: Bucket) -> None:
        def tell(reason: str) -> None:
            print(f"An event of bucket {bucket.name} was dropped: {reason}", file=sys.stderr)

        self.outbox.put(Delivery(lambda: to(arn, text, bucket), give_up=tell))

    def _to_function(self, arn: str, text: str, bucket: Bucket) -> None:
        try:
            self._plane.functions.submit(arn, text.encode(), Caller(PRINCIPAL, bucket.arn, bucket.account_id))
        except (FunctionGone, AccessDenied) as error:
            raise Undeliverable(str(error)) from error

    def _to_queue(self, arn: str, text: str, bucket: Bucket) -> None:
        self._queues.send(arn, text, bucket.arn)

    def _to_topic(self, arn: str, text: str, bucket: Bucket) -> None:
        message = Message(text, SUBJECT)
        self._plane.publisher.publish_for(PRINCIPAL, bucket.arn, bucket.account_id, arn, message)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@patches.replaces("moto.s3.models:S3Backend.delete_object", upstream="Delete markers and deleted versions are told.")
def delete_object(
    backend: models.S3Backend, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
) -> tuple[bool, JsonObject]:
    bucket = backend.get_bucket(bucket_name)
    there = key_name in bucket.keys
    with _quietly():
        done, told = delete_object.original(backend, bucket_name, key_name, version_id=version_id, bypass=bypass)
    if done and there:
        marks = bucket.is_versioned and version_id is None
        current.parts[Sender].note(
            bucket,
            ObjectEvent(
                f"ObjectRemoved:{'DeleteMarkerCreated' if marks else 'Delete'}",
                bucket_of(bucket),
                key_name,
                _now(),
                etag="d41d8cd98f00b204e9800998ecf8427e" if marks else None,  # of nothing
                version_id=_version(told.get("version-id")),
                sequencer=current.parts[Sender].sequencer(),
            ),
        )
    return done, told


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def _version(version_id: object) -> str | None:
    return None if version_id in (None, "null") else str(version_id)


# ---- requests


def _fresh_call(source_ip: str, request_id: str = "") -> Call:
    return Call(request_id or secrets.token_hex(8).upper(), secrets.token_urlsafe(57), source_ip)


@patches.replaces_each(
    "moto.s3.responses:S3Response", ("key_response", "bucket_response"), expects="self, request, full_url, headers"
)
def _answer_as_one_call(
    patch: Patch[..., TYPE_RESPONSE], response: S3Response, request: Request, full_url: str, headers: object
) -> TYPE_RESPONSE:
    under_way = _Request(getattr(request, "remote_addr", None) or "127.0.0.1")
    token = _request.set(under_way)
    skips = str(request.headers.get("x-amz-skip-destination-validation", "")).lower() == "true"
    skip_token = s3_buckets.skips_validation.set(skips)
    try:
        status, answered, body = patch.original(response, request, full_url, headers)
    except s3_buckets.DestinationsError as refused:
        status, answered, body = response._send_response(refused.answer())
    finally:
        s3_buckets.skips_validation.reset(skip_token)
        _request.reset(token)
    call = _fresh_call(under_way.source_ip, str(answered.get("x-amzn-requestid", "")))
    answered["x-amz-request-id"], answered["x-amz-id-2"] = call.request_id, call.host_id
    if int(status) < 400:
        sender = current.parts[Sender]
        for bucket, event in _that_count(under_way.events):
            sender.send(bucket, event, call)
        for bucket in under_way.tests:
            sender.send_test(bucket, call)
    return status, answered, body


def _that_count(events: list[tuple[FakeBucket, ObjectEvent]]) -> list[tuple[FakeBucket, ObjectEvent]]:
    """One request that makes an object is one event, whatever moto does in it step by step."""
    made = [each for each in events if each[1].name.startswith("ObjectCreated")]
    return made[-1:] if made else events

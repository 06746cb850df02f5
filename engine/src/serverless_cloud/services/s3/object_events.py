"""S3's events of objects, and the notification configurations that AWS refuses. No moto, no I/O.

Amazon S3 User Guide: "Event message structure", "EventBridge event message structure", "Configuring event notifications
using object key name filtering".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from urllib.parse import quote_plus

#: Since 2.4 one version holds for all kinds of events.
EVENT_VERSION = "2.5"
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
_DELETION_TYPES = {
    "ObjectRemoved:Delete": "Permanently Deleted",
    "ObjectRemoved:DeleteMarkerCreated": "Delete Marker Created",
}
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectAcl": "Object ACL Updated",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectRestore:Delete": "Object Restore Expired",
}


@dataclass(frozen=True)
class Bucket:
    """Where an object is. `region` and `account_id` are the bucket's."""

    name: str
    arn: str
    region: str
    account_id: str

    @property
    def owner_id(self) -> str:
        """The owner's canonical id as events write it; made up."""
        return f"A{int(self.account_id):013d}"


@dataclass(frozen=True)
class Call:
    """The request that changed an object.

    Args:
        request_id, host_id: as the caller was told them.
        source_ip: the caller's address.
    """

    request_id: str
    host_id: str
    source_ip: str


@dataclass(frozen=True)
class ObjectEvent:
    """An event of one object.

    Args:
        name: without "s3:", "ObjectCreated:Put".
        key: of the object, not encoded.
        time: "2026-11-25T04:05:06.789Z".
        size: in bytes, where AWS tells it.
        etag: without quotes, where AWS tells it.
        version_id: in a versioned bucket.
        sequencer: for objects created and removed.
    """

    name: str
    bucket: Bucket
    key: str
    time: str
    size: int | None = None
    etag: str | None = None
    version_id: str | None = None
    sequencer: str | None = None


def record(event: ObjectEvent, call: Call, configuration_id: str) -> dict[str, Any]:
    """The event as a function, a queue or a topic gets it: one record.

    Args:
        configuration_id: of the notification configuration that asked for it.
    """
    given = {
        "key": quote_plus(event.key, safe="/"),
        "size": event.size,
        "eTag": event.etag,
        "versionId": event.version_id,
        "sequencer": event.sequencer,
    }
    bucket = event.bucket
    found = {
        "eventVersion": EVENT_VERSION,
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": event.time,
        "eventName": event.name,
        "userIdentity": {"principalId": f"AWS:{bucket.account_id}"},
        "requestParameters": {"sourceIPAddress": call.source_ip},
        "responseElements": {"x-amz-request-id": call.request_id, "x-amz-id-2": call.host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": bucket.owner_id},
                "arn": bucket.arn,
            },
            "object": {name: value for name, value in given.items() if value is not None},
        },
    }
    return {"Records": [found]}


def event_bridge_event(event: ObjectEvent, call: Call) -> dict[str, Any]:
    """The event as EventBridge gets it; `version` and `id` are EventBridge's business."""
    bucket, kind = event.bucket, event.name.split(":")[0]
    given = {
        "key": event.key,
        "size": event.size,
        "etag": event.etag,
        "version-id": event.version_id,
        "sequencer": event.sequencer,
    }
    detail: dict[str, Any] = {
        "version": "0",
        "event-version": "1.0",
        "bucket": {"name": bucket.name},
        "object": {name: value for name, value in given.items() if value is not None},
        "request-id": call.request_id,
        "requester": bucket.account_id,
        "source-ip-address": call.source_ip,
    }
    if event.name in _REASONS:
        detail["reason"] = _REASONS[event.name]
    if event.name in _DELETION_TYPES:
        detail["deletion-type"] = _DELETION_TYPES[event.name]
    return {
        "source": "aws.s3",
        "detail-type": _DETAIL_TYPES.get(event.name) or _DETAIL_TYPES[kind],
        "account": bucket.account_id,
        "region": bucket.region,
        "time": event.time.split(".")[0] + "Z",
        "resources": [bucket.arn],
        "detail": detail,
    }


def test_event(bucket: str, time: str, call: Call) -> str:
    """The message that a queue or a topic gets when a configuration names it."""
    fields = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": time,
        "Bucket": bucket,
        "RequestId": call.request_id,
        "HostId": call.host_id,
    }
    return json.dumps(fields)


# ---- configurations


@dataclass(frozen=True)
class Filter:
    """The filter of one configuration.

    Args:
        events: "s3:ObjectCreated:*" and so on.
        prefix, suffix: of the keys; "" for all.
    """

    events: Sequence[str]
    prefix: str = ""
    suffix: str = ""


def overlap(filters: Iterable[Filter]) -> str | None:
    """Why AWS refuses these configurations of one bucket together, in its words; None if it takes them.

    Two configurations, whatever their targets, may not ask for the same event of the same object.
    """
    for one, other in combinations(list(filters), 2):
        if not _meet(one.prefix, other.prefix, str.startswith) or not _meet(one.suffix, other.suffix, str.endswith):
            continue
        if any(_covers(a, b) or _covers(b, a) for a in one.events for b in other.events):
            if one.prefix or one.suffix or other.prefix or other.suffix:
                return (
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
                    "prefixes are overlapping for the same event type."
                )
            return "Configurations overlap. Configurations on the same bucket cannot share a common event type."
    return None


def _meet(one: str, other: str, has: Any) -> bool:
    return bool(has(one, other) or has(other, one))


def _covers(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith(":*") and narrow.startswith(wide[:-1]))

"""Services of moto see our topics: CloudTrail, SES and tagging look for them, SES and Textract publish to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from moto.sns.exceptions import TopicNotFound
from moto.sns.models import SNSBackend, Topic

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.sns.publishing import Message

patches = Service("moto")


class _Topics(Mapping[str, Topic]):
    """Our topics in one account and Region, as moto's objects, by ARN."""

    def __init__(self, backend: SNSBackend) -> None:
        self._backend = backend

    def __getitem__(self, arn: str) -> Topic:
        topic = current.plane.topics.of(self._backend.account_id, self._backend.region_name)[arn]
        copy = Topic(arn.rpartition(":")[2], self._backend)  # type: ignore[abstract]
        copy._tags = topic.tags
        return copy

    def __iter__(self) -> Iterator[str]:
        return iter(list(current.plane.topics.of(self._backend.account_id, self._backend.region_name)))

    def __len__(self) -> int:
        return len(list(iter(self)))


@patches.replaces("moto.sns.models:SNSBackend.__init__", defect="data plane")
def start_backend(backend: SNSBackend, region_name: str, account_id: str) -> None:
    start_backend.original(backend, region_name, account_id)
    backend.topics = _Topics(backend)  # type: ignore[assignment]


@patches.replaces(
    "moto.sns.models:SNSBackend.publish",
    defect="data plane",
    expects=(
        "self, message, arn, phone_number=None, subject=None, message_attributes=None, group_id=None, "
        "deduplication_id=None, message_structure=None"
    ),
)
def publish(backend: SNSBackend, message: str | JsonObject, arn: str | None, **more: object) -> str:
    del backend, more
    if (topic := current.plane.topics.get(arn or "")) is None:
        raise TopicNotFound
    text = message if isinstance(message, str) else json.dumps(message)  # SES gives an object
    return current.plane.publisher.publish(topic, Message(text)).message_id

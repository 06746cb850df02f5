"""The tagging API lists the tags of our queues and topics beside moto's resources."""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.base_backend import BaseBackend
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.sns.models import sns_backends

from serverless_cloud.core import current
from serverless_cloud.core.patches import Service

patches = Service("moto")


class _Queues(BaseBackend, TaggableResourcesMixin):
    """Our queues in one account and Region."""

    SERVICE_NAMESPACE = "sqs"

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for queue in list(current.plane.queues.of(self.account_id, self.region_name).values()):
            yield TaggedResource(arn=queue.arn, tags=queue.tags, resource_type="sqs:queue")


@patches.replaces("moto.core.resource_tagging:iter_taggable_backends", everywhere=True)
def iter_taggable_backends(account_id: str, region_name: str) -> Iterator[TaggableResourcesMixin]:
    _ = sns_backends[account_id][region_name]  # moto only looks into backends that are there
    yield from iter_taggable_backends.original(account_id, region_name)
    yield _Queues(region_name, account_id)

"""For services that send to queues: topics and buckets.

The queue is asked in this process: an ordinary call would go over HTTP and pass no queue policy.
"""

from __future__ import annotations

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.sns.outbox import Undeliverable
from serverless_cloud.sqs.messages import new_message
from serverless_cloud.sqs.queues import Queues


class QueueSender:
    """Sends messages to queues for one AWS service.

    Args:
        queues: SQS's.
        permissions: whether the queue's policy must let the service in.
        principal: the service, "sns.amazonaws.com".
    """

    def __init__(self, queues: Queues, permissions: Permissions, principal: str) -> None:
        self._queues, self._permissions, self._principal = queues, permissions, principal

    def send(
        self,
        arn: str,
        body: str,
        source_arn: str,
        *,
        attributes: JsonObject | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
    ) -> None:
        """Sends one message.

        Args:
            arn: of the queue.
            body: of the message.
            source_arn: of the topic or bucket.
            attributes: as SQS has them.
            group_id, deduplication_id: used as far as the queue takes them.

        Raises:
            Undeliverable: the queue is gone, does not allow the service, or refuses the message.
        """
        queue = self._queues.get(arn)
        if queue is None:
            raise Undeliverable(f"The queue {arn} does not exist")
        if not queue.is_fifo:
            group_id = group_id if deduplication_id is None else None  # fair queues, from a standard topic
            deduplication_id = None
        try:
            self._permissions.require_resource_policy(queue.policy, self._principal, "sqs:SendMessage", arn, source_arn)
            queue.add(new_message(queue, body, attributes, None, group_id, deduplication_id))
        except Exception as error:
            raise Undeliverable(f"{arn}: {error}") from error

"""SQS and SNS: queues, topics, subscriptions and their policies."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature; the base class says ClassVar
from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import Kind, Made, Place, Properties, as_text, call_if_there, set_tags, tags_of

#: Of a queue that a template sets nothing for. Source: SQS API reference, SetQueueAttributes.
_QUEUE = {
    "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "RedrivePolicy": "", "RedriveAllowPolicy": "",
    "KmsMasterKeyId": "", "ContentBasedDeduplication": "false", "SqsManagedSseEnabled": "true",
    "KmsDataKeyReusePeriodSeconds": "300", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue",
}  # fmt: skip


class Queue(Kind):
    """AWS::SQS::Queue."""

    type, name, name_limit = "AWS::SQS::Queue", "QueueName", 80
    deleted_with = ("sqs", "DeleteQueue", "QueueUrl")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name, tags = self.named(at, properties), tags_of(properties)
        if properties.get("FifoQueue") and "QueueName" not in properties:
            name = at.generated_name(75) + ".fifo"
        more = {"tags": tags} if tags else {}
        url = at.call("sqs", "CreateQueue", QueueName=name, Attributes=_attributes(properties), **more)["QueueUrl"]
        return Made(url, {"Arn": at.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        attributes = {name: _QUEUE.get(name, "") for name in _attributes(old)} | _attributes(properties)
        attributes.pop("FifoQueue", None)
        # A queue has one kind of encryption.
        if "SqsManagedSseEnabled" not in properties and "KmsMasterKeyId" in attributes:
            attributes["SqsManagedSseEnabled"] = "false" if attributes["KmsMasterKeyId"] else "true"
        if attributes:
            at.call("sqs", "SetQueueAttributes", QueueUrl=resource.physical_id, Attributes=attributes)
        verbs = ("UntagQueue", "TagQueue")
        set_tags(at, "sqs", old, properties, verbs=verbs, as_map=True, QueueUrl=resource.physical_id)
        return resource


class QueuePolicy(Kind):
    """AWS::SQS::QueuePolicy."""

    type = "AWS::SQS::QueuePolicy"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        self._set(at, properties["Queues"], as_text(properties["PolicyDocument"]))
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self._set(at, properties["Queues"], as_text(properties["PolicyDocument"]))
        self._clear(at, [url for url in old["Queues"] if url not in properties["Queues"]])
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        self._clear(at, properties["Queues"])

    @staticmethod
    def _set(at: Place, urls: list[str], policy: str) -> None:
        for url in urls:
            at.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})

    @staticmethod
    def _clear(at: Place, urls: list[str]) -> None:
        for url in urls:
            call_if_there(at, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


class Topic(Kind):
    """AWS::SNS::Topic."""

    type, name, name_limit = "AWS::SNS::Topic", "TopicName", 256
    deleted_with = ("sns", "DeleteTopic", "TopicArn")
    refused = ("DataProtectionPolicy", "DeliveryStatusLogging")

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        name = self.named(at, properties)
        if properties.get("FifoTopic") and "TopicName" not in properties:
            name += ".fifo"
        more = {"Tags": properties["Tags"]} if properties.get("Tags") else {}
        arn = at.call("sns", "CreateTopic", Name=name, Attributes=_attributes(properties), **more)["TopicArn"]
        resource = Made(arn, {"TopicArn": arn, "TopicName": name})
        with self.whole_or_gone(at, resource, properties):
            self._subscribe(at, arn, [], properties.get("Subscription") or [])
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        before, after = _attributes(old), _attributes(properties)
        for name in {**before, **after}:
            if before.get(name) != after.get(name):
                at.call("sns", "SetTopicAttributes", TopicArn=resource.physical_id, AttributeName=name,
                        AttributeValue=after.get(name, ""))  # fmt: skip
        self._subscribe(at, resource.physical_id, old.get("Subscription") or [], properties.get("Subscription") or [])
        set_tags(at, "sns", old, properties, ResourceArn=resource.physical_id)
        return resource

    @staticmethod
    def _subscribe(at: Place, arn: str, before: list[Any], after: list[Any]) -> None:
        for subscription in after:
            if subscription not in before:
                at.call(
                    "sns",
                    "Subscribe",
                    TopicArn=arn,
                    Protocol=subscription["Protocol"],
                    Endpoint=subscription["Endpoint"],
                )
        endpoints = [
            (subscription["Protocol"], subscription["Endpoint"]) for subscription in before if subscription not in after
        ]
        for there in at.call("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"] if endpoints else ():
            if (there["Protocol"], there["Endpoint"]) in endpoints:
                call_if_there(at, "sns", "Unsubscribe", SubscriptionArn=there["SubscriptionArn"])


class TopicPolicy(Kind):
    """AWS::SNS::TopicPolicy; without it a topic has the policy that it began with."""

    type = "AWS::SNS::TopicPolicy"

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        resource = Made(at.generated_name(), {"Id": at.logical_id}, {"before": {}})
        self._set(at, resource, properties)
        return resource

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        self._set(at, resource, properties)
        self._clear(at, resource, [arn for arn in old["Topics"] if arn not in properties["Topics"]])
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        self._clear(at, resource, properties["Topics"])

    @staticmethod
    def _set(at: Place, resource: Made, properties: Properties) -> None:
        for arn in properties["Topics"]:
            if arn not in resource.own["before"]:
                attributes = at.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
                resource.own["before"][arn] = attributes.get("Policy", "")
            at.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy",
                    AttributeValue=as_text(properties["PolicyDocument"]))  # fmt: skip

    @staticmethod
    def _clear(at: Place, resource: Made, arns: list[str]) -> None:
        for arn in arns:
            call_if_there(at, "sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy",
                          AttributeValue=resource.own["before"].get(arn, ""))  # fmt: skip


class Subscription(Kind):
    """AWS::SNS::Subscription."""

    type = "AWS::SNS::Subscription"
    _order = ("FilterPolicyScope", "FilterPolicy")  # a filter policy is judged by its scope

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        at = replace(at, region=properties.get("Region") or at.region)
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-\d+", at.region):
            raise ResourceFailed(f"Invalid parameter: Region {at.region!r} of the topic isn't the name of a Region.")
        arn = at.call("sns", "Subscribe", TopicArn=properties["TopicArn"], Protocol=properties["Protocol"],
                      Endpoint=properties.get("Endpoint", ""), Attributes=self._attributes(properties),
                      ReturnSubscriptionArn=True)["SubscriptionArn"]  # fmt: skip
        return Made(arn, {"Arn": arn}, {"region": at.region})

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        at = replace(at, region=resource.own["region"])
        before, after = self._attributes(old), self._attributes(properties)
        cleared = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes", "FilterPolicy": "{}"}
        names = sorted({*before, *after}, key=lambda name: self._order.index(name) if name in self._order else 9)
        for name in names:
            if before.get(name) != after.get(name):
                at.call("sns", "SetSubscriptionAttributes", SubscriptionArn=resource.physical_id, AttributeName=name,
                        AttributeValue=after.get(name, cleared.get(name, "")))  # fmt: skip
        return resource

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        call_if_there(
            replace(at, region=resource.own["region"]), "sns", "Unsubscribe", SubscriptionArn=resource.physical_id
        )

    @staticmethod
    def _attributes(properties: Properties) -> dict[str, str]:
        plain = ("TopicArn", "Protocol", "Endpoint", "Region")
        return {name: as_text(value) for name, value in properties.items() if name not in plain}


def _attributes(properties: Properties) -> dict[str, str]:
    """The properties that the services have as attributes, as texts; FIFO is said only if it is."""
    plain = ("QueueName", "TopicName", "Tags", "Subscription")
    attributes = {name: as_text(value) for name, value in properties.items() if name not in plain}
    return {name: value for name, value in attributes.items() if (name, value) not in _NOT_SAID}


_NOT_SAID = (("FifoQueue", "false"), ("FifoTopic", "false"))


KINDS: tuple[Kind, ...] = (Queue(), QueuePolicy(), Topic(), TopicPolicy(), Subscription())

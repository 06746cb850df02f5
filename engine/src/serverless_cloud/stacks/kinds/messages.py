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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name, tags = self.named(at, given), tags_of(given)
        if given.get("FifoQueue") and "QueueName" not in given:
            name = at.generated_name(75) + ".fifo"
        more = {"tags": tags} if tags else {}
        url = at.call("sqs", "CreateQueue", QueueName=name, Attributes=_attributes(given), **more)["QueueUrl"]
        return Made(url, {"Arn": at.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        wanted = {name: _QUEUE.get(name, "") for name in _attributes(old)} | _attributes(given)
        wanted.pop("FifoQueue", None)
        if "SqsManagedSseEnabled" not in given and "KmsMasterKeyId" in wanted:  # a queue has one kind of encryption
            wanted["SqsManagedSseEnabled"] = "false" if wanted["KmsMasterKeyId"] else "true"
        if wanted:
            at.call("sqs", "SetQueueAttributes", QueueUrl=made.physical_id, Attributes=wanted)
        verbs = ("UntagQueue", "TagQueue")
        set_tags(at, "sqs", old, given, verbs=verbs, as_map=True, QueueUrl=made.physical_id)
        return made


class QueuePolicy(Kind):
    """AWS::SQS::QueuePolicy."""

    type = "AWS::SQS::QueuePolicy"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        self._set(at, given["Queues"], as_text(given["PolicyDocument"]))
        return Made(at.generated_name(), {"Id": at.logical_id})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self._set(at, given["Queues"], as_text(given["PolicyDocument"]))
        self._clear(at, [url for url in old["Queues"] if url not in given["Queues"]])
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        self._clear(at, given["Queues"])

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

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        if given.get("FifoTopic") and "TopicName" not in given:
            name += ".fifo"
        more = {"Tags": given["Tags"]} if given.get("Tags") else {}
        arn = at.call("sns", "CreateTopic", Name=name, Attributes=_attributes(given), **more)["TopicArn"]
        made = Made(arn, {"TopicArn": arn, "TopicName": name})
        with self.whole_or_gone(at, made, given):
            self._subscribe(at, arn, [], given.get("Subscription") or [])
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        before, after = _attributes(old), _attributes(given)
        for name in {**before, **after}:
            if before.get(name) != after.get(name):
                at.call("sns", "SetTopicAttributes", TopicArn=made.physical_id, AttributeName=name,
                        AttributeValue=after.get(name, ""))  # fmt: skip
        self._subscribe(at, made.physical_id, old.get("Subscription") or [], given.get("Subscription") or [])
        set_tags(at, "sns", old, given, ResourceArn=made.physical_id)
        return made

    @staticmethod
    def _subscribe(at: Place, arn: str, before: list[Any], after: list[Any]) -> None:
        for each in after:
            if each not in before:
                at.call("sns", "Subscribe", TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        gone = [(each["Protocol"], each["Endpoint"]) for each in before if each not in after]
        for there in at.call("sns", "ListSubscriptionsByTopic", TopicArn=arn)["Subscriptions"] if gone else ():
            if (there["Protocol"], there["Endpoint"]) in gone:
                call_if_there(at, "sns", "Unsubscribe", SubscriptionArn=there["SubscriptionArn"])


class TopicPolicy(Kind):
    """AWS::SNS::TopicPolicy; without it a topic has the policy that it began with."""

    type = "AWS::SNS::TopicPolicy"

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        made = Made(at.generated_name(), {"Id": at.logical_id}, {"before": {}})
        self._set(at, made, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        self._set(at, made, given)
        self._clear(at, made, [arn for arn in old["Topics"] if arn not in given["Topics"]])
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        self._clear(at, made, given["Topics"])

    @staticmethod
    def _set(at: Place, made: Made, given: Properties) -> None:
        for arn in given["Topics"]:
            if arn not in made.own["before"]:
                found = at.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
                made.own["before"][arn] = found.get("Policy", "")
            at.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy",
                    AttributeValue=as_text(given["PolicyDocument"]))  # fmt: skip

    @staticmethod
    def _clear(at: Place, made: Made, arns: list[str]) -> None:
        for arn in arns:
            call_if_there(at, "sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy",
                          AttributeValue=made.own["before"].get(arn, ""))  # fmt: skip


class Subscription(Kind):
    """AWS::SNS::Subscription."""

    type = "AWS::SNS::Subscription"
    _order = ("FilterPolicyScope", "FilterPolicy")  # a filter policy is judged by its scope

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        at = replace(at, region=given.get("Region") or at.region)
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-\d+", at.region):
            raise ResourceFailed(f"Invalid parameter: Region {at.region!r} of the topic isn't the name of a Region.")
        arn = at.call("sns", "Subscribe", TopicArn=given["TopicArn"], Protocol=given["Protocol"],
                      Endpoint=given.get("Endpoint", ""), Attributes=self._attributes(given),
                      ReturnSubscriptionArn=True)["SubscriptionArn"]  # fmt: skip
        return Made(arn, {"Arn": arn}, {"region": at.region})

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        at = replace(at, region=made.own["region"])
        before, after = self._attributes(old), self._attributes(given)
        cleared = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes", "FilterPolicy": "{}"}
        names = sorted({*before, *after}, key=lambda name: self._order.index(name) if name in self._order else 9)
        for name in names:
            if before.get(name) != after.get(name):
                at.call("sns", "SetSubscriptionAttributes", SubscriptionArn=made.physical_id, AttributeName=name,
                        AttributeValue=after.get(name, cleared.get(name, "")))  # fmt: skip
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(replace(at, region=made.own["region"]), "sns", "Unsubscribe", SubscriptionArn=made.physical_id)

    @staticmethod
    def _attributes(given: Properties) -> dict[str, str]:
        plain = ("TopicArn", "Protocol", "Endpoint", "Region")
        return {name: as_text(value) for name, value in given.items() if name not in plain}


def _attributes(given: Properties) -> dict[str, str]:
    """The properties that the services have as attributes, as texts; FIFO is said only if it is."""
    plain = ("QueueName", "TopicName", "Tags", "Subscription")
    found = {name: as_text(value) for name, value in given.items() if name not in plain}
    return {name: value for name, value in found.items() if (name, value) not in _NOT_SAID}


_NOT_SAID = (("FifoQueue", "false"), ("FifoTopic", "false"))


KINDS: tuple[Kind, ...] = (Queue(), QueuePolicy(), Topic(), TopicPolicy(), Subscription())

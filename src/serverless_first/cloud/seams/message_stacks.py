"""Seam: topics, queues, subscriptions and policies in CloudFormation stacks (moto 5.2.5).

moto makes neither subscriptions nor the policies of topics and queues, and says nothing. Added here, as classes that
moto finds by itself: `AWS::SNS::Subscription`, `AWS::SNS::TopicPolicy`, `AWS::SQS::QueuePolicy`. Replaced:

- `Topic.create_from_cloudformation_json`, `Queue.create_from_cloudformation_json`: moto takes properties that there are
  not, and makes up names of FIFO queues that cannot be.
- `Topic.update_from_cloudformation_json`: to change a topic moto deletes it with all its subscriptions.
- `Queue.update_from_cloudformation_json`: moto passes over all changes but two.
- `Topic.has_cfn_attr`, `get_cfn_attribute`, and the same two of `Queue`: moto does not know TopicArn and QueueUrl.

Source of the properties: CloudFormation Template Reference. Worth an upstream change: all of it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSException, SNSNotFoundError
from moto.sns.models import Topic, sns_backends
from moto.sqs.models import Queue, sqs_backends

from serverless_first.cloud.seams import sns_topics, sqs_rules
from serverless_first.cloud.sns import filters as sns_filters

#: In this order: a filter policy is judged by its scope.
_ATTRIBUTES = ("FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy",
               "SubscriptionRoleArn", "ReplayPolicy")  # fmt: skip
_OF_SUBSCRIPTION = ("TopicArn", "Protocol", "Endpoint")
#: What an attribute of a subscription is at the beginning, if it is not empty.
_FIRST = {"RawMessageDelivery": "false", "FilterPolicy": "{}", "FilterPolicyScope": sns_filters.ATTRIBUTES}
_NOT_ATTRIBUTES = ("TopicName", "QueueName", "Subscription", "Tags")


def install() -> None:
    """Puts AWS's checks before topics and queues of stacks. The other classes are known since this file is imported."""
    topic_class: Any = Topic
    queue_class: Any = Queue
    make_topic: Callable[..., Any] = topic_class.create_from_cloudformation_json.__func__
    make_queue: Callable[..., Any] = queue_class.create_from_cloudformation_json.__func__

    def create_topic(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        sns_topics.check_attributes(_attributes(cloudformation_json))
        return make_topic(cls, resource_name, cloudformation_json, account_id, region_name, **more)

    def update_topic(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        if cloudformation_json["Properties"].get("TopicName") not in (None, original_resource.name):
            made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
            original_resource.delete(account_id, region_name)
            return made
        attributes = _attributes(cloudformation_json)
        sns_topics.check_attributes(attributes)
        for name, value in attributes.items():
            setattr(original_resource, camelcase_to_underscores(name), value)
        for each in cloudformation_json["Properties"].get("Subscription") or []:
            backend = sns_backends[account_id][region_name]
            backend.subscribe(original_resource.arn, each["Endpoint"], each["Protocol"])
        return original_resource

    def create_queue(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any
    ) -> Any:
        given = _attributes(cloudformation_json)
        if _text(given.get("FifoQueue", "")) == "true" and "QueueName" not in cloudformation_json["Properties"]:
            resource_name = f"{resource_name[:75]}.fifo"
        cloudformation_json["Properties"].pop("QueueName", None)
        sqs_rules.check_names(resource_name, given)
        return make_queue(cls, resource_name, cloudformation_json, account_id, region_name, **more)

    def update_queue(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        if cloudformation_json["Properties"].get("QueueName") not in (None, original_resource.name):
            made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
            original_resource.delete(account_id, region_name)
            return made
        attributes = _attributes(cloudformation_json)
        sqs_rules.check_names(original_resource.name, attributes)
        sqs_backends[account_id][region_name].set_queue_attributes(original_resource.name, attributes)
        return original_resource

    def delete_queue(self: Any, account_id: str, region_name: str) -> None:
        sqs_backends[account_id][region_name].queues.pop(self.name, None)

    _add_attribute(topic_class, "TopicArn")
    _add_attribute(queue_class, "QueueUrl")
    for owner, name, call in (
        (topic_class, "create_from_cloudformation_json", create_topic),
        (topic_class, "update_from_cloudformation_json", update_topic),
        (queue_class, "create_from_cloudformation_json", create_queue),
        (queue_class, "update_from_cloudformation_json", update_queue),
    ):
        replacement: Any = call
        setattr(owner, name, classmethod(replacement))
    queue_class.delete = delete_queue


def _add_attribute(owner: Any, wanted: str) -> None:
    """Fn::GetAtt of an attribute that is the same as Ref."""
    has: Callable[..., bool] = owner.has_cfn_attr.__func__
    get: Callable[..., Any] = owner.get_cfn_attribute

    def has_cfn_attr(cls: Any, attr: str) -> bool:
        return attr == wanted or has(cls, attr)

    def get_cfn_attribute(self: Any, attribute_name: str) -> Any:
        return self.physical_resource_id if attribute_name == wanted else get(self, attribute_name)

    owner.has_cfn_attr = classmethod(has_cfn_attr)
    owner.get_cfn_attribute = get_cfn_attribute


def _attributes(cloudformation_json: Any) -> dict[str, Any]:
    given = cloudformation_json["Properties"]
    for name in ("FifoQueue", "FifoTopic"):  # a template may say "false", which the API does not know
        if _text(given.get(name, "")) == "false":
            del given[name]
    return {name: value for name, value in given.items() if name not in _NOT_ATTRIBUTES}


def _text(value: Any) -> str:
    """As the API takes it: objects and booleans as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _require(kind: str, given: dict[str, Any], needed: tuple[str, ...], more: tuple[str, ...] = ()) -> None:
    """Raises unless the properties of a resource are those that it may and must have."""
    if missing := sorted(set(needed) - set(given)):
        raise SNSException("InvalidParameter", f"{kind} needs {', '.join(missing)}.")
    if unknown := sorted(set(given) - {*needed, *more}):
        raise SNSException(
            "InvalidParameter",
            f"The local cloud does not know {', '.join(unknown)} of {kind}. It knows {', '.join((*needed, *more))}.",
        )


class _Resource:
    """What the resources here have in common: no name of their own; a change makes them anew."""

    def __init__(self, physical_id: str) -> None:
        self.physical_resource_id = physical_id

    @staticmethod
    def cloudformation_name_type() -> str:
        """None of its properties is a name."""
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """What Fn::GetAtt may ask for."""
        return attr in ("Arn", "Id")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """For Fn::GetAtt."""
        del attribute_name
        return self.physical_resource_id

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        """Deletes the old one and makes a new one."""
        original_resource.delete(account_id, region_name)
        made: Any = cls
        return made.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)


class SubscriptionOfStack(_Resource, CloudFormationModel):
    """`AWS::SNS::Subscription`; its physical id is its ARN. What is no attribute of a subscription makes a new one."""

    @staticmethod
    def cloudformation_type() -> str:
        """Its type."""
        return "AWS::SNS::Subscription"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> SubscriptionOfStack:
        """Subscribes, with the attributes that are given."""
        del resource_name
        given = cloudformation_json["Properties"]
        _require(cls.cloudformation_type(), given, _OF_SUBSCRIPTION, ("Region", *_ATTRIBUTES))
        backend = sns_backends[account_id][given.get("Region") or region_name]
        made: Any = backend.subscribe(given["TopicArn"], given["Endpoint"], given["Protocol"])
        try:
            cls._set(backend, made.arn, {name: given[name] for name in _ATTRIBUTES if name in given})
        except SNSException:
            backend.unsubscribe(made.arn)
            raise
        return cls(made.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        """Changes its attributes in place; what the template has no more is as it was at the beginning."""
        given, arn = cloudformation_json["Properties"], original_resource.physical_resource_id
        place: Any = (account_id, region_name)
        _require(cls.cloudformation_type(), given, _OF_SUBSCRIPTION, ("Region", *_ATTRIBUTES))
        region = given.get("Region") or region_name
        backend: Any = sns_backends[account_id][region]
        kept = backend.subscriptions.get(arn)
        now = kept and (kept.topic.arn, kept.protocol, kept.endpoint)
        if now != tuple(given[name] for name in _OF_SUBSCRIPTION):
            made = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, *place)
            original_resource.delete(*place)
            return made
        attributes = {name: given.get(name, _FIRST.get(name, "")) for name in _ATTRIBUTES
                      if name in given or name in kept.attributes}  # fmt: skip
        scope = given.get("FilterPolicyScope", sns_filters.ATTRIBUTES)
        if scope != (kept.attributes.get("FilterPolicyScope") or sns_filters.ATTRIBUTES):
            cls._set(backend, arn, {"FilterPolicy": "{}"})  # the old policy may not fit the new scope
        cls._set(backend, arn, attributes)
        return original_resource

    @staticmethod
    def _set(backend: Any, arn: str, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            backend.set_subscription_attributes(arn, name, _text(value))

    def delete(self, account_id: str, region_name: str) -> None:
        """The stack is deleted."""
        del region_name
        sns_backends[account_id][self.physical_resource_id.split(":")[3]].unsubscribe(self.physical_resource_id)


class TopicPolicyOfStack(_Resource, CloudFormationModel):
    """`AWS::SNS::TopicPolicy`."""

    def __init__(self, physical_id: str, topics: list[str]) -> None:
        super().__init__(physical_id)
        self._topics = topics

    @staticmethod
    def cloudformation_type() -> str:
        """Its type."""
        return "AWS::SNS::TopicPolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> TopicPolicyOfStack:
        """Puts the policy in the place of each topic's."""
        given = cloudformation_json["Properties"]
        _require(cls.cloudformation_type(), given, ("PolicyDocument", "Topics"))
        for arn in given["Topics"]:
            topic: Any = sns_backends[account_id][region_name].get_topic(arn)
            topic.policy = _text(given["PolicyDocument"])
        return cls(resource_name, list(given["Topics"]))

    def delete(self, account_id: str, region_name: str) -> None:
        """The stack is deleted: the topics get their first policy again."""
        for arn in self._topics:
            with contextlib.suppress(SNSNotFoundError):
                topic: Any = sns_backends[account_id][region_name].get_topic(arn)
                topic.policy = json.dumps(topic._create_default_topic_policy(region_name, account_id, topic.name))


class QueuePolicyOfStack(_Resource, CloudFormationModel):
    """`AWS::SQS::QueuePolicy`; it names its queues by their URLs."""

    def __init__(self, physical_id: str, queues: list[str]) -> None:
        super().__init__(physical_id)
        self._queues = queues

    @staticmethod
    def cloudformation_type() -> str:
        """Its type."""
        return "AWS::SQS::QueuePolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> QueuePolicyOfStack:
        """Puts the policy in the place of each queue's."""
        given = cloudformation_json["Properties"]
        _require(cls.cloudformation_type(), given, ("PolicyDocument", "Queues"))
        names = [str(url).rsplit("/", 1)[-1] for url in given["Queues"]]
        backend = sqs_backends[account_id][region_name]
        for name in names:
            backend.set_queue_attributes(name, {"Policy": _text(given["PolicyDocument"])})
        return cls(resource_name, names)

    def delete(self, account_id: str, region_name: str) -> None:
        """The stack is deleted: the queues have no policy any more."""
        backend = sqs_backends[account_id][region_name]
        for name in self._queues:
            if name in backend.queues:
                backend.set_queue_attributes(name, {"Policy": ""})

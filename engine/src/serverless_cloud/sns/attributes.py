"""Attributes of topics and subscriptions: how they are kept, compared and told.

Source: Amazon SNS API reference, GetTopicAttributes and GetSubscriptionAttributes.
"""

from __future__ import annotations

from collections.abc import Mapping

from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.sns import errors, filters, policies, validation
from serverless_cloud.sns.topics import Subscription, Topic

_NOT_HONOURED = ("ArchivePolicy", "DataProtectionPolicy")
#: The values of attributes that a topic was created without.
_DEFAULTS = {"ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic", "SignatureVersion": "1"}
#: Attributes that only FIFO topics tell, with their values if they weren't set.
_OF_FIFO = {"FifoTopic": "true", "ContentBasedDeduplication": "false"}


def check_honoured(name: str) -> None:
    """Raises NotHonoured if an attribute of a topic would have no effect."""
    if name in _NOT_HONOURED:
        raise NotHonoured(name)


def check_new(name: str, attributes: Mapping[str, str]) -> None:
    """Raises ServiceError, or NotHonoured, unless a new topic may have these attributes. Args: name: of the topic."""
    for attribute in attributes:
        check_honoured(attribute)
    with errors.in_attributes():
        for attribute, value in attributes.items():
            if attribute not in validation.TOPIC_ATTRIBUTES:
                raise errors.invalid(f"Unknown attribute {attribute}")
            validation.check_topic_attribute(attribute, value)
    validation.check_new_topic(name, attributes)


def normal(name: str, value: str) -> str:
    """An attribute of a topic as it is kept."""
    if name in _OF_FIFO:
        return value.lower()
    return policies.normal(value) if name == "Policy" else value


def require_same(topic: Topic, attributes: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Raises ServiceError if an existing topic has other attributes or tags than a call to CreateTopic asks for."""
    for name, value in attributes.items():
        if (topic.attributes.get(name) or _DEFAULTS.get(name, "")) != normal(name, value):
            raise errors.invalid("Attributes Reason: Topic already exists with different attributes")
    if not tags.items() <= topic.tags.items():
        raise errors.invalid("Tags Reason: Topic already exists with different tags")


def of_topic(topic: Topic) -> dict[str, str]:
    """The answer of GetTopicAttributes, with attributes that were set and values that follow from the topic."""
    pending = sum(1 for subscription in topic.all_subscriptions() if subscription.is_pending)
    values = {
        "Owner": topic.owner,
        "TopicArn": topic.arn,
        "DisplayName": "",
        "SubscriptionsPending": str(pending),
        "SubscriptionsConfirmed": str(len(topic.subscriptions) - pending),
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": validation.effective_policy(topic.attributes.get("DeliveryPolicy", "")),
    }
    own = {name: value for name, value in topic.attributes.items() if value and name not in _OF_FIFO}
    if topic.is_fifo:
        own |= {name: topic.attributes.get(name) or usual for name, usual in _OF_FIFO.items()}
    return values | own


def of_subscription(subscription: Subscription) -> dict[str, str]:
    """The answer of GetSubscriptionAttributes. The scope of a filter policy is told only with the policy."""
    own = {name: value for name, value in subscription.attributes.items() if name != "FilterPolicyScope"}
    if "FilterPolicy" in own:
        own["FilterPolicyScope"] = subscription.scope
    return {
        "PendingConfirmation": str(subscription.is_pending).lower(),
        "ConfirmationWasAuthenticated": str(not subscription.is_pending).lower(),
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
        "Protocol": subscription.protocol,
        "SubscriptionArn": subscription.arn,
        "Owner": subscription.owner,
        "SubscriptionPrincipal": subscription.principal,
    } | own


def differ(subscription: Subscription, attributes: Mapping[str, str]) -> bool:
    """Whether a subscription has other attributes than a call to Subscribe asks for."""
    own = {"FilterPolicyScope": filters.ATTRIBUTES} | subscription.attributes
    return any(own.get(name, "").lower() != value.lower() for name, value in attributes.items())

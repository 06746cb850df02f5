"""The operations of SNS's API, one method each. Source: Amazon SNS API reference, the action of the same name.

Parameters have the names of the API in Python's spelling, and results are as the API reference shows them. Whatever the
request lacks or may not contain raises `ServiceError`. Operations about telephones and mobile devices aren't here.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from serverless_cloud.core.constraints import Dialect
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.core.service import Caller, Provider, Request, ServiceError
from serverless_cloud.iam.permissions import InvalidCredentials, Permissions, is_administrator
from serverless_cloud.sns import attributes as sns_attributes, errors, filters, policies, validation
from serverless_cloud.sns.publishing import Message, Publisher
from serverless_cloud.sns.topics import Published, Subscription, Topic, Topics

_Item = TypeVar("_Item")
_PAGE, _MOST_TAGS = 100, 50
_PARTS_OF_ARN = 6  # of a topic; a subscription has one more
#: Parameters for which SNS has the same words if they are missing and if they are empty.
_EMPTY_IF_MISSING = ("AttributeName", "Message", "SubscriptionArn", "TopicArn")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,256}")
_CHARACTERS = (
    "must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be "
    "between 1 and 256 characters long."
)


class SnsProvider(Provider):
    """SNS.

    Args:
        topics: its state.
        publisher: takes messages to subscribers.
        permissions: say who subscribes.
    """

    dialect: ClassVar[Dialect] = Dialect(most_shown=256)
    invalid: ClassVar[str] = "InvalidParameter"

    def __init__(self, topics: Topics, publisher: Publisher, permissions: Permissions) -> None:
        self._topics, self._publisher, self._permissions = topics, publisher, permissions

    def check(self, request: Request, shape: Any, parameters: JsonObject) -> None:
        """Args, Raises: as for `Provider.check`. The operations check values."""
        for name in _EMPTY_IF_MISSING:
            if name in shape.required_members:
                parameters.setdefault(name, "")
        if attributes := parameters.get("Attributes"):  # a name without a value has no text
            texts = {name: value if isinstance(value, str) else "" for name, value in attributes.items()}
            parameters["Attributes"] = texts
        super().check(request, shape, parameters)

    def clear(self) -> None:
        """Forgets everything, because the cloud is emptied."""
        self._publisher.clear()
        self._topics.clear()

    # ---- topics

    def create_topic(
        self,
        at: Caller,
        name: str,
        attributes: Mapping[str, str] | None = None,
        tags: Sequence[Mapping[str, str]] = (),
        data_protection_policy: str = "",
    ) -> JsonObject:
        """Creates a topic, or names the topic that has the same name, attributes and tags."""
        attributes, arn = attributes or {}, f"arn:aws:sns:{at.region}:{at.account_id}:{name}"
        if data_protection_policy:
            raise NotHonoured("DataProtectionPolicy")
        sns_attributes.check_new(name, attributes)
        validation.check_tags(tags)
        _check_name(name, is_fifo="FifoTopic" in attributes)
        wanted_tags = {tag["Key"]: tag["Value"] for tag in tags}
        if (old := self._topics.get(arn)) is not None:
            sns_attributes.require_same(old, attributes, wanted_tags)
            return {"TopicArn": arn}
        _check_count(wanted_tags)
        own = {key: sns_attributes.normal(key, value) for key, value in attributes.items()}
        self._topics.create(arn, {"Policy": policies.at_first(arn)} | own, wanted_tags)
        return {"TopicArn": arn}

    def list_topics(self, at: Caller, next_token: str = "") -> JsonObject:
        """Lists topics, a hundred on a page."""
        topics, more = _page(self._topics.of(at.account_id, at.region).values(), next_token)
        return {"Topics": [{"TopicArn": topic.arn} for topic in topics]} | more

    def delete_topic(self, at: Caller, topic_arn: str) -> None:
        """Deletes a topic with its subscriptions. A topic that isn't there counts as deleted."""
        _require_here(at, "TopicArn", topic_arn)
        if (topic := self._topics.get(topic_arn)) is not None:
            self._topics.delete(topic)

    def get_topic_attributes(self, at: Caller, topic_arn: str) -> JsonObject:
        """Tells the attributes of a topic."""
        return {"Attributes": sns_attributes.of_topic(self._topic(at, topic_arn))}

    def set_topic_attributes(self, at: Caller, topic_arn: str, attribute_name: str, attribute_value: str = "") -> None:
        """Changes an attribute of a topic; an empty text removes it."""
        _require_here(at, "TopicArn", topic_arn)
        sns_attributes.check_honoured(attribute_name)
        topic = self._topic(at, topic_arn)
        protocols = [subscription.protocol for subscription in topic.all_subscriptions()]
        validation.check_topic_attribute(attribute_name, attribute_value, protocols)
        validation.check_change(attribute_name, attribute_value, is_fifo=topic.is_fifo)
        value = sns_attributes.normal(attribute_name, attribute_value)
        topic.attributes = {**topic.attributes, attribute_name: value}

    def add_permission(
        self, at: Caller, topic_arn: str, label: str, aws_account_id: Sequence[str], action_name: Sequence[str]
    ) -> None:
        """Adds a statement to the topic's policy."""
        topic = self._topic(at, topic_arn)
        policy = policies.with_permission(topic.policy, topic.arn, label, aws_account_id, action_name)
        topic.attributes = {**topic.attributes, "Policy": policy}

    def remove_permission(self, at: Caller, topic_arn: str, label: str) -> None:
        """Removes a statement from the topic's policy."""
        topic = self._topic(at, topic_arn)
        topic.attributes = {**topic.attributes, "Policy": policies.without_permission(topic.policy, label)}

    def list_tags_for_resource(self, at: Caller, resource_arn: str) -> JsonObject:
        """Tells the tags of a topic."""
        tags = self._tagged(at, resource_arn).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag_resource(self, at: Caller, resource_arn: str, tags: Sequence[Mapping[str, str]]) -> JsonObject:
        """Adds tags to a topic."""
        validation.check_tags(tags)
        topic = self._tagged(at, resource_arn)
        all_tags = {**topic.tags, **{tag["Key"]: tag["Value"] for tag in tags}}
        _check_count(all_tags)
        topic.tags = all_tags
        return {}

    def untag_resource(self, at: Caller, resource_arn: str, tag_keys: Sequence[str]) -> JsonObject:
        """Removes tags from a topic."""
        topic = self._tagged(at, resource_arn)
        topic.tags = {key: value for key, value in topic.tags.items() if key not in tag_keys}
        return {}

    # ---- subscriptions

    def subscribe(
        self,
        at: Caller,
        topic_arn: str,
        protocol: str,
        endpoint: str = "",
        attributes: Mapping[str, str] | None = None,
        return_subscription_arn: bool = False,
    ) -> JsonObject:
        """Subscribes to a topic, or finds the subscription of the same subscriber with the same attributes.

        Subscribers by email would have to confirm. They get no ARN unless the call asks for it.
        """
        topic, attributes = self._topic(at, topic_arn), attributes or {}
        validation.check_endpoint(topic_arn, protocol, endpoint)
        others = [s.protocol for s in topic.all_subscriptions() if s.endpoint != endpoint]
        validation.check_large(topic.most_bytes, [*others, protocol])
        scope = attributes.get("FilterPolicyScope") or filters.ATTRIBUTES
        with errors.in_attributes():
            for name, value in attributes.items():
                validation.check_attribute(name, value, protocol, endpoint, topic_arn, scope)
            old = topic.find(protocol, endpoint)
            if old is not None and sns_attributes.differ(old, attributes):
                raise errors.invalid("Subscription already exists with different attributes")
        subscription = self._topics.subscribe(
            topic, protocol, endpoint, at.account_id, self._principal(at), is_pending=protocol.startswith("email")
        )
        for name, value in attributes.items() if old is None else ():
            subscription.change(name, value)
        hides_arn = subscription.is_pending and not return_subscription_arn
        return {"SubscriptionArn": "pending confirmation" if hides_arn else subscription.arn}

    def confirm_subscription(
        self, at: Caller, topic_arn: str, token: str, authenticate_on_unsubscribe: str = ""
    ) -> JsonObject:
        """Refuses every token, because subscribers get none."""
        del token, authenticate_on_unsubscribe
        _require_here(at, "TopicArn", topic_arn)
        raise errors.invalid("Token")

    def unsubscribe(self, at: Caller, subscription_arn: str) -> None:
        """Removes a subscription. A subscription that isn't there counts as removed."""
        _require_arn("SubscriptionArn", subscription_arn)
        if subscription_arn.count(":") < _PARTS_OF_ARN:
            raise errors.invalid("SubscriptionId")
        subscription = self._topics.subscriptions_of(at.account_id, at.region).get(subscription_arn)
        if subscription is not None:
            self._topics.unsubscribe(subscription)

    def list_subscriptions(self, at: Caller, next_token: str = "") -> JsonObject:
        """Lists the caller's subscriptions, a hundred on a page."""
        there, more = _page(self._topics.subscriptions_of(at.account_id, at.region).values(), next_token)
        return {"Subscriptions": [_row(subscription) for subscription in there]} | more

    def list_subscriptions_by_topic(self, at: Caller, topic_arn: str, next_token: str = "") -> JsonObject:
        """Lists the subscriptions of a topic, a hundred on a page."""
        there, more = _page(self._topic(at, topic_arn).all_subscriptions(), next_token)
        return {"Subscriptions": [_row(subscription) for subscription in there]} | more

    def get_subscription_attributes(self, at: Caller, subscription_arn: str) -> JsonObject:
        """Tells the attributes of a subscription."""
        return {"Attributes": sns_attributes.of_subscription(self._subscription(at, subscription_arn))}

    def set_subscription_attributes(
        self, at: Caller, subscription_arn: str, attribute_name: str, attribute_value: str = ""
    ) -> None:
        """Changes an attribute of a subscription; an empty text or policy removes it."""
        there = self._subscription(at, subscription_arn)
        validation.check_attribute(
            attribute_name, attribute_value, there.protocol, there.endpoint, there.topic.arn, there.scope
        )
        there.change(attribute_name, attribute_value)

    # ---- messages

    def publish(
        self,
        at: Caller,
        message: str,
        topic_arn: str = "",
        target_arn: str = "",
        phone_number: str = "",
        subject: str | None = None,
        message_structure: str | None = None,
        message_attributes: Mapping[str, JsonObject] | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
    ) -> JsonObject:
        """Publishes a message to a topic, which TargetArn can name as well."""
        if not (target_arn or topic_arn or phone_number):
            raise errors.invalid("TopicArn or TargetArn Reason: no value for required parameter")
        if phone_number:
            raise NotHonoured("PhoneNumber in publish")
        if ":endpoint/" in target_arn:
            raise NotHonoured("publish to a mobile device")
        _require_here(at, "TargetArn" if target_arn else "TopicArn", target_arn or topic_arn)
        validation.check_attributes(message_attributes or {})
        return self._publish(
            self._topic(at, target_arn or topic_arn),
            Message(
                message,
                subject,
                message_attributes or {},
                message_structure,
                message_group_id,
                message_deduplication_id,
            ),
        )

    def publish_batch(
        self, at: Caller, topic_arn: str, publish_batch_request_entries: Sequence[JsonObject]
    ) -> JsonObject:
        """Publishes up to ten messages. Some mistakes refuse the whole batch, others only their entry."""
        topic, entries = self._topic(at, topic_arn), publish_batch_request_entries
        validation.check_batch(entries, topic.most_bytes)
        for entry in entries:
            validation.check_attributes(entry.get("MessageAttributes") or {})
            if entry.get("MessageStructure") == "json":
                validation.by_protocol(entry["Message"])
            _check_order(topic, entry.get("MessageGroupId"), entry.get("MessageDeduplicationId"))
        successful: list[JsonObject] = []
        failed: list[JsonObject] = []
        for entry in entries:
            try:
                successful.append({"Id": entry["Id"]} | self._publish(topic, _message_of(entry)))
            except ServiceError as error:
                row = {"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True}
                failed.append(row)
        return {"Successful": successful, "Failed": failed}

    # ---- helpers

    def _publish(self, topic: Topic, message: Message) -> JsonObject:
        size = validation.size_of(message.attributes)
        validation.check_message(message.text, message.subject, message.structure, size, topic.most_bytes)
        _check_order(topic, message.group_id, message.deduplication_id)
        return _answer(self._publisher.publish(topic, message))

    def _topic(self, at: Caller, arn: str) -> Topic:
        _require_here(at, "TopicArn", arn)
        if (topic := self._topics.get(arn)) is None:
            raise errors.no_topic()
        return topic

    def _tagged(self, at: Caller, arn: str) -> Topic:
        if (topic := self._topics.of(at.account_id, at.region).get(arn)) is None:
            raise errors.no_resource()
        return topic

    def _subscription(self, at: Caller, arn: str) -> Subscription:
        _require_arn("SubscriptionArn", arn)
        subscription = self._topics.subscriptions_of(at.account_id, at.region).get(arn)
        if subscription is None:
            raise errors.no_subscription()
        return subscription

    def _principal(self, at: Caller) -> str:
        """The ARN of the user or the role's session that calls; the learner is a user of the account."""
        if not is_administrator(at.access_key):
            with contextlib.suppress(InvalidCredentials):
                return self._permissions.identities.of_key(at.access_key, at.token).principal.arn
        return f"arn:aws:iam::{at.account_id}:user/moto"


def _message_of(entry: JsonObject) -> Message:
    """An entry of a batch as a message."""
    return Message(
        entry["Message"],
        entry.get("Subject"),
        entry.get("MessageAttributes") or {},
        entry.get("MessageStructure"),
        entry.get("MessageGroupId"),
        entry.get("MessageDeduplicationId"),
    )


def _answer(published: Published) -> JsonObject:
    row: JsonObject = {"MessageId": published.message_id}
    return row if published.sequence_number is None else row | {"SequenceNumber": published.sequence_number}


def _check_order(topic: Topic, group_id: str | None, deduplication_id: str | None) -> None:
    validation.check_order(
        is_fifo=topic.is_fifo,
        by_content=topic.is_by_content,
        group_id=group_id,
        deduplication_id=deduplication_id,
    )


def _check_name(name: str, *, is_fifo: bool) -> None:
    if is_fifo and not (name.endswith(".fifo") and len(name) <= 256 and _NAME.fullmatch(name.removesuffix(".fifo"))):
        raise ServiceError("InvalidParameter", f"Fifo Topic names must end with .fifo and {_CHARACTERS}")
    if not is_fifo and not _NAME.fullmatch(name):
        raise ServiceError("InvalidParameter", f"Topic names {_CHARACTERS}")


def _check_count(tags: Mapping[str, str]) -> None:
    if len(tags) > _MOST_TAGS:
        message = "Could not complete request: tag quota of per resource exceeded"
        raise ServiceError("TagLimitExceeded", message)


def _require_arn(parameter: str, arn: str) -> None:
    if (parts := len(arn.split(":"))) < _PARTS_OF_ARN:
        reason = f"An ARN must have at least {_PARTS_OF_ARN} elements, not {parts}"  # words from public reports
        raise errors.invalid(f"{parameter} Reason: {reason}")


def _require_here(at: Caller, parameter: str, arn: str) -> None:
    """Raises ServiceError unless a text is an ARN of the call's Region, because each Region has its own topics."""
    _require_arn(parameter, arn)
    if arn.split(":")[3] != at.region:
        raise errors.invalid(parameter)


def _page(items: Iterable[_Item], token: str) -> tuple[list[_Item], JsonObject]:
    """A page of a list, and the token of the next page as in the answer."""
    if token and not token.isdecimal():
        raise errors.invalid("NextToken")
    rows = list(items)
    first = int(token or 0)
    end = first + _PAGE
    return rows[first:end], {"NextToken": str(end)} if end < len(rows) else {}


def _row(subscription: Subscription) -> dict[str, str]:
    """A subscription in a list."""
    return {
        "SubscriptionArn": "PendingConfirmation" if subscription.is_pending else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }

"""Seam: topics of SNS and their attributes (moto 5.2.5).

moto takes attributes that no topic has, keeps some without effect, fails with status 500 on a policy that is no JSON,
and counts no subscription. Replaced here:

- `SNSResponse.create_topic`, `set_topic_attributes`: AWS's checks first; what the local cloud does not do is refused.
- `SNSResponse.get_topic_attributes`: subscriptions are counted, MaximumMessageSize is told.
- The calls of `SNSResponse` in `_NAMED_BY`: moto fails with status 500 on what is no ARN of a topic, and passes over
  what is none of a subscription, "pending confirmation" for instance.

Worth an upstream change: all but what the local cloud does not do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from moto.sns.exceptions import SNSException
from moto.sns.responses import SNSResponse

from serverless_cloud.refusals import NotHonoured
from serverless_cloud.sns import rules as sns_rules

#: The parameter that must be an ARN, and the calls that have it.
_NAMED_BY = {
    "TopicArn": ("subscribe", "get_topic_attributes", "set_topic_attributes", "delete_topic", "publish_batch",
                 "list_subscriptions_by_topic", "confirm_subscription", "add_permission", "remove_permission"),
    "SubscriptionArn": ("get_subscription_attributes", "set_subscription_attributes", "unsubscribe"),
}  # fmt: skip
_PARTS_OF_ARN = 6
_NOT_HONOURED = ("ArchivePolicy", "DataProtectionPolicy", "DeliveryPolicy")


def install() -> None:
    """Puts AWS's checks before moto's topics."""
    response_class: Any = SNSResponse
    create: Callable[[Any], Any] = response_class.create_topic
    change: Callable[[Any], Any] = response_class.set_topic_attributes
    tell: Callable[[Any], Any] = response_class.get_topic_attributes

    def create_checked(self: Any) -> Any:
        given = dict(self._get_param("Attributes") or {})
        if self._get_param("DataProtectionPolicy"):
            given["DataProtectionPolicy"] = ""
        check_attributes(given)
        return create(self)

    def change_checked(self: Any) -> Any:
        name, value = self._get_param("AttributeName"), str(self._get_param("AttributeValue") or "")
        _refuse_what_is_not_honoured([name])
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        with refusals("Invalid parameter: "):
            sns_rules.check_topic_attribute(
                name, value, [each.protocol for each in subscriptions_of(self.backend, topic)]
            )
        return change(self)

    def tell_more(self: Any) -> Any:
        answer = tell(self)
        attributes = answer.result["Attributes"]
        topic = self.backend.get_topic(attributes["TopicArn"])
        attributes |= {
            "SubscriptionsPending": 0,
            "SubscriptionsConfirmed": len(subscriptions_of(self.backend, topic)),
        }
        if size := getattr(topic, "maximum_message_size", None):
            attributes["MaximumMessageSize"] = str(size)
        return answer

    response_class.create_topic = create_checked
    response_class.set_topic_attributes = change_checked
    response_class.get_topic_attributes = tell_more
    for parameter, calls in _NAMED_BY.items():
        for name in calls:
            _want_arn(response_class, name, parameter)


def _want_arn(response_class: Any, name: str, parameter: str) -> None:
    call: Callable[[Any], Any] = getattr(response_class, name)

    def checked(self: Any) -> Any:
        require_arn(parameter, str(self._get_param(parameter) or ""))
        return call(self)

    setattr(response_class, name, checked)


def require_arn(parameter: str, given: str) -> None:
    """Raises moto's exception unless a text has the form of an ARN."""
    if (parts := len(given.split(":"))) < _PARTS_OF_ARN:
        reason = f"An ARN must have at least {_PARTS_OF_ARN} elements, not {parts}"  # words from public reports
        raise SNSException("InvalidParameter", f"Invalid parameter: {parameter} Reason: {reason}")


@contextlib.contextmanager
def refusals(before: str = "") -> Iterator[None]:
    """Turns what the rules refuse into moto's exception. `before`: "Invalid parameter: " and so on."""
    try:
        yield
    except sns_rules.Refused as error:
        raise SNSException(error.code, f"{before}{error}") from error
    except NotHonoured as error:
        raise SNSException(error.error_type, error.message) from error


def check_attributes(given: dict[str, Any]) -> None:
    """Raises moto's exception unless a new topic may have these attributes."""
    _refuse_what_is_not_honoured(list(given))
    for name, value in given.items():
        try:
            sns_rules.check_topic_attribute(name, str(value or ""))
        except sns_rules.Refused as refused:
            reason = f"Unknown attribute {name}" if str(refused) == "AttributeName" else str(refused)
            raise SNSException(refused.code, f"Invalid parameter: Attributes Reason: {reason}") from refused


def _refuse_what_is_not_honoured(names: list[str]) -> None:
    for name in names:
        if name in _NOT_HONOURED:
            with refusals():
                raise NotHonoured(name)


def most_bytes(topic: Any) -> int:
    """How large a message to a topic may be, in bytes."""
    return int(getattr(topic, "maximum_message_size", None) or sns_rules.MESSAGE_BYTES)


def subscriptions_of(backend: Any, topic: Any) -> list[Any]:
    """moto's subscriptions of a topic."""
    return [each for each in list(backend.subscriptions.values()) if each.topic is topic]


def check_subscriber(backend: Any, topic_arn: str, protocol: str, endpoint: str) -> None:
    """Raises moto's exception unless a subscriber may stand behind a topic."""
    topic = backend.get_topic(topic_arn)
    with refusals():
        sns_rules.check_endpoint(topic_arn, protocol, endpoint)
    protocols = [each.protocol for each in subscriptions_of(backend, topic) if each.endpoint != endpoint]
    with refusals("Invalid parameter: "):
        sns_rules.check_large(most_bytes(topic), [*protocols, protocol])

"""The answers of SNS about topics and subscriptions, and their pages.

moto shows an empty delivery policy and an effective one of another form, hides most attributes that were set, counts no
subscription, takes two tags with one key, fails with status 500 on a token that isn't a number, gives a token after the
last page, and lists the ARNs of subscriptions that wait for a confirmation.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSException
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.sns.topics import (
    is_pending,
    kept_value,
    refusals,
    require_arn,
    subscriptions_of,
    want_arn,
)
from serverless_cloud.sns import validation as sns_rules

patches = Service("sns", defect="engine/tests/sns/test_push_patches.py::test_stock_moto_still_has_the_defects")

#: Attributes that are only shown if they were set.
_IF_SET = tuple(
    sorted(
        sns_rules.TOPIC_ATTRIBUTES
        - {"ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId", "Policy"}
    )
)
#: The attributes of a subscription in a list.
_LISTED = ("SubscriptionArn", "Owner", "Protocol", "Endpoint", "TopicArn")


@patches.replaces(
    "moto.sns.responses:SNSResponse.get_topic_attributes", upstream="GetTopicAttributes tells what was set and counts."
)
def get_topic_attributes(response: SNSResponse) -> ActionResult:
    want_arn(response, "TopicArn")
    answer = get_topic_attributes.original(response)
    result: Any = answer.result
    attributes = result["Attributes"]
    topic = response.backend.get_topic(attributes["TopicArn"])
    pending = [is_pending(each) for each in subscriptions_of(response.backend, topic)]
    attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"] = pending.count(True), pending.count(False)
    attributes["EffectiveDeliveryPolicy"] = sns_rules.effective_policy(topic.delivery_policy)
    del attributes["DeliveryPolicy"]
    attributes |= {name: value for name in _IF_SET if (value := kept_value(topic, name))}
    return answer


@patches.replaces("moto.sns.responses:SNSResponse.get_subscription_attributes")
def get_subscription_attributes(response: SNSResponse) -> ActionResult:
    require_arn("SubscriptionArn", str(response._get_param("SubscriptionArn") or ""))
    return get_subscription_attributes.original(response)


@patches.replaces(
    "moto.sns.responses:SNSResponse.tag_resource", upstream="TagResource refuses two tags with the same key."
)
def tag_resource(response: SNSResponse) -> ActionResult:
    with refusals():
        sns_rules.check_tags(response._get_param("Tags") or [])
    return tag_resource.original(response)


@patches.replaces(
    "moto.sns.models:SNSBackend._get_values_nexttoken", upstream="Lists refuse a token that no list has returned."
)
def get_values_nexttoken(
    backend: SNSBackend, values_map: dict[str, Any], next_token: str | None = None
) -> tuple[list[Any], int | None]:
    if next_token and not next_token.isdecimal():
        raise SNSException("InvalidParameter", "Invalid parameter: NextToken")
    values, following = get_values_nexttoken.original(backend, values_map, next_token)
    return values, following if following is not None and following < len(values_map) else None


@patches.replaces_each(
    "moto.sns.models:SNSBackend",
    ("list_subscriptions", "list_subscriptions_by_topic"),
    expects={
        "list_subscriptions": "self, next_token=None",
        "list_subscriptions_by_topic": "self, topic_arn, next_token=None",
    },
    upstream="Lists don't tell the ARN of a subscription that waits for a confirmation.",
)
def _list_subscriptions(
    patch: Patch[..., tuple[list[Any], int | None]], /, backend: SNSBackend, *given: str, **more: str | None
) -> tuple[list[Any], int | None]:
    """moto's subscriptions as rows."""
    there, following = patch.original(backend, *given, **more)
    return [_listed(each) for each in there], following


def _listed(subscription: Subscription) -> dict[str, Any]:
    row = {name: subscription.attributes[name] for name in _LISTED}
    return row | {"SubscriptionArn": "PendingConfirmation"} if is_pending(subscription) else row

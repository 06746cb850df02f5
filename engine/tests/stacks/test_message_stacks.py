"""Topics, queues, subscriptions and policies of a CloudFormation stack: made, changed in place, refused, deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kits import push_kit, stack_kit


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _policy(action: str) -> dict[str, Any]:
    allows = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [allows]}


def _template(function: str, most_receives: int, kind: str, **of_topic: Any) -> str:
    def attribute(name: str) -> Any:
        return {"Fn::GetAtt": [name, "Arn"]}

    redrive = {"deadLetterTargetArn": attribute("Dead"), "maxReceiveCount": most_receives}
    topic = {"TopicArn": {"Ref": "Topic"}}
    resources = {
        "Dead": _resource("SQS::Queue", FifoQueue=False),
        "Ordered": _resource("SQS::Queue", FifoQueue=True, ContentBasedDeduplication=True),
        "Queue": _resource("SQS::Queue", VisibilityTimeout=30, RedrivePolicy=redrive),
        "Topic": _resource("SNS::Topic", TopicName="orders", **of_topic),
        "ToQueue": _resource(
            "SNS::Subscription", **topic, Protocol="sqs", Endpoint=attribute("Queue"), RawMessageDelivery=True,
            FilterPolicy={"kind": [kind]},
        ),
        "ToFunction": _resource(
            "SNS::Subscription", **topic, Protocol="lambda", Endpoint=function, FilterPolicyScope="MessageBody",
            FilterPolicy={"lamp": {"watts": [{"numeric": [">", 40]}]}},
        ),
        "QueuePolicy": _resource("SQS::QueuePolicy", Queues=[{"Ref": "Queue"}], PolicyDocument=_policy("sqs:*")),
        "TopicPolicy": _resource("SNS::TopicPolicy", Topics=[{"Ref": "Topic"}], PolicyDocument=_policy("sns:*")),
    }  # fmt: skip
    outputs: dict[str, Any] = {"Queue": {"Value": {"Ref": "Queue"}}}
    for name, of in {"QueueUrl": "Queue", "QueueName": "Queue", "TopicArn": "Topic", "TopicName": "Topic"}.items():
        outputs[name] = {"Value": {"Fn::GetAtt": [of, name]}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def test_a_stack_fans_out_is_changed_and_is_deleted(kit: Any, tmp_path: Path) -> None:
    stacks, sqs, sns = kit.client("cloudformation"), kit.client("sqs"), push_kit.sns()
    function = push_kit.recorder("bright", tmp_path / "bright.jsonl")
    stacks.create_stack(StackName="shop", TemplateBody=_template(function, 3, "lamp"))
    outputs = stacks.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    told = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    url = told["Queue"]  # AWS's, not this machine's: it works as well
    assert told["QueueUrl"] == url
    assert url.endswith(f"/{told['QueueName']}")
    assert told["TopicArn"].endswith(f":{told['TopicName']}")
    [topic] = [each["TopicArn"] for each in sns.list_topics()["Topics"]]

    def attributes() -> dict[str, Any]:
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    def publish(kind: str, watts: int) -> None:
        given = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=topic, Message=json.dumps({"lamp": {"watts": watts}}), MessageAttributes=given)

    publish("lamp", 7)
    publish("bulb", 60)
    queue = kit.Queue(url, attributes()["QueueArn"])
    assert kit.records(queue) == [{"lamp": {"watts": 7}}]
    assert '"watts": 60' in push_kit.noted(tmp_path / "bright.jsonl")[0]["Records"][0]["Sns"]["Message"]
    assert json.loads(attributes()["Policy"]) == _policy("sqs:*")
    told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert json.loads(told["Policy"]) == _policy("sns:*")
    assert any(each.endswith(".fifo") for each in sqs.list_queues()["QueueUrls"])

    by_hand = push_kit.subscribe(topic, kit.make_queue("by-hand").arn)
    changed = _template(function, 5, "bulb", DisplayName="Hikari")
    stacks.update_stack(StackName="shop", TemplateBody=changed)
    publish("bulb", 8)
    assert kit.records(queue) == [{"lamp": {"watts": 8}}]
    assert json.loads(attributes()["RedrivePolicy"])["maxReceiveCount"] == 5
    subscriptions = [each["SubscriptionArn"] for each in sns.list_subscriptions()["Subscriptions"]]
    assert len(subscriptions) == 3
    assert by_hand in subscriptions  # the topic is the same one

    stacks.delete_stack(StackName="shop")
    assert not sns.list_topics()["Topics"]
    assert not sns.list_subscriptions()["Subscriptions"]
    assert [each.rsplit("/", 1)[1] for each in sqs.list_queues()["QueueUrls"]] == ["by-hand"]


def test_a_subscription_of_a_stack_is_changed_in_place(kit: Any) -> None:
    stacks, sns, topic = kit.client("cloudformation"), push_kit.sns(), push_kit.make_topic("orders")
    queue, other = kit.make_queue("orders"), kit.make_queue("other")

    def template(endpoint: str = queue.arn, **more: Any) -> str:
        made = _resource("SNS::Subscription", TopicArn=topic, Protocol="sqs", Endpoint=endpoint, **more)
        return json.dumps({"Resources": {"To": made}, "Outputs": {"To": {"Value": {"Ref": "To"}}}})

    def arn() -> str:
        [output] = stacks.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
        return str(output["OutputValue"])

    watts = {"lamp": {"watts": [{"numeric": [">", 40]}]}}
    body = template(FilterPolicyScope="MessageBody", FilterPolicy=watts, RawMessageDelivery=True)
    stacks.create_stack(StackName="shop", TemplateBody=body)
    first = arn()
    stacks.update_stack(StackName="shop", TemplateBody=template(FilterPolicy={"kind": ["lamp"]}))
    assert arn() == first
    told = sns.get_subscription_attributes(SubscriptionArn=first)["Attributes"]
    assert json.loads(told["FilterPolicy"]) == {"kind": ["lamp"]}
    assert told["FilterPolicyScope"] == "MessageAttributes"
    assert told["RawMessageDelivery"] == "false"  # the template says nothing of it any more
    stacks.update_stack(StackName="shop", TemplateBody=template())
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=first)["Attributes"]
    stacks.update_stack(StackName="shop", TemplateBody=template(other.arn))
    assert arn() != first
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["SubscriptionArn"], subscription["Endpoint"]) == (arn(), other.arn)


def test_a_stack_refuses_what_sns_and_sqs_refuse(kit: Any) -> None:
    topic, queue = push_kit.make_topic("orders"), kit.make_queue("orders")
    subscription = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue.arn}
    for number, (resource, words) in enumerate(
        [
            (_resource("SQS::Queue", VisibilityTimeout=99_999), "Invalid value for the parameter VisibilityTimeout."),
            (_resource("SQS::Queue", Lamp="on"), "extraneous key [Lamp] is not permitted"),
            (_resource("SNS::Topic", Lamp="on"), "extraneous key [Lamp] is not permitted"),
            (_resource("SNS::Subscription", **subscription, Lamp="on"), "extraneous key [Lamp] is not permitted"),
            (_resource("SNS::Subscription", **subscription, FilterPolicy={"kind": "lamp"}), "must be an object or an"),
            (_resource("SNS::Subscription", TopicArn=topic, Protocol="sqs"), "Invalid parameter: SQS endpoint ARN"),
            (_resource("SQS::QueuePolicy", Queues=[f"{queue.url}-none"], PolicyDocument={}), "does not exist"),
        ]
    ):
        template = json.dumps({"Resources": {"Bad": resource}})
        assert words in stack_kit.why_not(template, f"bad-{number}")
    assert not push_kit.sns().list_subscriptions()["Subscriptions"]

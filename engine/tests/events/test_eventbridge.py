"""EventBridge without moto: what targets get, how long they are tried, which entries are taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from serverless_cloud.core.background import Tasks
from serverless_cloud.events import entries as eventbridge_entries, input as eventbridge_input
from serverless_cloud.events.retry import Deliveries, Delivery, RetryPolicy
from serverless_cloud.events.targets import TargetFailed, UnsupportedTarget, service_of
from serverless_cloud.lambda_ import delay_queue

RULE = "arn:aws:events:us-east-1:123456789012:rule/big-orders"
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129",
    "detail-type": "OrderPlaced",
    "source": "hikari.shop",
    "account": "123456789012",
    "time": "2026-11-25T04:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "order": "A-1001",
        "total": 120,
        "gift": True,
        "coupon": None,
        "customer": {"name": "Aiko", "tags": ["new", "vip"]},
        "lines": [{"sku": "desk-lamp"}, {"sku": "floor-lamp"}],
    },
}
PATHS = {
    "order": "$.detail.order",
    "total": "$.detail.total",
    "gift": "$.detail.gift",
    "customer": "$.detail.customer",
    "tags": "$.detail.customer.tags",
    "first": "$.detail.lines[0].sku",
    "skus": "$.detail.lines[*].sku",
    "type": "$.detail-type",
    "missing": "$.detail.refund.id",
}

TEMPLATES: list[tuple[str, str]] = [
    ('"order <order> is <total>"', '"order A-1001 is 120"'),
    ('"order \\"<order>\\", gift: <gift>"', '"order \\"A-1001\\", gift: true"'),
    ('"<order>"\n"<type>"', '"A-1001"\n"OrderPlaced"'),
    ('"no <missing>."', '"no ."'),
    ('"<customer> <tags>"', '"{name:Aiko,tags:[new,vip]} [new,vip]"'),
    ('"<aws.events.rule-name> at <aws.events.event.ingestion-time>"', '"big-orders at 2026-11-25T04:00:01Z"'),
    ('{"order": <order>, "total": <total>}', '{"order":"A-1001","total":120}'),
    ('{"order": "<order>", "text": "order \\"<order>\\" for <total>"}',
     '{"order":"A-1001","text":"order \\"A-1001\\" for 120"}'),
    ('{"state": [9, <first>, true], "skus": <skus>, "gift": <gift>}',
     '{"state":[9,"desk-lamp",true],"skus":["desk-lamp","floor-lamp"],"gift":true}'),
    ('{"customer": <customer>, "missing": <missing>}',
     '{"customer":{"name":"Aiko","tags":["new","vip"]},"missing":""}'),
    ('{"rule": <aws.events.rule-arn>, "name": <aws.events.rule-name>}', f'{{"rule":"{RULE}","name":"big-orders"}}'),
    ("<customer>", '{"name":"Aiko","tags":["new","vip"]}'),
]  # fmt: skip

BAD_TARGETS: list[tuple[dict[str, Any], str]] = [
    ({"Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer must be provided"),
    ({"Input": "env:dev"}, 'JSON syntax error in input for target q: [Source: (String)"env:dev"; line: 1, column: 4]'),
    ({"InputPath": "detail.order"}, "InputPath for target q is invalid: detail.order"),
    ({"InputTransformer": {"InputTemplate": '"<order>"'}}, "contains invalid placeholder order"),
    ({"InputTransformer": {"InputTemplate": "order"}}, "Invalid InputTemplate for target q"),
    ({"InputTransformer": {"InputTemplate": '{"order": }'}}, "Invalid InputTemplate for target q"),
    ({"InputTransformer": {"InputTemplate": '"a"', "InputPathsMap": {"aws.x": "$.id"}}}, "Keys cannot start with AWS"),
    ({"InputTransformer": {"InputTemplate": '"a"', "InputPathsMap": {"a": "$['id']"}}}, "is invalid: $['id']"),
    ({"InputTransformer": {"InputTemplate": '"a"'}, "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:orders"},
     "Input for target q is not a valid JSON text."),
]  # fmt: skip

ENTRY: dict[str, Any] = {"Source": "hikari.shop", "DetailType": "OrderPlaced", "Detail": "{}"}


def _text(target: dict[str, Any], event: dict[str, Any] = EVENT) -> str:
    return eventbridge_input.text_for(target, event, "big-orders", RULE, "2026-11-25T04:00:01Z")


@pytest.mark.parametrize(("template", "expected"), TEMPLATES)
def test_a_template_is_filled_as_aws_does(template: str, expected: str) -> None:
    target = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:orders",
              "InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}  # fmt: skip
    eventbridge_input.check(target)
    assert _text(target) == expected


def test_the_event_a_part_of_it_or_a_fixed_text() -> None:
    assert json.loads(_text({})) == EVENT
    assert _text({"Input": '{"fixed": 1}'}) == '{"fixed": 1}'
    assert _text({"InputPath": "$.detail.lines"}) == '[{"sku":"desk-lamp"},{"sku":"floor-lamp"}]'
    whole = _text(
        {"InputTransformer": {"InputTemplate": '{"all": <aws.events.event.json>, "head": <aws.events.event>}'}}
    )
    assert json.loads(whole)["all"] == EVENT
    head = json.loads(whole)["head"]
    assert (head["detailType"], "detail" in head) == ("OrderPlaced", False)


def test_a_value_that_makes_the_template_no_json_is_a_failure_of_the_target() -> None:
    event = EVENT | {"detail": {"order": 'a "lamp"'}}
    target = {"InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": '{"order": "<order>"}'}}
    with pytest.raises(TargetFailed) as failure:
        _text(target, event)
    assert (failure.value.code, failure.value.retryable) == ("INVALID_JSON", False)


@pytest.mark.parametrize(("given", "words"), BAD_TARGETS)
def test_an_input_that_aws_refuses(given: dict[str, Any], words: str) -> None:
    target = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:orders"} | given
    with pytest.raises(eventbridge_input.InvalidInput) as refusal:
        eventbridge_input.check(target)
    assert words in str(refusal.value)


def test_entries_are_taken_one_by_one_and_the_request_is_limited() -> None:
    given: list[dict[str, Any]] = [
        ENTRY | {"Time": 1764000000.5, "Resources": ["arn:aws:s3:::hikari"], "EventBusName": "arn:x:1:event-bus/shop"},
        {key: value for key, value in ENTRY.items() if key != "Source"},
        ENTRY | {"Detail": "[]"},
        ENTRY | {"Source": "aws.s3"},
    ]  # fmt: skip
    entries = eventbridge_entries.read(given, "123456789012", "us-east-1")
    assert [entry.error for entry in entries] == [
        "", "InvalidArgument", "MalformedDetail", "NotAuthorizedForSourceException",
    ]  # fmt: skip
    event = entries[0].event
    assert event is not None
    assert (event["time"], event["resources"], entries[0].bus) == (
        "2025-11-24T16:00:00Z", ["arn:aws:s3:::hikari"], "shop",
    )  # fmt: skip
    with pytest.raises(eventbridge_entries.InvalidRequest, match="less than or equal to 10"):
        eventbridge_entries.read([ENTRY] * 11, "123456789012", "us-east-1")
    big = json.dumps({"text": "x" * 600_000})
    with pytest.raises(eventbridge_entries.InvalidRequest, match="over the limit"):
        eventbridge_entries.read([ENTRY | {"Detail": big}] * 2, "123456789012", "us-east-1")


@pytest.mark.parametrize(
    "arn", ["arn:aws:ecs:us-east-1:123456789012:cluster/hikari", "arn:aws:lambda:a:b:layer:c", "x"]
)
def test_a_target_that_is_not_served_is_refused_by_name(arn: str) -> None:
    with pytest.raises(UnsupportedTarget, match="doesn't send to the target"):
        service_of(arn)


class Fails:
    """A target that fails `times` times, and the one who is told when it is given up."""

    def __init__(self, times: int, *, retryable: bool = True) -> None:
        self.times, self.retryable, self.tries = times, retryable, 0
        self.ended = threading.Event()
        self.given_up: tuple[str, int, str] | None = None

    def send(self) -> None:
        """Fails or not."""
        self.tries += 1
        if self.tries <= self.times:
            raise TargetFailed("THROTTLING", "Rate exceeded", self.retryable)
        self.ended.set()

    def give_up(self, failure: TargetFailed, retries: int, condition: str) -> None:
        """Notes it."""
        self.given_up = (failure.code, retries, condition)
        self.ended.set()


@pytest.fixture
def deliveries() -> Iterator[Deliveries]:
    """On a clock that runs a thousand times as fast."""
    tasks = Tasks()
    yield Deliveries(tasks, lambda: 1000.0)
    tasks.clear()


@pytest.mark.parametrize(
    ("target", "policy", "tries", "given_up"),
    [
        (Fails(0), RetryPolicy(), 1, None),
        (Fails(4), RetryPolicy(), 5, None),
        (Fails(9), RetryPolicy(retries=2), 3, ("THROTTLING", 2, "MaximumRetryAttempts")),
        (Fails(9), RetryPolicy(retries=0), 1, ("THROTTLING", 0, "MaximumRetryAttempts")),
        (Fails(9, retryable=False), RetryPolicy(), 1, ("THROTTLING", 0, "")),
    ],
)
def test_a_delivery_is_tried_as_its_policy_says(
    deliveries: Deliveries, target: Fails, policy: RetryPolicy, tries: int, given_up: tuple[str, int, str] | None
) -> None:
    deliveries.submit(Delivery(target.send, target.give_up, policy))
    assert target.ended.wait(20)
    assert (target.tries, target.given_up) == (tries, given_up)


def test_an_event_becomes_too_old(deliveries: Deliveries) -> None:
    target = Fails(1_000)
    deliveries.submit(Delivery(target.send, target.give_up, RetryPolicy.of({"MaximumEventAgeInSeconds": 3_000})))
    assert target.ended.wait(20)
    assert target.given_up is not None
    assert target.given_up[2] == "MaximumEventAgeInSeconds"
    assert 2 <= target.tries <= 20  # 1, 2, 4 ... 512 seconds, then ten minutes, each at least half


def test_many_at_once_none_is_lost_and_the_threads_end(deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delay_queue, "IDLE_S", 0.05)
    several = [Fails(number % 3) for number in range(200)]
    for target in several:
        deliveries.submit(Delivery(target.send, target.give_up))
    assert all(target.ended.wait(20) for target in several)
    assert [target.tries for target in several] == [number % 3 + 1 for number in range(200)]
    unwanted, last = Fails(0), Fails(0)
    deliveries.submit(Delivery(unwanted.send, unwanted.give_up, is_wanted=lambda: False))
    deliveries.submit(Delivery(last.send, last.give_up))
    assert last.ended.wait(20)
    ends = threading.Event()
    for _ in range(100):
        if not any(thread.name == "event-delivery" for thread in threading.enumerate()):
            break
        ends.wait(0.05)
    else:
        pytest.fail("Threads without work are still there.")
    assert unwanted.tries == 0

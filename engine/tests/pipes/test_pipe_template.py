"""Input templates and dynamic parameters of EventBridge Pipes: the documented forms."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.pipes.input_template import InvalidTemplate, check_template, fill, resolved

MESSAGE = {
    "messageId": "059f36b4",
    "body": '{"lamp": "andon", "price": 4200, "tags": ["paper", "oak"], "note": "say \\"hi\\""}',
    "attributes": {"SenderId": "AIDA"},
}
RECORD = {"eventID": "shardId-0:1", "data": base64.b64encode(b'{"lamp": "chochin"}').decode(), "partitionKey": "7"}
VARIABLES = {"pipe-name": "orders", "pipe-arn": "arn:aws:pipes:us-east-1:123456789012:pipe/orders"}
BODY = {"lamp": "andon", "price": 4200, "tags": ["paper", "oak"], "note": 'say "hi"'}


@pytest.mark.parametrize(
    ("template", "event", "value", "text"),
    [
        ("Hello, sender", MESSAGE, "Hello, sender", "Hello, sender"),
        ("<$.attributes.SenderId>", MESSAGE, "AIDA", "AIDA"),
        ("Hello, <$.attributes.SenderId>", MESSAGE, "Hello, AIDA", "Hello, AIDA"),
        ('"Hello, <$.attributes.SenderId>"', MESSAGE, "Hello, AIDA", '"Hello, AIDA"'),
        ("<$.body.price>", MESSAGE, 4200, "4200"),
        ("<$.body.tags[1]>", MESSAGE, "oak", "oak"),
        ("<$.body.tags>", MESSAGE, ["paper", "oak"], '["paper","oak"]'),
        ("<$.body>", MESSAGE, BODY, None),
        ('{"a": <$.body.lamp>, "b": <$.body.price>}', MESSAGE, {"a": "andon", "b": 4200}, '{"a":"andon","b":4200}'),
        ('{"a": "<$.body.lamp> for <$.body.price>"}', MESSAGE, {"a": "andon for 4200"}, '{"a":"andon for 4200"}'),
        ('{"a": <$.body.note>, "b": "<$.body.note>"}', MESSAGE, {"a": 'say "hi"', "b": 'say "hi"'}, None),
        ('{"a": <$.none>, "b": "<$.none>"}', MESSAGE, {"a": "", "b": ""}, None),
        ('{"by": "<aws.pipes.pipe-name>", "arn": <aws.pipes.pipe-arn>}', MESSAGE,
         {"by": "orders", "arn": VARIABLES["pipe-arn"]}, None),
        ('{"all": <aws.pipes.event.json>}', MESSAGE, {"all": MESSAGE | {"body": BODY}}, None),
        ('{"all": <aws.pipes.event>}', MESSAGE, {"all": MESSAGE}, None),
        ("<$.data.lamp>", RECORD, "chochin", "chochin"),
        ("<$.data>", RECORD | {"data": base64.b64encode(b"no JSON").decode()}, "bm8gSlNPTg==", "bm8gSlNPTg=="),
        ("<$.lamp>", {"lamp": "andon"}, "andon", "andon"),
        ("<aws.pipes.event>", "text of an enrichment", "text of an enrichment", "text of an enrichment"),
    ],
)  # fmt: skip
def test_templates(template: str, event: Any, value: Any, text: str | None) -> None:
    check_template(template)
    filled = fill(template, event, VARIABLES)
    assert filled.value == value
    if text is not None:
        assert filled.text == text


def test_dynamic_parameters() -> None:
    given = {"MessageGroupId": "$.body.lamp", "Resources": ["$.body.price", "arn:x"], "Source": "hikari", "n": 7}
    assert resolved(given, MESSAGE) == {
        "MessageGroupId": "andon",
        "Resources": ["4200", "arn:x"],
        "Source": "hikari",
        "n": 7,
    }
    with pytest.raises(TargetFailed, match=r"MessageGroupId is \$\.none"):
        resolved({"MessageGroupId": "$.none"}, MESSAGE)


@pytest.mark.parametrize("template", ["<aws.pipes.colour>", '{"a": <$.body[>}', "<$.a b>"])
def test_templates_that_are_refused(template: str) -> None:
    with pytest.raises(InvalidTemplate, match="InputTemplate has <"):
        check_template(template)

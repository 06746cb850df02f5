"""Filter policies of subscriptions: AWS's documented cases, and what AWS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_cloud.sns import filters as sns_filters
from serverless_cloud.sns.filters import ATTRIBUTES, BODY, FilterPolicyError

#: Policy; attributes or body (both are tried) that match; that do not. SNS Developer Guide, "string value matching" and
#: the pages beside it.
CASES: list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ({"kind": ["lamp", "shade"]}, [{"kind": "lamp"}, {"kind": ["bulb", "shade"]}],
     [{"kind": "Lamp"}, {"kind": ["x"]}, {}]),
    ({"kind": ["lamp"], "price": [{"numeric": [">", 100]}]}, [{"kind": "lamp", "price": 101}],
     [{"kind": "lamp", "price": 100}, {"kind": "lamp"}, {"price": 101}]),
    ({"kind": [{"anything-but": ["lamp", "shade"]}]}, [{"kind": "bulb"}, {"kind": ["lamp", "bulb"]}],
     [{"kind": "lamp"}, {"kind": ["lamp", "shade"]}, {}]),
    ({"kind": [{"anything-but": "lamp"}, {"exists": False}]}, [{"kind": "bulb"}, {"id": "1"}], [{"kind": "lamp"}]),
    ({"id": [{"anything-but": {"prefix": "order-"}}]}, [{"id": "data"}, {"id": ["order-1", "data"]}],
     [{"id": "order-1"}]),
    ({"price": [{"anything-but": [100, 500]}]}, [{"price": 101}, {"price": [100, 50]}],
     [{"price": 100}, {"price": [500]}]),
    ({"kind": [{"equals-ignore-case": "Lamp"}]}, [{"kind": "lAMP"}], [{"kind": "lamps"}]),
    ({"from": [{"cidr": "10.0.0.0/24"}]}, [{"from": "10.0.0.255"}], [{"from": "10.1.0.0"}, {"from": "here"}]),
    ({"from": [{"cidr": "2001:db8::/32"}]}, [{"from": "2001:db8::1"}], [{"from": "10.0.0.1"}]),
    ({"kind": [{"prefix": "la"}]}, [{"kind": "lamp"}, {"kind": ["x", "lamp"]}], [{"kind": "bla"}, {"kind": 1}]),
    ({"kind": [{"suffix": "mp"}]}, [{"kind": "lamp"}], [{"kind": "mpx"}]),
    ({"price": [100]}, [{"price": 100}, {"price": 100.0}, {"price": [1, 100]}], [{"price": 101}, {"price": "100"}]),
    ({"price": [{"numeric": ["=", 301.5]}]}, [{"price": 301.5}, {"price": 3.015e2}],
     [{"price": 301.50001}, {"price": "x"}]),
    ({"price": [{"numeric": ["<", 0]}]}, [{"price": -1}], [{"price": 0}]),
    ({"price": [{"numeric": [">", 0, "<=", 150]}]}, [{"price": 150}, {"price": [200, 1]}],
     [{"price": 0}, {"price": 151}]),
    ({"store": [{"exists": True}]}, [{"store": "tokyo"}], [{"kind": "lamp"}]),
    ({"store": [{"exists": False}]}, [{"kind": "lamp"}], [{"store": "tokyo"}]),
    ({"source": ["a"], "$or": [{"metric": ["cpu"]}, {"space": ["ec2"]}]},
     [{"source": "a", "metric": "cpu"}, {"source": "a", "space": "ec2"}], [{"source": "a"}, {"metric": "cpu"}]),
    ({"$or": [{"numeric": ["=", 123]}, {"prefix": "abc"}]}, [{"$or": "abcd"}], [{"numeric": 123}, {"prefix": "abc"}]),
    ({"lamp.kind": ["desk"]}, [{"lamp.kind": "desk"}], [{"lamp.kind": "floor"}, {"kind": "desk"}]),
    ({}, [{}, {"kind": "lamp"}], []),
]  # fmt: skip

BODIES: list[tuple[dict[str, Any], Any, bool]] = [
    ({"lamp": {"colour": ["red"], "size": [1]}}, {"lamp": {"colour": "red", "size": 1}}, True),
    ({"lamp": {"colour": ["red"]}}, {"lamp": {"colour": "blue"}}, False),
    ({"lamp": {"colour": ["red"]}}, {"lamp": "red"}, False),
    ({"lamp": {"colour": [{"exists": False}]}}, {"shade": 1}, True),
    ({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}},
     {"Records": [{"eventName": "ObjectRemoved:Delete"}, {"eventName": "ObjectCreated:Put"}]}, True),
    ({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}},
     {"Records": [{"eventName": "ObjectRemoved:Delete"}]}, False),
    ({"lamp": {"$or": [{"a": [1]}, {"b": [1]}]}}, {"lamp": {"b": 1}}, True),
    ({"lamp": [True, None]}, {"lamp": None}, True),
    ({"lamp": [True, None]}, {"lamp": 1}, False),
    ({"lamp": [1]}, [{"lamp": 1}], False),
    ({"lamp": [{"exists": True}]}, {"lamp": 0}, True),
    ({"lamp": [{"exists": True}]}, {"lamp": None}, False),
    ({"lamp": [{"exists": True}]}, {"lamp": ""}, False),
    ({"lamp": [{"exists": True}]}, {"lamp": []}, False),
    ({"lamp": [{"exists": True}]}, {"lamp": ["", "red"]}, True),
    ({"lamp.shade.size": [1]}, {"lamp": {"shade": [{"size": 1}]}}, True),
    ({"lamp": {"shade": {"size": [1]}}}, {"lamp.shade": {"size": 1}}, True),
    ({"lamp.size": [1]}, {"lamp.size": 1}, True),
    ({"lamp.size": [1]}, {"lamp": {"size": 2}, "size": 1}, False),
    ({"lamp.size": [{"exists": False}]}, {"lamp": {"colour": "red"}}, True),
]  # fmt: skip


def as_attributes(message: dict[str, Any]) -> dict[str, Any]:
    """The same values as message attributes."""
    kinds = {str: "String", int: "Number", float: "Number", list: "String.Array"}
    return {
        name: {"Type": kinds[type(v)], "Value": json.dumps(v) if isinstance(v, list) else str(v)}
        for name, v in message.items()
    }


@pytest.mark.parametrize(("policy", "passing", "dropped"), CASES)
def test_documented_cases(policy: dict[str, Any], passing: list[dict[str, Any]], dropped: list[dict[str, Any]]) -> None:
    for message, expected in [(m, True) for m in passing] + [(m, False) for m in dropped]:
        parsed = (
            sns_filters.parse(json.dumps(policy), ATTRIBUTES) if "numeric" not in str(policy.get("$or")) else policy
        )
        assert sns_filters.matches(parsed, ATTRIBUTES, as_attributes(message), "not JSON") is expected, message
        assert sns_filters.matches(parsed, BODY, {}, json.dumps(message)) is expected, message


@pytest.mark.parametrize(("policy", "body", "expected"), BODIES)
def test_bodies(policy: dict[str, Any], body: Any, expected: bool) -> None:
    assert sns_filters.matches(sns_filters.parse(json.dumps(policy), BODY), BODY, {}, json.dumps(body)) is expected


def test_no_attributes_match_no_policy() -> None:
    policy = {"store": [{"exists": False}]}
    assert sns_filters.matches(policy, ATTRIBUTES, as_attributes({"kind": "lamp"}), "")
    assert not sns_filters.matches(policy, ATTRIBUTES, {}, "")
    assert sns_filters.matches({}, ATTRIBUTES, {}, "")


def test_what_is_no_json_and_no_text() -> None:
    for text in ("lamp", "[", '"lamp"'):
        assert not sns_filters.matches({"kind": ["lamp"]}, BODY, {}, text)
    binary = {"kind": {"Type": "Binary", "Value": "bGFtcA=="}, "list": {"Type": "String.Array", "Value": "[broken"}}
    assert not sns_filters.matches({"kind": ["bGFtcA=="]}, ATTRIBUTES, binary, "")
    assert not sns_filters.matches({"kind": [{"anything-but": "lamp"}]}, ATTRIBUTES, binary, "")
    assert not sns_filters.matches({"list": [{"anything-but": "lamp"}]}, ATTRIBUTES, binary, "")
    assert sns_filters.matches({"kind": [{"exists": True}]}, ATTRIBUTES, binary, "")


#: Policy, the end of AWS's words for it.
REFUSED: list[tuple[Any, str]] = [
    ({"key": [["value"]]}, "Match value must be String, number, true, false, or null"),
    ({"key": [{"wrong-operator": True}]}, "Unrecognized match type wrong-operator"),
    ({"key": [{"wildcard": "l*p"}]}, "Unrecognized match type wildcard"),
    ({"key": [{"suffix": "a", "prefix": "b"}]}, "Only one key allowed in match expression"),
    ({"key": []}, "Empty arrays are not allowed"),
    ({"key": [{"suffix": 100}]}, "suffix match pattern must be a string"),
    ({"key": {"suffix": "value"}}, '"suffix" must be an object or an array'),
    ({"key": "value"}, '"key" must be an object or an array'),
    ({"key": [{"cidr": ["bad"]}]}, "prefix match pattern must be a string"),
    ({"key": [{"cidr": "bad"}]}, "Malformed CIDR, one '/' required"),
    ({"key": [{"cidr": "bad/64"}]}, "Nonstandard IP address: bad"),
    ({"key": [{"cidr": "10.0.0.0/x"}]}, "Malformed CIDR, mask bits must be an integer"),
    ({"key": [{"numeric": []}]}, "Invalid member in numeric match: ]"),
    ({"key": [{"numeric": ["operator"]}]}, "Unrecognized numeric range operator: operator"),
    ({"key": [{"numeric": [1, "<="]}]}, "Invalid member in numeric match: 1"),
    ({"key": [{"numeric": ["=", "000"]}]}, "Value of equals must be numeric"),
    ({"key": [{"numeric": [">="]}]}, "Value of >= must be numeric"),
    ({"key": [{"numeric": ["<", 100, ">", 10]}]}, "Too many elements in numeric expression"),
    ({"key": [{"numeric": [">=", 1, ">", 2]}]}, "Bad numeric range operator: >"),
    ({"key": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top"),
    ({"key": [{"numeric": [">", 20, "<="]}]}, "Value of <= must be numeric"),
    ({"key": [{"numeric": [">", 20, 30]}]}, "Bad value in numeric range: 30"),
    ({"key": [{"numeric": [">", 20, "<", 30, "<", 50]}]}, "Too many terms in numeric range expression"),
    ({"key": [{"exists": "no"}]}, "exists match pattern must be either true or false."),
    ({"key": [{"anything-but": {"suffix": "test"}}]}, "Unsupported anything-but pattern: suffix"),
    ({"key": [{"anything-but": [True]}]}, "start|null|boolean is not supported."),
    ({"key": [{"anything-but": ["a", 1]}]}, "mixed type is not supported"),
    ({"key": [{"anything-but": {"prefix": False}}]}, "prefix match pattern must be a string"),
    ({"key": [str(n) for n in range(151)]}, "Filter policy is too complex"),
    ({"a": list(range(13)), "b": list(range(12))}, "Filter policy is too complex"),
    ({name: ["x"] for name in "abcdef"}, "Filter policy can not have more than 5 keys"),
    ({"a": {"b": ["c"]}}, "Filter policy scope MessageAttributes does not support nested filter policy"),
    ([], "Filter is not an object"),
    ({"a": {}}, "Empty objects are not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "words"), REFUSED)
def test_refused(policy: Any, words: str) -> None:
    with pytest.raises(FilterPolicyError) as refusal:
        sns_filters.parse(json.dumps(policy), ATTRIBUTES)
    assert str(refusal.value).endswith(words)


def test_combinations_of_a_nested_policy_count_its_depth() -> None:
    four, three = {"a": {"b": {"c": [1, 2, 3, 4]}}}, {"d": {"e": [1, 2, 3]}}
    assert sns_filters.parse(json.dumps(four | three), BODY)  # 4 x 3 levels x 3 x 2 levels = 72
    with pytest.raises(FilterPolicyError, match="too complex"):
        sns_filters.parse(json.dumps(four | {"d": {"e": list(range(7))}}), BODY)  # 168

"""Event patterns: the cases of AWS's guide and of Event Ruler's, on events of Hikari, a shop that sells lamps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_cloud.events.patterns import InvalidPattern, Pattern

ORDER: dict[str, Any] = {
    "version": "0",
    "source": "hikari.shop",
    "detail-type": "OrderPlaced",
    "resources": ["arn:aws:s3:::hikari-orders", "arn:aws:s3:::hikari-invoices"],
    "detail": {
        "order": "A-1001",
        "file": "/orders/2026/november/A-1001.json",
        "total": 301.8,
        "lamps": 3,
        "express": False,
        "coupon": None,
        "note": "",
        "tags": [],
        "extra": {},
        "ip": "10.0.0.123",
        "ip6": "2001:db8::1",
        "text": "50* off \\ today",
        "lines": [
            {"sku": "desk-lamp", "colour": "red", "stock": {"shelf": 4}},
            {"sku": "floor-lamp", "colour": "blue", "stock": {"shelf": 9}},
        ],
    },
}

DETAIL_MATCHES: list[tuple[str, Any]] = [
    ("string", {"order": ["A-1001"]}),
    ("one of several", {"order": ["A-1", "A-1001"]}),
    ("the empty string", {"note": [""]}),
    ("a number", {"lamps": [3]}),
    ("a number, written in another way", {"lamps": [3.0], "total": [3.018e2]}),
    ("false", {"express": [False]}),
    ("null", {"coupon": [None]}),
    ("exactly", {"order": [{"exactly": "A-1001"}]}),
    ("prefix", {"order": [{"prefix": "A-"}]}),
    ("an empty prefix is any string", {"note": [{"prefix": ""}]}),
    ("prefix, any case", {"order": [{"prefix": {"equals-ignore-case": "a-10"}}]}),
    ("suffix", {"file": [{"suffix": ".json"}]}),
    ("suffix, any case", {"file": [{"suffix": {"equals-ignore-case": ".JSON"}}]}),
    ("any case", {"order": [{"equals-ignore-case": "a-1001"}]}),
    ("anything but a string", {"order": [{"anything-but": "A-1"}]}),
    ("anything but a number", {"lamps": [{"anything-but": 4}]}),
    ("anything but a list of strings", {"order": [{"anything-but": ["A-1", "A-2"]}]}),
    ("anything but a list of numbers", {"lamps": [{"anything-but": [1, 2]}]}),
    ("a number is anything but a string", {"lamps": [{"anything-but": "3"}]}),
    ("null is anything but a string", {"coupon": [{"anything-but": ["summer"]}]}),
    ("anything but a prefix", {"order": [{"anything-but": {"prefix": "B"}}]}),
    ("anything but several prefixes", {"order": [{"anything-but": {"prefix": ["B", "C"]}}]}),
    ("a number is anything but a prefix", {"lamps": [{"anything-but": {"prefix": "3"}}]}),
    ("anything but a suffix", {"file": [{"anything-but": {"suffix": ".png"}}]}),
    ("anything but, any case", {"order": [{"anything-but": {"equals-ignore-case": ["a-1", "a-2"]}}]}),
    ("anything but a wildcard", {"file": [{"anything-but": {"wildcard": "*/lib/*"}}]}),
    ("numeric, equal", {"total": [{"numeric": ["=", 301.8]}]}),
    ("numeric, a range", {"total": [{"numeric": [">", 0, "<=", 301.8]}], "lamps": [{"numeric": [">=", 3, "<", 4]}]}),
    ("cidr", {"ip": [{"cidr": "10.0.0.0/24"}]}),
    ("cidr, IPv6", {"ip6": [{"cidr": "2001:db8::/32"}]}),
    ("exists", {"order": [{"exists": True}]}),
    ("null is there", {"coupon": [{"exists": True}]}),
    ("is not there", {"refund": [{"exists": False}]}),
    ("an empty list is not there", {"tags": [{"exists": False}]}),
    ("an object is no leaf, so it is not there", {"lines": {"stock": [{"exists": False}]}}),
    ("is not there or is this", {"order": [{"exists": False}, "A-1001"]}),
    ("wildcard", {"file": [{"wildcard": "/orders/*/A-*.json"}]}),
    ("wildcard for nothing", {"order": [{"wildcard": "A-1001*"}]}),
    ("wildcard, parts that overlap in the text", {"file": [{"wildcard": "*o*o*.json"}]}),
    ("an asterisk and a backslash", {"text": [{"wildcard": "50\\* off \\\\*"}]}),
    ("any element of a list", {"lines": {"sku": ["floor-lamp"]}}),
    ("an element that is something else", {"lines": {"sku": [{"anything-but": "desk-lamp"}]}}),
    ("two fields of one element", {"lines": {"sku": ["floor-lamp"], "colour": ["blue"], "stock": {"shelf": [9]}}}),
    ("dots join names", {"lines.stock.shelf": [4]}),
    ("$or, the second", {"$or": [{"order": ["B"]}, {"lamps": [3]}]}),
    ("$or and a field", {"order": ["A-1001"], "$or": [{"lamps": [{"numeric": [">", 9]}]}, {"total": [301.8]}]}),
    ("$or in $or", {"$or": [{"order": ["B"]}, {"order": ["A-1001"], "$or": [{"lamps": [1]}, {"lamps": [3]}]}]}),
]

DETAIL_MISSES: list[tuple[str, Any]] = [
    ("another case", {"order": ["a-1001"]}),
    ("a name in another case", {"Order": ["A-1001"]}),
    ("a number is no string", {"lamps": ["3"]}),
    ("a string is no number", {"order": [1001]}),
    ("0 is not false", {"express": [0]}),
    ("false is not null", {"express": [None]}),
    ("null is not the empty string", {"coupon": [""]}),
    ("a list of nothing has no null", {"tags": [None]}),
    ("a field that is not there", {"refund": ["A-1001"]}),
    ("one of two fields", {"order": ["A-1001"], "lamps": [4]}),
    ("a prefix of a number", {"lamps": [{"prefix": "3"}]}),
    ("prefix in another case", {"order": [{"prefix": "a"}]}),
    ("anything but what it is", {"order": [{"anything-but": ["A-1001", "B"]}]}),
    ("anything but, where nothing is", {"refund": [{"anything-but": "A"}]}),
    ("anything but its prefix", {"order": [{"anything-but": {"prefix": ["B", "A"]}}]}),
    ("anything but, any case", {"order": [{"anything-but": {"equals-ignore-case": "a-1001"}}]}),
    ("anything but a wildcard", {"file": [{"anything-but": {"wildcard": "/orders/*"}}]}),
    ("numeric, below", {"lamps": [{"numeric": ["<", 3]}]}),
    ("numeric of a string", {"order": [{"numeric": [">", 0]}]}),
    ("numeric of true or false", {"express": [{"numeric": ["=", 0]}]}),
    ("cidr, another network", {"ip": [{"cidr": "10.0.1.0/24"}]}),
    ("cidr of what is no address", {"order": [{"cidr": "10.0.0.0/8"}]}),
    ("exists", {"refund": [{"exists": True}]}),
    ("an empty object is not there", {"extra": [{"exists": True}]}),
    ("is there", {"order": [{"exists": False}]}),
    ("wildcard, the end differs", {"file": [{"wildcard": "/orders/*.png"}]}),
    ("wildcard, its ends overlap", {"order": [{"wildcard": "A-1001*1001"}]}),
    ("an asterisk that stands for itself", {"order": [{"wildcard": "A\\*1001"}]}),
    ("two fields of different elements", {"lines": {"sku": ["floor-lamp"], "colour": ["red"]}}),
    ("fields of different elements, deeper", {"lines": {"colour": ["red"], "stock": {"shelf": [9]}}}),
    ("no field of an object in a list", {"lines": ["desk-lamp"]}),
    ("$or, none", {"$or": [{"order": ["B"]}, {"lamps": [4]}]}),
    ("$or, but not the field beside it", {"order": ["B"], "$or": [{"lamps": [3]}, {"lamps": [4]}]}),
]

INVALID: list[tuple[str, str]] = [
    ("", "Filter is not an object"),
    ("lamp", "Unrecognized token 'lamp': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or"),
    ("{'source': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
    ('{"source": [a-b]}', "Unrecognized token 'a': was expecting (JSON String, Number, Array, Object or token"),
    ("{\"source\": ['a']}", "Unexpected character (''' (code 39)): expected a valid value (JSON String, Number,"),
    (
        '{"source" ["a"]}',
        "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value",
    ),
    ('{"source": ["a"] "b"}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries"),
    ('{"source": ["a"', "Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)"),
    ('{"source": ["a",]}', "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number,"),
    ("[]", "Filter is not an object"),
    ("{}", "Empty objects are not allowed"),
    ('{"detail": {}}', "Empty objects are not allowed"),
    ('{"source": "hikari.shop"}', '"source" must be an object or an array'),
    ('{"lamps": 3}', '"lamps" must be an object or an array'),
    ('{"source": []}', "Empty arrays are not allowed"),
    ('{"source": [["hikari.shop"]]}', "Match value must be String, number, true, false, or null"),
    ('{"source": [{}]}', "Match expression name not found"),
    ('{"source": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
    ('{"source": [{"PREFIX": "a"}]}', "Unrecognized match type PREFIX"),
    ('{"source": [{"prefix": 3}]}', "prefix match pattern must be a string"),
    ('{"source": [{"prefix": ["a"]}]}', "prefix match pattern must be a string"),
    ('{"source": [{"suffix": {"wildcard": "a"}}]}', "Unsupported suffix pattern: wildcard"),
    ('{"source": [{"equals-ignore-case": ["a"]}]}', "equals-ignore-case match pattern must be a string"),
    ('{"source": [{"exists": "true"}]}', "exists match pattern must be either true or false."),
    ('{"lamps": [{"numeric": 3}]}', "Value of numeric must be an array."),
    ('{"lamps": [{"numeric": []}]}', "Invalid member in numeric match: ]"),
    ('{"lamps": [{"numeric": ["=", "3"]}]}', "Value of equals must be numeric"),
    ('{"lamps": [{"numeric": ["!", 3]}]}', "Unrecognized numeric range operator: !"),
    ('{"lamps": [{"numeric": [">", 0, ">", 0]}]}', "Bad numeric range operator: >"),
    ('{"lamps": [{"numeric": ["<", 0, ">", 0]}]}', "Too many elements in numeric expression"),
    ('{"lamps": [{"numeric": [">", 5, "<", 5]}]}', "Bottom must be less than top"),
    ('{"lamps": [{"numeric": [">", 1, "<", 5, 6]}]}', "Too many terms in numeric range expression"),
    ('{"ip": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
    ('{"ip": [{"cidr": "10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
    ('{"ip": [{"cidr": "10.0.0.0/33"}]}', "IPv4 mask bits must be < 32"),
    ('{"ip": [{"cidr": "10.0.0/8"}]}', "Nonstandard IP address: 10.0.0"),
    ('{"order": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 2"),
    ('{"order": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 2"),
    ('{"order": [{"anything-but": null}]}', "Value of anything-but must be an array or single string/number value."),
    ('{"order": [{"anything-but": true}]}', "Value of anything-but must be an array or single string/number value."),
    ('{"order": [{"anything-but": [null]}]}', "Inside anything but list, start|null|boolean is not supported."),
    ('{"order": [{"anything-but": {}}]}', "Anything-But expression name not found"),
    (
        '{"order": [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}]}',
        "Value of anything-but must be an array or single string/number value.",
    ),
    (
        '{"order": [{"anything-but": {"suffix": null}}]}',
        "Value of anything-but must be an array or single string/number value.",
    ),
    ('{"order": [{"anything-but": {"prefix": 3}}]}', "prefix/suffix match pattern must be a string"),
    ('{"order": [{"anything-but": {"wildcard": [3]}}]}', "wildcard match pattern must be a string"),
    (
        '{"order": [{"anything-but": {"equals-ignore-case": 3}}]}',
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
    ('{"order": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}', "Too many elements in numeric expression"),
    ('{"order": [{"anything-but": "a", "prefix": "b"}]}', "Too many elements in numeric expression"),
    ('{"order": [{"prefix": {}}]}', "Prefix expression name not found"),
    ('{"order": [{"prefix": 3, "suffix": "b"}]}', "prefix match pattern must be a string"),
    ('{"lamps": [{"numeric": [">", 0, 5]}]}', "Bad value in numeric range: 5"),
    ('{"order": [{"anything-but": []}]}', "Inside anything but list, either all values are number or string"),
    ('{"order": [{"anything-but": ["A", 1]}]}', "Inside anything but list, either all values are number or string"),
    ('{"order": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
    ('{"order": [{"anything-but": {"numeric": ["=", 3]}}]}', "Unsupported anything-but pattern: numeric"),
    ('{"$or": {"a": [1]}}', "It must be an Array followed with $or."),
    ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
    ('{"$or": [{"a": [1]}, 2]}', "Only JSON object is allowed in array of $or relationship."),
    ('{"$or": [{"a": [1]}, {"prefix": ["b"]}]}', "prefix is Ruler reserved fieldName which cannot be used inside $or."),
]


def _matches(pattern: Any) -> bool:
    return Pattern.parse(json.dumps(pattern)).matches(ORDER)


@pytest.mark.parametrize(("what", "detail"), DETAIL_MATCHES)
def test_a_pattern_matches(what: str, detail: Any) -> None:
    assert _matches({"detail": detail}), what


@pytest.mark.parametrize(("what", "detail"), DETAIL_MISSES)
def test_a_pattern_does_not_match(what: str, detail: Any) -> None:
    assert not _matches({"detail": detail}), what


def test_the_whole_event_and_a_list_in_it() -> None:
    assert _matches({"source": ["hikari.shop"], "resources": [{"suffix": "invoices"}], "detail": {"lamps": [3]}})
    assert not _matches({"source": ["hikari.shop"], "resources": ["arn:aws:s3:::other"]})
    assert not Pattern.parse('{"source": ["hikari.shop"]}').matches("no object")


def test_a_name_that_comes_twice_in_a_pattern() -> None:
    twice = '{"source": ["a"], "detail": {"lamps": [3]}, "source": ["hikari.shop"], "detail": {"n": [1]}}'
    pattern = Pattern.parse(twice)
    assert pattern.matches({"source": "hikari.shop", "detail": {"lamps": 3, "n": 1}})
    assert not pattern.matches({"source": "hikari.shop", "detail": {"lamps": 4, "n": 1}})


def test_list_in_list() -> None:
    event = {"shelves": [[{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], [{"sku": "c", "n": 3}]]}
    assert Pattern.parse('{"shelves": {"sku": ["c"], "n": [3]}}').matches(event)
    assert not Pattern.parse('{"shelves": {"sku": ["a"], "n": [3]}}').matches(event)


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_what_is_no_pattern_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as refusal:
        Pattern.parse(text)
    assert str(refusal.value).startswith(f"Event pattern is not valid. Reason: {reason}")


def test_or_may_not_make_too_many_combinations() -> None:
    either = [{f"field{number}": [1]} for number in range(11)]
    with pytest.raises(InvalidPattern, match="more than 1000 combinations"):
        Pattern.parse(json.dumps({part: {"$or": either} for part in ("a", "b", "c")}))


def test_a_list_of_many_elements() -> None:
    event = {"lines": [{"sku": str(number), "colour": "red", "size": number} for number in range(2_000)]}
    pattern = Pattern.parse('{"lines": {"colour": ["red"], "size": [1999], "sku": [{"prefix": "1"}]}}')
    assert pattern.matches(event)
    assert not Pattern.parse('{"lines": {"colour": ["blue"], "size": [1999]}}').matches(event)

"""Paths, intrinsic calls and JSONata as they are read, without a cloud."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_cloud.workflows import jsonata
from serverless_cloud.workflows.intrinsics import is_call, is_path, is_reference
from serverless_cloud.workflows.json_path import NoSuchPath, PathError, parse

SHOP: dict[str, Any] = {
    "lamps": [{"name": "andon", "price": 1200, "tags": ["paper"]}, {"name": "chochin", "price": 800, "sold": None}],
    "open till": 18,
    "grid": [[1, 2], [3, 4]],
    "灯": {"a-b": True},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", SHOP),
        ("$.lamps[0].name", "andon"),
        ("$['lamps'][0][\"name\"]", "andon"),
        ("$['open till']", 18),
        ("$.grid[1][0]", 3),
        ("$.grid[-1][-1]", 4),
        ("$.灯.a-b", True),
        ("$.lamps[1].sold", None),
        ("$.lamps[0]['name','price']", {"name": "andon", "price": 1200}),
        ("$.lamps.length()", 2),
        ("$.grid[0].sum()", 3),
        ("$.lamps[*].name", ["andon", "chochin"]),
        ("$.lamps[0,1].price", [1200, 800]),
        ("$.grid[0:1]", [[1, 2]]),
        ("$.grid[::2]", [[1, 2]]),
        ("$.grid[1:][0]", [3]),
        ("$..name", ["andon", "chochin"]),
        ("$.lamps..tags[0]", ["paper"]),
        ("$.lamps[0].*", ["andon", 1200, ["paper"]]),
        ("$.lamps[*].tags[*]", ["paper"]),
        ("$.nothing[*].x", []),
    ],
)
def test_what_a_path_finds(path: str, value: Any) -> None:
    assert parse(path).find(SHOP) == value


@pytest.mark.parametrize("path", ["$.lamp", "$.lamps[2]", "$.lamps.name", "$.grid[0].x", "$.lamps[-3]"])
def test_what_it_does_not_find(path: str) -> None:
    with pytest.raises(NoSuchPath):
        parse(path).find(SHOP)


@pytest.mark.parametrize(
    "text",
    ["", "lamps", "$.", "$..", "$.a.", "$a", "$.a b", "$.a[", "$.a]", "$.a[]", "$.a[b]", "$.a[1.5]", "$.a['b]",
     "$$.a"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PathError):
        parse(text)


@pytest.mark.parametrize(
    ("path", "given", "wanted"),
    [
        ("$", {"a": 1}, "new"),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.c.d", {"a": 1}, {"a": 1, "c": {"d": "new"}}),
        ("$['c d']", {}, {"c d": "new"}),
        ("$.l[1].x", {"l": [0, {"x": 1}]}, {"l": [0, {"x": "new"}]}),
        ("$.a.b", {"a": None}, {"a": {"b": "new"}}),
    ],
)
def test_what_is_put(path: str, given: Any, wanted: Any) -> None:
    before = repr(given)
    assert parse(path).put(given, "new") == wanted
    assert repr(given) == before, "what was given is not changed"


@pytest.mark.parametrize(("path", "given"), [("$.a.b", {"a": 1}), ("$.l[5]", {"l": []}), ("$.a", "text"), ("$.a", [1])])
def test_where_nothing_can_be_put(path: str, given: Any) -> None:
    with pytest.raises(NoSuchPath):
        parse(path).put(given, "new")


@pytest.mark.parametrize(
    ("text", "path", "reference"),
    [
        ("$.a[0].b", True, True),
        ("$.a[*]", True, False),
        ("$.a.length()", True, False),
        ("$$.Execution.Id", True, False),
        ("$order.id", True, False),
        ("order", False, False),
    ],
)
def test_kinds_of_paths(text: str, path: bool, reference: bool) -> None:
    assert (is_path(text), is_reference(text)) == (path, reference)


@pytest.mark.parametrize(
    "text",
    ["States.UUID()", "States.Format('a {}', $.b)", "States.Format('it\\'s {}', $.a['b c,d)'])",
     "States.Array()", "States.MathAdd( $.a , -1.5 )",
     "States.Array(States.Array(1, true, null), $$.Execution.Id, $v.x)"],
)  # fmt: skip
def test_calls(text: str) -> None:
    assert is_call(text)


@pytest.mark.parametrize(
    "text",
    ["States.Uuid()", "States.UUID", "States.UUID(1)", "States.Format()", "States.Format('a', $.b",
     "States.Format('a' $.b)", "States.Format(a)", "States.MathAdd(1)", "States.Format('a',)",
     " States.UUID()x", "$.a", ""],
)  # fmt: skip
def test_no_calls(text: str) -> None:
    assert not is_call(text)


def test_nesting_of_calls_ends() -> None:
    assert is_call("States.Array(" * 10 + ")" * 10)
    assert not is_call("States.Array(" * 11 + ")" * 11)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("$states.input.lamps[price > 3].name", []),
        ("$sum(lamps.price)", ["lamps"]),
        ("{'a': b, 'c': [d]}", ["b", "d"]),
        ("$map($states.input.l, function($v) { $v.p })", []),
        ("($x := y; $x ? z : $states.input)", ["y", "z"]),
        ("$", ["$"]),
        ("$$.lamps", ["$$"]),
        ("$states.input.l.(price * n)", []),
        ("$states.input.l ~> $sum", []),
        ("-price", ["price"]),
    ],
)
def test_what_an_expression_reads_from_nowhere(expression: str, names: list[str]) -> None:
    assert jsonata.check(expression) is None
    assert jsonata.top_level_references(expression) == names


def test_values_are_plain_and_not_shared() -> None:
    given = {"l": [1, 2.0, None], "o": {"x": [True]}}
    found = jsonata.evaluate("$states.input", {"states": {"input": given}})
    assert found == {"l": [1, 2, None], "o": {"x": [True]}}
    assert type(found["l"]) is list
    found["o"]["x"].append(1)
    assert given["o"] == {"x": [True]}


@pytest.mark.parametrize(
    "expression", ["($f := function($n) { 1 + $f($n) }; $f(1))", "[1..10000000]", "$range(1, 1e9, 1)", "1 / 0"]
)
def test_expressions_that_would_not_end(expression: str) -> None:
    with pytest.raises(jsonata.JsonataError):
        jsonata.evaluate(expression, {"states": {}})

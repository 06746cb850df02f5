"""DynamoDB's expressions and statements that are nested too deeply, or incomplete, are refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from serverless_cloud.dynamodb import parser, partiql
from serverless_cloud.dynamodb.errors import Refused
from serverless_cloud.dynamodb.syntax import Literal


@pytest.mark.parametrize("depth", [2, 150, 2_000])
def test_parentheses_in_parentheses_are_redundant(depth: int) -> None:
    with pytest.raises(Refused, match="Invalid FilterExpression: The expression has redundant parentheses;"):
        parser.parse(f"{'(' * depth}yen = :yen{')' * depth}", "FilterExpression")


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """Python's usual limit of nested calls; some libraries raise it for the whole process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("usual_depth")
def test_a_deep_statement_is_malformed() -> None:
    for text in (
        f"SELECT * FROM orders WHERE {'(' * 500}yen = 1{')' * 500}",
        f"INSERT INTO orders VALUE {{'id': {'[' * 1_500}1{']' * 1_500}}}",
    ):
        with pytest.raises(Refused, match="Statement wasn't well formed"):
            partiql.parse(text, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UPDATE orders SET yen = 1 RETURNING ALL", "Unexpected term"),
        ("RETURNING", "Expected data manipulation"),
        ("SELECT * FROM orders WHERE begins_with(id)", "operator or function: begins_with, number of operands: 1"),
        ("UPDATE orders SET tags = set_add(tags) WHERE id = 'a'", "function: set_add, number of operands: 1"),
        ("UPDATE orders SET tags = set_add(tags, other) WHERE id = 'a'", "Unexpected keyword"),
        ("UPDATE orders SET tags = set_delete(tags, 'new') WHERE id = 'a'", "function: set_delete, operand type: S"),
    ],
)
def test_statements_without_an_end_or_an_operand(text: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        partiql.parse(text, None)


def test_sets_of_a_statement() -> None:
    statement = partiql.parse("UPDATE orders SET tags = set_add(tags, <<'new'>>) WHERE id = 'a'", None)
    assert [(action.section, action.value) for action in statement.actions] == [("ADD", Literal({"SS": ["new"]}))]

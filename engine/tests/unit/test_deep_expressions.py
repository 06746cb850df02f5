"""DynamoDB's expressions and statements that are nested too deeply are refused, whatever Python's stack allows."""

from __future__ import annotations

import pytest

from serverless_cloud.dynamodb import parser, partiql
from serverless_cloud.dynamodb.errors import Refused


@pytest.mark.parametrize("depth", [2, 150, 2_000])
def test_parentheses_in_parentheses_are_redundant(depth: int) -> None:
    with pytest.raises(Refused, match="Invalid FilterExpression: The expression has redundant parentheses;"):
        parser.parse(f"{'(' * depth}yen = :yen{')' * depth}", "FilterExpression")


def test_a_deep_statement_is_malformed() -> None:
    for text in (
        f"SELECT * FROM orders WHERE {'(' * 500}yen = 1{')' * 500}",
        f"INSERT INTO orders VALUE {{'id': {'[' * 1_500}1{']' * 1_500}}}",
    ):
        with pytest.raises(Refused, match="Statement wasn't well formed"):
            partiql.parse(text, None)

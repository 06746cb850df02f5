"""DynamoDB's expressions that are nested too deeply are refused."""

from __future__ import annotations

import pytest

from serverless_cloud.dynamodb import parser
from serverless_cloud.dynamodb.errors import DynamoDbError


@pytest.mark.parametrize("depth", [2, 150, 2_000])
def test_parentheses_in_parentheses_are_redundant(depth: int) -> None:
    with pytest.raises(DynamoDbError, match="Invalid FilterExpression: The expression has redundant parentheses;"):
        parser.parse(f"{'(' * depth}yen = :yen{')' * depth}", "FilterExpression")

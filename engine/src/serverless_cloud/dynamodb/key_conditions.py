"""The key conditions of a query: which items of a table or an index it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serverless_cloud.dynamodb.errors import DynamoDbError, malformed, parameter
from serverless_cloud.dynamodb.evaluation import holds
from serverless_cloud.dynamodb.schema import Index, Schema, refuse_empty
from serverless_cloud.dynamodb.syntax import Call, Literal, Node, Path
from serverless_cloud.dynamodb.values import Value, kind_of

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ALLOWED = (*_FLIPPED, "BETWEEN", "begins_with")


class KeyConditions:
    """The keys that a query asks for.

    Args:
        condition: KeyConditionExpression, with names and values.
        schema, index: Of the table, and of the index that is queried.

    Attributes:
        hashes: The values of the partition key's attributes.

    Raises:
        DynamoDbError: the conditions don't name one partition, or don't fit the key.
    """

    def __init__(self, condition: Node, schema: Schema, index: Index) -> None:
        conditions = dict(_conditions(condition))
        self._check(conditions, index)
        for name, node in conditions.items():
            for operand in node.operands[1:]:
                assert isinstance(operand, Literal)
                _check_value(name, operand.value, schema.types[name])
        self._index = index
        self.hashes = {name: _value_of(conditions[name]) for name in index.hashes}
        self._ranges = [conditions[name] for name in index.ranges if name in conditions]

    @staticmethod
    def _check(conditions: Mapping[str, Call], index: Index) -> None:
        if len(conditions) > max(2, len(index.keys)):
            raise DynamoDbError("Conditions can be of length 1 or 2 only")
        for name in index.hashes:
            if name not in conditions:
                raise DynamoDbError(f"Query condition missed key schema element: {name}")
            if conditions[name].name != "=":
                raise DynamoDbError("Query key condition not supported")
        if any(name not in index.keys for name in conditions):
            missed = next((name for name in index.ranges if name not in conditions), None)
            if missed is not None:
                raise DynamoDbError(f"Query condition missed key schema element: {missed}")
            raise DynamoDbError("Query key condition not supported")
        for number, name in enumerate(index.ranges):
            later = next((other for other in index.ranges[number + 1 :] if other in conditions), None)
            if later is not None and (name not in conditions or conditions[name].name != "="):
                raise DynamoDbError(
                    f"RANGE key attributes {name} must have equality conditions specified in the query because a "
                    f"condition is present on key attribute {later}"
                )

    def hold(self, item: Mapping[str, Value]) -> bool:
        """Whether the query reads an item: the index has it, and its key is as asked for."""
        return self._index.has(item) and self._in_partition(item) and self._in_range(item)

    def check_start(self, start: Mapping[str, Value]) -> None:
        """Raises if the query can't begin behind an item."""
        if not self._in_partition(start):
            raise DynamoDbError("The provided starting key is outside query boundaries based on provided conditions")
        if not self._in_range(start):
            raise DynamoDbError("The provided starting key does not match the range key predicate")

    def _in_partition(self, item: Mapping[str, Value]) -> bool:
        return all(item.get(name) == value for name, value in self.hashes.items())

    def _in_range(self, item: Mapping[str, Value]) -> bool:
        return all(holds(condition, item) for condition in self._ranges)


def _value_of(condition: Call) -> Value:
    operand = condition.operands[1]
    assert isinstance(operand, Literal)
    return operand.value


def _check_value(name: str, value: Value, expected: str) -> None:
    if kind_of(value) != expected:
        raise parameter("Condition parameter type does not match schema type")
    refuse_empty(name, value)


def _conditions(node: Node) -> Iterator[tuple[str, Call]]:
    """Each condition with the attribute that it is about."""
    names: set[str] = set()
    for call in _single(node):
        condition = _with_path_first(call)
        path = condition.operands[0]
        assert isinstance(path, Path)
        name = path.parts[0]
        if len(path.parts) > 1:
            raise malformed("KeyConditionExpressions cannot have conditions on nested attributes")
        if name in names:
            raise malformed("KeyConditionExpressions must only contain one condition per key")
        assert isinstance(name, str)
        names.add(name)
        yield name, condition


def _single(node: Node) -> Iterator[Call]:
    """The conditions that AND connects."""
    assert isinstance(node, Call)
    if node.name == "AND":
        for operand in node.operands:
            yield from _single(operand)
        return
    if node.name not in _ALLOWED:
        raise malformed(f"Invalid operator used in KeyConditionExpression: {node.name}")
    if any(isinstance(operand, Call) for operand in node.operands):
        raise malformed("KeyConditionExpressions cannot contain nested operations")
    yield node


def _with_path_first(node: Call) -> Call:
    paths = [number for number, operand in enumerate(node.operands) if isinstance(operand, Path)]
    if len(paths) > 1:
        raise malformed("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
    if not paths:
        raise malformed("Invalid condition in KeyConditionExpression: No key attribute specified")
    if paths[0] == 0:
        return node
    if node.name not in _FLIPPED:
        raise malformed(
            f"Invalid condition in KeyConditionExpression: {node.name} operator must have the key attribute as its "
            "first operand"
        )
    return Call(_FLIPPED[node.name], (node.operands[1], node.operands[0]))

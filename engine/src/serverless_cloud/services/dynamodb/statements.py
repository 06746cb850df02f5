"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction: PartiQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.dynamodb import partiql
from serverless_cloud.dynamodb.capacity import Consumed, read_units
from serverless_cloud.dynamodb.errors import Refused
from serverless_cloud.dynamodb.evaluation import look_up
from serverless_cloud.dynamodb.partiql import Statement
from serverless_cloud.dynamodb.schema import Index, Schema
from serverless_cloud.dynamodb.syntax import Call, Literal, Node, Path
from serverless_cloud.dynamodb.values import Attributes, Value, kind_of
from serverless_cloud.services.dynamodb import reading, writing
from serverless_cloud.services.dynamodb.stored import Store, in_order

_RETURNED = {"ALL OLD": "ALL_OLD", "ALL NEW": "ALL_NEW", "MODIFIED OLD": "UPDATED_OLD", "MODIFIED NEW": "UPDATED_NEW"}
_WITHOUT_KEY = "Where clause does not contain a mandatory equality on all key attributes"


def execute_statement(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    statement = partiql.parse(request["Statement"], request.get("Parameters"))
    if statement.kind == "SELECT":
        return _select(backend, statement, request)
    if statement.kind == "EXISTS":
        raise Refused("EXISTS is only supported in ExecuteTransaction")
    written = writing.do(backend, _write(Store(backend, statement.table), statement, request))
    attributes = written.pop("Attributes", None)
    return {"Items": [] if attributes is None else [attributes], **written}


def batch_execute_statement(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    statements = [_parsed(each) for each in request["Statements"]]
    if len({each.kind == "SELECT" for each in statements if isinstance(each, Statement)}) > 1:
        raise Refused("Batch must contain either all reads or all writes")
    responses: list[JsonObject] = []
    consumed: dict[str, Consumed] = {}
    for each, statement in zip(request["Statements"], statements, strict=True):
        table: JsonObject = {}
        try:
            if isinstance(statement, Refused):
                raise statement
            store = Store(backend, statement.table)
            table["TableName"] = statement.table
            used = consumed.setdefault(statement.table, Consumed(statement.table))
            responses.append(table | _of_batch(backend, store, statement, each, used))
        except Refused as error:
            shown = {"Code": writing.short_code(error), "Message": error.message, **error.members}
            responses.append(table | {"Error": shown})
    return reading.with_capacities({"Responses": responses}, consumed.values(), request)


def _parsed(request: Mapping[str, Any]) -> Statement | Refused:
    """A statement of a batch, or what is wrong with it."""
    try:
        return partiql.parse(request["Statement"], request.get("Parameters"))
    except Refused as error:
        return error


def _of_batch(
    backend: DynamoDBBackend, store: Store, statement: Statement, request: Mapping[str, Any], consumed: Consumed
) -> JsonObject:
    if statement.kind == "SELECT":
        _check_single(statement, store.schema.own, "BatchExecuteStatement")
        return _first(_select(backend, statement, request, consumed))
    written = writing.do(backend, _write(store, statement, request), consumed)
    return {"Item": written["Attributes"]} if "Attributes" in written else {}


def _check_single(statement: Statement, index: Index, call: str) -> None:
    """Raises unless a SELECT asks for one item by its key."""
    key = _equalities(statement.condition, index)
    if statement.index or len(key) < len(index.keys) or len(list(_single(statement.condition))) > len(key):
        raise Refused(f"Select statements within {call} must specify the primary key in the where clause.")


def _first(found: JsonObject) -> JsonObject:
    return {"Item": found["Items"][0]} if found["Items"] else {}


def execute_transaction(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    given, read = request["TransactStatements"], []
    for number, each in enumerate(given):
        try:
            statement = partiql.parse(each["Statement"], each.get("Parameters"))
            read.append(_of_transaction(Store(backend, statement.table), statement, each))
        except Refused as error:
            if error.code != "ValidationException":
                raise
            raise Refused(f"Validation failed in TransactStatements[{number}]: {error.message}") from None
    if all(isinstance(each, Statement) for each in read):
        return _read_all(backend, [each for each in read if isinstance(each, Statement)], request)
    writes = [each for each in read if isinstance(each, writing.Write)]
    if len(writes) < len(read):
        raise Refused("Transactions must contain either all reads or all writes")
    return {"Responses": [{} for _ in writes], **writing.transact(backend, writes, request, given)}


def _read_all(backend: DynamoDBBackend, statements: list[Statement], request: Mapping[str, Any]) -> JsonObject:
    """The answer to the reads of a transaction."""
    responses: list[JsonObject] = []
    places: list[tuple[str, Attributes]] = []
    consumed: dict[str, Consumed] = {}
    for statement in statements:
        store = Store(backend, statement.table)
        places.append((store.name, _equalities(statement.condition, store.schema.own)))
        if places[-1] in places[:-1]:
            raise Refused("Transaction request cannot include multiple operations on one item")
        item = store.get(places[-1][1])
        used = consumed.setdefault(statement.table, Consumed(statement.table, "Read"))
        used.read(read_units(item.bytes if item else 0, transaction=True))
        responses.append({"Item": _columns(item.attributes, statement.paths)} if item else {})
    return reading.with_capacities({"Responses": responses}, consumed.values(), request)


def _of_transaction(store: Store, statement: Statement, request: Mapping[str, Any]) -> writing.Write | Statement:
    if statement.returning:
        raise Refused("RETURNING clause is not supported in ExecuteTransaction.")
    if statement.kind != "SELECT":
        return _write(store, statement, request)
    if statement.index:
        raise Refused("Reads on indices are not supported within transactions.")
    _check_single(statement, store.schema.own, "ExecuteTransaction")
    return statement


# ---- what a statement reads


def _select(
    backend: DynamoDBBackend, statement: Statement, request: Mapping[str, Any], consumed: Consumed | None = None
) -> JsonObject:
    store = Store(backend, statement.table)
    schema, index = store.schema, store.schema.index(statement.index, shows_name=False)
    like = {**request, "TableName": statement.table, "IndexName": statement.index}
    reading.check_index(like, index, statement.paths, schema)
    key = _equalities(statement.condition, index)
    whole = all(name in key for name in index.hashes)
    _check_order(statement, index)
    found = store.partition(key) if whole and not index.name else store.all()
    items = in_order((item for item in found if index.has(item.attributes) and _has(item.attributes, key)), index)
    # One partition is sorted by its range key, and several ones by their hash keys first.
    sorting = index.ranges if whole else index.keys
    downward = next((is_down for name, is_down in statement.order if name in sorting), False)
    if downward:
        items.reverse()
    if request.get("NextToken"):
        items = reading.after(items, store.entry(_place(request["NextToken"], schema, index)), index, not downward)
    page = reading.Page(store, index, items, statement.condition, statement.paths, like, consumed, _columns)
    answer = page.answer()
    result: JsonObject = {"Items": answer["Items"]}
    if "LastEvaluatedKey" in answer:
        token = base64.b64encode(json.dumps(answer["LastEvaluatedKey"]).encode()).decode()
        result |= {"LastEvaluatedKey": answer["LastEvaluatedKey"], "NextToken": token}
    return result | {name: value for name, value in answer.items() if name == "ConsumedCapacity"}


def _check_order(statement: Statement, index: Index) -> None:
    if not statement.order:
        return
    if statement.condition is None:
        raise Refused("Must have WHERE clause in the statement when using ORDER BY clause.")
    if not {*index.hashes} <= {*_asked_for(statement.condition)}:
        raise Refused(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    unknown = [name for name, _ in statement.order if name not in index.keys]
    if unknown:
        raise Refused(f"Variable reference {unknown[0]} in ORDER BY clause must be part of the primary key")


def _asked_for(condition: Node) -> Iterator[str | int]:
    """The attributes whose values a condition lists, with = or IN."""
    for node in _single(condition):
        if isinstance(node, Call) and node.name in ("=", "IN"):
            yield from (path.parts[0] for path in node.operands if isinstance(path, Path))


def _place(token: str, schema: Schema, index: Index) -> Attributes:
    try:
        place: Attributes = json.loads(base64.b64decode(token, validate=True))
    except ValueError:
        raise Refused("Invalid NextToken") from None
    if not isinstance(place, dict) or place.keys() != {*schema.own.keys, *index.keys}:
        raise Refused("Invalid NextToken")
    return place


def _has(item: Attributes, key: Mapping[str, Value]) -> bool:
    return all(item.get(name) == value for name, value in key.items())


def _columns(item: Attributes, paths: tuple[Path, ...]) -> Attributes:
    """The columns of a SELECT, each under its last name."""
    if not paths:
        return item
    columns = {}
    for path in paths:
        value = look_up(item, path)
        if value is not None:
            columns[next(str(part) for part in reversed(path.parts) if isinstance(part, str))] = value
    return columns


def _single(node: Node | None) -> Iterator[Node]:
    """The conditions that AND connects."""
    if isinstance(node, Call) and node.name == "AND":
        for each in node.operands:
            yield from _single(each)
    elif node is not None:
        yield node


def _equality(node: Node, index: Index) -> tuple[str, Value] | None:
    """The key attribute and its value, if a condition asks for one value of one key attribute."""
    if not isinstance(node, Call) or node.name != "=":
        return None
    path, literal = node.operands
    if isinstance(path, Literal):
        path, literal = literal, path
    if isinstance(path, Path) and isinstance(literal, Literal) and len(path.parts) == 1 and path.parts[0] in index.keys:
        return str(path.parts[0]), literal.value
    return None


def _equalities(node: Node | None, index: Index) -> Attributes:
    return dict(found for each in _single(node) if (found := _equality(each, index)) is not None)


# ---- what a statement writes


def _write(store: Store, statement: Statement, request: Mapping[str, Any]) -> writing.Write:
    like = {**request, "TableName": statement.table, "ReturnValues": _RETURNED.get(statement.returning)}
    schema = store.schema
    present = Path((schema.own.hashes[0],))
    if statement.kind == "INSERT":
        duplicate = Refused("Duplicate primary key exists in table", "DuplicateItemException")
        item = statement.attributes()
        _check_key(item, schema)
        return writing.Write("Put", like, item, Call("attribute_not_exists", (present,)), unmet=duplicate)
    key = _equalities(statement.condition, schema.own)
    if len(key) < len(schema.own.keys):
        raise Refused(_WITHOUT_KEY)
    _check_key(key, schema)
    conditions = [each for each in _single(statement.condition) if _equality(each, schema.own) is None]
    condition = reduce(lambda left, right: Call("AND", (left, right)), conditions) if conditions else None
    if statement.kind in ("UPDATE", "EXISTS"):
        exists = Call("attribute_exists", (present,))
        condition = exists if condition is None else Call("AND", (exists, condition))
    elif statement.kind == "DELETE" and condition is not None:  # an item that isn't there is deleted already
        condition = Call("OR", (Call("attribute_not_exists", (present,)), condition))
    kind = {"UPDATE": "Update", "DELETE": "Delete"}.get(statement.kind, "ConditionCheck")
    return writing.Write(kind, like, key, condition, statement.actions)


def _check_key(item: Attributes, schema: Schema) -> None:
    for name in schema.own.keys:
        if name not in item:
            raise Refused(f"Key attribute should be present in the item: Key {name}")
        if kind_of(item[name]) != schema.types[name]:
            raise Refused(f"Key attribute's data type should match its data type in table's schema: Key {name}")

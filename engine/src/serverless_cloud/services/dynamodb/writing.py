"""PutItem, UpdateItem, DeleteItem, BatchWriteItem and TransactWriteItems."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.dynamodb import shapes
from serverless_cloud.dynamodb.binding import Expressions
from serverless_cloud.dynamodb.capacity import Consumed, read_units
from serverless_cloud.dynamodb.errors import DynamoDbError, WholeRequestError, condition_failed, malformed, parameter
from serverless_cloud.dynamodb.evaluation import holds, project
from serverless_cloud.dynamodb.schema import Schema
from serverless_cloud.dynamodb.syntax import Action, Node, paths_in
from serverless_cloud.dynamodb.updates import updated
from serverless_cloud.dynamodb.values import Attributes, canonical_attributes
from serverless_cloud.services.dynamodb.reading import cancel, with_capacities, with_capacity
from serverless_cloud.services.dynamodb.stored import Store
from serverless_cloud.sources.stream_sizes import size_of

TRANSACTION_BYTES, BATCH_BYTES = 4 * 1024 * 1024, 16 * 1024 * 1024
TOKEN_S = 600.0  # TransactWriteItems: how long a ClientRequestToken counts


@dataclass(frozen=True, slots=True)
class Write:
    """One write, read from a request and checked as far as the request alone allows.

    Args:
        kind: "Put", "Update", "Delete" or "ConditionCheck".
        given: Its item, or its key.
    """

    kind: str
    request: Mapping[str, Any]
    given: Attributes
    condition: Node | None
    actions: tuple[Action, ...] = ()

    def key(self, schema: Schema) -> Attributes:
        """The key of the item, as far as the table allows it. Raises: DynamoDbError."""
        if self.kind == "Put":
            schema.check_item(self.given)
            self._check_paths(schema)
            return schema.key_of(self.given)
        schema.checked_key(self.given)
        for action in self.actions:
            if action.path.parts[0] in schema.own.keys:
                raise parameter(f"Cannot update attribute {action.path.parts[0]}. This attribute is part of the key")
        self._check_paths(schema)
        return self.given

    def _check_paths(self, schema: Schema) -> None:
        schema.check_scalars(paths_in(self.condition))
        for action in self.actions:
            schema.check_scalars((action.path, *paths_in(action.value)))

    def outcome(self, schema: Schema, old: Attributes | None) -> Attributes | None:
        """The item after the write; None if there is none.

        Raises:
            DynamoDbError: the condition isn't met, or the item can't be updated this way.
        """
        if not holds(self.condition, old or {}):
            shows = self.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise condition_failed(old if shows else None)
        if self.kind == "Put":
            return self.given
        if self.kind == "Delete":
            return None
        if self.kind == "ConditionCheck":
            return old
        new = updated(old if old is not None else self.given, self.actions)
        schema.check_item(new, changed=True)
        return new


def _read_write(kind: str, request: Mapping[str, Any], *, update_first: bool = False) -> Write:
    """A write as a request describes it. Raises: DynamoDbError.

    Args:
        update_first: Whether the update is read before its condition, as in transactions.
    """
    given = canonical_attributes(request["Item" if kind == "Put" else "Key"])
    shapes.refuse_old(request)
    kinds = ("UpdateExpression", "ConditionExpression") if kind == "Update" else ("ConditionExpression",)
    expressions = Expressions(request, kinds)
    actions = expressions.actions() if update_first and kind == "Update" else ()
    condition = expressions.condition("ConditionExpression")
    if kind == "Update" and not update_first:
        actions = expressions.actions()
    expressions.check_used()
    return Write(kind, request, given, condition, actions)


def put_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    _check_return_values(request)
    return _do(backend, _read_write("Put", request))


def delete_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    _check_return_values(request)
    return _do(backend, _read_write("Delete", request))


def update_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    return _do(backend, _read_write("Update", request))


def _check_return_values(request: Mapping[str, Any]) -> None:
    if request.get("ReturnValues") not in (None, "NONE", "ALL_OLD"):
        raise malformed("ReturnValues can only be ALL_OLD or NONE")


def _do(backend: DynamoDBBackend, write: Write) -> JsonObject:
    """Does one write. Raises: DynamoDbError."""
    request = write.request
    store = Store(backend, request["TableName"])
    key = write.key(store.schema)
    old = store.attributes(key)
    new = write.outcome(store.schema, old)
    store.write(key, new)
    answer: JsonObject = {}
    shown = _returned(write, old, new)
    if shown:
        answer["Attributes"] = shown
    if request.get("ReturnItemCollectionMetrics") == "SIZE" and (metrics := _metrics(store.schema, key)):
        answer["ItemCollectionMetrics"] = metrics
    if _wish(request) == "NONE":
        return answer
    consumed = Consumed(request["TableName"])
    consumed.write(store.schema, old, new)
    return with_capacity(answer, consumed, request)


def _returned(write: Write, old: Attributes | None, new: Attributes | None) -> Attributes | None:
    wish = write.request.get("ReturnValues") or "NONE"
    if wish == "NONE":
        return None
    item = old if wish.endswith("OLD") else new
    if item is None or wish.startswith("ALL"):
        return item
    return project(item, [action.path for action in write.actions])


def _metrics(schema: Schema, key: Attributes) -> JsonObject | None:
    """ItemCollectionMetrics, which only tables with a local index have."""
    if all(index.is_global for index in schema.indexes):
        return None
    name = schema.own.hashes[0]
    return {"ItemCollectionKey": {name: key[name]}, "SizeEstimateRangeGB": [0.0, 1.0]}


def batch_write_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    shapes.check_batch_write(request["RequestItems"])
    stores, consumed = {}, {}
    writes: list[tuple[str, Write]] = []
    for name, wishes in request["RequestItems"].items():
        for wish in wishes:
            kind, content = ("Put", wish["PutRequest"]) if wish.get("PutRequest") else ("Delete", wish["DeleteRequest"])
            writes.append((name, _read_write(kind, content)))
    keys: list[tuple[str, Attributes]] = []
    for name, write in writes:
        if name not in stores:
            stores[name], consumed[name] = Store(backend, name), Consumed(name)
        schema = stores[name].schema
        schema.checked_key({part: write.given[part] for part in schema.own.keys if part in write.given})
        keys.append((stores[name].name, write.key(schema)))
        if keys[-1] in keys[:-1]:
            raise DynamoDbError("Provided list of item keys contains duplicates")
    if sum(size_of(write.given) for _, write in writes) > BATCH_BYTES:
        raise DynamoDbError("Request size exceeded 16777216 bytes")
    metrics: JsonObject = {}
    for (name, write), (_, key) in zip(writes, keys, strict=True):
        store = stores[name]
        old, new = store.attributes(key), write.given if write.kind == "Put" else None
        store.write(key, new)
        consumed[name].write(store.schema, old, new)
        if metric := _metrics(store.schema, key):
            metrics.setdefault(name, []).append(metric)
    answer: JsonObject = {"UnprocessedItems": {}}
    if metrics and request.get("ReturnItemCollectionMetrics") == "SIZE":
        answer["ItemCollectionMetrics"] = metrics
    return with_capacities(answer, consumed.values(), request)


# ---- transactions


def transact_write_items(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    """Does a transaction, or answers only, if one with its ClientRequestToken was done.

    Raises:
        DynamoDbError: the token belongs to other items, or the transaction can't be done.
    """
    writes = [_of_transaction(each) for each in request["TransactItems"]]
    text, known = json.dumps(request["TransactItems"], sort_keys=True), _known(backend)
    token = request.get("ClientRequestToken")
    if token in known:
        if known[token][1] != text:
            raise DynamoDbError(
                "Request token parameters do not match the original request.", "IdempotentParameterMismatchException"
            )
        return {} if _wish(request) == "NONE" else with_capacities({}, _reads(backend, writes), request)
    answer = _do_all(backend, writes, request)
    if token is not None:
        known[token] = (time.monotonic(), text)
    return answer


def _wish(request: Mapping[str, Any]) -> str:
    return request.get("ReturnConsumedCapacity") or "NONE"


def _known(backend: DynamoDBBackend) -> dict[Any, tuple[float, str]]:
    """The tokens of transactions. moto empties its backend at a reset, and they go with it."""
    known: dict[Any, tuple[float, str]] = vars(backend).setdefault("transaction_tokens", {})
    for token in [token for token, (at, *_) in known.items() if time.monotonic() - at > TOKEN_S]:
        del known[token]
    return known


def _of_transaction(given: JsonObject) -> Write:
    kinds = [kind for kind in ("ConditionCheck", "Put", "Update", "Delete") if given.get(kind) is not None]
    if len(kinds) != 1:
        raise DynamoDbError("TransactItems can only contain one of Check, Put, Update or Delete")
    return _read_write(kinds[0], given[kinds[0]], update_first=True)


def _reads(backend: DynamoDBBackend, writes: list[Write]) -> list[Consumed]:
    """The units of a transaction that was done before. It only reads."""
    consumed: dict[str, Consumed] = {}
    for write in writes:
        name = write.request["TableName"]
        store = Store(backend, name)
        item = store.get(write.key(store.schema))
        used = consumed.setdefault(name, Consumed(name, "Read"))
        used.read(read_units(item.bytes if item else 0, transaction=True))
    return list(consumed.values())


def _do_all(backend: DynamoDBBackend, writes: list[Write], request: Mapping[str, Any]) -> JsonObject:
    """Does all writes, or none of them. Raises: DynamoDbError: with the reason of each that can't be done."""
    stores = {write.request["TableName"]: Store(backend, write.request["TableName"]) for write in writes}
    if sum(size_of(write.given) for write in writes) > TRANSACTION_BYTES:
        raise DynamoDbError("Collection size of all items in the transaction exceeds 4194304 bytes")
    reasons: list[JsonObject] = []
    results: list[tuple[Store, Write, Attributes, Attributes | None, Attributes | None]] = []
    places: list[tuple[str, Attributes]] = []
    for write in writes:
        store = stores[write.request["TableName"]]
        try:
            key = write.key(store.schema)
            if (store.name, key) in places:
                raise WholeRequestError("Transaction request cannot include multiple operations on one item")
            places.append((store.name, key))
        except WholeRequestError:
            raise
        except DynamoDbError as error:
            reasons.append(_reason(error))
            continue
        old = store.attributes(key)
        try:
            results.append((store, write, key, old, write.outcome(store.schema, old)))
            reasons.append({"Code": "None"})
        except DynamoDbError as error:
            reasons.append(_reason(error))
    cancel(reasons)
    consumed: dict[str, Consumed] = {}
    metrics: JsonObject = {}
    for store, write, key, old, new in results:
        name = write.request["TableName"]
        used = consumed.setdefault(name, Consumed(name, "Write"))
        used.write(store.schema, old, new)
        if write.kind == "ConditionCheck":
            continue
        store.write(key, new)
        if metric := _metrics(store.schema, key):
            metrics.setdefault(name, []).append(metric)
    answer: JsonObject = {}
    if metrics and request.get("ReturnItemCollectionMetrics") == "SIZE":
        answer["ItemCollectionMetrics"] = metrics
    return with_capacities(answer, consumed.values(), request)


def _reason(error: DynamoDbError) -> JsonObject:
    """Why a transaction is canceled: "ConditionalCheckFailed" and a message."""
    code = "ValidationError" if error.code == "ValidationException" else error.code.removesuffix("Exception")
    return {"Code": code, "Message": error.message, **error.members}

"""GetItem, BatchGetItem, TransactGetItems, Query and Scan."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.dynamodb import shapes
from serverless_cloud.dynamodb.binding import Expressions
from serverless_cloud.dynamodb.capacity import Consumed, read_units
from serverless_cloud.dynamodb.errors import DynamoDbError, WholeRequestError, malformed
from serverless_cloud.dynamodb.evaluation import holds, project
from serverless_cloud.dynamodb.key_conditions import KeyConditions
from serverless_cloud.dynamodb.schema import Index, Schema, wrong_key
from serverless_cloud.dynamodb.syntax import Node, Path, paths_in
from serverless_cloud.dynamodb.values import Attributes, canonical_attributes, kind_of
from serverless_cloud.services.dynamodb.stored import Store, StoredItem, in_order, place_in
from serverless_cloud.sources.stream_sizes import size_of

PAGE_BYTES, BATCH_BYTES = 1024 * 1024, 16 * 1024 * 1024


def with_capacity(answer: JsonObject, consumed: Consumed, request: Mapping[str, Any]) -> JsonObject:
    """Adds ConsumedCapacity to an answer, if the request asks for it."""
    wish = request.get("ReturnConsumedCapacity") or "NONE"
    return answer if wish == "NONE" else answer | {"ConsumedCapacity": consumed.answer(wish)}


def with_capacities(answer: JsonObject, consumed: Iterable[Consumed], request: Mapping[str, Any]) -> JsonObject:
    """The same for a call with several tables."""
    wish = request.get("ReturnConsumedCapacity") or "NONE"
    return answer if wish == "NONE" else answer | {"ConsumedCapacity": [each.answer(wish) for each in consumed]}


def _projection(request: Mapping[str, Any]) -> tuple[Path, ...]:
    """The paths that a call without other expressions shows of items; none for all."""
    shapes.refuse_old(request)
    expressions = Expressions(request, ("ProjectionExpression",))
    paths = expressions.paths()
    expressions.check_used()
    return paths


def get_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    paths = _projection(request)
    key = canonical_attributes(request["Key"])
    store = Store(backend, request["TableName"])
    store.schema.check_scalars(paths)
    item = store.get(store.schema.checked_key(key))
    consumed = Consumed(request["TableName"])
    consumed.read(read_units(item.bytes if item else 0, consistent=bool(request.get("ConsistentRead"))))
    return with_capacity(_shown(item, paths), consumed, request)


def _shown(item: StoredItem | None, paths: tuple[Path, ...]) -> JsonObject:
    """The answer with an item, or with the part of it that the paths lead to."""
    if item is None:
        return {}
    return {"Item": project(item.attributes, paths) if paths else item.attributes}


def batch_get_item(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    shapes.check_batch_get(request["RequestItems"])
    wishes = []
    for name, wish in request["RequestItems"].items():
        paths, keys = _projection(wish), [canonical_attributes(key) for key in wish["Keys"]]
        wishes.append((name, wish, paths, keys))
    responses: JsonObject = {}
    unprocessed: JsonObject = {}
    consumed, total = [], 0
    stores = {name: Store(backend, name) for name, *_ in wishes}
    for name, _, paths, keys in wishes:
        stores[name].schema.check_scalars(paths)
        for key in keys:
            stores[name].schema.checked_key(key)
        if any(key in keys[:number] for number, key in enumerate(keys)):
            raise DynamoDbError("Provided list of item keys contains duplicates")
    for name, wish, paths, keys in wishes:
        used = Consumed(name)
        consumed.append(used)
        found = responses.setdefault(name, [])
        for key in keys:
            item = stores[name].get(key)
            size = item.bytes if item else 0
            if total + size > BATCH_BYTES:
                unprocessed.setdefault(name, {**wish, "Keys": []})["Keys"].append(key)
                continue
            total += size
            used.read(read_units(size, consistent=bool(wish.get("ConsistentRead"))))
            if item is not None:
                found.append(_shown(item, paths)["Item"])
    return with_capacities({"Responses": responses, "UnprocessedKeys": unprocessed}, consumed, request)


def transact_get_items(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    gets = [each.get("Get") or {} for each in request["TransactItems"]]
    wishes = [(get, _projection(get), canonical_attributes(get["Key"])) for get in gets]
    stores = {get["TableName"]: Store(backend, get["TableName"]) for get in gets}
    reasons: list[JsonObject] = []
    for get, paths, key in wishes:
        try:
            stores[get["TableName"]].schema.checked_key(key)
            stores[get["TableName"]].schema.check_scalars(paths)
            reasons.append({"Code": "None"})
        except WholeRequestError:
            raise
        except DynamoDbError as error:
            reasons.append({"Code": "ValidationError", "Message": error.message})
    cancel(reasons)
    places = [(stores[get["TableName"]].name, key) for get, _, key in wishes]
    if any(place in places[:number] for number, place in enumerate(places)):
        raise DynamoDbError("Transaction request cannot include multiple operations on one item")
    consumed = {name: Consumed(name, "Read") for name in stores}
    responses: list[JsonObject] = []
    for get, paths, key in wishes:
        store = stores[get["TableName"]]
        item = store.get(key)
        consumed[get["TableName"]].read(read_units(item.bytes if item else 0, transaction=True))
        responses.append(_shown(item, paths))
    return with_capacities({"Responses": responses}, consumed.values(), request)


def cancel(reasons: list[JsonObject]) -> None:
    """Raises if one of a transaction's parts has a reason to cancel it."""
    codes = [reason["Code"] for reason in reasons]
    if any(code != "None" for code in codes):
        raise DynamoDbError(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
            "TransactionCanceledException",
            CancellationReasons=reasons,
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """The items that a query or a scan reads.

    Args:
        items: In the order of the answer, after the start key.
        wanted: The condition that an item in the answer meets.
    """

    store: Store
    index: Index
    items: list[StoredItem]
    wanted: Node | None
    paths: tuple[Path, ...]
    request: Mapping[str, Any]

    def answer(self) -> JsonObject:
        """The answer, with at most Limit items and at most 1 MB."""
        request, schema = self.request, self.store.schema
        limit, fetches, consistent = request.get("Limit"), self._fetches(), bool(request.get("ConsistentRead"))
        consumed = Consumed(request["TableName"])
        found: list[Attributes] = []
        scanned, size, last = 0, 0, None
        for item in self.items:
            entry = item.attributes if self.index.projects is None else schema.projected(item.attributes, self.index)
            own = item.bytes if self.index.projects is None else size_of(entry)
            if scanned and size + own > PAGE_BYTES:
                last = self.items[scanned - 1]
                break
            scanned, size = scanned + 1, size + own
            if fetches:
                consumed.read(read_units(item.bytes, consistent=consistent))
            seen = item.attributes if fetches else entry
            if holds(self.wanted, seen):
                found.append(project(seen, self.paths) if self.paths else seen)
            if scanned == limit:
                last = item
                break
        answer: JsonObject = {"Count": len(found), "ScannedCount": scanned}
        if request.get("Select") != "COUNT":
            answer["Items"] = found
        if last is not None:
            answer["LastEvaluatedKey"] = schema.place_of(last.attributes, self.index)
        consumed.read(read_units(size, consistent=consistent), self.index)
        return with_capacity(answer, consumed, request)

    def _fetches(self) -> bool:
        """Whether a local index reads each item from the table, for attributes that it hasn't got."""
        if self.index.projects is None or self.index.is_global:
            return False
        known = {*self.store.schema.own.keys, *self.index.keys, *self.index.projects}
        wishes_more = any(path.parts[0] not in known for path in self.paths)
        return wishes_more or self.request.get("Select") == "ALL_ATTRIBUTES"


def _check_select(request: Mapping[str, Any]) -> None:
    select, projects = request.get("Select"), request.get("ProjectionExpression") is not None
    message = ""
    if select == "SPECIFIC_ATTRIBUTES":
        if not projects:
            message = (
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
    elif select is not None and projects:
        what = "only the Count" if select == "COUNT" else select
        message = f"Cannot specify the ProjectionExpression when choosing to get {what}"
    if not message and select == "ALL_PROJECTED_ATTRIBUTES" and request.get("IndexName") is None:
        message = "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    if message:
        raise malformed(message).in_envelope()


def _check_index(request: Mapping[str, Any], index: Index, paths: tuple[Path, ...], schema: Schema) -> None:
    """Raises for what a global index can't do."""
    if not index.is_global:
        return
    if request.get("ConsistentRead"):
        raise DynamoDbError("Consistent reads are not supported on global secondary indexes")
    if index.projects is None:
        return
    problem = "One or more parameter values were invalid: "
    if request.get("Select") == "ALL_ATTRIBUTES":
        raise DynamoDbError(
            f"{problem}Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} because its "
            "projection type is not ALL"
        )
    known = {*index.keys, *schema.own.keys, *index.projects}
    missing = [str(path.parts[0]) for path in paths if path.parts[0] not in known]
    if missing:
        raise DynamoDbError(f"{problem}Global secondary index {index.name} does not project [{', '.join(missing)}]")


def query(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    shapes.refuse_old(request)
    _check_select(request)
    expressions = Expressions(request, ("FilterExpression", "ProjectionExpression", "KeyConditionExpression"))
    key_condition = expressions.condition("KeyConditionExpression")
    wanted = expressions.condition("FilterExpression")
    paths = expressions.paths()
    expressions.check_used()
    if key_condition is None:
        raise malformed(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    store = Store(backend, request["TableName"])
    schema, index = store.schema, store.schema.index(request.get("IndexName"))
    _check_index(request, index, paths, schema)
    schema.check_scalars((*paths, *paths_in(wanted)))
    keys = KeyConditions(key_condition, schema, index)
    _check_filter(wanted, index)
    found = store.all() if index.name else store.partition(keys.hashes)
    items = in_order((item for item in found if keys.hold(item.attributes)), index)
    forward = request.get("ScanIndexForward") is not False
    if not forward:
        items.reverse()
    if request.get("ExclusiveStartKey") is not None:
        start = _start(request["ExclusiveStartKey"], store, index, query=True)
        keys.check_start(start.attributes)
        items = _after(items, start, index, forward)
    return _Page(store, index, items, wanted, paths, request).answer()


def _check_filter(wanted: Node | None, index: Index) -> None:
    keys = [path.parts[0] for path in paths_in(wanted) if path.parts[0] in index.keys]
    if keys:
        raise DynamoDbError(
            f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {keys[0]}"
        )


def scan(backend: DynamoDBBackend, request: JsonObject) -> JsonObject:
    shapes.refuse_old(request)
    _check_select(request)
    _check_segment(request)
    expressions = Expressions(request, ("FilterExpression", "ProjectionExpression"))
    wanted = expressions.condition("FilterExpression")
    paths = expressions.paths()
    expressions.check_used()
    store = Store(backend, request["TableName"])
    schema, index = store.schema, store.schema.index(request.get("IndexName"))
    _check_index(request, index, paths, schema)
    schema.check_scalars((*paths, *paths_in(wanted)))
    found = store.all()
    if index.name:
        found = (item for item in found if index.has(item.attributes))
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    if segments is not None:
        found = (item for item in found if _segment(item, segments) == segment)
    items = in_order(found, index)
    if request.get("ExclusiveStartKey") is not None:
        start = _start(request["ExclusiveStartKey"], store, index, query=False)
        if segments is not None and _segment(start, segments) != segment:
            raise DynamoDbError(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
                f"correct Segment. TotalSegments: {segments} Segment: {segment}"
            )
        items = _after(items, start, index)
    return _Page(store, index, items, wanted, paths, request).answer()


def _check_segment(request: Mapping[str, Any]) -> None:
    segment, segments = request.get("Segment"), request.get("TotalSegments")
    if segment is not None and segments is None:
        raise malformed(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if segment is None and segments is not None:
        raise malformed(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if segment is not None and segments is not None and segment >= segments:
        raise malformed("The Segment parameter is zero-based and must be less than parameter TotalSegments")


def _segment(item: StoredItem, segments: int) -> int:
    digest = hashlib.md5(str(item.hash_key.value).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4]) % segments


def _start(given: Mapping[str, Any], store: Store, index: Index, *, query: bool) -> StoredItem:
    """ExclusiveStartKey as an item. Raises: DynamoDbError: it isn't a place in the index."""
    names, types = {*store.schema.own.keys, *index.keys}, store.schema.types
    try:
        start = canonical_attributes(given)
    except DynamoDbError as error:
        raise DynamoDbError(f"The provided starting key is invalid: {error.message}", error.code) from None
    mismatch = f"The provided starting key is invalid: {wrong_key().message}"
    if start.keys() != names:
        raise DynamoDbError("The provided starting key is invalid" if query or index.name else mismatch)
    if any(kind_of(start[name]) != types[name] for name in names):
        raise wrong_key() if query else DynamoDbError(mismatch)
    return store.entry(start)


def _after(items: list[StoredItem], start: StoredItem, index: Index, forward: bool = True) -> list[StoredItem]:
    """The items behind the start key, whose item may be gone."""
    place, compare = place_in(start, index), operator.gt if forward else operator.lt
    return [item for item in items if compare(place_in(item, index), place)]

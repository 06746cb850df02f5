"""moto's tables as the place where items are stored.

Everything else of moto that looks at a table, such as streams, backups, exports and stacks, still finds its items
there. They are `StoredItem`s, which hold DynamoDB's JSON and never change, so nothing has to copy them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import SecondaryIndex, Table

from serverless_cloud.dynamodb.errors import Refused
from serverless_cloud.dynamodb.schema import Index, Schema
from serverless_cloud.dynamodb.shapes import bare_name
from serverless_cloud.dynamodb.values import Attributes, Value, order, same
from serverless_cloud.sources.stream_sizes import size_of


class StoredItem(Item):
    """An item. Args: attributes: in DynamoDB's JSON, with binary values in base64."""

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, attributes: Attributes) -> None:
        self.hash_key, self.range_key, self.attributes = hash_key, range_key, attributes

    def __getattr__(self, name: str) -> Any:
        """Makes what moto reads of an item when it is read for the first time."""
        if name == "attrs":
            self.attrs = {key: DynamoType(value) for key, value in self.attributes.items()}  # type: ignore[assignment]
            return self.attrs
        if name == "bytes":
            self.bytes = size_of(self.attributes)
            return self.bytes
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and same({"M": self.attributes}, {"M": attributes_of(other)})

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, _: object) -> StoredItem:
        return self

    def size(self) -> int:
        return int(self.bytes)

    def to_json(self, root_attr_name: str = "Attributes") -> dict[str, Any]:
        return {root_attr_name: {name: with_bytes(value) for name, value in self.attributes.items()}}


def with_bytes(value: Value) -> Value:
    """A value as moto's streams and exports expect it: binary values are bytes."""
    kind, content = next(iter(value.items()))
    if kind == "B":
        return {kind: base64.b64decode(content)}
    if kind == "BS":
        return {kind: [base64.b64decode(each) for each in content]}
    if kind == "L":
        return {kind: [with_bytes(each) for each in content]}
    if kind == "M":
        return {kind: {name: with_bytes(each) for name, each in content.items()}}
    return value


def attributes_of(item: Item) -> Attributes:
    """The attributes of an item, also of one that moto has made, such as in an import."""
    if isinstance(item, StoredItem):
        return item.attributes
    return {name: _plain(value) for name, value in item.attrs.items()}


def _plain(value: DynamoType) -> Value:
    content = value.value
    if value.is_list():
        content = [_plain(each) for each in content]
    elif value.is_map():
        content = {name: _plain(each) for name, each in content.items()}
    elif isinstance(content, bytes):
        content = base64.b64encode(content).decode()
    return {value.type: content}


class Store:
    """A table of moto as the data plane uses it.

    Args:
        name: As the request gives it, a name or an ARN.

    Raises:
        Refused: there is no such table.
    """

    def __init__(self, backend: DynamoDBBackend, name: str) -> None:
        try:
            self._table = backend.get_table(name)
        except ResourceNotFoundException:
            raise Refused("Requested resource not found", "ResourceNotFoundException") from None
        self.name = bare_name(name)
        self.schema = _schema(self._table)

    def get(self, key: Mapping[str, Value]) -> Attributes | None:
        """The item with a key, or None."""
        item = self._item(*self._places(key))
        return None if item is None else attributes_of(item)

    def write(self, key: Mapping[str, Value], new: Attributes | None) -> None:
        """Stores an item, or deletes it for None, and tells the table's stream."""
        table, (hash_key, range_key) = self._table, self._places(key)
        old = self._item(hash_key, range_key)
        item = None if new is None else StoredItem(hash_key, range_key, new)
        if item is not None and range_key is not None:
            table.items[hash_key][range_key] = item
        elif item is not None:
            table.items[hash_key] = item
        elif old is not None and range_key is not None:
            del table.items[hash_key][range_key]
            if not table.items[hash_key]:
                del table.items[hash_key]
        elif old is not None:
            del table.items[hash_key]
        if table.stream_shard is not None and (old is not None or item is not None):
            table.stream_shard.add(old, item)

    def partition(self, hashes: Mapping[str, Value]) -> Iterator[Attributes]:
        """The items of one partition of the table, in no order."""
        found = self._table.items.get(DynamoType(dict(hashes[self._table.hash_key_attr])))
        if isinstance(found, dict):
            yield from map(attributes_of, found.values())
        elif found is not None:
            yield attributes_of(found)

    def all(self) -> Iterator[Attributes]:
        """All items, in no order."""
        for found in self._table.items.values():
            if isinstance(found, dict):
                yield from map(attributes_of, found.values())
            else:
                yield attributes_of(found)

    def size_of(self, item: Attributes) -> int:
        """The size of an item of the table in bytes."""
        stored = self._item(*self._places(item))
        if isinstance(stored, StoredItem) and stored.attributes is item:
            return stored.size()
        return size_of(item)

    def _places(self, key: Mapping[str, Value]) -> tuple[DynamoType, DynamoType | None]:
        range_attr = self._table.range_key_attr
        return (
            DynamoType(key[self._table.hash_key_attr]),
            None if range_attr is None else DynamoType(key[range_attr]),
        )

    def _item(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        found: Any = self._table.items.get(hash_key)
        if range_key is not None:
            found = None if found is None else found.get(range_key)
        item: Item | None = found
        return item


def in_order(items: Iterator[Attributes], schema: Schema, index: Index) -> list[Attributes]:
    """Items sorted as an index has them: by its key, then by the table's."""
    names = tuple(dict.fromkeys((*index.keys, *schema.own.keys)))
    return sorted(items, key=lambda item: tuple(order(item[name]) for name in names))


def _schema(table: Table) -> Schema:
    ranges = () if table.range_key_attr is None else (table.range_key_attr,)
    own = Index("", (table.hash_key_attr,), ranges)
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    indexes = (
        *(_index(index, False) for index in table.indexes or ()),
        *(_index(index, True) for index in table.global_indexes or ()),
    )
    return Schema(table.name, own, types, indexes)


def _index(index: SecondaryIndex, is_global: bool) -> Index:
    projection = index.projection or {}
    others = frozenset(projection.get("NonKeyAttributes") or ())
    by_kind = {
        kind: tuple(each["AttributeName"] for each in index.schema if each["KeyType"] == kind)
        for kind in ("HASH", "RANGE")
    }
    projects = None if projection.get("ProjectionType", "ALL") == "ALL" else others
    return Index(index.name, by_kind["HASH"], by_kind["RANGE"], is_global, projects)

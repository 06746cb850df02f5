"""moto's tables as the place where items are stored.

Everything else of moto that looks at a table, such as streams, backups, exports and stacks, still finds its items
there. They are `StoredItem`s, which hold DynamoDB's JSON and never change, so nothing has to copy them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import SecondaryIndex, Table

from serverless_cloud.dynamodb.errors import DynamoDbError
from serverless_cloud.dynamodb.schema import Index, Schema
from serverless_cloud.dynamodb.shapes import bare_name
from serverless_cloud.dynamodb.values import Attributes, Value, order, same
from serverless_cloud.sources.stream_sizes import size_of


class StoredItem(Item):
    """An item that never changes.

    Args:
        attributes: In DynamoDB's JSON, with binary values in base64.

    Attributes:
        bytes: Its size.
        place: Where it is among the items of its table.
    """

    bytes: int
    place: tuple[Any, ...]

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, attributes: Attributes) -> None:
        self.hash_key, self.range_key, self.attributes = hash_key, range_key, attributes

    def __getattr__(self, name: str) -> Any:
        """Computes an attribute when it is first read, because few items need it. moto reads `attrs`."""
        if name == "attrs":
            value: Any = {key: DynamoType(value) for key, value in self.attributes.items()}
        elif name == "bytes":
            value = size_of(self.attributes)
        elif name == "place":
            keys = (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)
            value = tuple(order({key.type: key.value}) for key in keys)
        else:
            raise AttributeError(name)
        setattr(self, name, value)
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and same({"M": self.attributes}, {"M": _stored(other).attributes})

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, _: object) -> StoredItem:
        return self

    def size(self) -> int:
        return self.bytes

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


def _stored(item: Item) -> StoredItem:
    """An item, also one that moto has made, such as in an import."""
    if isinstance(item, StoredItem):
        return item
    attributes = {name: _plain(value) for name, value in item.attrs.items()}
    return StoredItem(item.hash_key, item.range_key, attributes)


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
        DynamoDbError: there is no such table.
    """

    def __init__(self, backend: DynamoDBBackend, name: str) -> None:
        try:
            self._table = backend.get_table(name)
        except ResourceNotFoundException:
            raise DynamoDbError("Requested resource not found", "ResourceNotFoundException") from None
        self.name = bare_name(name)
        self.schema = _schema(self._table)

    def get(self, key: Mapping[str, Value]) -> StoredItem | None:
        """The item with a key, or None."""
        return self._item(*self._places(key))

    def attributes(self, key: Mapping[str, Value]) -> Attributes | None:
        """The attributes of the item with a key, or None."""
        item = self.get(key)
        return None if item is None else item.attributes

    def entry(self, attributes: Attributes) -> StoredItem:
        """An item with these attributes that isn't stored."""
        return StoredItem(*self._places(attributes), attributes)

    def write(self, key: Mapping[str, Value], new: Attributes | None) -> None:
        """Stores an item, or deletes it for None, and adds the change to the table's stream."""
        table, (hash_key, range_key) = self._table, self._places(key)
        items: dict[DynamoType, Any] = table.items
        old = self._item(hash_key, range_key)
        item = None if new is None else StoredItem(hash_key, range_key, new)
        if old is None and item is None:
            return
        place, inner = (items, hash_key) if range_key is None else (items[hash_key], range_key)
        if item is not None:
            place[inner] = item
        else:
            del place[inner]
            if not place and range_key is not None:
                del items[hash_key]
        if table.stream_shard is not None:
            table.stream_shard.add(old, item)

    def partition(self, hashes: Mapping[str, Value]) -> Iterator[StoredItem]:
        """The items of one partition of the table, in no order."""
        return self.in_partition(self._table.items.get(DynamoType(hashes[self._table.hash_key_attr])))

    def all(self) -> Iterator[StoredItem]:
        """All items, in no order."""
        for partition in self._table.items.values():
            yield from self.in_partition(partition)

    @staticmethod
    def in_partition(partition: Any) -> Iterator[StoredItem]:
        """The items that moto keeps under one partition key."""
        if isinstance(partition, dict):
            yield from map(_stored, partition.values())
        elif partition is not None:
            yield _stored(partition)

    def _places(self, key: Mapping[str, Value]) -> tuple[DynamoType, DynamoType | None]:
        table = self._table
        range_key = None if table.range_key_attr is None else DynamoType(key[table.range_key_attr])
        return DynamoType(key[table.hash_key_attr]), range_key

    def _item(self, hash_key: DynamoType, range_key: DynamoType | None) -> StoredItem | None:
        found: Any = self._table.items.get(hash_key)
        if range_key is not None and found is not None:
            found = found.get(range_key)
        return None if found is None else _stored(found)


def bytes_of(table: Table) -> int:
    """The size of all items of a table."""
    partitions = table.items.values()
    return sum(item.bytes for partition in partitions for item in Store.in_partition(partition))


def in_order(items: Iterable[StoredItem], index: Index) -> list[StoredItem]:
    """Items sorted as an index has them: by its key, then by the table's."""
    return sorted(items, key=lambda item: place_in(item, index))


def place_in(item: StoredItem, index: Index) -> tuple[Any, ...]:
    """The key by which the items of an index are sorted. Args: index: the table, or an index that has the item."""
    if not index.name:
        return item.place
    return (*(order(item.attributes[name]) for name in index.keys), *item.place)


def _schema(table: Table) -> Schema:
    ranges = () if table.range_key_attr is None else (table.range_key_attr,)
    own = Index("", (table.hash_key_attr,), ranges)
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    indexes = (
        *(_index(index, True) for index in table.global_indexes or ()),
        *(_index(index, False) for index in table.indexes or ()),
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

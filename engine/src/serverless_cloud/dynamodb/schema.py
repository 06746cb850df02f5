"""Tables' and indexes' keys, and what is wrong with an item or a key for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.dynamodb.errors import DynamoDbError, WholeRequestError, parameter
from serverless_cloud.dynamodb.syntax import Path
from serverless_cloud.dynamodb.values import Attributes, Value, canonical_attributes, content_of, decoded, kind_of
from serverless_cloud.sources.stream_sizes import size_of

ITEM_BYTES = 400 * 1024
_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}


@dataclass(frozen=True, slots=True)
class Index:
    """An index, or the table itself, whose name is "".

    Args:
        hashes, ranges: The attributes of its key. An index may have several of each.
        projects: The attributes that it has besides the keys; None for all.
    """

    name: str
    hashes: tuple[str, ...]
    ranges: tuple[str, ...]
    is_global: bool = False
    projects: frozenset[str] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return self.hashes + self.ranges

    def has(self, item: Mapping[str, Value]) -> bool:
        """Whether an item is in the index: it has all attributes of the index's key."""
        return all(name in item for name in self.keys)


@dataclass(frozen=True, slots=True)
class Schema:
    """The keys of a table. Args: own: the table's own key. types: of all key attributes."""

    name: str
    own: Index
    types: Mapping[str, str]
    indexes: tuple[Index, ...] = field(default=())

    def index(self, name: str | None) -> Index:
        """An index by its name, or the table itself without one. Raises: DynamoDbError: there is no such index."""
        if name is None:
            return self.own
        for index in self.indexes:
            if index.name == name:
                return index
        raise DynamoDbError(f"The table does not have the specified index: {name}")

    def key_of(self, item: Mapping[str, Value]) -> Attributes:
        """The primary key of an item."""
        return {name: item[name] for name in self.own.keys}

    def place_of(self, item: Mapping[str, Value], index: Index) -> Attributes:
        """The attributes that name the place of an item in an index: LastEvaluatedKey."""
        return {name: item[name] for name in dict.fromkeys((*self.own.keys, *index.keys))}

    def projected(self, item: Attributes, index: Index) -> Attributes:
        """The part of an item that is in an index."""
        if index.projects is None:
            return item
        names = {*self.own.keys, *index.keys, *index.projects}
        return {name: value for name, value in item.items() if name in names}

    def check_scalars(self, paths: Iterable[Path]) -> None:
        """Raises if a path leads into an attribute of a key, which never has parts."""
        nested = {path.parts[0] for path in paths if len(path.parts) > 1}
        if not nested:
            return
        for kind, keys in (("Key", self.own.keys), *(("IndexKey", index.keys) for index in self.indexes)):
            for name in keys:
                if name in nested:
                    raise DynamoDbError(
                        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                        f"{kind}: {name}"
                    )

    def checked_key(self, key: Mapping[str, Any]) -> Attributes:
        """A key as a request gives it, in the stored form. Raises: DynamoDbError."""
        result = canonical_attributes(key)
        if len(result) != len(self.own.keys):
            raise wrong_key()
        for name in self.own.keys:
            if name not in result or kind_of(result[name]) != self.types[name]:
                raise wrong_key()
        for name in self.own.keys:
            self._check_key_value(name, result[name])
        return result

    def check_item(self, item: Attributes, changed: bool = False) -> None:
        """Raises unless an item fits the keys of the table and of all its indexes.

        Args:
            changed: Whether an update made the item, whose table keys were checked before.
        """
        if not changed:
            for name in self.own.keys:
                if name not in item:
                    raise parameter(f"Missing the key {name} in the item")
                if kind_of(item[name]) != self.types[name]:
                    raise parameter(
                        f"Type mismatch for key {name} expected: {self.types[name]} actual: {kind_of(item[name])}"
                    )
        for index in self.indexes:
            for name in index.keys:
                if name in item:
                    self._check_index_value(index, name, item[name], changed)
        if not changed:
            for name in self.own.keys:
                self._check_key_value(name, item[name])
        if size_of(item) > ITEM_BYTES:
            raise DynamoDbError(f"Item size {'to update ' if changed else ''}has exceeded the maximum allowed size")

    def _check_key_value(self, name: str, value: Value) -> None:
        refuse_empty(name, value)
        self._check_size(name, value, self.own)

    @staticmethod
    def _check_size(name: str, value: Value, index: Index) -> None:
        size = len(content_of(value).encode()) if "S" in value else len(decoded(value["B"])) if "B" in value else 0
        if name in index.hashes and size > _KEY_BYTES["HASH"]:
            raise parameter(f"Size of hashkey has exceeded the maximum size limit of{_KEY_BYTES['HASH']} bytes")
        if name in index.ranges and size > _KEY_BYTES["RANGE"]:
            raise parameter(
                f"Aggregated size of all range keys has exceeded the size limit of {_KEY_BYTES['RANGE']} bytes"
            )

    def _check_index_value(self, index: Index, name: str, value: Value, changed: bool) -> None:
        if kind_of(value) != self.types[name]:
            raise parameter(
                f"Type mismatch for Index Key {name} Expected: {self.types[name]} Actual: {kind_of(value)} "
                f"IndexName: {index.name}"
            )
        if name not in self.own.keys and not content_of(value):
            what = f"cannot contain an empty {'string' if 'S' in value else 'binary'} value."
            if changed:
                raise DynamoDbError(
                    "One or more parameter values are not valid. The update expression attempted to update a secondary "
                    f"index key to a value that is not supported. The AttributeValue for a key attribute {what}"
                )
            raise DynamoDbError(
                "One or more parameter values are not valid. A value specified for a secondary index key is not "
                f"supported. The AttributeValue for a key attribute {what} IndexName: {index.name}, IndexKey: {name}"
            )
        self._check_size(name, value, index)


def refuse_empty(name: str, value: Value) -> None:
    """Raises DynamoDbError for a key attribute without content."""
    if not content_of(value):
        empty = "string" if "S" in value else "binary"
        raise WholeRequestError(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {empty} value. Key: {name}"
        )


def wrong_key() -> DynamoDbError:
    """A key has too few, too many or other attributes, or an attribute of another type."""
    return DynamoDbError("The provided key element does not match the schema")

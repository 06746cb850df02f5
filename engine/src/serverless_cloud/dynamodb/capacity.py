"""Capacity units: one for each 4 KB read, and for each 1 KB written.

Rules: DynamoDB Developer Guide, "DynamoDB read and write operations".
"""

from __future__ import annotations

import math
from typing import Any

from serverless_cloud.dynamodb.schema import Index, Schema
from serverless_cloud.dynamodb.values import Attributes
from serverless_cloud.sources.stream_sizes import size_of

READ_BYTES, WRITE_BYTES = 4096, 1024


def read_units(size: int, *, consistent: bool = False, transaction: bool = False) -> float:
    """The units that reading so many bytes takes; half a unit at least."""
    return max(1, math.ceil(size / READ_BYTES)) * (2.0 if transaction else 1.0 if consistent else 0.5)


def _write_units(*items: Attributes | None) -> float:
    return float(max(1, math.ceil(max(size_of(item) if item else 0 for item in items) / WRITE_BYTES)))


class Consumed:
    """The units that a request takes of one table.

    Args:
        table: Its name, as the request gives it.
        kind: "Read" or "Write" for transactions, which report reads and writes separately; "" for other calls.
    """

    def __init__(self, table: str, kind: str = "") -> None:
        self.name, self._kind, self.table = table, kind, 0.0
        self._indexes: dict[bool, dict[str, float]] = {False: {}, True: {}}

    def read(self, units: float, index: Index | None = None) -> None:
        """Adds the units of a read of the table or of an index."""
        if index is None or not index.name:
            self.table += units
        else:
            of_kind = self._indexes[index.is_global]
            of_kind[index.name] = of_kind.get(index.name, 0.0) + units

    def write(self, schema: Schema, old: Attributes | None, new: Attributes | None) -> None:
        """Adds the units of a write, also for the indexes that it changes."""
        factor = 2.0 if self._kind else 1.0
        self.table += factor * _write_units(old, new)
        for index in schema.indexes:
            before, after = (_entry(schema, index, item) for item in (old, new))
            if before == after:
                continue
            units = _write_units(before, after)
            if before and after and any(before[name] != after[name] for name in index.keys):
                units = _write_units(before) + _write_units(after)
            self.read(factor * units, index)

    def answer(self, wish: str) -> dict[str, Any]:
        """ConsumedCapacity. Args: wish: ReturnConsumedCapacity."""
        total = self.table + sum(sum(index_units.values()) for index_units in self._indexes.values())
        answer = {"TableName": self.name, **self._units(total)}
        if wish == "INDEXES":
            answer["Table"] = self._units(self.table)
            for is_global, name in ((False, "LocalSecondaryIndexes"), (True, "GlobalSecondaryIndexes")):
                if self._indexes[is_global]:
                    answer[name] = {index: self._units(units) for index, units in self._indexes[is_global].items()}
        return answer

    def _units(self, units: float) -> dict[str, float]:
        return {"CapacityUnits": units} | ({f"{self._kind}CapacityUnits": units} if self._kind else {})


def _entry(schema: Schema, index: Index, item: Attributes | None) -> Attributes | None:
    if item is None or not index.has(item):
        return None
    return schema.projected(item, index)

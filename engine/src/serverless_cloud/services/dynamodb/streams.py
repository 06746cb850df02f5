"""DynamoDB streams, and what a mapping reads of them.

The patches and their reasons:

- `StreamShard.add`: it called the functions of mappings itself, within the write; it counted from the first sequence
  number again afterwards; it wrote a record for a write that changed nothing.
- `StreamShard.__deepcopy__`: a backup copies its table; the table's stream isn't part of the copy.
- `StreamRecord.__init__`: Region, version, size and time as on AWS.
- `Table.set_stream_specification`, `DynamoDBBackend.update_table_streams`: a stream that is switched off takes no more
  records, the table can still be written, and it can have another stream afterwards.

The calls that write items are in `items`.
"""

from __future__ import annotations

import base64
import threading
from typing import Any

from moto.core.utils import utcnow
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends, table
from moto.dynamodb.models.dynamo_type import Item

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.event_source_mapping import Deliver, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.dynamodb.stored import with_bytes
from serverless_cloud.sources.stream_poller import StreamPoller, StreamPollers
from serverless_cloud.sources.stream_sizes import size_of
from serverless_cloud.sources.stream_source import Read, StreamGone, StreamRecord

patches = Service(
    "dynamodb", defect="engine/tests/sources/test_stream_patches.py::test_stock_moto_still_has_the_defects"
)

POLL_S = 0.25  # Lambda Developer Guide, DynamoDB: each shard is polled four times a second
EVENT_VERSION = "1.1"


class TableStream:
    """The stream of a table as a poller reads it; see `stream_source.StreamSource`.

    Args:
        mapping: the mapping that reads the stream.
        lock: held by writers of items.
    """

    service, batch_info, poll_s, whole_seconds = "dynamodb", "DDBStreamBatchInfo", POLL_S, True

    def __init__(self, mapping: Mapping, lock: threading.RLock) -> None:
        self._mapping, self._lock = mapping, lock

    def shards(self) -> list[str]:
        """See `StreamSource.shards`: one, however large the table is."""
        return [str(self._shard().id)]

    def newest(self, shard_id: str) -> int:
        with self._lock:
            shard = self._shard(shard_id)
            return int(shard.starting_sequence_number) + len(shard.items) - 1

    def read(self, shard_id: str, after: int, limit: int) -> Read:
        with self._lock:
            shard = self._shard(shard_id)
            start = max(0, after + 1 - shard.starting_sequence_number)
            items = shard.items[start : start + limit]
            ended = getattr(shard, "is_closed", False) and start + limit >= len(shard.items)
            partition_key = shard.table.hash_key_attr
        return Read([self._record(item.record, partition_key) for item in items], ended)

    def _shard(self, shard_id: str | None = None) -> table.StreamShard:
        _, name, _, label = self._mapping.source_name.split("/", 3)
        found = dynamodb_backends[self._mapping.account_id][self._mapping.region].tables.get(name)
        if found is None or found.latest_stream_label != label or found.stream_shard is None:
            raise StreamGone(f"Stream {self._mapping.source_arn} not found.")
        if shard_id not in (None, found.stream_shard.id):
            raise StreamGone(f"Shard {shard_id} of {self._mapping.source_arn} not found.")
        return found.stream_shard

    def _record(self, record: dict[str, Any], partition_key: str) -> StreamRecord:
        arrived_s = float(int(record["dynamodb"]["ApproximateCreationDateTime"].timestamp()))
        change = _without_bytes(record["dynamodb"]) | {"ApproximateCreationDateTime": arrived_s}
        event = record | {"dynamodb": change, "eventSourceARN": self._mapping.source_arn}
        key = str(change["Keys"][partition_key])
        return StreamRecord(int(change["SequenceNumber"]), key, arrived_s, event, event)


def _without_bytes(value: object) -> Any:
    """Binary attributes are base64 in an event."""
    if isinstance(value, dict):
        return {name: _without_bytes(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_bytes(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


_Image = Item | None  # an item before or after a change


class _Writes:
    """The one lock of everything that reads or writes items, or their streams."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


def writing() -> threading.RLock:
    """The lock that a call holds while it reads or writes items."""
    return current.parts[_Writes].lock


def connect(plane: DataPlane) -> None:
    """Gives the data plane its poller of tables' streams."""
    current.parts[_Writes], pollers = _Writes(), StreamPollers(plane)

    def make_poller(mapping: Mapping, deliver: Deliver) -> StreamPoller:
        return pollers.make(mapping, TableStream(mapping, writing()), deliver)

    plane.pollers["dynamodb"] = make_poller


@patches.replaces(
    "moto.dynamodb.models.table:StreamShard.add", upstream="A write that changes nothing writes no record."
)
def add(shard: table.StreamShard, old: _Image, new: _Image) -> None:
    if getattr(shard, "is_closed", False) or (old is not None and new is not None and old == new):
        return  # DynamoDB Developer Guide, "Change data capture": no record if no data has changed
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    number = shard.starting_sequence_number + len(shard.items)
    view = (shard.table.stream_specification or {})["StreamViewType"]
    shard.items.append(table.StreamRecord(shard.table, view, name, old, new, number))


@patches.replaces("moto.dynamodb.models.table:StreamShard.__deepcopy__", expects="")
def deepcopy_stream_shard(shard: table.StreamShard, _: object) -> table.StreamShard:
    return shard


@patches.replaces(
    "moto.dynamodb.models.table:StreamRecord.__init__",
    expects="self, table, stream_type, event_name, old, new, seq",
    upstream="A record has AWS's version, Region, size and time.",
)
def init_stream_record(
    record: table.StreamRecord, of: table.Table, stream_type: str, event_name: str, old: _Image, new: _Image, seq: int
) -> None:
    init_stream_record.original(record, of, stream_type, event_name, old, new, seq)
    change = record.record["dynamodb"]
    record.record |= {"eventVersion": EVENT_VERSION, "awsRegion": of.region_name}
    change["Keys"] = {name: with_bytes(value) for name, value in change["Keys"].items()}
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].replace(microsecond=0)
    change["SizeBytes"] = sum(size_of(change.get(part, {})) for part in ("Keys", "OldImage", "NewImage"))


@patches.replaces(
    "moto.dynamodb.models.table:Table.set_stream_specification",
    upstream="A table can have another stream after the first was switched off.",
)
def set_stream_specification(written: table.Table, streams: JsonObject | None) -> None:
    with writing():
        before = written.stream_shard
        set_stream_specification.original(written, streams)
        if written.stream_shard is not before:
            written.latest_stream_label = utcnow().isoformat(timespec="milliseconds")
            vars(written.stream_shard)["view_type"] = (streams or {}).get("StreamViewType")
        elif before is not None:
            vars(before)["is_closed"] = True


@patches.replaces(
    "moto.dynamodb.models:DynamoDBBackend.update_table_streams", expects="self, table, stream_specification"
)
def update_table_streams(_: DynamoDBBackend, of: table.Table, stream_specification: JsonObject) -> None:
    wanted = stream_specification.get("StreamEnabled") or stream_specification.get("StreamViewType")
    enabled = (of.stream_specification or {}).get("StreamEnabled")
    if wanted and enabled:
        raise MockValidationException(f"Table already has an enabled stream: TableName: {of.name}")
    if not wanted and not enabled:
        raise MockValidationException(f"Table has no stream to disable: TableName: {of.name}")
    of.set_stream_specification(stream_specification)

"""Kinesis data streams, and what a mapping reads of them.

The patches and their reasons:

- `Stream.put_record`: it called the functions of mappings itself, within PutRecord.
- `Stream.get_shard_for_key`: it chose no shard for the last key of a shard's range.
- `Shard.put_record`, `get_records`, `get_min_sequence_number`, `get_max_sequence_number`: sequence numbers were 1, 2, 3
  in every shard, and two threads could be given the same one. They are as long as AWS's now, unique in the stream, and
  a shard has a first one before it has a record.
- `KinesisBackend.get_shard_iterator`: the iterator of a stream that was named by its ARN led nowhere.
- `KinesisBackend.register_stream_consumer`: refused, since there is no SubscribeToShard behind it.
"""

from __future__ import annotations

import base64
import bisect
import hashlib
import json
import threading
import time
from typing import NoReturn

from moto.core.exceptions import JsonRESTError
from moto.kinesis import models
from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.models import Record

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.event_source_mapping import Deliver, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.sources.stream_failures import is_pipe
from serverless_cloud.sources.stream_poller import StreamPoller, StreamPollers
from serverless_cloud.sources.stream_source import Read, StreamGone, StreamRecord

patches = Service(
    "kinesis", defect="engine/tests/sources/test_stream_patches.py::test_stock_moto_still_has_the_defects"
)

POLL_S = 1.0  # Lambda Developer Guide, Kinesis: each shard is polled once a second


class KinesisStream:
    """A data stream as a poller reads it; see `stream_source.StreamSource`.

    Args:
        mapping: the mapping that reads the stream.
        lock: held by readers and writers of a shard.
    """

    service, batch_info, poll_s, whole_seconds = "kinesis", "KinesisBatchInfo", POLL_S, False

    def __init__(self, mapping: Mapping, lock: threading.RLock) -> None:
        self._mapping, self._lock = mapping, lock

    def shards(self) -> list[str]:
        return list(self._stream().shards)

    def newest(self, shard_id: str) -> int:
        with self._lock:
            return int(self._shard(shard_id).get_max_sequence_number())

    def read(self, shard_id: str, after: int, limit: int) -> Read:
        with self._lock:
            shard = self._shard(shard_id)
            order = _order(shard)
            start = bisect.bisect_right(order, after)
            found = [shard.records[number] for number in order[start : start + limit]]
        return Read([self._record(shard_id, record) for record in found], ended=False)

    def _stream(self) -> models.Stream:
        backend = models.kinesis_backends[self._mapping.account_id][self._mapping.region]
        stream = backend.streams.get(self._mapping.source_name.removeprefix("stream/"))
        if stream is None:
            raise StreamGone(f"Stream {self._mapping.source_arn} not found.")
        return stream

    def _shard(self, shard_id: str) -> models.Shard:
        shard = self._stream().shards.get(shard_id)
        if shard is None:  # a new stream of the same name with fewer shards
            raise StreamGone(f"Shard {shard_id} of {self._mapping.source_arn} not found.")
        return shard

    def _record(self, shard_id: str, record: models.Record) -> StreamRecord:
        given = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": str(record.sequence_number),
            "data": record.data,
            "approximateArrivalTimestamp": round(record.created_at, 3),
        }
        about = {
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record.sequence_number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._mapping.role_arn,
            "awsRegion": self._mapping.region,
            "eventSourceARN": self._mapping.source_arn,
        }
        filtered: JsonObject = {"data": _data(record.data)}
        if is_pipe(self._mapping):  # Lambda Developer Guide: a mapping filters on "data" only
            filtered = given | about | filtered
        return StreamRecord(
            record.sequence_number, record.partition_key, record.created_at, {"kinesis": given} | about, filtered
        )


def _data(encoded: str) -> object:
    """The value for a pattern on "data": JSON if it is an object or a list, else the text; None if it isn't a text."""
    try:
        text = base64.b64decode(encoded).decode()
    except ValueError:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


def _order(shard: models.Shard) -> list[int]:
    """The sequence numbers of a shard's records, ascending: beside moto's dictionary, so that they can be searched."""
    order: list[int] = vars(shard).setdefault("order", [])
    return order


def connect(plane: DataPlane) -> None:
    """Gives the data plane its poller of data streams."""
    current.parts[_Writes], pollers = _Writes(), StreamPollers(plane)

    def make_poller(mapping: Mapping, deliver: Deliver) -> StreamPoller:
        return pollers.make(mapping, KinesisStream(mapping, current.parts[_Writes].lock), deliver)

    plane.pollers["kinesis"] = make_poller


class _Writes:
    """One call reads or writes at a time, and sequence numbers are as AWS's."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._ms = self._count = 0

    def next_number(self, shard: models.Shard) -> int:
        """A sequence number in the form of AWS's, 56 digits; each is greater than those before it."""
        self._ms = max(self._ms, time.time_ns() // 1_000_000)  # a clock may be put back
        self._count += 1
        return int(f"49{self._ms:014d}{self._count:030d}{shard._shard_id:010d}")

    def first_number(self, shard: models.Shard) -> int:
        """A number below the first record's; read before there is a record."""
        own = vars(shard)
        if "first_number" not in own:
            own["first_number"] = self.next_number(shard)
        return int(own["first_number"])


@patches.replaces(
    "moto.kinesis.models:Shard.put_record", upstream="Sequence numbers are as long as AWS's, and unique in the stream."
)
def put_record_of_shard(shard: models.Shard, partition_key: str, data: str, explicit_hash_key: str) -> str:
    with current.parts[_Writes].lock:
        current.parts[_Writes].first_number(shard)
        number = current.parts[_Writes].next_number(shard)
        shard.records[number] = models.Record(partition_key, data, number, explicit_hash_key)
        _order(shard).append(number)
    return str(number)


@patches.replaces("moto.kinesis.models:Shard.get_records")
def get_records_of_shard(
    shard: models.Shard, last_sequence_id: str, limit: int | None
) -> tuple[list[Record], int, int]:
    with current.parts[_Writes].lock:
        return get_records_of_shard.original(shard, last_sequence_id, limit)


@patches.replaces("moto.kinesis.models:Shard.get_min_sequence_number")
def get_min_sequence_number(shard: models.Shard) -> int:
    with current.parts[_Writes].lock:
        return current.parts[_Writes].first_number(shard)


@patches.replaces("moto.kinesis.models:Shard.get_max_sequence_number")
def get_max_sequence_number(shard: models.Shard) -> int:
    with current.parts[_Writes].lock:
        return next(reversed(shard.records), current.parts[_Writes].first_number(shard))


@patches.replaces("moto.kinesis.models:Stream.put_record")
def put_record_of_stream(
    stream: models.Stream, partition_key: str, explicit_hash_key: str, data: str
) -> tuple[str, str]:
    with current.parts[_Writes].lock:
        shard = get_shard_for_key(stream, partition_key, explicit_hash_key)
        return shard.put_record(partition_key, data, explicit_hash_key), shard.shard_id


@patches.replaces(
    "moto.kinesis.models:Stream.get_shard_for_key",
    upstream="The last key of a shard's range has a shard.",
)
def get_shard_for_key(stream: models.Stream, partition_key: str, explicit_hash_key: str) -> models.Shard:
    if not isinstance(partition_key, str) or not 1 <= len(partition_key) <= 256:
        raise InvalidArgumentError("partition_key")
    try:
        key = int(explicit_hash_key) if explicit_hash_key else int(_hash(partition_key), 16)
    except (TypeError, ValueError):
        key = -1
    for shard in stream.shards.values():
        if shard.starting_hash <= key <= shard.ending_hash:
            return shard
    raise InvalidArgumentError("explicit_hash_key")


@patches.replaces(
    "moto.kinesis.models:KinesisBackend.register_stream_consumer", expects="self, stream_arn, consumer_name"
)
def register_stream_consumer(_backend: models.KinesisBackend, *_: object, **__: object) -> NoReturn:
    raise JsonRESTError(
        "NotImplementedException",
        "The local cloud doesn't support register_stream_consumer (enhanced fan-out), because nobody could read "
        "through the consumer. Map or read the stream itself. docs/fidelity.md lists what works here.",
    )


@patches.replaces(
    "moto.kinesis.models:KinesisBackend.get_shard_iterator",
    expects="self, stream_arn, stream_name, shard_id, shard_iterator_type, starting_sequence_number, at_timestamp",
    upstream="An iterator of a stream that is named by its ARN works.",
)
def get_shard_iterator(
    backend: models.KinesisBackend, stream_arn: str | None, stream_name: str | None, *more: object, **settings: object
) -> str:
    name = backend.describe_stream(stream_arn=stream_arn, stream_name=stream_name).stream_name
    with current.parts[_Writes].lock:
        return get_shard_iterator.original(backend, stream_arn, name, *more, **settings)


def _hash(partition_key: str) -> str:
    return hashlib.md5(partition_key.encode(), usedforsecurity=False).hexdigest()

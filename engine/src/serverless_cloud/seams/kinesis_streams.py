"""Seam: Kinesis data streams, and what a mapping reads of them (moto 5.2.5).

Replaced here:

- `Stream.put_record`: it called the functions of mappings itself, within PutRecord.
- `Stream.get_shard_for_key`: it chose closed shards, and none for the last key of a shard's range.
- `Stream.split_shard`, `merge_shards`: they moved or copied the records of the parents, which on AWS stay where they
  are; the two shards of a merge had to be named in their order.
- `Shard.put_record`, `get_records`, `get_min_sequence_number`, `get_max_sequence_number`: sequence numbers were 1, 2, 3
  in every shard, and two threads could be given the same one. They are as long as AWS's now, unique in the stream, and
  a shard has a first one before it has a record.
- `KinesisBackend.get_shard_iterator`: the iterator of a stream that was named by its ARN led nowhere.
- `KinesisBackend.get_records`: a shard that is closed and read to its end has no next iterator.
- `KinesisBackend.register_stream_consumer`: refused, since there is no SubscribeToShard behind it.

Worth an upstream change: all of it but the last.
"""

from __future__ import annotations

import base64
import bisect
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kinesis import models
from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.utils import decompose_shard_iterator

from serverless_cloud.lambda_.mapping import Deliver, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import stream_requests
from serverless_cloud.sources.stream_failures import is_pipe
from serverless_cloud.sources.stream_source import Read, Shard, StreamGone, StreamRecord
from serverless_cloud.sources.streams import StreamPoller, StreamPollers

POLL_S = 1.0  # Lambda Developer Guide, Kinesis: each shard is polled once a second


class SequenceNumbers:
    """Numbers in the form of AWS's, 56 digits; each is greater than those before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = self._count = 0

    def next(self, shard_number: int) -> int:
        """The next one, for a shard."""
        with self._lock:
            self._ms = max(self._ms, time.time_ns() // 1_000_000)  # a clock may be put back
            self._count += 1
            return int(f"49{self._ms:014d}{self._count:030d}{shard_number:010d}")


class KinesisStream:
    """A data stream as a poller reads it; see `stream_source.StreamSource`.

    Args:
        mapping: whose stream it is.
        lock: held by whoever reads or writes a shard.
    """

    service, batch_info, poll_s, whole_seconds = "kinesis", "KinesisBatchInfo", POLL_S, False

    def __init__(self, mapping: Mapping, lock: threading.RLock) -> None:
        self._mapping, self._lock = mapping, lock

    def shards(self) -> list[Shard]:
        """See `StreamSource.shards`."""
        with self._lock:
            shards = list(self._stream().shards.values())
        return [Shard(each.shard_id, tuple(p for p in (each.parent, each.adjacent_parent) if p)) for each in shards]

    def newest(self, shard_id: str) -> int:
        """See `StreamSource.newest`."""
        with self._lock:
            return int(self._shard(shard_id).get_max_sequence_number())

    def read(self, shard_id: str, after: int, limit: int) -> Read:
        """See `StreamSource.read`."""
        with self._lock:
            shard = self._shard(shard_id)
            order = _order(shard)
            start = bisect.bisect_right(order, after)
            found = [shard.records[number] for number in order[start : start + limit]]
            ended = not shard.is_open and start + limit >= len(order)
        return Read([self._record(shard_id, record) for record in found], ended)

    def _stream(self) -> Any:
        backend = models.kinesis_backends[self._mapping.account_id][self._mapping.region]
        stream = backend.streams.get(self._mapping.source_name.removeprefix("stream/"))
        if stream is None:
            raise StreamGone(f"Stream {self._mapping.source_arn} not found.")
        return stream

    def _shard(self, shard_id: str) -> Any:
        shard = self._stream().shards.get(shard_id)
        if shard is None:  # a stream of the same name, made anew with fewer shards
            raise StreamGone(f"Shard {shard_id} of {self._mapping.source_arn} not found.")
        return shard

    def _record(self, shard_id: str, record: Any) -> StreamRecord:
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
        filtered: dict[str, Any] = {"data": _data(record.data)}
        if is_pipe(self._mapping):  # Lambda Developer Guide: a mapping filters on "data" only
            filtered = given | about | filtered
        return StreamRecord(
            record.sequence_number, record.partition_key, record.created_at, {"kinesis": given} | about, filtered
        )


def _data(encoded: str) -> Any:
    """What a pattern on "data" looks at: JSON if it is an object or a list, else the text; None if it is no text."""
    try:
        text = base64.b64decode(encoded).decode()
    except ValueError:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


def _order(shard: Any) -> list[int]:
    """The sequence numbers of a shard's records, ascending: beside moto's dictionary, so that they can be searched."""
    if not hasattr(shard, "order"):
        shard.order = []
    order: list[int] = shard.order
    return order


def install(plane: DataPlane) -> None:
    """Puts the data plane behind Kinesis streams."""
    lock = threading.RLock()
    numbers = SequenceNumbers()
    pollers = StreamPollers(plane)
    shard_class: Any = models.Shard
    stream_class: Any = models.Stream
    backend_class: Any = models.KinesisBackend
    moto_get_shard_records: Callable[..., Any] = shard_class.get_records
    moto_split: Callable[..., Any] = stream_class.split_shard
    moto_merge: Callable[..., Any] = stream_class.merge_shards
    moto_get_iterator: Callable[..., Any] = backend_class.get_shard_iterator
    moto_get_records: Callable[..., Any] = backend_class.get_records

    def make_poller(mapping: Mapping, deliver: Deliver) -> StreamPoller:
        return pollers.make(mapping, KinesisStream(mapping, lock), deliver)

    def first_number(shard: Any) -> int:
        """A number below that of the first record; looked at before there is one."""
        if not hasattr(shard, "first_number"):
            shard.first_number = numbers.next(shard._shard_id)
        return int(shard.first_number)

    def put_in_shard(self: Any, partition_key: str, data: str, explicit_hash_key: str) -> str:
        with lock:
            first_number(self)
            number = numbers.next(self._shard_id)
            self.records[number] = models.Record(partition_key, data, number, explicit_hash_key)
            _order(self).append(number)
        return str(number)

    def get_shard_records(self: Any, last_sequence_id: str, limit: int | None) -> Any:
        with lock:
            return moto_get_shard_records(self, last_sequence_id, limit)

    def get_min(self: Any) -> int:
        with lock:
            return first_number(self)

    def get_max(self: Any) -> int:
        with lock:
            return next(reversed(self.records), first_number(self))

    def put_in_stream(self: Any, partition_key: str, explicit_hash_key: str, data: str) -> tuple[str, str]:
        with lock:
            shard = self.get_shard_for_key(partition_key, explicit_hash_key)
            return shard.put_record(partition_key, data, explicit_hash_key), shard.shard_id

    def get_shard_for_key(self: Any, partition_key: str, explicit_hash_key: str) -> Any:
        if not isinstance(partition_key, str) or not 1 <= len(partition_key) <= 256:
            raise InvalidArgumentError("partition_key")
        try:
            key = int(explicit_hash_key) if explicit_hash_key else int(_hash(partition_key), 16)
        except (TypeError, ValueError):
            key = -1
        for shard in self.shards.values():
            if shard.is_open and shard.starting_hash <= key <= shard.ending_hash:
                return shard
        raise InvalidArgumentError("explicit_hash_key")

    def split_shard(self: Any, shard_to_split: str, new_starting_hash_key: str) -> None:
        with lock, _Kept(self.shards[shard_to_split]):
            moto_split(self, shard_to_split, new_starting_hash_key)

    def merge_shards(self: Any, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        first, second = shard_to_merge, adjacent_shard_to_merge
        with lock:
            if self.shards[first].starting_hash > self.shards[second].starting_hash:
                first, second = second, first
            for each in (first, second):
                if not self.shards[each].is_open:
                    raise InvalidArgumentError(
                        f"Shard {each} in stream {self.stream_name} under account {self.account_id} has already been "
                        "merged or split, and thus is not eligible for merging or splitting."
                    )
            with _Kept(self.shards[first]), _Kept(self.shards[second]):
                moto_merge(self, first, second)

    def get_shard_iterator(
        self: Any, stream_arn: str | None, stream_name: str | None, shard_id: str, *more: Any, **settings: Any
    ) -> Any:
        name = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name).stream_name
        with lock:
            return moto_get_iterator(self, stream_arn, name, shard_id, *more, **settings)

    def get_records(self: Any, stream_arn: str | None, shard_iterator: str, limit: int | None) -> Any:
        name, shard_id, _ = decompose_shard_iterator(shard_iterator)
        following, records, behind_ms = moto_get_records(self, stream_arn, shard_iterator, limit)
        with lock:
            shard = self.describe_stream(stream_arn=stream_arn, stream_name=name).get_shard(shard_id)
            last = int(decompose_shard_iterator(following)[2])
            ended = not shard.is_open and (not shard.records or last >= shard.get_max_sequence_number())
        return (None if ended else following), records, behind_ms

    def refuse_consumer(*_: Any, **__: Any) -> None:
        raise JsonRESTError(
            "NotImplementedException",
            "The local cloud does not honour register_stream_consumer (enhanced fan-out): nobody could read through "
            "the consumer. Map or read the stream itself. docs/fidelity.md lists what is real.",
        )

    shard_class.put_record = put_in_shard
    shard_class.get_records = get_shard_records
    shard_class.get_min_sequence_number = get_min
    shard_class.get_max_sequence_number = get_max
    stream_class.put_record = put_in_stream
    stream_class.get_shard_for_key = get_shard_for_key
    stream_class.split_shard = split_shard
    stream_class.merge_shards = merge_shards
    backend_class.get_shard_iterator = get_shard_iterator
    backend_class.get_records = get_records
    backend_class.register_stream_consumer = refuse_consumer
    plane.pollers["kinesis"] = make_poller
    stream_requests.install()


def _hash(partition_key: str) -> str:
    return hashlib.md5(partition_key.encode(), usedforsecurity=False).hexdigest()


class _Kept:
    """Moto finds no record in a shard that it would move; afterwards they are there again."""

    def __init__(self, shard: Any) -> None:
        self._shard, self._records = shard, shard.records

    def __enter__(self) -> None:
        self._shard.records = OrderedDict()

    def __exit__(self, *_: object) -> None:
        self._shard.records = self._records

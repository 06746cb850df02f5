"""Seam: requests to Kinesis and to DynamoDB streams that AWS or the local cloud refuses (moto 5.2.5).

Replaced here:

- `KinesisBackend.get_records`, `DynamoDBStreamsBackend.get_records`: moto fails with status 500 on an iterator that it
  has not made.
- `KinesisBackend.put_record`: moto takes a record of any size; it checks only the records of PutRecords.
- `KinesisBackend.create_stream`: of a name that is taken moto says the name and nothing else.
- `KinesisResponse.create_stream`: moto passes over Tags, and over what the local cloud does not do and refuses here.
- `KinesisResponse.put_record`, `put_records`, `get_records`, `get_shard_iterator`: moto does what DryRun asks not to.

Sources: Kinesis Data Streams Developer Guide, "Quotas and limits" (1 MiB, unless the stream's MaxRecordSizeInKiB is
raised, which the local cloud doesn't support); API references. The words for iterators [recalled, not verified]. Worth
an upstream change: all of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.kinesis.exceptions import InvalidArgumentError, ResourceInUseError
from moto.kinesis.models import KinesisBackend
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.utils import decompose_shard_iterator

from serverless_cloud.seams.replacement import Replacement

RECORD_BYTES = 1_048_576  # data and partition key together
_NOT_HONOURED = ("MaxRecordSizeInKiB", "RecordDistributionStrategy", "WarmThroughputMiBps")


def install() -> None:
    """Puts these checks before the calls as they are now."""
    _Kinesis.install()
    _TableStreams.install()
    _Answers.install()
    for call in ("put_record", "put_records", "get_records", "get_shard_iterator"):
        _refuse_dry_run(KinesisResponse, call)


class _Kinesis(Replacement, of=KinesisBackend):
    def create_stream(self: Any, stream_name: str, *more: Any, **settings: Any) -> Any:
        if stream_name in self.streams:
            raise ResourceInUseError(f"Stream {stream_name} under account {self.account_id} already exists.")
        return _Kinesis.moto.create_stream(self, stream_name, *more, **settings)

    def put_record(
        self: Any, stream_arn: str, stream_name: str, partition_key: str, explicit_hash_key: str, data: str
    ) -> Any:
        if len(base64.b64decode(data)) + len(partition_key.encode()) > RECORD_BYTES:
            raise JsonRESTError(
                "ValidationException",
                "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length "
                f"less than or equal to {RECORD_BYTES}",
            )
        return _Kinesis.moto.put_record(self, stream_arn, stream_name, partition_key, explicit_hash_key, data)

    def get_records(self: Any, stream_arn: str | None, shard_iterator: str, limit: int | None) -> Any:
        try:
            _, _, after = decompose_shard_iterator(shard_iterator)
            int(after)
        except (binascii.Error, ValueError) as error:
            raise InvalidArgumentError("Invalid ShardIterator.") from error
        return _Kinesis.moto.get_records(self, stream_arn, shard_iterator, limit)


class _TableStreams(Replacement, of=DynamoDBStreamsBackend):
    def get_records(self: Any, iterator_arn: str, limit: int) -> Any:
        if iterator_arn not in self.shard_iterators:
            raise MockValidationException("Invalid ShardIterator")
        return _TableStreams.moto.get_records(self, iterator_arn, limit)


class _Answers(Replacement, of=KinesisResponse):
    def create_stream(self: Any) -> Any:
        for name in _NOT_HONOURED:
            if self._get_param(name):
                raise _not_honoured(f"{name} of a stream")
        answer = _Answers.moto.create_stream(self)
        if tags := self._get_param("Tags"):
            self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
        return answer


def _refuse_dry_run(response_class: Any, name: str) -> None:
    call: Callable[[Any], Any] = getattr(response_class, name)

    def checked(self: Any) -> Any:
        if self._get_param("DryRun"):
            raise _not_honoured(f"DryRun in {name}")
        return call(self)

    setattr(response_class, name, checked)


def _not_honoured(what: str) -> JsonRESTError:
    text = f"The local cloud doesn't support {what}. Leave it out; docs/fidelity.md lists what works here."
    return JsonRESTError("NotImplementedException", text)

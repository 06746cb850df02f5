"""Requests to Kinesis and to DynamoDB streams that AWS or the local cloud refuses.

The patches and their reasons:

- `KinesisBackend.get_records`, `DynamoDBStreamsBackend.get_records`: moto fails with status 500 on an iterator that it
  has not made.
- `KinesisBackend.put_record`: moto takes a record of any size, and fails on one without a partition key; it checks only
  the records of PutRecords.
- `KinesisBackend.create_stream`: of a name that is taken moto says the name and nothing else. It makes any number of
  shards, which takes forever.
- `KinesisResponse.split_shard`, `merge_shards`, `update_shard_count`: moto moves the records of the shards, so they are
  refused.
- `KinesisResponse.create_stream`: moto passes over Tags, and over what the local cloud does not do and refuses here.
- `KinesisResponse.put_record`, `put_records`, `get_records`, `get_shard_iterator`: moto does what DryRun asks not to.

Sources: Kinesis Data Streams Developer Guide, "Quotas and limits" (1 MiB, unless the stream's MaxRecordSizeInKiB is
raised, which the local cloud doesn't support); API references. The words for iterators [recalled, not verified].
"""

from __future__ import annotations

import base64
import binascii
from typing import NoReturn

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.kinesis.exceptions import InvalidArgumentError, ResourceInUseError
from moto.kinesis.models import KinesisBackend, Record, Stream
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.utils import decompose_shard_iterator

from serverless_cloud.core.constraints import NULL, sentence, violation_message
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service

patches = Service(
    "kinesis", defect="engine/tests/sources/test_stream_patches.py::test_stock_moto_still_has_the_defects"
)


MOST_SHARDS = 20_000  # of a Region that has the higher quota
RECORD_BYTES = 1_048_576  # data and partition key together
_NOT_HONOURED = ("MaxRecordSizeInKiB", "RecordDistributionStrategy", "WarmThroughputMiBps")


@patches.replaces(
    "moto.kinesis.models:KinesisBackend.create_stream",
    expects="self, stream_name, shard_count, stream_mode=None, retention_period_hours=None",
    upstream="The refusal of a name that is taken says why.",
)
def create_stream_of_backend(
    backend: KinesisBackend, stream_name: str, shard_count: int | None, *more: object, **settings: object
) -> Stream:
    if stream_name in backend.streams:
        raise ResourceInUseError(f"Stream {stream_name} under account {backend.account_id} already exists.")
    if shard_count is not None and shard_count > MOST_SHARDS:
        raise JsonRESTError(
            "LimitExceededException",
            f"This request would exceed the shard limit for the account {backend.account_id} in {backend.region_name}. "
            f"Limit: {MOST_SHARDS}. Number of additional shards that would have resulted from this request: "
            f"{shard_count}.",
        )
    return create_stream_of_backend.original(backend, stream_name, shard_count, *more, **settings)


@patches.replaces(
    "moto.kinesis.models:KinesisBackend.put_record", upstream="PutRecord refuses records that are too large."
)
def put_record(
    backend: KinesisBackend,
    stream_arn: str,
    stream_name: str,
    partition_key: str | None,
    explicit_hash_key: str,
    data: str,
) -> tuple[str, str]:
    if partition_key is None:  # the model calls it optional
        raise JsonRESTError("ValidationException", sentence([NULL.format("partitionKey")]))
    if len(base64.b64decode(data)) + len(partition_key.encode()) > RECORD_BYTES:
        rule = f"Member must have length less than or equal to {RECORD_BYTES}"
        raise JsonRESTError("ValidationException", violation_message("data", rule))
    return put_record.original(backend, stream_arn, stream_name, partition_key, explicit_hash_key, data)


@patches.replaces(
    "moto.kinesis.models:KinesisBackend.get_records", upstream="An iterator that nobody has made is refused."
)
def get_records(
    backend: KinesisBackend, stream_arn: str | None, shard_iterator: str, limit: int | None
) -> tuple[str | None, list[Record], int]:
    try:
        _, _, after = decompose_shard_iterator(shard_iterator)
        int(after)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgumentError("Invalid ShardIterator.") from error
    return get_records.original(backend, stream_arn, shard_iterator, limit)


@patches.replaces(
    "moto.dynamodbstreams.models:DynamoDBStreamsBackend.get_records",
    upstream="An iterator that nobody has made is refused.",
)
def get_records_of_table(backend: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> JsonObject:
    if iterator_arn not in backend.shard_iterators:
        raise MockValidationException("Invalid ShardIterator")
    return get_records_of_table.original(backend, iterator_arn, limit)


@patches.replaces("moto.kinesis.responses:KinesisResponse.create_stream", upstream="CreateStream keeps Tags.")
def answer_create_stream(response: KinesisResponse) -> ActionResult:
    for name in _NOT_HONOURED:
        if response._get_param(name):
            raise _not_honoured(f"{name} of a stream")
    answer = answer_create_stream.original(response)
    if tags := response._get_param("Tags"):
        response.kinesis_backend.add_tags_to_stream(None, response._get_param("StreamName"), tags)
    return answer


@patches.replaces_each(
    "moto.kinesis.responses:KinesisResponse",
    ("put_record", "put_records", "get_records", "get_shard_iterator"),
    expects="self",
)
def _refuse_dry_run(patch: Patch[..., str], response: KinesisResponse) -> str:
    if response._get_param("DryRun"):
        raise _not_honoured(f"DryRun in {patch.name}")
    return patch.original(response)


@patches.replaces_each(
    "moto.kinesis.responses:KinesisResponse", ("split_shard", "merge_shards", "update_shard_count"), expects="self"
)
def _refuse_resharding(patch: Patch[..., ActionResult], _: KinesisResponse) -> NoReturn:
    raise _not_honoured(patch.name)


def _not_honoured(what: str) -> JsonRESTError:
    text = f"The local cloud doesn't support {what}. Leave it out; docs/fidelity.md lists what works here."
    return JsonRESTError("NotImplementedException", text)

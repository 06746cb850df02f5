"""The API of DynamoDB streams.

The patches and their reasons:

- `DynamoDBStreamsHandler`, all calls: moto checks no request; it answers 500 for a shard that doesn't exist, a
  sequence number that is too old, and a stream that was disabled.
- `DynamoDBStreamsBackend.describe_stream`, `get_shard_iterator`: a stream is known by its ARN, not by its table.
- `ShardIterator.__init__`: an iterator has an age.
"""

from __future__ import annotations

import json
import time

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, MockValidationException, ResourceNotFoundException
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.dynamodb import table_shapes

patches = Service(
    "dynamodb", defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects"
)

LIFETIME_S = 900  # DynamoDB API reference, GetShardIterator: an iterator expires 15 minutes after it was made
MOST_RECORDS, PAGE = 1000, 100
_NUMBERED = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


def _error(name: str, text: str) -> JsonRESTError:
    return JsonRESTError(f"{ERROR_TYPE_PREFIX}{name}", text)


def _checked(handler: DynamoDBStreamsHandler) -> JsonObject:
    body: JsonObject = json.loads(handler.body or "{}")
    table_shapes.check(handler._get_action(), body, "dynamodbstreams")
    return body


def _most(body: JsonObject, most: int) -> int:
    """The Limit of a request, which is at most `most`."""
    wanted = int(body.get("Limit") or most)
    if wanted > most:
        rule = f"Member must have value less than or equal to {most}"
        raise MockValidationException(constraints.violation_message("limit", rule, str(wanted)))
    return wanted


def _stream(backend: DynamoDBStreamsBackend, arn: str) -> tuple[Table, StreamShard]:
    """The table of a stream, and the stream's one shard."""
    if not arn.startswith("arn:") or "/stream/" not in arn:
        raise MockValidationException(f"Invalid StreamArn: {arn}")
    name, _, label = arn.split(":table/", 1)[-1].partition("/stream/")
    table = backend.dynamodb.tables.get(name)
    if table is None or table.latest_stream_label != label or table.stream_shard is None:
        raise ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")
    return table, table.stream_shard


def _is_closed(shard: StreamShard) -> bool:
    return bool(getattr(shard, "is_closed", False))


@patches.replaces(
    "moto.dynamodbstreams.models:DynamoDBStreamsBackend.describe_stream",
    upstream="A stream that was disabled, or never was, is described as such.",
)
def describe_stream_of_backend(backend: DynamoDBStreamsBackend, arn: str) -> JsonObject:
    table, shard = _stream(backend, arn)
    closed, described = _is_closed(shard), shard.to_json()
    if closed:
        last = shard.starting_sequence_number + max(len(shard.items) - 1, 0)
        described["SequenceNumberRange"]["EndingSequenceNumber"] = str(last)
    return {
        "StreamArn": arn,
        "StreamLabel": table.latest_stream_label,
        "StreamStatus": "DISABLED" if closed else "ENABLED",
        "StreamViewType": vars(shard).get("view_type"),
        "CreationRequestDateTime": shard.created_on,
        "TableName": table.name,
        "KeySchema": table.schema,
        "Shards": [described],
    }


@patches.replaces("moto.dynamodbstreams.responses:DynamoDBStreamsHandler.describe_stream")
def describe_stream(handler: DynamoDBStreamsHandler) -> ActionResult:
    body = _checked(handler)
    _most(body, PAGE)
    stream = handler.backend.describe_stream(body["StreamArn"])
    if after := body.get("ExclusiveStartShardId"):
        stream["Shards"] = [shard for shard in stream["Shards"] if shard["ShardId"] > after]
    return ActionResult({"StreamDescription": stream})


@patches.replaces("moto.dynamodbstreams.responses:DynamoDBStreamsHandler.list_streams")
def list_streams(handler: DynamoDBStreamsHandler) -> ActionResult:
    body = _checked(handler)
    most, after = _most(body, PAGE), body.get("ExclusiveStartStreamArn") or ""
    table = body.get("TableName")
    name = table_shapes.name_of(table, handler.region) if table else None
    streams = sorted(handler.backend.list_streams(name), key=lambda stream: str(stream["StreamArn"]))
    streams = [stream for stream in streams if stream["StreamArn"] > after]
    answer: JsonObject = {"Streams": streams[:most]}
    if len(streams) > most:
        answer["LastEvaluatedStreamArn"] = streams[most - 1]["StreamArn"]
    return ActionResult(answer)


@patches.replaces(
    "moto.dynamodbstreams.models:DynamoDBStreamsBackend.get_shard_iterator",
    expects="self, arn, shard_id, shard_iterator_type, sequence_number=None",
    upstream="A shard that doesn't exist, or a sequence number that is too old, is refused.",
)
def get_shard_iterator(
    backend: DynamoDBStreamsBackend, arn: str, shard_id: str, kind: str, number: int | None = None
) -> ShardIterator:
    _, shard = _stream(backend, arn)
    if shard.id != shard_id:
        raise ResourceNotFoundException(f"Requested resource not found: Shard: {shard_id} in Stream: {arn} not found")
    if kind in _NUMBERED and number is None:
        raise MockValidationException(
            f"One or more parameter values were invalid: SequenceNumber is required when ShardIteratorType is {kind}"
        )
    if kind in _NUMBERED and number is not None and number < shard.starting_sequence_number:
        raise _error(
            "TrimmedDataAccessException", "The operation attempted to read past the oldest stream record in a shard."
        )
    made = ShardIterator(backend, shard, kind, number)
    backend.shard_iterators[made.arn] = made
    return made


@patches.replaces("moto.dynamodbstreams.responses:DynamoDBStreamsHandler.get_shard_iterator")
def answer_get_shard_iterator(handler: DynamoDBStreamsHandler) -> ActionResult:
    number = _checked(handler).get("SequenceNumber")
    if number is not None and not number.isdecimal():
        raise MockValidationException(f"Invalid SequenceNumber: {number}")
    return answer_get_shard_iterator.original(handler)


@patches.replaces(
    "moto.dynamodbstreams.models:ShardIterator.__init__",
    expects="self, streams_backend, stream_shard, shard_iterator_type, sequence_number=None",
)
def init_shard_iterator(iterator: ShardIterator, *given: object, **more: object) -> None:
    init_shard_iterator.original(iterator, *given, **more)
    vars(iterator)["made_s"] = time.monotonic()


@patches.replaces("moto.dynamodbstreams.responses:DynamoDBStreamsHandler.get_records")
def get_records(handler: DynamoDBStreamsHandler) -> ActionResult:
    body = _checked(handler)
    most, backend = _most(body, MOST_RECORDS), handler.backend
    iterator = backend.shard_iterators.get(body["ShardIterator"])
    if iterator is not None:
        check_age(iterator, time.monotonic())
    answer: JsonObject = backend.get_records(body["ShardIterator"], most)
    following = backend.shard_iterators[answer["NextShardIterator"]]
    shard = following.stream_shard
    if _is_closed(shard) and following.sequence_number >= shard.starting_sequence_number + len(shard.items):
        del answer["NextShardIterator"]
    return ActionResult(answer)


def check_age(iterator: ShardIterator, now_s: float) -> None:
    """Raises if an iterator has expired at this time of the monotonic clock."""
    if now_s - vars(iterator)["made_s"] > LIFETIME_S:
        raise _error("ExpiredIteratorException", "The shard iterator has expired and can no longer be used.")

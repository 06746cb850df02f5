"""Refuses event source mappings that AWS refuses or the local cloud doesn't support; with moto's errors.

Sources: API reference, CreateEventSourceMapping; AWS Lambda Developer Guide, "How Lambda processes records from stream
and queue-based event sources".
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException

from serverless_cloud.core.constraints import NULL, one_of, sentence
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.patterns import InvalidPattern, Pattern
from serverless_cloud.services.lambda_ import destinations

# The data plane doesn't support these settings of the API, so the local cloud refuses them by name.
NOT_HONOURED = ("TumblingWindowInSeconds", "ProvisionedPollerConfig", "KMSKeyArn", "MetricsConfig", "LoggingConfig",
                "Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource",
                "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig",
                "DocumentDBEventSourceConfig")  # fmt: skip
PATTERN_CHARACTERS = 4096  # API reference: Filter
MOST_FILTERS = 5  # AWS Lambda quotas: filters of a mapping, 10 on request
ON_FAILURE = ("sqs", "sns", "s3")  # AWS Lambda Developer Guide: failure destinations of streams; Kafka topics too there

#: API reference: least and most of each number.
_LIMITS = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
}
_LEAST_RECORD_AGE_S = 60
_STREAM_DEFAULTS = {
    "ParallelizationFactor": 1,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "StartingPosition": None,
    "StartingPositionTimestamp": None,
}


@dataclass(frozen=True)
class Kind:
    """A kind of event source.

    Args:
        service: in the source's ARN.
        default_batch, most_in_batch: of BatchSize.
        positions: what StartingPosition may be; none for a queue.
    """

    service: str
    default_batch: int
    most_in_batch: int
    positions: tuple[str, ...] = ()

    @property
    def is_stream(self) -> bool:
        """Whether it has a position to start at."""
        return bool(self.positions)


STANDARD_QUEUE, FIFO_QUEUE = Kind("sqs", 10, 10_000), Kind("sqs", 10, 10)
TABLE = Kind("dynamodb", 100, 10_000, ("TRIM_HORIZON", "LATEST"))
STREAM = Kind("kinesis", 100, 10_000, ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"))


def kind_of(source_arn: str) -> Kind:
    """The kind of source that an ARN names.

    Raises:
        InvalidParameterValueException: none that the local cloud reads.
    """
    service = (source_arn.split(":") + [""] * 6)[2]
    if service == "sqs":
        return FIFO_QUEUE if source_arn.endswith(".fifo") else STANDARD_QUEUE
    if service == "kinesis" and "/consumer/" in source_arn:
        raise InvalidParameterValueException(
            "The local cloud doesn't support consumers with enhanced fan-out. Give the ARN of the stream itself."
        )
    kinds = {"dynamodb": TABLE, "kinesis": STREAM}
    if service not in kinds:
        raise InvalidParameterValueException(
            f"Unrecognized event source. The local cloud can't read {source_arn!r}. It reads SQS queues, DynamoDB "
            "streams and Kinesis streams (docs/fidelity.md)."
        )
    return kinds[service]


def checked(kind: Kind, given: JsonObject) -> JsonObject:
    """All settings of a mapping, with AWS's defaults for missing settings.

    Args:
        kind: of its source.
        given: CreateEventSourceMapping's request; for an update what holds now with the changes over it. A stack may
            give numbers and booleans as text.

    Raises:
        InvalidParameterValueException, ValidationException: with what is allowed.
    """
    _refuse_what_is_not_honoured(given)
    settings: JsonObject = {"BatchSize": kind.default_batch, "MaximumBatchingWindowInSeconds": 0, "Enabled": True}
    settings |= _STREAM_DEFAULTS if kind.is_stream else {}
    settings |= {name: value for name, value in given.items() if value is not None}
    for name in ("Enabled", "BisectBatchOnFunctionError"):
        if name in settings:
            settings[name] = str(settings[name]).lower() == "true"
    for name, (least, most) in _LIMITS.items():
        if name in settings:
            settings[name] = _whole_number(name, settings[name], least, most)
    _check_batch(kind, settings["BatchSize"], settings["MaximumBatchingWindowInSeconds"])
    _check_filters(settings)
    types = settings.setdefault("FunctionResponseTypes", [])
    if any(each != "ReportBatchItemFailures" for each in types) or len(types) > 1:
        raise ValidationException(
            str(types), "functionResponseTypes", "Member must satisfy enum value set: [ReportBatchItemFailures]"
        )
    if kind.is_stream:
        _check_stream(kind, settings)
    else:
        _check_queue(settings)
    return settings


def _refuse_what_is_not_honoured(given: JsonObject) -> None:
    for name in NOT_HONOURED:
        value = given.get(name)
        if any(value.values()) if isinstance(value, dict) else value not in (None, 0, "0", "", []):
            raise InvalidParameterValueException(
                f"The local cloud doesn't support {name} in event source mappings. Leave it out; docs/fidelity.md "
                "lists what works here."
            )


def _whole_number(name: str, value: object, least: int, most: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise InvalidParameterValueException(f"{name} is {value!r}. It must be a whole number.") from None
    bound = f"less than or equal to {most}" if number > most else f"greater than or equal to {least}"
    if not least <= number <= most:
        raise ValidationException(str(value), name[0].lower() + name[1:], f"Member must have value {bound}")
    return number


def _check_batch(kind: Kind, size: int, window_s: int) -> None:
    if size > kind.most_in_batch:
        raise InvalidParameterValueException(
            f"BatchSize is {size}. A FIFO queue's batch can have at most {kind.most_in_batch} messages."
        )
    if kind is FIFO_QUEUE and window_s:
        raise InvalidParameterValueException("Batching window is not supported for FIFO queues")
    if kind is STANDARD_QUEUE and size > 10 and not window_s:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def _check_filters(settings: JsonObject) -> None:
    filters = (settings.get("FilterCriteria") or {}).get("Filters") or []
    if len(filters) > MOST_FILTERS:
        raise InvalidParameterValueException(
            f"FilterCriteria has {len(filters)} filters. A mapping can have at most {MOST_FILTERS}."
        )
    for each in filters:
        pattern = str(each.get("Pattern") or "")
        if len(pattern) > PATTERN_CHARACTERS:
            bound = f"Member must have length less than or equal to {PATTERN_CHARACTERS}"
            raise ValidationException(pattern, "filterCriteria.filters.pattern", bound)
        try:
            Pattern.parse(pattern)
        except InvalidPattern as error:
            raise InvalidParameterValueException("Invalid filter pattern definition.") from error
    if not filters:
        settings.pop("FilterCriteria", None)


def _unsupported(name: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(f"Unsupported {name} parameter for given event source mapping type.")


def _check_queue(settings: JsonObject) -> None:
    if settings.get("StartingPosition"):
        raise InvalidParameterValueException(
            f"Unsupported starting position for arn type: {settings['EventSourceArn']}"
        )
    for name in _STREAM_DEFAULTS:
        if settings.pop(name, None):
            raise _unsupported(name)
    scaling = settings.get("ScalingConfig") or {}
    if "MaximumConcurrency" in scaling:
        number = _whole_number("MaximumConcurrency", scaling["MaximumConcurrency"], 2, 1000)
        settings["ScalingConfig"] = {"MaximumConcurrency": number}
    else:
        settings.pop("ScalingConfig", None)


def _check_stream(kind: Kind, settings: JsonObject) -> None:
    position = settings["StartingPosition"]
    if position is None:
        raise InvalidParameterValueException(f"{sentence([NULL.format('startingPosition')])}.")
    if position not in STREAM.positions:
        rule = one_of(("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"))
        raise ValidationException(str(position), "startingPosition", rule)
    if position not in kind.positions:
        raise InvalidParameterValueException(
            f"Unsupported starting position for arn type: {settings['EventSourceArn']}"
        )
    since = settings["StartingPositionTimestamp"]
    if (position == "AT_TIMESTAMP") != (since is not None):
        raise InvalidParameterValueException(
            "StartingPosition AT_TIMESTAMP and StartingPositionTimestamp need each other. Give both or neither."
        )
    if since is not None:
        settings["StartingPositionTimestamp"] = float(since)
        if float(since) > time.time():
            raise InvalidParameterValueException("StartingPositionTimestamp cannot be in the future.")
    if 0 <= settings["MaximumRecordAgeInSeconds"] < _LEAST_RECORD_AGE_S:
        raise InvalidParameterValueException(
            f"MaximumRecordAgeInSeconds is {settings['MaximumRecordAgeInSeconds']}. It must be -1 (never), or "
            f"{_LEAST_RECORD_AGE_S} to {_LIMITS['MaximumRecordAgeInSeconds'][1]} seconds."
        )
    if settings.get("ScalingConfig"):
        raise _unsupported("ScalingConfig")
    target = settings["DestinationConfig"]
    if target.get("OnSuccess"):
        raise _unsupported("DestinationConfig")
    if arn := (target.get("OnFailure") or {}).get("Destination"):
        destinations.require_target(arn, ON_FAILURE)
    settings["DestinationConfig"] = {"OnFailure": {"Destination": arn} if arn else {}}

"""Refuses pipes that EventBridge Pipes refuses or the local cloud doesn't support. Replaces nothing of moto.

Rules: EventBridge Pipes API reference; Amazon EventBridge User Guide, "Amazon EventBridge Pipes". AWS documents few of
the words with which Pipes refuses a setting; where the API reference has none, they are ours.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.refusals import INSTEAD, NotHonoured
from serverless_cloud.errors import AccessDenied
from serverless_cloud.events.patterns import InvalidPattern, Pattern
from serverless_cloud.events.targets import UnsupportedTarget, service_of
from serverless_cloud.pipes.input_template import InvalidTemplate, check_template
from serverless_cloud.pipes.run import LARGEST_BATCH
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.shape_rules import ValidationException

MOST_FILTERS = 5  # API reference: FilterCriteria
#: Of each source: its own parameters, and the batch size without one.
SOURCES = {
    "sqs": ("SqsQueueParameters", 10),
    "dynamodb": ("DynamoDBStreamParameters", 100),
    "kinesis": ("KinesisStreamParameters", 100),
}
#: Actions that the role must allow at the source (EventBridge User Guide, "Permissions for EventBridge Pipes").
NEEDED = {
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "kinesis": ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"),
}
_NAMES = {"sqs": "SQS", "dynamodb": "DynamoDB", "kinesis": "Kinesis"}
_INVALID = "Input parameter is invalid from the request due to : {}"  # seen in public reports
_OTHER_SOURCES = ("mq", "kafka")
#: Each target's own parameters, with the fields that the local cloud doesn't support.
TARGETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "lambda": ("LambdaFunctionParameters", ()),
    "states": ("StepFunctionStateMachineParameters", ()),
    "sqs": ("SqsQueueParameters", ()),
    "kinesis": ("KinesisStreamParameters", ()),
    "events": ("EventBridgeEventBusParameters", ("EndpointId", "Time")),
    "logs": ("CloudWatchLogsParameters", ("Timestamp",)),
    "sns": ("", ()),
}


def checked(plane: DataPlane, pipe: JsonObject) -> None:
    """Raises unless a pipe may be like this.

    Args:
        pipe: all its parameters, as CreatePipe takes them.

    Raises:
        ValidationException: as AWS does.
        NotHonoured: AWS would take it.
    """
    for name in ("LogConfiguration", "KmsKeyIdentifier"):
        if pipe.get(name):
            raise NotHonoured(f"{name} in pipes")
    service = _source(pipe)
    _enrichment(pipe)
    _target(pipe)
    if _batch_size(pipe, service) > (most := LARGEST_BATCH.get(pipe["Target"].split(":")[2], 10_000)):
        raise ValidationException(
            f"The batch size of the source must be at most {most} for the target {pipe['Target']}."
        )
    try:
        plane.permissions.require_trust(pipe["RoleArn"], "pipes.amazonaws.com")
    except AccessDenied as error:
        raise ValidationException(
            f"The execution role {pipe['RoleArn']} cannot be assumed by EventBridge Pipes: {error}"
        ) from error


def why_not(plane: DataPlane, pipe: JsonObject) -> str | None:
    """Why a pipe cannot begin, for its StateReason: AWS tries to read the source, and to reach the dead-letter queue.

    Args:
        pipe: all its parameters, as CreatePipe takes them.

    Returns: the reason in AWS's words; None if it can begin.
    """
    service = pipe["Source"].split(":")[2]
    for action in NEEDED[service]:
        try:
            plane.permissions.require(
                pipe["RoleArn"], f"{service}:{action}", pipe["Source"], service="pipes.amazonaws.com"
            )
        except AccessDenied:
            return _INVALID.format(
                f"The provided customer role does not have permissions to call {action} on {_NAMES[service]}"
            )
    arn = (own_parameters(pipe).get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return None
    kind, region, name = arn.split(":")[2], arn.split(":")[3], arn.split(":", 5)[5]
    try:
        if kind == "sqs":
            plane.permissions.require(pipe["RoleArn"], "sqs:SendMessage", arn, service="pipes.amazonaws.com")
            client("sqs", region).get_queue_url(QueueName=name)
        else:
            plane.permissions.require(pipe["RoleArn"], "sns:Publish", arn, service="pipes.amazonaws.com")
            client("sns", region).get_topic_attributes(TopicArn=arn)
    except (AccessDenied, ClientError):
        what = "message to SQS queue" if kind == "sqs" else "notification to SNS topic"
        return _INVALID.format(f"Error occurred while sending {what}: {arn}")
    return None


def own_parameters(pipe: JsonObject) -> JsonObject:
    """The parameters of a pipe's source, with its batch size."""
    service = pipe["Source"].split(":")[2]
    name, _ = SOURCES[service]
    given = (pipe.get("SourceParameters") or {}).get(name) or {}
    return {**given, "BatchSize": _batch_size(pipe, service)}


def target_parameters(pipe: JsonObject) -> JsonObject:
    """The parameters of a pipe's target."""
    name, _ = TARGETS[service_of(pipe["Target"])]
    return dict((pipe.get("TargetParameters") or {}).get(name) or {})


def _batch_size(pipe: JsonObject, service: str) -> int:
    name, default = SOURCES[service]
    given = (pipe.get("SourceParameters") or {}).get(name) or {}
    return int(given.get("BatchSize") or min(default, LARGEST_BATCH.get(pipe["Target"].split(":")[2], default)))


def _source(pipe: JsonObject) -> str:
    arn, given = pipe["Source"], pipe.get("SourceParameters") or {}
    service = "kafka" if arn.startswith("smk:") else arn.split(":")[2]
    if service in _OTHER_SOURCES or "/consumer/" in arn:
        raise NotHonoured(
            f"pipes with the source {arn}",
            INSTEAD.format("{}", "It reads SQS queues, DynamoDB streams and Kinesis streams."),
        )
    if service not in SOURCES:
        raise ValidationException(
            f"{arn} can't be the source of a pipe. Give the ARN of an SQS queue, a DynamoDB stream or a Kinesis stream."
        )
    name, _ = SOURCES[service]
    for other in given:
        if other not in (name, "FilterCriteria"):
            raise ValidationException(
                f"SourceParameters has {other}, but a pipe from {arn} accepts only {name} and FilterCriteria."
            )
    own = given.get(name) or {}
    if service != "sqs" and not own.get("StartingPosition"):
        raise ValidationException(f"{name} with a StartingPosition must be specified for the source {arn}.")
    if own.get("StartingPosition") == "AT_TIMESTAMP" and not own.get("StartingPositionTimestamp"):
        raise ValidationException("StartingPositionTimestamp must be specified for the StartingPosition AT_TIMESTAMP.")
    if 0 <= own.get("MaximumRecordAgeInSeconds", -1) < 60:
        raise ValidationException("MaximumRecordAgeInSeconds must be -1 or at least 60.")
    dead_letters = (own.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters and dead_letters.split(":")[2] not in ("sqs", "sns"):
        raise ValidationException(f"DeadLetterConfig must name a queue or a topic, not {dead_letters}.")
    _queue_batches(arn, own)
    _filters(given.get("FilterCriteria") or {})
    _look_up(service, arn)
    return service


def _queue_batches(arn: str, own: JsonObject) -> None:
    size, window_s = own.get("BatchSize") or 10, own.get("MaximumBatchingWindowInSeconds") or 0
    if ":sqs:" not in arn:
        return
    if arn.endswith(".fifo") and (size > 10 or window_s):
        raise ValidationException(
            "A pipe from a FIFO queue can have a batch size of at most 10, and no batching window."
        )
    if size > 10 and not window_s:
        raise ValidationException("MaximumBatchingWindowInSeconds must be at least 1 for a BatchSize above 10.")


def _filters(criteria: JsonObject) -> None:
    filters = criteria.get("Filters") or []
    if len(filters) > MOST_FILTERS:
        raise ValidationException(f"FilterCriteria has {len(filters)} filters. At most {MOST_FILTERS} are allowed.")
    for each in filters:
        try:
            Pattern.parse(each.get("Pattern") or "")
        except InvalidPattern as error:
            raise ValidationException(str(error)) from error


def _look_up(service: str, arn: str) -> None:
    region, name = arn.split(":")[3], arn.split(":", 5)[5]
    try:
        if service == "sqs":
            client("sqs", region).get_queue_url(QueueName=name)
        elif service == "dynamodb":
            client("dynamodbstreams", region).describe_stream(StreamArn=arn)
        else:
            client("kinesis", region).describe_stream_summary(StreamName=name.removeprefix("stream/"))
    except ClientError as error:
        raise ValidationException(
            f"The source {arn} does not exist: {error.response['Error'].get('Message', '')}"
        ) from error


def _enrichment(pipe: JsonObject) -> None:
    arn, given = pipe.get("Enrichment"), pipe.get("EnrichmentParameters") or {}
    if not arn:
        return
    if arn.split(":")[2] not in ("lambda", "states") or given.get("HttpParameters"):
        raise NotHonoured(
            f"the enrichment {arn}",
            INSTEAD.format("{}", "It calls Lambda functions and Express state machines."),
        )
    _template(given.get("InputTemplate"))
    if ":stateMachine:" in arn:
        _require_express(arn, "An enrichment")


def _target(pipe: JsonObject) -> None:
    arn, given = pipe["Target"], pipe.get("TargetParameters") or {}
    try:
        own, refused = TARGETS[service_of(arn)]
    except UnsupportedTarget as error:
        raise NotHonoured(f"pipes with the target {arn}") from error
    for other in given:
        if other not in (own, "InputTemplate"):
            raise ValidationException(
                f"TargetParameters has {other}, but the target {arn} accepts "
                f"{f'only {own}' if own else 'no parameters'}."
            )
    parameters = given.get(own) or {}
    for name in refused:
        if parameters.get(name):
            raise NotHonoured(f"{own}.{name} in pipes")
    _template(given.get("InputTemplate"))
    if service_of(arn) == "kinesis" and not parameters.get("PartitionKey"):
        raise ValidationException(
            f"KinesisStreamParameters with a PartitionKey must be specified for the target {arn}."
        )
    if arn.endswith(".fifo") and ":sqs:" in arn and not parameters.get("MessageGroupId"):
        raise ValidationException(f"SqsQueueParameters with a MessageGroupId must be specified for the target {arn}.")
    if ":stateMachine:" in arn and parameters.get("InvocationType", "REQUEST_RESPONSE") == "REQUEST_RESPONSE":
        _require_express(arn, "A target with the InvocationType REQUEST_RESPONSE")


def _template(template: str | None) -> None:
    try:
        check_template(template or "")
    except InvalidTemplate as error:
        raise ValidationException(str(error)) from error


def _require_express(arn: str, who: str) -> None:
    try:
        kind = client("stepfunctions", arn.split(":")[3]).describe_state_machine(stateMachineArn=arn)["type"]
    except ClientError:
        return  # it may come later
    if kind != "EXPRESS":
        raise ValidationException(
            f"{who} must be an Express state machine, but {arn} is {kind}. A Standard state machine works "
            "only as a target with the InvocationType FIRE_AND_FORGET."
        )

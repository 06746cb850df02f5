"""Where records of asynchronous invocations go: queues, topics, functions, event buses, buckets.

Ordinary boto3 calls to this same server, so what moto does with them is what it does for everybody. Nothing of moto is
replaced. Records and message attributes: AWS Lambda Developer Guide, "Capturing records of asynchronous invocations".
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from moto.awslambda.exceptions import InvalidParameterValueException

from serverless_cloud.core.background import reported
from serverless_cloud.core.clients import client
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.iam.permissions import Permissions

ON_SUCCESS = ("sqs", "sns", "lambda", "events")
ON_FAILURE = (*ON_SUCCESS, "s3")
DEAD_LETTER = ("sqs", "sns")
#: The actions that the execution role must allow, by the service of the target.
ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}


def require_target(arn: str, services: tuple[str, ...]) -> None:
    """Raises unless `arn` names a queue, topic and so on of one of `services` that exists.

    Raises:
        InvalidParameterValueException: with what is allowed.
    """
    service = (arn.split(":") + [""] * 6)[2]
    if service not in services:
        raise InvalidParameterValueException(
            f"{arn} can't be a target here. Give an ARN of one of these services: {', '.join(services)}."
        )
    if service in ("sqs", "sns") and arn.endswith(".fifo"):
        raise InvalidParameterValueException(
            f"{arn} is a FIFO queue or topic, but Lambda sends records only to standard queues and topics."
        )
    try:
        _look_up(service, arn)
    except Exception as error:
        raise InvalidParameterValueException(f"The target {arn} does not exist: {error}") from error


def _look_up(service: str, arn: str) -> None:
    api, name = client(service, arn.split(":")[3]), arn.split(":", 5)[5]
    if service == "sqs":
        api.get_queue_url(QueueName=name)
    elif service == "sns":
        api.get_topic_attributes(TopicArn=arn)
    elif service == "lambda":
        api.get_function(FunctionName=arn)
    elif service == "events":
        api.describe_event_bus(Name=name.removeprefix("event-bus/"))
    else:
        api.head_bucket(Bucket=name)


def resource_of(arn: str) -> str:
    """The resource that the execution role must be allowed to write to: of a bucket, its objects."""
    return f"{arn}/*" if arn.split(":")[2] == "s3" else arn


class Destinations:
    """Sends records and dead letters. One that cannot be delivered is reported in the server's own log.

    Args:
        permissions: the execution role must be allowed to send.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    def _require(self, role_arn: str, arn: str) -> None:
        self._permissions.require(role_arn, ACTIONS[arn.split(":")[2]], resource_of(arn))

    def record(self, arn: str, record: JsonObject, role_arn: str) -> None:
        """Sends a record to a destination."""
        with reported(f"A record could not be delivered to {arn}"):
            self._require(role_arn, arn)
            self._send_record(arn, record)

    @staticmethod
    def _send_record(arn: str, record: JsonObject) -> None:
        service, text = arn.split(":")[2], json.dumps(record)
        api, name = client(service, arn.split(":")[3]), arn.split(":", 5)[5]
        if service == "sqs":
            api.send_message(QueueUrl=api.get_queue_url(QueueName=name)["QueueUrl"], MessageBody=text)
        elif service == "sns":
            api.publish(TopicArn=arn, Message=text)
        elif service == "lambda":
            api.invoke(FunctionName=arn, InvocationType="Event", Payload=text)
        elif service == "events":
            ending = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {ending}",
                "Resources": [arn, record["requestContext"]["functionArn"]],
                "Detail": text,
                "EventBusName": name.removeprefix("event-bus/"),
            }
            api.put_events(Entries=[entry])
        else:
            now, function = datetime.now(UTC), record["requestContext"]["functionArn"].split(":")[6]
            key = f"aws/lambda/async/{function}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
            api.put_object(Bucket=name, Key=key, Body=text.encode())

    def dead_letter(self, arn: str, event: bytes, attributes: dict[str, str], role_arn: str) -> None:
        """Sends an event that was given up to a dead-letter queue or topic."""
        with reported(f"A record could not be delivered to {arn}"):
            self._require(role_arn, arn)
            kinds = {"ErrorCode": "Number"}
            given = {k: {"DataType": kinds.get(k, "String"), "StringValue": v} for k, v in attributes.items() if v}
            api = client(*arn.split(":")[2:4])
            if arn.split(":")[2] == "sqs":
                url = api.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
                api.send_message(QueueUrl=url, MessageBody=event.decode(), MessageAttributes=given)
            else:
                api.publish(TopicArn=arn, Message=event.decode(), MessageAttributes=given)

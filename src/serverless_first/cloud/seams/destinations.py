"""Where records of asynchronous invocations go: queues, topics, functions, event buses, buckets.

Ordinary boto3 calls to this same server, so what moto does with them is what it does for everybody. Nothing of moto is
replaced. Records and message attributes: AWS Lambda Developer Guide, "Capturing records of asynchronous invocations".
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import traceback
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

ON_SUCCESS = ("sqs", "sns", "lambda", "events")
ON_FAILURE = (*ON_SUCCESS, "s3")
DEAD_LETTER = ("sqs", "sns")


def require_target(arn: str, services: tuple[str, ...]) -> None:
    """Raises unless `arn` names a queue, topic and so on of one of `services` that exists.

    Raises:
        InvalidParameterValueException: with what is allowed.
    """
    service = (arn.split(":") + [""] * 6)[2]
    if service not in services:
        raise InvalidParameterValueException(
            f"{arn} cannot be a target here. Give the ARN of one of: {', '.join(services)}."
        )
    if service in ("sqs", "sns") and arn.endswith(".fifo"):
        raise InvalidParameterValueException(f"{arn} is a FIFO queue or topic; Lambda sends records to standard ones.")
    try:
        _look_up(service, arn)
    except Exception as error:
        raise InvalidParameterValueException(f"The target {arn} does not exist: {error}") from error


def _look_up(service: str, arn: str) -> None:
    client, name = _client(service, arn), arn.split(":", 5)[5]
    if service == "sqs":
        client.get_queue_url(QueueName=name)
    elif service == "sns":
        client.get_topic_attributes(TopicArn=arn)
    elif service == "lambda":
        client.get_function(FunctionName=arn)
    elif service == "events":
        client.describe_event_bus(Name=name.removeprefix("event-bus/"))
    else:
        client.head_bucket(Bucket=name)


@functools.cache
def _make_client(service: str, region: str, port: str) -> Any:
    import boto3
    from botocore.config import Config

    # A session of its own: the default one is not made for threads.
    return boto3.session.Session().client(
        service,
        region_name=region or "us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(max_pool_connections=64, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def _client(service: str, arn: str) -> Any:
    return _make_client(service, arn.split(":")[3], os.environ["MOTO_PORT"])


class Destinations:
    """Sends records and dead letters. One that cannot be delivered is reported in the server's own log."""

    def record(self, arn: str, record: dict[str, Any]) -> None:
        """Sends a record to a destination."""
        with _reported(arn):
            self._send_record(arn, record)

    @staticmethod
    def _send_record(arn: str, record: dict[str, Any]) -> None:
        service, text = arn.split(":")[2], json.dumps(record)
        client, name = _client(service, arn), arn.split(":", 5)[5]
        if service == "sqs":
            client.send_message(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"], MessageBody=text)
        elif service == "sns":
            client.publish(TopicArn=arn, Message=text)
        elif service == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=text)
        elif service == "events":
            ending = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
            entry = {
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {ending}",
                "Resources": [arn, record["requestContext"]["functionArn"]],
                "Detail": text,
                "EventBusName": name.removeprefix("event-bus/"),
            }
            client.put_events(Entries=[entry])
        else:
            now, function = datetime.now(UTC), record["requestContext"]["functionArn"].split(":")[6]
            key = f"aws/lambda/async/{function}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
            client.put_object(Bucket=name, Key=key, Body=text.encode())

    def dead_letter(self, arn: str, event: bytes, attributes: dict[str, str]) -> None:
        """Sends an event that was given up to a dead-letter queue or topic."""
        with _reported(arn):
            kinds = {"ErrorCode": "Number"}
            given = {k: {"DataType": kinds.get(k, "String"), "StringValue": v} for k, v in attributes.items() if v}
            client = _client(arn.split(":")[2], arn)
            if arn.split(":")[2] == "sqs":
                url = client.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=event.decode(), MessageAttributes=given)
            else:
                client.publish(TopicArn=arn, Message=event.decode(), MessageAttributes=given)


@contextlib.contextmanager
def _reported(arn: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        print(f"A record could not be delivered to {arn}:", file=sys.stderr)
        traceback.print_exc()

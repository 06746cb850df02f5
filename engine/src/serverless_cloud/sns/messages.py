"""SNS's messages to its subscribers: envelopes, Lambda events, attributes of raw messages. No moto, no I/O.

Shapes: Amazon SNS Developer Guide, "Parsing Amazon SNS message formats" and "Fanout to Amazon SQS queues"; AWS Lambda
Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from serverless_cloud.core.json_types import JsonObject

#: Only AWS can sign for AWS. The decoded text says so.
SIGNATURE = base64.b64encode(b"The local cloud has no key of AWS's: this signs nothing.").decode()
_CERTIFICATE = "SimpleNotificationService-00000000000000000000000000000000.pem"


@dataclass(frozen=True)
class Notification:
    """One published message, as one protocol gets it.

    Args:
        message_id, topic_arn, message, subject: as published; no subject is None.
        attributes: by name: {"Type": "String", "Value": "lamp"}; a binary value is in base64.
        timestamp: when it was published, "2026-11-25T04:05:06.789Z".
        signature_version: the topic's.
        group_id, deduplication_id: as published; the second one is set for every message of a FIFO topic.
        sequence_number: of a FIFO topic; else None.
    """

    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    subject: str | None = None
    attributes: dict[str, JsonObject] | None = None
    signature_version: str = "1"
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None


def _signed(url: str, version: str, region: str) -> dict[str, str]:
    """The signature's fields. `url`: how this receiver's JSON spells it, "URL" or "Url"."""
    where = f"https://sns.{region}.amazonaws.com/{_CERTIFICATE}"
    return {"SignatureVersion": version, "Signature": SIGNATURE, f"SigningCert{url}": where}


def _unsubscribe(subscription_arn: str, region: str) -> str:
    return f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"


def envelope(sent: Notification, subscription_arn: str) -> JsonObject:
    """A queue's message. Fields without a value are left out, and a FIFO topic signs nothing."""
    region = sent.topic_arn.split(":")[3]
    fields: JsonObject = {"Type": "Notification", "MessageId": sent.message_id}
    if sent.sequence_number is not None:
        fields["SequenceNumber"] = sent.sequence_number
    fields["TopicArn"] = sent.topic_arn
    if sent.subject is not None:
        fields["Subject"] = sent.subject
    fields |= {"Message": sent.message, "Timestamp": sent.timestamp}
    if sent.sequence_number is None:
        fields |= _signed("URL", sent.signature_version, region)
    fields["UnsubscribeURL"] = _unsubscribe(subscription_arn, region)
    if sent.attributes:
        fields["MessageAttributes"] = sent.attributes
    return fields


def as_text(fields: JsonObject) -> str:
    """The envelope as SNS writes it, with each field on its own line."""
    return json.dumps(fields, indent=2, separators=(",", " : "), ensure_ascii=False)


def lambda_event(sent: Notification, subscription_arn: str) -> bytes:
    """A function's event: one record with all fields, null and {} for missing values."""
    region = sent.topic_arn.split(":")[3]
    sns = {
        "Type": "Notification",
        "MessageId": sent.message_id,
        "TopicArn": sent.topic_arn,
        "Subject": sent.subject,
        "Message": sent.message,
        "Timestamp": sent.timestamp,
        **_signed("Url", sent.signature_version, region),
        "UnsubscribeUrl": _unsubscribe(subscription_arn, region),
        "MessageAttributes": sent.attributes or {},
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": sns,
    }
    return json.dumps({"Records": [record]}).encode()


def sqs_attributes(sent: Notification) -> dict[str, JsonObject]:
    """The message attributes of a raw delivery, as SQS has them."""
    return {
        name: {"DataType": attribute["Type"], "BinaryValue": base64.b64decode(attribute["Value"])}
        if attribute["Type"].startswith("Binary")
        else {"DataType": attribute["Type"], "StringValue": str(attribute["Value"])}
        for name, attribute in (sent.attributes or {}).items()
    }

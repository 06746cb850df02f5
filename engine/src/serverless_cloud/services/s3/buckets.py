"""Names and notification configurations of buckets.

moto looks at the length of a name only. It sets a configuration before it looks whether it can stand, takes any
destination and any overlap, fails on the name "Prefix" and on an empty prefix or suffix, and does not tell of
EventBridge. The patches and their reasons:

- `S3Backend.create_bucket`: AWS's rules for names.
- `FakeBucket.set_notification_configuration`: AWS's checks, before anything is changed.
- `S3Response._notification_config_from_body`: ARNs and filters are checked first.
- `S3Response.get_bucket_notification`: with EventBridge, without empty lists.
"""

from __future__ import annotations

import ipaddress
import re
from contextvars import ContextVar
from typing import Any
from xml.sax.saxutils import escape

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.s3 import models, notifications
from moto.s3.exceptions import InvalidBucketName, InvalidNotificationDestination, S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.lambda_.function_calls import qualifier_of
from serverless_cloud.services.lambda_.functions import route
from serverless_cloud.services.s3 import object_events as s3_events
from serverless_cloud.services.s3.object_events import Bucket, Filter

patches = Service("s3", defect="engine/tests/services/test_s3_patches.py::test_stock_moto_still_has_the_defects")

PRINCIPAL = "s3.amazonaws.com"
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDINGS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
#: By moto's name of a kind of destination: its element and its service, and what the answer calls a list and an ARN.
_KINDS = {
    "topic": ("Topic", "sns", "TopicConfigurations", "TopicArn"),
    "queue": ("Queue", "sqs", "QueueConfigurations", "QueueArn"),
    "cloud_function": ("CloudFunction", "lambda", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
}
#: Stands for an empty prefix or suffix while moto reads a request; no key has it.
_EMPTY = "serverless-first-empty-5b0f1c52"
#: Whether the request under way asks for no look at the destinations.
skips_validation: ContextVar[bool] = ContextVar("s3_skips_validation", default=False)


def bucket_of(bucket: FakeBucket) -> Bucket:
    """moto's bucket, as events name it."""
    return Bucket(bucket.name, bucket.arn, bucket.region_name, bucket.account_id)


class DestinationsError(ServiceException):
    """Destinations that cannot be used, with the reasons. moto has no words for arguments with a number."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("InvalidArgument", "Unable to validate the following destination configurations")
        self.reasons = reasons

    def answer(self) -> tuple[int, dict[str, str], str]:
        """Status, headers and body."""
        rows = "".join(
            f"<ArgumentName{n}>{escape(arn)}</ArgumentName{n}><ArgumentValue{n}>{escape(why)}</ArgumentValue{n}>"
            for n, (arn, why) in enumerate(self.reasons.items(), 1)
        )
        text = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message>{rows}<RequestId></RequestId></Error>"
        return 400, {"Content-Type": "application/xml"}, text


@patches.replaces("moto.s3.models:S3Backend.create_bucket", upstream="CreateBucket refuses names that AWS refuses.")
def create_bucket(
    backend: models.S3Backend, bucket_name: str, region_name: str, bucket_namespace: str | None = None
) -> FakeBucket:
    if not is_allowed(bucket_name):
        raise InvalidBucketName
    return create_bucket.original(backend, bucket_name, region_name, bucket_namespace)


def is_allowed(name: str) -> bool:
    """Whether a bucket may have this name (Amazon S3 User Guide, "General purpose bucket naming rules")."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return False
    if name.startswith(_RESERVED_BEGINNINGS) or name.endswith(_RESERVED_ENDINGS):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


@patches.replaces(
    "moto.s3.models:FakeBucket.set_notification_configuration",
    upstream="Notification configurations that overlap or lead nowhere are refused.",
)
def set_notification_configuration(bucket: models.FakeBucket, notification_config: JsonObject | None) -> None:
    given = notification_config or {}
    fresh = models.NotificationConfiguration(
        topic=given.get("TopicConfiguration"),
        queue=given.get("QueueConfiguration"),
        cloud_function=given.get("CloudFunctionConfiguration"),
        event_bridge=given.get("EventBridgeConfiguration"),
    )
    wanted = [(kind, each) for kind in _KINDS for each in getattr(fresh, kind)]
    if any(each.arn.split(":")[3] != bucket.region_name for _, each in wanted):
        raise InvalidNotificationDestination
    if reason := _ambiguous([each for _, each in wanted]):
        raise S3ClientError("InvalidArgument", reason)
    if not skips_validation.get():
        reasons = {
            f"{each.arn}, null" if kind == "cloud_function" else each.arn: reason
            for kind, each in wanted
            if (reason := _why_not(current.plane, kind, each.arn, bucket_of(bucket)))
        }
        if reasons:
            raise DestinationsError(reasons)
    nothing = not wanted and fresh.event_bridge is None
    bucket.notification_configuration = None if nothing else fresh
    if wanted:
        notifications.send_test_event(bucket.account_id, bucket)


@patches.replaces("moto.s3.responses:S3Response._notification_config_from_body")
def _notification_config_from_body(response: S3Response) -> Any:
    text = response.body.decode() if isinstance(response.body, bytes) else str(response.body)
    response.body = re.sub(r"<Name>\s*(prefix|suffix)\s*</Name>", lambda m: m.group().lower().replace("name", "Name"),
                       text, flags=re.IGNORECASE)  # fmt: skip
    for tag, service, _, _ in _KINDS.values():
        for arn in re.findall(rf"<{tag}>\s*([^<]*?)\s*</{tag}>", text):
            if not re.match(rf"arn:[^:]+:{service}:[^:]+:\d{{12}}:.", arn):
                error = S3ClientError("InvalidArgument", "The ARN could not be parsed")
                error.argument_name, error.argument_value = tag, arn  # type: ignore[attr-defined]
                raise error
    for name in re.findall(r"<Name>([^<]*)</Name>", text):
        if name.strip().lower() not in ("prefix", "suffix"):
            raise S3ClientError("InvalidArgument", "filter rule name must be either prefix or suffix")
    response.body = re.sub(r"<Value></Value>|<Value ?/>", f"<Value>{_EMPTY}</Value>", response.body)
    return _with_empty(_notification_config_from_body.original(response))


@patches.replaces(
    "moto.s3.responses:S3Response.get_bucket_notification",
    upstream="GetBucketNotificationConfiguration tells of EventBridge.",
)
def get_bucket_notification(response: S3Response) -> TYPE_RESPONSE:
    found = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if not found:
        return response.serialized(EmptyResult())
    result: JsonObject = {
        name: [_told(each, arn) for each in getattr(found, kind)]
        for kind, (_, _, name, arn) in _KINDS.items()
        if getattr(found, kind)
    }
    if found.event_bridge is not None:
        result["EventBridgeConfiguration"] = {}
    response.data["Action"] = "GetBucketNotificationConfiguration"
    return response.serialized(ActionResult(result))


def _rules(configuration: models.Notification) -> list[dict[str, str]]:
    return list((configuration.filters.get("S3Key") or {}).get("FilterRule") or [])


def _filter(configuration: models.Notification) -> Filter:
    rules = {rule["Name"]: rule["Value"] for rule in _rules(configuration)}
    return Filter(configuration.events, rules.get("prefix", ""), rules.get("suffix", ""))


def _ambiguous(configurations: list[models.Notification]) -> str | None:
    """Why AWS refuses these configurations of one bucket; None if it takes them."""
    for each in configurations:
        names = [rule["Name"] for rule in _rules(each)]
        for name in names:
            if names.count(name) > 1:
                return f"Cannot specify more than one {name} rule in a filter."
    ids = [each.id for each in configurations]
    if len(set(ids)) < len(ids):
        return "Same ID used for multiple configurations. IDs must be unique"  # [recalled, not verified]
    return s3_events.overlap(_filter(each) for each in configurations)


def _with_empty(given: object) -> Any:
    """moto's reading, with empty values where they were."""
    if isinstance(given, dict):
        return {name: _with_empty(value) for name, value in given.items()}
    if isinstance(given, list):
        return [_with_empty(value) for value in given]
    return "" if given == _EMPTY else given


def _told(configuration: models.Notification, arn: str) -> JsonObject:
    found: JsonObject = {"Id": configuration.id, arn: configuration.arn, "Events": configuration.events}
    if rules := _rules(configuration):
        found["Filter"] = {"Key": {"FilterRules": [rule | {"Name": rule["Name"].capitalize()} for rule in rules]}}
    return found


def _why_not(plane: DataPlane, kind: str, arn: str, bucket: Bucket) -> str | None:
    """Why S3 cannot send to a destination, in AWS's words; None if it can."""
    _, _, _, region, account_id, name = arn.split(":", 5)
    if kind == "cloud_function":
        caller = Caller(PRINCIPAL, bucket.arn, bucket.account_id)
        try:
            function, called = route(lambda_backends[account_id][region], arn, None)
            plane.permissions.require_invoke(function, qualifier_of(called), caller)
        except (LambdaClientError, UnknownFunctionException, AccessDenied):
            return f"Not authorized to invoke function [{arn}]"
        return None
    noun = kind
    there = plane.queues.get(arn) if kind == "queue" else plane.topics.get(arn)
    if there is None:
        return f"The destination {noun} does not exist"
    if name.endswith(".fifo"):
        return f"FIFO {noun}s are not supported as the destination of event notifications"
    action = "sqs:SendMessage" if kind == "queue" else "sns:Publish"
    try:
        plane.permissions.require_resource_policy(there.policy, PRINCIPAL, action, arn, bucket.arn, bucket.account_id)
    except AccessDenied:
        return f"Permissions on the destination {noun} do not allow S3 to publish notifications from this bucket"
    return None

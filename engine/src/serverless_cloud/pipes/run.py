"""One batch on its way through a pipe: the enrichment, then the target. No moto.

Rules: Amazon EventBridge User Guide, "Event enrichment in Amazon EventBridge Pipes", "Amazon EventBridge Pipes batching
and concurrency", "Amazon EventBridge Pipes targets". Functions and state machines get a whole batch as an array, all
other targets one item after the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.targets import Target, TargetFailed, send, send_and_wait, service_of
from serverless_cloud.lambda_.event_source_mapping import Deliver, Delivery
from serverless_cloud.pipes.input_template import Filled, fill, resolved
from serverless_cloud.plane import DataPlane
from serverless_cloud.sources.batches import identifier

#: The largest batch that a target takes; functions and state machines take any.
LARGEST_BATCH = {"sqs": 10, "sns": 10, "events": 10, "kinesis": 500, "logs": 10_000}
WHOLE_BATCH = ("lambda", "states")


@dataclass(frozen=True)
class Pipe:
    """A pipe, as a batch finds it.

    Args:
        name, arn, role_arn, source_arn: of the pipe.
        target: the ARN of the target.
        target_template: its InputTemplate, or None.
        parameters: the target's own parameters: MessageGroupId, PartitionKey, DetailType, InvocationType...
        enrichment: the ARN of a function or of an express state machine, or None.
        enrichment_template: its InputTemplate, or None.
    """

    name: str
    arn: str
    role_arn: str
    source_arn: str
    target: str
    target_template: str | None = None
    parameters: JsonObject = field(default_factory=dict)
    enrichment: str | None = None
    enrichment_template: str | None = None

    def variables(self) -> dict[str, str]:
        """The values of <aws.pipes...> in a template, now."""
        return {
            "pipe-arn": self.arn,
            "pipe-name": self.name,
            "source-arn": self.source_arn,
            "enrichment-arn": self.enrichment or "",
            "target-arn": self.target,
            "event.ingestion-time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


def event_of(record: JsonObject) -> JsonObject:
    """A record in the pipe's shape, as in an event for Lambda; Kinesis records lose one level."""
    rest = {name: value for name, value in record.items() if name != "kinesis"}
    return {**record["kinesis"], **rest} if "kinesis" in record else rest


def deliver_through(plane: DataPlane, pipe: Pipe) -> Deliver:
    """A function that takes one batch after the other through a pipe."""

    def deliver(records: list[JsonObject]) -> Delivery:
        try:
            items = _enriched(plane, pipe, [event_of(record) for record in records])
            if not items:
                return Delivery()
            if service_of(pipe.target) in WHOLE_BATCH:
                return _whole(plane, pipe, items, records)
            return _one_by_one(plane, pipe, items, records)
        except TargetFailed as failure:
            return Delivery(error=str(failure), throttled=failure.code == "THROTTLING")

    return deliver


def _enriched(plane: DataPlane, pipe: Pipe, events: list[object]) -> list[object]:
    """The enrichment's result for a batch; empty if it answers "", {} or [], and then the target is not called."""
    if pipe.enrichment is None:
        return events
    payload = [_filled(pipe, pipe.enrichment_template, event).value for event in events]
    text = send_and_wait(plane, _target(pipe, pipe.enrichment, json.dumps(payload), {}))
    try:
        answer = json.loads(text or "null")
    except ValueError:
        answer = text
    if isinstance(answer, list):
        return answer
    return [answer] if answer else []


def _filled(pipe: Pipe, template: str | None, event: object) -> Filled:
    if template:
        return fill(template, event, pipe.variables())
    return Filled(event, event if isinstance(event, str) else json.dumps(event))


def _target(pipe: Pipe, arn: str, payload: str, parameters: JsonObject) -> Target:
    parts = pipe.arn.split(":")
    return Target(
        arn=arn,
        payload=payload,
        region=parts[3],
        account_id=parts[4],
        principal="pipes.amazonaws.com",
        source_arn=pipe.arn,
        role_arn=pipe.role_arn,
        parameters=parameters,
    )


def _whole(plane: DataPlane, pipe: Pipe, items: list[object], records: list[JsonObject]) -> Delivery:
    payload = json.dumps([_filled(pipe, pipe.target_template, item).value for item in items])
    target = _target(pipe, pipe.target, payload, {})
    if pipe.parameters.get("InvocationType", "REQUEST_RESPONSE") == "FIRE_AND_FORGET":
        send(plane, target)
        return Delivery()
    return _partial(send_and_wait(plane, target), records)


def _partial(text: str, records: list[JsonObject]) -> Delivery:
    """The result of the batch in a target's answer. An answer without batchItemFailures has taken the batch.

    Unlike Lambda's mappings, Pipes calls a stream's record by its eventID.
    """
    try:
        answer = json.loads(text or "null")
    except ValueError:
        return Delivery(error="The target's answer is not JSON")
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return Delivery()
    known = _known(records)
    names = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    if any(name not in known for name in names):
        return Delivery(error=f"batchItemFailures names {names}, but some are not items of the batch")
    return Delivery(failed=tuple(known[name] for name in names))


def _known(records: list[JsonObject]) -> dict[object, str]:
    """The records by the names that a target may give them; how the poller calls them."""
    names = {identifier(record): identifier(record) for record in records}
    return names | {record["eventID"]: identifier(record) for record in records if "eventID" in record}


def _one_by_one(plane: DataPlane, pipe: Pipe, items: list[object], records: list[JsonObject]) -> Delivery:
    service = service_of(pipe.target)
    if len(items) > LARGEST_BATCH[service]:
        return Delivery(
            error=f"The target accepts at most {LARGEST_BATCH[service]} items, but the batch has {len(items)}"
        )
    failed: list[object] = []
    last: TargetFailed | None = None
    for item in items:
        try:
            parameters = resolved(_defaults(pipe, service, records[0]) | dict(pipe.parameters), item)
            send(plane, _target(pipe, pipe.target, _filled(pipe, pipe.target_template, item).text, parameters))
        except TargetFailed as failure:
            last = failure
            failed.append(item.get("messageId") or item.get("eventID") if isinstance(item, dict) else None)
    if last is None:
        return Delivery()
    known = _known(records)
    if len(failed) == len(items) or any(name not in known for name in failed):
        raise last
    return Delivery(failed=tuple(known[name] for name in failed))


def _defaults(pipe: Pipe, service: str, record: JsonObject) -> JsonObject:
    if service != "events":
        return {}
    return {"Source": f"Pipe {pipe.name}", "DetailType": f"Event from {record['eventSource']}", "Resources": []}

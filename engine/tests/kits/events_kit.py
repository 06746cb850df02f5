"""What the tests of EventBridge share; plain boto3."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit as kit

#: A handler that writes the event that it got into the folder that the event's detail names.
NOTE = """
import json, os
def handler(event, context):
    place = os.path.join(event["detail"]["folder"], context.function_name)
    with open(place + ".part", "w") as file:
        json.dump(event, file)
    os.replace(place + ".part", place)
"""

ROLE = "arn:aws:iam::123456789012:role/hikari-events"


def events() -> Any:
    """boto3's client of EventBridge."""
    return kit.client("events")


def make_rule(name: str, pattern: Any, *targets: Any, bus: str = "default", **more: Any) -> str:
    """A rule with its targets: queues, ARNs, or mappings as PutTargets takes them; its ARN."""
    arn = events().put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus, **more)["RuleArn"]
    given = [_target(f"t{number}", target) for number, target in enumerate(targets)]
    if given:
        events().put_targets(Rule=name, EventBusName=bus, Targets=given)
    return str(arn)


def _target(name: str, target: Any) -> dict[str, Any]:
    if isinstance(target, str):
        return {"Id": name, "Arn": target}
    if isinstance(target, kit.Queue):
        return {"Id": name, "Arn": target.arn}
    return {"Id": name, **target, "Arn": getattr(target["Arn"], "arn", target["Arn"])}


def entry(detail: Any, kind: str = "OrderPlaced", **more: Any) -> dict[str, Any]:
    """An entry of PutEvents of Hikari, a shop that sells lamps."""
    return {"Source": "hikari.shop", "DetailType": kind, "Detail": json.dumps(detail), **more}


def put(*entries: dict[str, Any]) -> list[str]:
    """Puts events; their ids. Fails if one is refused."""
    answer = events().put_events(Entries=list(entries))
    assert answer["FailedEntryCount"] == 0, answer
    return [result["EventId"] for result in answer["Entries"]]


def attributes(message: dict[str, Any]) -> dict[str, str]:
    """The attributes of a message, by their names."""
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def allow(queue: Any, source: str, service: str = "events") -> None:
    """Lets a rule, or a topic or bucket of another service, send to a queue, by the queue's policy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kit.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})

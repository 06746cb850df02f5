"""What the tests of event source mappings share: handlers that note what they got, in files that a test reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kits import cloud_kit as kit

#: Before a handler: `note(value)` appends a line of JSON to one file for all environments.
NOTE = """
import json, os, time
def note(value):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps(value) + "\\n")
"""

#: Notes its event.
KEEP = NOTE + "def handler(event, context):\n    note(event)\n"

#: Notes the bodies of its batch with their receive counts; fails the messages that hold "bad", each by itself.
FAIL_BAD = (
    NOTE
    + """
def handler(event, context):
    records = event["Records"]
    note([[r["body"], int(r["attributes"]["ApproximateReceiveCount"])] for r in records])
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in records if "bad" in r["body"]]}
"""
)


@dataclass(frozen=True)
class Worker:
    """A function that notes what it gets."""

    name: str
    arn: str
    file: Path

    def notes(self) -> list[Any]:
        """What it has noted so far, oldest first."""
        text = self.file.read_text() if self.file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, condition: Callable[[list[Any]], Any], what: str) -> list[Any]:
        """Its notes, once a condition on them holds."""
        kit.eventually(lambda: condition(self.notes()), f"{what}; noted: {self.notes()[:20]}")
        return self.notes()


def deploy(folder: Path, source: str, name: str = "orders", **settings: Any) -> Worker:
    """Deploys a function whose code may `note`."""
    file = folder / f"{name}.jsonl"
    environment = {"Variables": {"NOTES": str(file), **settings.pop("Variables", {})}}
    return Worker(name, kit.deploy(name, source, Environment=environment, **settings), file)


def connect(queue: Any, function: str = "orders", **settings: Any) -> str:
    """Maps a queue to a function; the mapping's UUID."""
    lam = kit.client("lambda")
    return str(lam.create_event_source_mapping(FunctionName=function, EventSourceArn=queue.arn, **settings)["UUID"])


def send(queue: Any, bodies: list[Any], **more: Any) -> None:
    """Sends messages, ten a call, in their order.

    Args:
        bodies: texts, or what becomes JSON.
        more: for each entry; what is callable gets the body: MessageGroupId=lambda body: body["group"].
    """
    sqs = kit.client("sqs")
    for first in range(0, len(bodies), 10):
        entries = []
        for number, body in enumerate(bodies[first : first + 10]):
            extra = {name: value(body) if callable(value) else value for name, value in more.items()}
            text = body if isinstance(body, str) else json.dumps(body)
            entries.append({"Id": str(number), "MessageBody": text, **extra})
        answer = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
        assert not answer.get("Failed"), answer


def with_dead_letters(name: str, most_receives: int, visibility_s: int = 1, **attributes: str) -> tuple[Any, Any]:
    """A queue and its dead-letter queue."""
    suffix = ".fifo" if attributes.get("FifoQueue") else ""
    dead = kit.make_queue(f"{name}-dead{suffix}", **attributes)
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": most_receives})
    given = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive, **attributes}
    return kit.make_queue(f"{name}{suffix}", **given), dead


def count(queue: Any) -> int:
    """The messages of a queue: visible, in flight and delayed."""
    names = ["", "NotVisible", "Delayed"]
    wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
    found = kit.client("sqs").get_queue_attributes(QueueUrl=queue.url, AttributeNames=wanted)["Attributes"]
    return sum(int(value) for value in found.values())


def visible(queue: Any) -> int:
    """The messages that a receiver may get now."""
    name = "ApproximateNumberOfMessages"
    return int(kit.client("sqs").get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])["Attributes"][name])


def wait_until_empty(queue: Any) -> None:
    """Waits until every message of a queue is taken."""
    kit.eventually(lambda: count(queue) == 0, f"{queue.arn} is empty")

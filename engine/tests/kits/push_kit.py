"""What the tests of topics and buckets share, on top of cloud_kit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kits import cloud_kit

#: A handler that adds its event to a file, as one line; "{place}" is put in by `recorder`.
RECORD = """
import json
def handler(event, context):
    with open({place!r}, "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


def sns() -> Any:
    """An SNS client."""
    return cloud_kit.client("sns")


def make_topic(name: str, **attributes: str) -> str:
    """The ARN of a new topic."""
    return str(sns().create_topic(Name=name, Attributes=attributes)["TopicArn"])


def subscribe(topic: str, endpoint: str, **attributes: Any) -> str:
    """Subscribes a queue, a function or a URL; the ARN of the subscription. Policies may be given as objects."""
    protocol = endpoint.split(":")[2] if endpoint.startswith("arn:") else endpoint.split(":")[0]
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}
    made = sns().subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=given, ReturnSubscriptionArn=True
    )
    return str(made["SubscriptionArn"])


def recorder(name: str, place: Path) -> str:
    """Deploys a function that notes its events in a file; its ARN."""
    return str(cloud_kit.deploy(name, RECORD.format(place=str(place))))


def noted(place: Path, count: int = 1) -> list[Any]:
    """What a function has noted, `count` events waited for."""

    def lines() -> list[str]:
        return place.read_text().splitlines() if place.exists() else []

    cloud_kit.eventually(lambda: len(lines()) >= count, f"{count} events in {place.name}")
    assert len(lines()) == count
    return [json.loads(line) for line in lines()]

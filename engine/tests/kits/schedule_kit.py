"""What the tests of schedules and pipes share, on top of cloud_kit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kits import cloud_kit

WINDOW_OFF = {"Mode": "OFF"}

#: Writes each event into its folder, then answers what the environment says.
NOTE = """
import json, os, uuid
def handler(event, context):
    name = os.path.join(os.environ["FOLDER"], uuid.uuid4().hex)
    with open(name + ".part", "w") as file:
        json.dump(event, file)
    os.rename(name + ".part", name)
    return json.loads(os.environ.get("ANSWER", "null"))
"""


def service_role(name: str, *services: str, allow: list[tuple[str, str]] | None = None) -> str:
    """The ARN of a role that services may assume, with a policy that allows (action, resource)."""
    iam = cloud_kit.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}],
    }
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])
    if allow:
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allow]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="targets", PolicyDocument=document)
    return arn


def deploy_note(name: str, folder: Path, answer: Any = None) -> str:
    """A function with the NOTE handler; its ARN."""
    folder.mkdir(exist_ok=True)
    variables = {"FOLDER": str(folder), "ANSWER": json.dumps(answer)}
    return str(cloud_kit.deploy(name, NOTE, Environment={"Variables": variables}))


def noted(folder: Path, count: int) -> list[Any]:
    """The events of a function with the NOTE handler, waited for."""

    def look() -> list[Path]:
        found = [path for path in folder.iterdir() if path.suffix == ""]
        return found if len(found) >= count else []

    found = cloud_kit.eventually(look, f"{count} events in {folder.name}")
    return [json.loads(path.read_text()) for path in found]


def ahead(minutes: float) -> str:
    """An at() expression for a time in the future, UTC."""
    return f"at({datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S})"


def schedule(name: str, expression: str, arn: str, role: str, **more: Any) -> str:
    """Creates a schedule of EventBridge Scheduler; `more` is CreateSchedule's, or of its target. Its ARN."""
    of_target = (
        "Input",
        "RetryPolicy",
        "DeadLetterConfig",
        "SqsParameters",
        "EventBridgeParameters",
        "KinesisParameters",
    )
    target = {"Arn": arn, "RoleArn": role} | {key: more.pop(key) for key in of_target if key in more}
    given = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": WINDOW_OFF, "Target": target} | more
    return str(cloud_kit.client("scheduler").create_schedule(**given)["ScheduleArn"])


def take(queue: Any, least: int) -> list[str]:
    """The bodies of at least so many messages of a queue, waited for; they are taken out of it."""
    sqs, found = cloud_kit.client("sqs"), []

    def look() -> bool:
        for message in sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
            found.append(str(message["Body"]))
        return len(found) >= least

    cloud_kit.eventually(look, f"{least} messages in {queue.arn}")
    return found


def empty(queue: Any) -> int:
    """Takes out of a queue what is in it now; how many messages that were."""
    sqs, count = cloud_kit.client("sqs"), 0
    while found := sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages", []):
        count += len(found)
        for message in found:
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    return count


def attributes_of(message: dict[str, Any]) -> dict[str, str]:
    """The attributes of a message by name."""
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

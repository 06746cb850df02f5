"""EventBridge between two accounts: what a boto3 user sees who has assumed a role in the other one."""

from __future__ import annotations

import json
from typing import Any

from kits import events_kit as here

OTHER = "222222222222"


def test_events_reach_buses_and_queues_of_another_account(kit: Any) -> None:
    role = f"arn:aws:iam::{OTHER}:role/billing"
    keys = kit.client("sts").assume_role(RoleArn=role, RoleSessionName="billing")["Credentials"]

    def there(service: str) -> Any:
        return kit.client(
            service,
            region_name="eu-west-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    bus = there("events").create_event_bus(Name="billing")["EventBusArn"]
    url = there("sqs").create_queue(QueueName="bills")["QueueUrl"]
    pattern = json.dumps({"source": ["hikari.shop"]})
    there("events").put_rule(Name="all", EventBusName="billing", EventPattern=pattern)
    target = {"Id": "q", "Arn": f"arn:aws:sqs:eu-west-1:{OTHER}:bills"}
    there("events").put_targets(Rule="all", EventBusName="billing", Targets=[target])

    def came() -> tuple[str, str, Any]:
        (message,) = there("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        event = json.loads(message["Body"])
        return event["account"], event["region"], event["detail"]

    there("events").put_events(Entries=[here.entry({"order": "A-1001"}, EventBusName="billing")])
    assert came() == (OTHER, "eu-west-1", {"order": "A-1001"})
    here.make_rule("orders", {"source": ["hikari.shop"]}, {"Arn": bus, "RoleArn": here.ROLE})
    here.put(here.entry({"order": "A-1002"}))
    assert came() == ("123456789012", "us-east-1", {"order": "A-1002"})

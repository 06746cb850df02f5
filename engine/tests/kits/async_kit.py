"""What the tests of asynchronous events share, on top of cloud_kit."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit

NAME = {"FunctionName": "price"}

#: Notes its tries in a folder; fails as often as the event says.
TRIES = """
import os, uuid
def handler(event, context):
    folder = event["folder"]
    open(os.path.join(folder, uuid.uuid4().hex + "." + context.aws_request_id), "w").close()
    count = len(os.listdir(folder))
    if count <= event.get("fails", 0):
        raise ValueError(f"no price at try {count}")
    return {"tries": count, "arn": context.invoked_function_arn}
"""


def send(event: Any, **more: Any) -> str:
    """Sends an asynchronous event to `price`; its request id."""
    given = {"FunctionName": "price", "InvocationType": "Event", "Payload": json.dumps(event)} | more
    answer = cloud_kit.client("lambda").invoke(**given)
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert "FunctionError" not in answer
    return str(answer["ResponseMetadata"]["RequestId"])


def record_of(event: Any, when: str = "failure", **settings: Any) -> Any:
    """Sends an asynchronous event to `price`; the record that a queue gets of its end.

    Args:
        when: "failure" or "success": what the queue is the destination for.
        settings: of `configure`.
    """
    queue = cloud_kit.make_queue(when)
    configure(**{f"on_{when}": queue.arn}, **settings)
    send(event)
    (record,) = cloud_kit.records(queue)
    return record


def configure(**settings: Any) -> dict[str, Any]:
    """put_function_event_invoke_config with destinations by name: on_failure=ARN, on_success=ARN."""
    targets = {"OnFailure": settings.pop("on_failure", None), "OnSuccess": settings.pop("on_success", None)}
    destinations = {when: {"Destination": arn} for when, arn in targets.items() if arn}
    more = {"DestinationConfig": destinations} if destinations else {}
    return dict(cloud_kit.client("lambda").put_function_event_invoke_config(**NAME, **more, **settings))

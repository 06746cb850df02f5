"""Job queues as targets of EventBridge rules; plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import batch_kit as batch, cloud_kit as kit, events_kit as ev

pytestmark = pytest.mark.usefixtures("aws")

PRINT = "import os, sys; print(sys.argv[1], os.environ.get('LAMP'))"
PATTERN = {"source": ["hikari.shop"]}


def target(queue: str, **more: Any) -> dict[str, Any]:
    """A target that submits the job `render`."""
    given: dict[str, Any] = {
        "Arn": queue,
        "RoleArn": ev.ROLE,
        "BatchParameters": {"JobDefinition": "render", "JobName": "night"},
    }
    return given | more


def the_job() -> dict[str, Any]:
    """The job that the event has submitted, when it has ended."""

    def look() -> Any:
        batches = kit.client("batch")
        wanted = [{"name": "JOB_NAME", "values": ["night"]}]
        found = batches.list_jobs(jobQueue="renders", filters=wanted)["jobSummaryList"]
        return found[0] if found else None

    return dict(batch.wait(kit.eventually(look, "a job is submitted")["jobId"]))


def prepare() -> str:
    """A queue, and a definition whose command prints a parameter and a variable."""
    queue = batch.prepare(["python", "-c", PRINT, "Ref::key"], parameters={"key": "none"})
    return str(queue)


def test_an_event_submits_a_job_as_it_is_defined() -> None:
    ev.make_rule("renders", PATTERN, target(prepare()))
    ev.put(ev.entry({"key": "andon.png"}))
    job = the_job()
    assert (job["status"], job["jobName"]) == ("SUCCEEDED", "night")
    assert batch.lines_of(job) == ["none None"]


def test_the_input_transformer_gives_parameters_and_overrides() -> None:
    given = {"InputPathsMap": {"key": "$.detail.key"}, "InputTemplate": json.dumps({
        "Parameters": {"key": "<key>"},
        "ContainerOverrides": {"Environment": [{"Name": "LAMP", "Value": "andon"}]},
    })}  # fmt: skip
    ev.make_rule("renders", PATTERN, target(prepare(), InputTransformer=given))
    ev.put(ev.entry({"key": "andon.png"}))
    assert batch.lines_of(the_job()) == ["andon.png andon"]


def test_attempts() -> None:
    queue = batch.prepare(["python", "-c", "import sys; sys.exit(1)"])
    settings = {
        "JobDefinition": "render",
        "JobName": "night",
        "RetryStrategy": {"Attempts": 2},
    }
    ev.make_rule("renders", PATTERN, target(queue, BatchParameters=settings))
    ev.put(ev.entry({}))
    assert len(the_job()["attempts"]) == 2


def test_what_batch_refuses_goes_to_the_dead_letter_queue() -> None:
    queue, dead = batch.make_queue(), kit.make_queue("dead")
    ev.allow(dead, ev.make_rule("renders", PATTERN, target(queue, DeadLetterConfig={"Arn": dead.arn})))
    ev.put(ev.entry({}))  # there is no definition
    (message,) = kit.received(dead)
    assert ev.attributes(message)["TARGET_ARN"] == queue
    assert ev.attributes(message)["RETRY_ATTEMPTS"] == "0"


@pytest.mark.parametrize(
    ("missing", "words"), [("RoleArn", "RoleArn is required"), ("BatchParameters", "must be specified for target")]
)
def test_what_put_targets_refuses(missing: str, words: str) -> None:
    given = {key: value for key, value in target(prepare()).items() if key != missing}
    kit.refused(lambda: ev.make_rule("renders", PATTERN, given), "ValidationException", words)


def test_batch_parameters_for_another_target_are_refused() -> None:
    orders = kit.make_queue("orders")
    refused = kit.refused(lambda: ev.make_rule("renders", PATTERN, target(orders.arn)))
    assert "BatchParameters" in refused.message


def test_pipes_refuse_job_queues_by_name() -> None:
    queue, orders = prepare(), kit.make_queue("orders")
    refused = kit.refused(
        lambda: kit.client("pipes").create_pipe(Name="night", RoleArn=ev.ROLE, Source=orders.arn, Target=queue)
    )
    assert queue in refused.message

"""What module 10 begins with: the studio's jobs, machines that are changed in place, executions and what they did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from kits import cloud_kit
from serverless_cloud import Cloud, CloudError
from serverless_first.shop import hikari_workflows

PROGRAM = "import sys; sys.exit('no model' if sys.argv[1] == 'Kage' else 0)"
RENDER = {
    "Type": "Task",
    "Resource": "arn:aws:states:::batch:submitJob.sync",
    "Arguments": {
        "JobName": "picture",
        "JobQueue": "pictures",
        "JobDefinition": "render",
        "Parameters": {"lamp": "{% $states.input.lamp %}"},
    },
    "Output": "drawn",
    "End": True,
}


@pytest.fixture(scope="module")
def cloud_of_module() -> Iterator[Cloud]:
    """The module's local cloud."""
    with cloud_kit.cloud_with(time_scale=60) as aws:
        yield aws


def machine(**states: Any) -> str:
    return hikari_workflows.machine(
        "picture", {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    )


def test_the_studio_draws_and_can_be_made_again(aws: Cloud, tmp_path: Path) -> None:
    (tmp_path / "render.py").write_text(PROGRAM, encoding="utf-8")
    for _ in range(2):
        hikari_workflows.studio(aws, str(tmp_path), minutes=1)
    pictures = machine(Render=RENDER)
    drawn = hikari_workflows.run(pictures, {"lamp": "Tsuki"})
    assert (drawn.status, drawn.output, drawn.entered, drawn.function_calls) == ("SUCCEEDED", "drawn", ["Render"], 0)
    failed = hikari_workflows.run(pictures, {"lamp": "Kage"})
    assert (failed.status, failed.error, failed.output) == ("FAILED", "States.TaskFailed", None)
    assert [job["status"] for job in hikari_workflows.jobs("picture")] == ["SUCCEEDED", "FAILED"]
    assert hikari_workflows.jobs("another") == []


def test_a_machine_that_is_there_is_changed_and_both_ways_to_call_a_function_are_counted(kit: Any) -> None:
    arn = kit.deploy("price", "def handler(event, context): return 4100")
    direct = {"Type": "Task", "Resource": arn, "End": True}
    first = machine(Price=direct)
    assert hikari_workflows.run(first, {}).function_calls == 1
    optimised = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "price"}}
    second = machine(Price=optimised | {"Next": "Again"}, Again=direct)
    done = hikari_workflows.run(second, {}, name="one")
    assert (second, done.function_calls, done.entered) == (first, 2, ["Price", "Again"])
    assert done.arn.endswith(":one")


@pytest.mark.usefixtures("aws")
def test_an_execution_that_does_not_end_is_said() -> None:
    running = hikari_workflows.start(machine(Wait={"Type": "Wait", "Seconds": 600, "End": True}), {})
    with pytest.raises(CloudError, match="the execution has ended"):
        hikari_workflows.ended(running, limit_s=0.2)


@pytest.mark.usefixtures("aws")
def test_an_inbox_tells_of_which_lamps_the_topic_told_a_result() -> None:
    inbox = hikari_workflows.Inbox()
    again = hikari_workflows.Inbox()  # a cell that runs twice
    sns = boto3.client("sns")
    for lamp, result in (("Tsuki", "ready"), ("Kage", "failed"), ("Hoshi", "ready")):
        sns.publish(TopicArn=inbox.topic, Message=json.dumps({"lamp": lamp, "result": result}))
    assert again.told_of({"ready"}, number=2) == {"Tsuki", "Hoshi"}


def test_what_is_billed_stands_in_the_log(kit: Any) -> None:
    kit.deploy("naps", "import time\ndef handler(event, context): time.sleep(event['s'])")
    assert hikari_workflows.billed_s("naps") == []
    for nap_s in (0.3, 0.0):
        kit.invoke("naps", {"s": nap_s})
    first_s, _second_s = hikari_workflows.billed_s("naps")
    assert first_s >= 0.3


@pytest.mark.usefixtures("aws")
def test_a_table_is_new_each_time() -> None:
    for _ in range(2):
        renders = hikari_workflows.table("renders", "lamp")
        assert renders.scan()["Items"] == []
        renders.put_item(Item={"lamp": "Tsuki"})


def test_lines_of_code_are_no_comments(tmp_path: Path) -> None:
    file = tmp_path / "two.py"
    file.write_text("# a comment\n\nimport os\n    # another\nprint(os.sep)  # a line with one\n", encoding="utf-8")
    assert hikari_workflows.code_lines(str(file)) == 2

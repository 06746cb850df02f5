"""How jobs of Batch end other than by themselves: tried again, too slow, terminated, cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kits import batch_kit as batch, events_kit, fixtures

pytestmark = pytest.mark.usefixtures("aws")

#: Fails with the exit codes given, one for each attempt, then succeeds.
FAILS = "import os, sys; codes = {}; n = int(os.environ['AWS_BATCH_JOB_ATTEMPT'])\n"
FAILS += "print('attempt', n); sys.exit(codes[n - 1] if n <= len(codes) else 0)"
FOREVER = ["python", "-c", "import time; time.sleep(600)"]

#: A minute of Batch takes a tenth of a second.
cloud_of_module = fixtures.cloud_of(time_scale=600)


def fails(*codes: int, **more: Any) -> str:
    """Registers a job that fails so; the id of one."""
    batch.prepare(["python", "-c", FAILS.format(list(codes))], **more)
    return str(batch.submit())


# ---- tried again


def test_a_job_is_tried_again_until_it_succeeds() -> None:
    job = batch.wait(fails(3, 4, retryStrategy={"attempts": 5}))
    assert job["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [3, 4, 0]
    streams = [attempt["container"]["logStreamName"] for attempt in job["attempts"]]
    assert [batch.output(stream) for stream in streams] == [["attempt 1"], ["attempt 2"], ["attempt 3"]]
    assert len({attempt["container"]["taskArn"] for attempt in job["attempts"]}) == 3
    assert job["startedAt"] == job["attempts"][-1]["startedAt"]


def test_a_job_fails_when_its_attempts_are_used_up() -> None:
    job = batch.wait(fails(1, 1, 1, retryStrategy={"attempts": 2}))
    assert (job["status"], len(job["attempts"])) == ("FAILED", 2)
    assert job["retryStrategy"] == {"attempts": 2, "evaluateOnExit": []}


def test_without_a_strategy_there_is_one_attempt() -> None:
    job = batch.wait(fails(1))
    assert (job["status"], len(job["attempts"])) == ("FAILED", 1)


def test_the_strategy_of_the_request_replaces_that_of_the_definition() -> None:
    batch.prepare(["python", "-c", FAILS.format([1, 1])], retryStrategy={"attempts": 1})
    job = batch.wait(batch.submit(retryStrategy={"attempts": 3}))
    assert (job["status"], len(job["attempts"])) == ("SUCCEEDED", 3)


def test_one_that_cannot_start_is_tried_again() -> None:
    batch.make_queue()
    batch.register(["hikari-render-3000"], retryStrategy={"attempts": 2})
    job = batch.wait(batch.submit())
    assert [attempt["statusReason"] for attempt in job["attempts"]] == ["Task failed to start"] * 2


# ---- too slow


def test_an_attempt_that_takes_too_long_is_ended_and_not_tried_again() -> None:
    batch.prepare(FOREVER, timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 3})
    job = batch.wait(batch.submit())
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(job["attempts"]) == 1
    assert job["container"]["exitCode"] == 143
    assert job["timeout"] == {"attemptDurationSeconds": 60}


def test_the_timeout_of_the_request_replaces_that_of_the_definition(tmp_path: Path) -> None:
    batch.prepare(batch.hold(tmp_path, "render"), timeout={"attemptDurationSeconds": 60})
    job_id = batch.begin(tmp_path, timeout={"attemptDurationSeconds": 36_000})
    batch.let_go(tmp_path, "render")
    assert batch.wait(job_id)["status"] == "SUCCEEDED"


# ---- terminated


def test_a_job_that_runs_is_terminated(kit: Any, tmp_path: Path) -> None:
    batch.prepare(batch.hold(tmp_path, "render"), retryStrategy={"attempts": 3})
    job_id = batch.begin(tmp_path)
    kit.client("batch").terminate_job(jobId=job_id, reason="the shop is closed")
    job = batch.wait(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "the shop is closed")
    assert (job["container"]["exitCode"], len(job["attempts"])) == (143, 1)
    assert (job["isTerminated"], job["isCancelled"]) == (True, False)


CLEANS_UP = """
import signal, sys
def end(*_):
    print('lamps put away'); sys.exit(0)
signal.signal(signal.SIGTERM, end)
"""
DOES_NOT_LISTEN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.mark.parametrize(
    ("begins", "exit_code", "lines"),
    [(CLEANS_UP, 0, ["lamps put away"]), (DOES_NOT_LISTEN, 137, [])],
    ids=["it cleans up", "it is killed"],
)
def test_a_job_that_is_terminated_fails_however_it_ends(
    kit: Any, tmp_path: Path, begins: str, exit_code: int, lines: list[str]
) -> None:
    *command, program = batch.hold(tmp_path, "render")
    batch.prepare([*command, begins + program])
    job_id = batch.begin(tmp_path)
    kit.client("batch").terminate_job(jobId=job_id, reason="the shop is closed")
    job = batch.wait(job_id)
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", exit_code)
    assert not lines or batch.lines_of(job) == lines


# ---- cancelled


def test_cancelling_ends_what_waits_and_leaves_what_runs(kit: Any, tmp_path: Path) -> None:
    batch.prepare(batch.hold(tmp_path, "render"), max_vcpus=1)
    runs = batch.begin(tmp_path)
    waits = batch.submit()
    assert [batch.described(job)["status"] for job in (runs, waits)] == ["RUNNING", "RUNNABLE"]
    for job_id in (runs, waits):
        kit.client("batch").cancel_job(jobId=job_id, reason="not wanted any more")
    job = batch.described(waits)
    assert (job["status"], job["statusReason"]) == ("FAILED", "not wanted any more")
    assert (job["isCancelled"], job["attempts"], job["dependsOn"]) == (True, [], [])
    assert batch.described(runs)["status"] == "RUNNING"
    batch.let_go(tmp_path, "render")
    assert batch.wait(runs)["status"] == "SUCCEEDED"


def test_terminating_ends_what_waits_too(kit: Any, tmp_path: Path) -> None:
    batch.prepare(batch.hold(tmp_path, "render"), max_vcpus=1)
    runs = batch.begin(tmp_path)
    waits = batch.submit()
    kit.client("batch").terminate_job(jobId=waits, reason="not wanted any more")
    assert batch.described(waits)["statusReason"] == "not wanted any more"
    batch.let_go(tmp_path, "render")
    assert batch.wait(runs)["status"] == "SUCCEEDED"


# ---- told


def test_each_change_of_state_is_an_event(kit: Any) -> None:
    queue = kit.make_queue("states")
    pattern = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"]}
    events_kit.make_rule("states", pattern, queue)
    job_id = fails(3, retryStrategy={"attempts": 2})
    batch.wait(job_id)
    heard = kit.records(queue, 7)
    order = ["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert sorted(event["detail"]["status"] for event in heard) == sorted(order)
    last = next(event for event in heard if event["detail"]["status"] == "SUCCEEDED")
    job = batch.described(job_id)
    assert last["detail"] == job
    assert last["resources"] == [job["jobArn"]]
    first = next(e for e in heard if e["detail"]["status"] == "RUNNABLE" and not e["detail"]["attempts"])
    assert "startedAt" not in first["detail"]


def test_a_rule_hears_of_the_jobs_that_fail(kit: Any) -> None:
    queue = kit.make_queue("failed")
    pattern = {"source": ["aws.batch"], "detail": {"status": ["FAILED"], "jobName": ["night"]}}
    events_kit.make_rule("failed", pattern, queue)
    job_id = fails(9)
    (event,) = kit.records(queue)
    assert (event["detail"]["jobId"], event["detail"]["container"]["exitCode"]) == (job_id, 9)

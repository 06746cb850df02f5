"""Which job of Batch runs when: compute environments, priorities; and which are listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kits import batch_kit as batch

pytestmark = pytest.mark.usefixtures("aws")

#: Appends its name to a file: the order in which jobs have run.
NOTE = "import os, sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"


def note(tmp_path: Path) -> list[str]:
    """The command of a job that notes the parameter "name"."""
    return ["python", "-c", NOTE, str(tmp_path / "order"), "Ref::name"]


def order(tmp_path: Path) -> list[str]:
    """In which order jobs have noted themselves."""
    return (tmp_path / "order").read_text(encoding="utf-8").split()


def listed(**given: Any) -> list[str]:
    """The ids that ListJobs tells."""
    from kits import cloud_kit as kit

    return [each["jobId"] for each in kit.client("batch").list_jobs(**given)["jobSummaryList"]]


# ---- room


def test_as_many_run_as_the_compute_environment_has_room_for(kit: Any, tmp_path: Path) -> None:
    batch.make_queue(environments=[batch.make_environment(max_vcpus=2)])
    for name in "abc":
        batch.register(batch.hold(tmp_path, name), name=name)
    first, second, third = (batch.submit(name) for name in "abc")
    kit.eventually(lambda: batch.is_here(tmp_path, "a") and batch.is_here(tmp_path, "b"), "two run")
    assert batch.described(third)["status"] == "RUNNABLE"
    batch.let_go(tmp_path, "a")
    assert batch.wait(first)["status"] == "SUCCEEDED"
    kit.eventually(lambda: batch.is_here(tmp_path, "c"), "the third runs")
    assert batch.described(second)["status"] == "RUNNING"
    batch.let_go(tmp_path, "b", "c")
    assert {batch.wait(job)["status"] for job in (second, third)} == {"SUCCEEDED"}


def test_vcpus_count_as_the_job_asks_for_them(kit: Any, tmp_path: Path) -> None:
    batch.make_queue(environments=[batch.make_environment(max_vcpus=1)])
    names = [f"quarter{number}" for number in range(5)]
    for name in names:
        batch.register(batch.hold(tmp_path, name), name=name, resourceRequirements=batch.resources(0.25, 512))
    jobs = [batch.submit(name) for name in names]
    kit.eventually(lambda: all(batch.is_here(tmp_path, name) for name in names[:4]), "four quarters run")
    assert [batch.described(job)["status"] for job in jobs] == ["RUNNING"] * 4 + ["RUNNABLE"]
    batch.let_go(tmp_path, *names)
    assert {batch.wait(job)["status"] for job in jobs} == {"SUCCEEDED"}


def test_a_job_that_no_environment_can_hold_waits_and_says_why(kit: Any) -> None:
    batch.prepare(["true"], max_vcpus=1, resourceRequirements=batch.resources(2, 4096))
    job_id = batch.submit()
    job = batch.described(job_id)
    assert job["status"] == "RUNNABLE"
    assert job["statusReason"].startswith("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE")
    kit.client("batch").update_compute_environment(computeEnvironment="hikari", computeResources={"maxvCpus": 2})
    assert batch.wait(job_id)["status"] == "SUCCEEDED"


def test_the_next_environment_takes_what_the_first_has_no_room_for(kit: Any, tmp_path: Path) -> None:
    batch.make_queue(environments=[batch.make_environment("first", 1), batch.make_environment("second", 1)])
    program = "import os; print(os.environ['AWS_BATCH_CE_NAME'], flush=True)\n"
    for name in "ab":
        command = batch.hold(tmp_path, name)
        batch.register([*command[:-1], program + command[-1]], name=name)
    jobs = [batch.submit("a"), batch.submit("b")]
    kit.eventually(lambda: batch.is_here(tmp_path, "a") and batch.is_here(tmp_path, "b"), "both run")
    batch.let_go(tmp_path, "a", "b")
    assert [batch.lines_of(batch.wait(job)) for job in jobs] == [["first"], ["second"]]


def test_a_disabled_environment_takes_no_jobs(kit: Any) -> None:
    batch.make_queue(environments=[batch.make_environment(state="DISABLED")])
    batch.register(["true"])
    job_id = batch.submit()
    assert batch.described(job_id)["status"] == "RUNNABLE"
    kit.client("batch").update_compute_environment(computeEnvironment="hikari", state="ENABLED")
    assert batch.wait(job_id)["status"] == "SUCCEEDED"


def test_the_queue_with_the_greater_priority_comes_first(tmp_path: Path) -> None:
    environment = batch.make_environment(max_vcpus=1)
    batch.make_queue("low", [environment], priority=1)
    batch.make_queue("high", [environment], priority=10)
    batch.register(batch.hold(tmp_path, "first"), name="first")
    batch.register(note(tmp_path), name="note")
    first = batch.begin(tmp_path, "first", "first", "low")
    places = (("low", "a"), ("high", "b"), ("low", "c"), ("high", "d"))
    jobs = [batch.submit("note", queue, parameters={"name": name}) for queue, name in places]
    batch.let_go(tmp_path, "first")
    assert {batch.wait(job)["status"] for job in (first, *jobs)} == {"SUCCEEDED"}
    assert order(tmp_path) == ["b", "d", "a", "c"]


def test_a_disabled_queue_takes_no_jobs_and_ends_those_that_it_has(kit: Any, tmp_path: Path) -> None:
    batch.prepare(batch.hold(tmp_path, "a"), max_vcpus=1, name="a")
    batch.register(["true"])
    jobs = [batch.submit("a"), batch.submit()]
    kit.client("batch").update_job_queue(jobQueue="renders", state="DISABLED")
    kit.refused(batch.submit, "ClientException", "is not in the ENABLED state")
    batch.let_go(tmp_path, "a")
    assert {batch.wait(job)["status"] for job in jobs} == {"SUCCEEDED"}


def test_deleting_a_queue_ends_what_waits_in_it(kit: Any) -> None:
    batch.make_queue(environments=[batch.make_environment(state="DISABLED")])
    batch.register(["true"])
    job_id = batch.submit()
    kit.client("batch").update_job_queue(jobQueue="renders", state="DISABLED")
    kit.client("batch").delete_job_queue(jobQueue="renders")
    assert batch.described(job_id)["status"] == "FAILED"


# ---- lists


def test_list_jobs_by_state_by_filter_and_by_pages(kit: Any, tmp_path: Path) -> None:
    batch.prepare(["true"], name="quick")
    batch.register(batch.hold(tmp_path, "slow"), name="slow")
    done = [batch.submit("quick", name=f"night-{number}") for number in range(5)]
    for job in done:
        batch.wait(job)
    slow = batch.begin(tmp_path, "slow", "slow", name="Day")
    assert listed(jobQueue="renders") == [slow]  # without a state those that run
    newest_first = list(reversed(done))
    assert listed(jobQueue="renders", jobStatus="SUCCEEDED") == newest_first
    for name, values, found in (
        ("JOB_NAME", ["night-3"], [done[3]]),
        ("JOB_NAME", ["NIGHT-*"], newest_first),
        ("JOB_NAME", ["day", "night-0"], [slow, done[0]]),
        ("JOB_DEFINITION", ["slow"], [slow]),
        ("JOB_DEFINITION", ["quick:1"], newest_first),
        ("JOB_DEFINITION", ["quick:2"], []),
        ("AFTER_CREATED_AT", ["0"], [slow, *newest_first]),
        ("BEFORE_CREATED_AT", ["1"], []),
    ):
        assert listed(jobQueue="renders", filters=[{"name": name, "values": values}]) == found, (name, values)
    pages = (
        kit.client("batch")
        .get_paginator("list_jobs")
        .paginate(jobQueue="renders", jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 2})
    )
    assert [[each["jobId"] for each in page["jobSummaryList"]] for page in pages] == [
        newest_first[:2], newest_first[2:4], newest_first[4:]]  # fmt: skip
    (summary,) = kit.client("batch").list_jobs(jobQueue="renders")["jobSummaryList"]
    assert (summary["jobName"], summary["status"], "startedAt" in summary) == ("Day", "RUNNING", True)
    batch.let_go(tmp_path, "slow")
    batch.wait(slow)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"jobQueue": "none"},
        {"jobQueue": "renders", "jobStatus": "LOST"},
        {"jobQueue": "renders", "nextToken": "none"},
        {"jobQueue": "renders", "filters": [{"name": "AFTER_CREATED_AT", "values": ["noon"]}]},
    ],
)
def test_lists_that_there_are_not(kit: Any, given: dict[str, Any]) -> None:
    batch.make_queue()
    assert kit.refused(lambda: kit.client("batch").list_jobs(**given)).code == "ClientException"


def test_unknown_jobs_are_left_out_of_a_description(kit: Any) -> None:
    batch.prepare(["true"])
    job = batch.wait(batch.submit())
    found = kit.client("batch").describe_jobs(jobs=["none", job["jobArn"], job["jobId"] + ":7"])["jobs"]
    assert [each["jobId"] for each in found] == [job["jobId"]]

"""`run_lab`: a learner's notebook run in memory, each task told apart, nothing of it changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serverless_first.lab import CourseFault, UnknownLab
from serverless_first.lab.progress import ProgressFile, task_progress
from serverless_first.lab.runner import TaskResult, run_lab

pytest_plugins = ["lab_fixtures"]


Write = Callable[..., Path]


def summary(results: list[TaskResult]) -> list[tuple[str | None, str]]:
    return [(r.task_id, r.state) for r in results]


def test_each_task_is_passed_failed_or_not_started_and_broken_cells_are_told(
    learner_notebook: Write, functions: dict[str, object]
) -> None:
    functions["hikari-total"] = {"total_yen": 7}
    path = learner_notebook(
        ("from pathlib import Path", []),
        ('raise NotImplementedError("not started: write your code here")', ["task-5.1"]),
        ("1 / 0", []),
        ("1 / 0", ["raises-exception"]),
        ("# the learner emptied the check", ["check-5.1"]),
        ('_ = Path("shipped.txt").write_text("lamp")', ["task-5.2"]),
        ("lamp.ship()", ["task-5.2", "raises-exception"]),
        ('lab.check("5.2")', ["check-5.2"]),
    )
    before = path.read_bytes()
    results = run_lab("05", path)
    assert summary(results) == [("5.1", "failed"), ("5.2", "passed"), (None, "error"), (None, "error")]
    assert "The total is wrong." in results[0].message
    assert "came back:" in results[0].message
    assert (results[2].title, results[2].message) == ("cell 3", "ZeroDivisionError: division by zero")
    assert (results[3].title, results[3].message) == ("cell 7", "NameError: name 'lamp' is not defined")
    assert all("\n" not in r.message for r in results)
    assert path.read_bytes() == before
    assert (path.parent / "shipped.txt").exists()  # it ran in the notebook's own folder
    saved = ProgressFile().read()
    assert task_progress(saved, "05-lamps", "5.2").passed
    assert task_progress(saved, "05-lamps", "5.1").attempts == 1


@pytest.mark.usefixtures("functions")
def test_a_task_without_a_check_cell_is_checked_at_the_end(learner_notebook: Write) -> None:
    path = learner_notebook(('from pathlib import Path; _ = Path("shipped.txt").write_text("lamp")', []))
    assert summary(run_lab("05", path)) == [("5.1", "not started"), ("5.2", "passed")]


def test_without_a_cloud_and_with_a_dead_kernel_nothing_is_called_a_failure(learner_notebook: Write) -> None:
    path = learner_notebook(
        ("", ["check-5.1"]),
        ("import os; os._exit(1)", []),
        ("", ["check-5.2"]),
    )
    results = run_lab("05-lamps", path)
    assert summary(results)[:2] == [("5.1", "not judged"), ("5.2", "not judged")]
    assert "cloud.start()" in results[0].message
    assert "kernel died" in results[1].message


def test_a_cell_that_never_ends_is_interrupted_and_the_checks_still_run(learner_notebook: Write) -> None:
    path = learner_notebook(
        ("import threading; threading.Event().wait()", []),
        ('from pathlib import Path; _ = Path("shipped.txt").write_text("box")', []),
    )
    results = run_lab("05", path, cell_timeout_s=5)
    assert summary(results) == [("5.1", "not judged"), ("5.2", "failed"), (None, "error")]
    assert results[2].title == "cell 1"


def test_a_file_that_is_no_notebook_or_missing_is_a_clear_error(learner_notebook: Write) -> None:
    path = learner_notebook()
    path.write_text("not a notebook", encoding="utf-8")
    with pytest.raises(CourseFault, match="cannot be read as a notebook"):
        run_lab("05", path)
    path.write_text(json.dumps({"hello": 1}), encoding="utf-8")
    with pytest.raises(CourseFault, match="cannot be read as a notebook"):
        run_lab("05", path)
    path.unlink()
    with pytest.raises(CourseFault, match="is missing"):
        run_lab("05", path)
    with pytest.raises(UnknownLab, match="no module '99'"):
        run_lab("99", path)


def test_a_lab_that_has_not_started_the_cloud_reaches_nothing(
    learner_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-real-secret")
    source = (
        "import boto3, os\n"
        "from pathlib import Path\n"
        "iam = boto3.client('iam')\n"
        "_ = Path('found.txt').write_text(iam.meta.endpoint_url + ' ' + os.environ['AWS_ACCESS_KEY_ID'])"
    )
    path = learner_notebook((source, []))
    run_lab("05", path)
    found = (path.parent / "found.txt").read_text(encoding="utf-8")
    assert found == "http://127.0.0.1:1/run-cloud-start-first local"

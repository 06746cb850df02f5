"""The workflows of GitHub: every system with every Python, no rights that a job does not need."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "workflows"
SYSTEMS = ("ubuntu-latest", "macos-latest", "windows-latest")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def test_every_system_is_tested_with_every_python() -> None:
    jobs = read("test.yml")["jobs"]
    whole = {("ubuntu-latest", python) for python in jobs["everything"]["strategy"]["matrix"]["python"]}
    matrix = jobs["systems"]["strategy"]["matrix"]
    left_out = {(each["os"], each["python"]) for each in matrix["exclude"]}
    parts = {pair for pair in itertools.product(matrix["os"], matrix["python"]) if pair not in left_out}
    assert whole | parts == set(itertools.product(SYSTEMS, PYTHONS))
    commands = " ".join(step.get("run", "") for step in jobs["systems"]["steps"])
    assert "tests/unit" in commands
    assert "tests/cloud" in commands


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yml")))
def test_a_workflow_may_read_and_keeps_no_key(name: str) -> None:
    workflow = read(name)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            assert "${{ github.event" not in step.get("run", "")  # text of strangers in a shell


def test_the_lock_files_are_audited_each_night() -> None:
    commands = " ".join(step.get("run", "") for step in read("nightly.yml")["jobs"]["audit"]["steps"])
    assert "pip_audit" in commands
    assert "requirements/*.txt" in commands

"""The workflows of GitHub: every system with every Python, no rights that a job does not need."""

from __future__ import annotations

import itertools
import subprocess
import sys
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
    assert "engine/tests" in commands


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
    assert len(audits()) == 1


def audits() -> list[str]:
    """The commands of the nightly audit of the lock files."""
    commands = [step.get("run", "") for step in read("nightly.yml")["jobs"]["audit"]["steps"]]
    return [each for each in commands if "pip_audit" in each and "requirements/*.txt" in each]


@pytest.mark.skipif(sys.platform != "linux", reason="runs the commands of a job on Linux")
@pytest.mark.parametrize("bad", [(), ("all.txt",), ("all.txt", "lab.txt")])
def test_one_lock_file_that_is_not_clean_hides_no_other(bad: tuple[str, ...], tmp_path: Path) -> None:
    locks = ("all.txt", "installer.txt", "lab.txt")
    (tmp_path / "requirements").mkdir()
    for name in locks:
        (tmp_path / "requirements" / name).write_text("")
    auditor = tmp_path / "python"  # in the place of the real one
    cases = "".join(f"*/{name}) exit 1;; " for name in bad)
    auditor.write_text(f'#!/bin/sh\nfor lock; do :; done\necho "asked $lock"\ncase "$lock" in {cases}esac\n')
    auditor.chmod(0o755)
    command = ["bash", "-e", "-o", "pipefail", "-c", audits()[0]]  # as GitHub runs them
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()
    assert said[: len(locks)] == [f"asked requirements/{name}" for name in locks]
    assert said[len(locks) :] == ([f"Not clean: {' '.join(f'requirements/{name}' for name in bad)}"] if bad else [])
    assert done.returncode == int(bool(bad))

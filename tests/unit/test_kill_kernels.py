"""tools/kill_kernels.py: kernels killed at random cells leave nothing, and what one leaves would be told."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tools import kill_kernels
from tools.kill_kernels import Folders, Kill, kill_once, plan, run_to_the_end

ORDER = "SERVERLESS_FIRST_ORDER"  # as in conftest.py; `make test` sets it, and prints it
CELLS = {f"notebooks/{number:02}.ipynb": number + 3 for number in range(5)}


@pytest.fixture
def folders() -> Iterator[Folders]:
    """Of one notebook; pytest's own folders are its user's alone, and PostgreSQL's nobody must enter these."""
    base = Path(tempfile.mkdtemp(prefix="kernels-"))
    base.chmod(0o711)
    yield Folders(base / "of one notebook")
    shutil.rmtree(base, ignore_errors=True)


def notebook(root: Path, *sources: str) -> str:
    """A notebook below `root` with these code cells; its name."""
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    (root / "made.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return "made.ipynb"


def test_a_seed_gives_the_same_kills_and_every_notebook_has_its_turn() -> None:
    kills = plan(CELLS, 50, seed=7)
    assert kills == plan(CELLS, 50, seed=7) != plan(CELLS, 50, seed=8)
    assert set(Counter(kill.notebook for kill in kills).values()) == {10}
    assert all(1 <= kill.cell <= CELLS[kill.notebook] for kill in kills)
    assert {kill.delay_s is None for kill in kills} == {True, False}


@pytest.mark.skipif(not psutil.LINUX, reason="ports are looked up as Linux tells them")
def test_what_a_kernel_leaves_is_told(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill_kernels, "LIMIT_S", 1.0)
    leaves = """
import socket, subprocess, sys, tempfile
tempfile.mkdtemp(prefix="lamps-")
code = '''
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)
'''
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
with open("port", "wb") as file:
    file.write(child.stdout.readline())
"""
    fate = kill_once(Kill(notebook(tmp_path, leaves, "price = 1"), 1, None), folders, tmp_path)
    try:
        assert not fate.failed
        port = int((folders.named["run"] / "port").read_text())
        assert [each for each in fate.left if each.startswith("process ") and "import socket, time" in each]
        assert f"port {port}" in fate.left
        assert [each for each in fate.left if each.startswith("folder lamps-")]
    finally:
        for process in psutil.process_iter():
            if str(folders.temporary) in _environ_tmpdir(process):
                process.kill()


def test_a_cell_that_fails_before_the_kill_is_told(folders: Folders, tmp_path: Path) -> None:
    fate = run_to_the_end(notebook(tmp_path, "price = 1", "price / 0"), folders, tmp_path)
    assert fate.failed.startswith("cell 2: ZeroDivisionError")
    assert fate.left == []


@pytest.mark.thorough
def test_lesson_and_lab_05_killed_at_random_cells_leave_nothing() -> None:
    command = [sys.executable, "-m", "tools.kill_kernels", "--times", "4", "--notebooks", "05-rds-proxy"]
    environ = os.environ | {"PYTHONPATH": str(kill_kernels.ROOT)}
    run = subprocess.run(
        command, cwd=kill_kernels.ROOT, env=environ, capture_output=True, encoding="utf-8", check=False, timeout=900
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(psutil.WINDOWS, reason="needs PostgreSQL, as lesson 04 does")
def test_a_lesson_killed_at_a_random_cell_leaves_nothing(folders: Folders) -> None:
    seed = os.environ.get(ORDER) or str(random.SystemRandom().randrange(10**6))
    rng = random.Random(seed)
    # The burst on the database in cell 8 adds seconds, and no other kinds of processes.
    kill = Kill("notebooks/04-lambda-and-rdbms.ipynb", rng.randint(2, 7), rng.uniform(0, 2))
    fate = kill_once(kill, folders)
    said = f"{ORDER}={seed} gives it again: {kill}, {fate}"
    assert not fate.failed, said
    assert fate.left == [], said
    assert fate.processes > 1, said


@pytest.mark.parametrize("wrong", [("--times", "0"), ("--times", "-1"), ("--workers", "0"), ("--workers", "two")])
def test_a_number_that_kills_nothing_is_refused(
    wrong: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kill_kernels", *wrong])
    with pytest.raises(SystemExit) as ended:
        kill_kernels.main()
    assert ended.value.code == 2
    assert f"argument {wrong[0]}: " in capsys.readouterr().err


def test_the_tests_that_the_document_names_are_there() -> None:
    text = (kill_kernels.ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:engine/)?tests/[\w/]*test_\w+\.py)`", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (kill_kernels.ROOT / name).is_file()] == []


def _environ_tmpdir(process: psutil.Process) -> str:
    try:
        return process.environ().get("TMPDIR", "")
    except (psutil.Error, OSError):
        return ""

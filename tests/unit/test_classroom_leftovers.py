"""What a student of the last class has left runs as nobody: not as the next student with the same number."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from serverless_first.teach.classroom import limits

if sys.platform != "linux" or os.geteuid() != 0:
    pytest.skip("needs root on Linux", allow_module_level=True)

from serverless_first.teach.classroom import accounts, running

STUDENT, OTHER_STUDENT, LOCAL_USER = 60_714, 60_715, 65_534
#: As the student of the last class: copies a program and lets everybody run it with the student's rights.
LEAVE = """
import os, shutil, sys
for source, place in zip(sys.argv[1::2], sys.argv[2::2]):
    shutil.copy(source, place)
    os.chmod(place, 0o4755)
"""
#: The same at the end of a path that is far longer than the system takes in one go.
LEAVE_DEEP = """
import os, shutil, sys
os.chdir(sys.argv[2])
for _ in range(2000):
    os.mkdir("deep")
    os.chdir("deep")
shutil.copy(sys.argv[1], "id")
os.chmod("id", 0o4755)
"""


def run(number: int, *command: str, preexec_fn: Callable[[], None] | None = None) -> str:
    """What a program of this user prints."""
    done = subprocess.run(
        command, user=number, group=number, extra_groups=[], cwd="/", preexec_fn=preexec_fn,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def folders() -> Iterator[list[Path]]:
    """A folder below each of the machine's that everybody may write; everybody may write it as well."""
    with ExitStack() as undo:
        places = []
        for shared in ("/tmp", "/var/tmp", "/dev/shm"):
            places.append(Path(undo.enter_context(tempfile.TemporaryDirectory(dir=shared))))
            places[-1].chmod(0o777)
        yield places


def test_a_set_user_id_file_of_the_last_class_is_gone_and_so_is_a_process_that_it_has_lent_its_rights(
    folders: list[Path],
) -> None:
    identity, sleep = shutil.which("id") or "", shutil.which("sleep") or ""
    files = [folder / "id" for folder in folders]
    sleeper = folders[0] / "sleep"
    run(STUDENT, "/usr/bin/python3", "-c", LEAVE, *(word for file in files for word in (identity, str(file))))
    run(STUDENT, "/usr/bin/python3", "-c", LEAVE, sleep, str(sleeper))
    run(STUDENT, "/usr/bin/python3", "-c", LEAVE_DEEP, identity, str(folders[0]))
    (folders[0] / "local").touch()
    assert all(file.stat().st_uid == STUDENT for file in (*files, sleeper))
    if run(LOCAL_USER, str(files[0]), "-u") != str(STUDENT):
        pytest.skip("this machine runs no set-user-id files in /tmp")
    with subprocess.Popen([str(sleeper), "60"], user=LOCAL_USER, group=LOCAL_USER, extra_groups=[], cwd="/") as lent:
        assert STUDENT in running._numbers_of(psutil.Process(lent.pid))
        running._clear_numbers({STUDENT})
        assert not psutil.pid_exists(lent.pid)
    assert [file for file in (*files, sleeper) if file.exists()] == []
    assert [path.name for path in folders[0].iterdir()] == ["local"]  # of root
    assert not [process for process in psutil.process_iter() if STUDENT in running._numbers_of(process)]


def test_a_seat_runs_a_set_user_id_file_as_itself(folders: list[Path]) -> None:
    """Wherever the file is, also in a folder of a user who isn't in the class."""
    file = folders[0] / "id"
    run(STUDENT, "/usr/bin/python3", "-c", LEAVE, shutil.which("id") or "", str(file))
    if run(LOCAL_USER, str(file), "-u") != str(STUDENT):
        pytest.skip("this machine runs no set-user-id files in /tmp")
    seat = limits.Limits(1_000, 1_400)
    settled = lambda: seat.tell_process(own_account=True)  # noqa: E731 - runs between fork and exec, as the spawner's
    assert run(OTHER_STUDENT, str(file), "-u", preexec_fn=settled) == str(OTHER_STUDENT)
    by_shell = run(OTHER_STUDENT, "/bin/sh", "-c", f"{file} -u", preexec_fn=settled)
    assert by_shell == str(OTHER_STUDENT)


def test_a_home_keeps_nothing_that_another_seat_has_left_in_it() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        homes = Path(folder)
        home = homes / "student-01"
        accounts.furnish(home, OTHER_STUDENT)
        (home / "mine").touch()
        os.chown(home / "mine", OTHER_STUDENT, OTHER_STUDENT)
        (home / "left").touch()
        os.chown(home / "left", STUDENT, STUDENT)
        accounts.close(homes)
        assert [path.name for path in home.iterdir()] == ["mine"]

"""Who has a turn, as the kernel's list of locks says it, and what that seat weighs then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from serverless_first.teach.classroom import groups, limits
from serverless_first.teach.classroom.turns import accounts_with_a_turn, weighed

TAKES_A_TURN = """
import sys
from serverless_cloud import seat
with seat.turn():
    print("mine", flush=True)
    sys.stdin.read()
print("given back", flush=True)
sys.stdin.close()
"""


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


@pytest.fixture
def turns(tmp_path: Path) -> Path:
    """The folder of a class with two turns."""
    folder = tmp_path / "turns"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"turn-{number}").touch()
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="control groups are Linux's")
def test_a_seat_weighs_more_for_as_long_as_it_has_a_turn(turns: Path) -> None:
    try:
        made = groups.Groups.make(f"serverless-first-turns-{os.getpid()}")
    except groups.NoGroups as error:
        pytest.skip(f"{error}")
    try:
        for account in ("student-01", "student-02"):
            made.seat(account, limits.Limits(400, 400, 50))
        name = "cpu.weight" if made.version == 2 else "cpu.shares"
        file, other = (made.roots["cpu"] / account / name for account in ("student-01", "student-02"))
        ordinary = int(file.read_text())
        with subprocess.Popen(
            [sys.executable, "-c", TAKES_A_TURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"SERVERLESS_FIRST_TURNS": str(turns)}, preexec_fn=lambda: made.enter("student-01"),
        ) as lab:  # fmt: skip
            assert lab.stdin is not None
            assert lab.stdout is not None
            assert lab.stdout.readline() == "mine\n"
            assert accounts_with_a_turn(turns) == {"student-01"}
            with weighed(turns, made):
                eventually(lambda: int(file.read_text()) > ordinary)
                assert int(file.read_text()) == pytest.approx(5 * ordinary, rel=0.01)
                assert int(other.read_text()) == ordinary
                lab.stdin.close()
                assert lab.stdout.readline() == "given back\n"
                assert accounts_with_a_turn(turns) == set()
                eventually(lambda: int(file.read_text()) == ordinary)
    finally:
        made.remove()


@pytest.mark.parametrize(
    "group", ["0::/class/student-07\n", "4:memory:/x/other\n1:cpu,cpuacct:/class/student-07\n0::/\n"]
)
def test_the_list_of_locks_is_read_as_linux_writes_it(turns: Path, tmp_path: Path, group: str) -> None:
    inode, proc = (turns / "turn-2").stat().st_ino, tmp_path / "proc"
    for pid in (41, 42):
        (proc / str(pid)).mkdir(parents=True)
        (proc / str(pid) / "cgroup").write_text(group)
    (proc / "locks").write_text(
        "1: POSIX  ADVISORY  WRITE 40 08:01:99 0 EOF\n"
        f"2: FLOCK  ADVISORY  WRITE 41 08:01:{inode} 0 EOF\n"
        f"2: -> FLOCK  ADVISORY  WRITE 42 08:01:{inode} 0 EOF\n"
        f"3: FLOCK  ADVISORY  WRITE 43 08:01:{inode} 0 EOF\n"  # it has ended meanwhile
    )
    assert accounts_with_a_turn(turns, proc) == {"student-07"}
    (proc / "41" / "cgroup").write_text("0::/\n")  # in no seat
    assert accounts_with_a_turn(turns, proc) == set()


def test_a_system_without_the_list_has_nobody_to_name(turns: Path, tmp_path: Path) -> None:
    assert accounts_with_a_turn(turns, tmp_path / "no-proc") == set()

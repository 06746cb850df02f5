"""The turns of a class: a seat has one however it asks, for a limited time, and weighs more while it has it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serverless_first.teach.classroom import groups, limits, turns

TAKES_A_TURN = """
import sys
from serverless_cloud.core import seat
with seat.turn():
    print("mine", flush=True)
    sys.stdin.read()
print("given back", flush=True)
sys.stdin.close()
"""
#: Connects as often as it is told, and says after each second line of its input how many have a turn or are hung up on.
ASKS = """
import select, socket, sys
path, often = sys.argv[1], int(sys.argv[2])
asked = [socket.socket(socket.AF_UNIX) for _ in range(often)]
for each in asked:
    each.connect(path)
turns = ended = 0
print("asked", flush=True)
for line in sys.stdin:
    wanted = int(line)
    while turns + ended < wanted:
        for each in select.select(asked, [], [], 60)[0]:
            if each.recv(1):
                turns += 1
            else:
                ended += 1
                asked.remove(each)
    print(turns, ended, flush=True)
"""
SEATS = {"student-01": 60_706, "student-02": 60_707, "student-03": 60_708}
STRANGER = 65_534
as_root = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux")


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket's path that every user can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "turns"


class Asker:
    """A program of a user that asks for turns."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._line() == "asked"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def answers(self, at_least: int) -> str:
        """How many of its connections have had a turn, and how many have ended, once there are so many answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{at_least}\n")
        self._process.stdin.flush()
        return self._line()


@contextlib.contextmanager
def asking(path: Path, number: int, often: int = 1) -> Iterator[Asker]:
    """A program of this user that has asked so often."""
    with subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", ASKS, str(path), str(often)], user=number, group=number, extra_groups=[],
        cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield Asker(process)
        finally:
            process.kill()


@as_root
def test_a_student_who_asks_for_all_turns_gets_one(path: Path) -> None:
    with (
        turns.shared(path, 2, SEATS, None),
        asking(path, SEATS["student-01"], 50) as greedy,
        asking(path, STRANGER) as stranger,
        asking(path, SEATS["student-02"]) as other,
    ):
        # Its first connections share one turn, and the class hangs up on the rest.
        assert greedy.answers(50) == f"{turns.CONNECTIONS} {50 - turns.CONNECTIONS}"
        assert other.answers(1) == "1 0"
        assert stranger.answers(1) == "0 1"  # it has no seat


@as_root
def test_a_turn_that_a_student_never_gives_back_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_TURN_S", 0.5)
    with (
        turns.shared(path, 1, SEATS, None),
        asking(path, SEATS["student-01"]) as holder,
        asking(path, SEATS["student-02"]) as second,
        asking(path, SEATS["student-03"]) as third,
    ):
        assert [asker.answers(2) for asker in (holder, second, third)] == ["1 1"] * 3


@as_root
def test_a_student_who_asks_again_waits_behind_the_others(path: Path) -> None:
    with turns.shared(path, 1, SEATS, None):
        with contextlib.ExitStack() as first:
            first.enter_context(asking(path, SEATS["student-01"])).answers(1)
            other = first.enter_context(contextlib.ExitStack())
            waits = other.enter_context(asking(path, SEATS["student-02"]))
            kept = other.pop_all()
        with kept, asking(path, SEATS["student-01"], 5) as again:
            assert waits.answers(1) == "1 0"
            kept.close()
            assert again.answers(5) == "5 0"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="control groups are Linux's")
def test_a_seat_weighs_more_for_as_long_as_it_has_a_turn(path: Path) -> None:
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
        with (
            turns.shared(path, 2, {}, made),
            subprocess.Popen(
                [sys.executable, "-c", TAKES_A_TURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=os.environ | {"SERVERLESS_FIRST_TURNS": str(path)}, preexec_fn=lambda: made.enter("student-01"),
            ) as lab,
        ):  # fmt: skip
            assert lab.stdin is not None
            assert lab.stdout is not None
            assert lab.stdout.readline() == "mine\n"
            assert int(file.read_text()) == pytest.approx(5 * ordinary, rel=0.01)
            assert int(other.read_text()) == ordinary
            lab.stdin.close()
            assert lab.stdout.readline() == "given back\n"
            eventually(lambda: int(file.read_text()) == ordinary)
    finally:
        made.remove()


@pytest.mark.parametrize(
    "group", ["0::/class/student-07\n", "4:memory:/x/other\n1:cpu,cpuacct:/class/student-07\n0::/\n"]
)
def test_the_control_group_of_a_process_names_its_seat(tmp_path: Path, group: str) -> None:
    (tmp_path / "41").mkdir()
    (tmp_path / "41" / "cgroup").write_text(group)
    assert turns.group_of(41, tmp_path) == "student-07"
    (tmp_path / "41" / "cgroup").write_text("0::/\n")  # in no seat
    assert turns.group_of(41, tmp_path) is None
    assert turns.group_of(42, tmp_path) is None  # it has ended

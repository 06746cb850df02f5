"""The parts of a class that need no hub: who is in it, what a seat may use, who steps in when it takes more."""

from __future__ import annotations

import csv
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from serverless_cloud import burst_size, settings
from serverless_cloud.core import seat
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.lifecycle import State
from serverless_cloud.notebook import surroundings
from serverless_first.cli import main
from serverless_first.course import places
from serverless_first.teach.classroom import cards, groups, limits, plan, roll, turns, warden

# systemd's UIDS-GIDS.md: system users, people, homed, containers' users, greeters, DynamicUser= and from there on.
SYSTEMD = ((0, 999), (1000, 60_000), (60_001, 60_513), (60_514, 60_577), (60_578, 60_705), (61_184, 2**32))
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def test_codes_and_seats_stay_when_the_list_changes(tmp_path: Path) -> None:
    before = roll.enrol(tmp_path, ["佐藤 花子", "Ken Tanaka"], "Mori")
    after = roll.enrol(tmp_path, ["New One", "Ken Tanaka"], "Mori")
    assert [person.account for person in before.people] == ["student-01", "student-02", "instructor", "administrator"]
    assert after.students[1] == before.students[1]
    assert after.students[0].account == "student-03"  # not the seat of somebody who may come back
    assert [person.code for person in after.people[-2:]] == [person.code for person in before.people[-2:]]
    assert after.by_code(before.students[0].code) is None
    assert roll.enrol(tmp_path, ["佐藤 花子"], "Mori").students[0] == before.students[0]


def test_a_hundred_codes_differ_and_a_code_may_be_typed_in_any_way(tmp_path: Path) -> None:
    people = roll.enrol(tmp_path, [f"Student {number}" for number in range(100)], "Mori")
    assert len({person.code for person in people.people}) == 102
    someone = people.students[41]
    for typed in (someone.code, someone.code.lower(), someone.code.replace("-", ""), f" {someone.code} "):
        assert people.by_code(typed) == someone
    for wrong in ("", "-", someone.code[:-1], "ＡＢＣＤ-2345", "0000-0000"):
        assert people.by_code(wrong) is None


def test_a_broken_class_file_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / roll.FILE).write_text("{")
    with pytest.raises(roll.BadClass, match=r"class\.json cannot be read"):
        roll.enrol(tmp_path, ["Ken"], "Mori")
    assert (tmp_path / roll.FILE).read_text() == "{"


def test_cards_have_a_name_an_address_and_a_code_for_each_and_nobody_else_reads_them(tmp_path: Path) -> None:
    people = roll.enrol(tmp_path, ["<b>Ken</b>", "=1+1"], "Mori")
    page, table = cards.write(tmp_path, people, "http://192.0.2.7:8000")
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;Ken&lt;/b&gt;" in text
    assert "<b>Ken</b>" not in text
    assert all(person.code in text for person in people.people)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["account"] for row in rows] == ["student-01", "student-02", "instructor", "administrator"]
    assert rows[1]["name"].startswith("'=")
    if os.name == "posix":
        assert {path.stat().st_mode & 0o077 for path in (page, table, tmp_path / roll.FILE)} == {0}


def test_twenty_students_share_24_gib_and_sixty_are_told_how_many_fit() -> None:
    found = limits.share(20, free=22_500)
    assert found.memory_mb >= 1_400  # lab 05 held 1,301 MB with its two bursts at once (docs/class.md)
    assert found.memory_mb > found.share_mb
    with pytest.raises(limits.TooSmall, match=r"60 students do not fit.* there is room for 22\."):
        limits.share(60, free=22_500)
    with pytest.raises(limits.TooSmall, match="23 students do not fit"):
        limits.share(23, free=22_500)
    with pytest.raises(limits.TooSmall, match="too little"):
        limits.share(1, 100)
    assert limits.share(1, free=64_000).memory_mb == limits.MOST_MB


@pytest.mark.parametrize("free", [6_000, 22_500, 64_000])
@pytest.mark.parametrize("students", [1, 3, 20])
@pytest.mark.parametrize("wish", [None, 1_400, 1_500, 3_000])
def test_all_seats_together_never_have_more_than_there_is(students: int, wish: int | None, free: int) -> None:
    seats = students + 1  # the instructor has one, too
    try:
        found = limits.share(students, wish, free=free)
    except limits.TooSmall:
        assert seats * max(limits.PROMISED_MB, wish or 0) + limits.KEPT_MB > free
        return
    assert found.memory_mb == wish or wish is None
    together = limits.all_together_mb(found, seats, free=free)
    assert seats * limits.PROMISED_MB < together <= free
    assert together <= seats * found.memory_mb + limits.KEPT_MB


def test_a_wish_that_is_too_large_is_told_what_fits() -> None:
    with pytest.raises(limits.TooSmall, match=r"11 seats, including yours, would take 22,000 MB.* at most 1,909 MB"):
        limits.share(10, 2_000, free=22_500)


@linux
def test_a_process_that_asks_for_far_too_much_gets_a_memory_error_and_lives_on() -> None:
    code = """
from serverless_first.teach.classroom.limits import Limits
Limits(900, 1000).tell_process(own_account=False)
try:
    bytearray(8_000_000_000)
except MemoryError:
    print("MemoryError, and on")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "MemoryError, and on\n", done.stderr


def test_bursts_follow_the_memory_of_the_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    for share in ("600", "1200", "4000"):
        monkeypatch.setenv(seat.ALLOTMENT, share)
        sizes.append(burst_size(60))
    assert sizes == [18, 25, 60]
    assert burst_size(10) == 10


def test_idle_environments_make_room_in_a_seat_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    def environment(number: int, state: State) -> Any:
        return SimpleNamespace(last_used_s=float(number), state=state, end=lambda: ended.append(number))

    idle = [environment(number, State.FROZEN) for number in range(30)]
    busy = [environment(number, State.BUSY) for number in range(30, 35)]
    fleet = Fleet.__new__(Fleet)
    fleet._lock, fleet._environments = threading.RLock(), [*idle, *busy]
    fleet._free = {"orders": idle[::2], "search": idle[1::2]}
    fleet._make_room()
    assert ended == []
    monkeypatch.setenv(seat.ALLOTMENT, "1000")
    fleet._make_room()
    assert sorted(ended) == list(range(35 + 1 - seat.FEWEST))  # the longest idle ones
    assert len(fleet._free["orders"]) + len(fleet._free["search"]) == 30 - len(ended)


@pytest.fixture
def one_turn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A class with one turn."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, turns.shared(Path(folder, "turns"), 1, {}, None):
        monkeypatch.setenv(seat.TURNS, str(Path(folder, "turns")))
        yield


@linux
@pytest.mark.usefixtures("one_turn")
def test_turns_are_taken_by_one_process_each_and_given_back_however_it_ends() -> None:
    code = """
import time
from serverless_cloud.core import seat
with seat.turn():
    print("mine", flush=True)
    time.sleep(60)
"""
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "mine\n"
    second = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    assert select.select([second.stdout], [], [], 0.5)[0] == []  # it says nothing: it waits
    first.kill()
    assert second.stdout.readline() == "mine\n"
    for process in (first, second):
        process.kill()
        process.wait()
        process.stdout.close() if process.stdout else None


@posix
@pytest.mark.usefixtures("one_turn")
def test_a_turn_of_this_process_is_shared_by_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    with seat.turn(), seat.turn():
        pass
    monkeypatch.setenv(seat.TURNS, "/tmp/missing/turns")
    with seat.turn():
        pass  # a class whose folder is gone holds nobody up


GREEDY = "import time; hoard = b'x' * 150_000_000; print('full', flush=True); time.sleep(60)"
MODEST = "import time; print('full', flush=True); time.sleep(60)"


@posix
def test_the_warden_ends_the_largest_process_of_a_seat_that_holds_too_much_and_no_other() -> None:
    script = f"""
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for code in ({GREEDY!r}, {MODEST!r})]
print(*(child.stdout.readline() and child.pid for child in children), flush=True)
time.sleep(60)
"""
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        greedy, modest = map(int, server.stdout.readline().split())
        its = warden.Seat("student-01", server.pid)
        assert warden.enforce(its, limits.Limits(500, 500)) == []
        (said,) = warden.enforce(its, limits.Limits(100, 100))
        assert said.startswith("student-01: ")
        assert f"process {greedy} with" in said
        psutil.wait_procs([psutil.Process(greedy)], timeout=5)
        assert psutil.Process(modest).is_running()
        server.kill()
        server.wait()
        warden.end(its)  # its parent is gone, and the warden still knows whose it was
        assert psutil.wait_procs([psutil.Process(modest)] if psutil.pid_exists(modest) else [], timeout=5)[1] == []
    finally:
        server.kill()
        server.wait()
        server.stdout.close() if server.stdout else None


@posix
def test_an_endless_loop_goes_behind_the_others() -> None:
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        its, process = warden.Seat("student-01", loop.pid), psutil.Process(loop.pid)
        before = process.nice()
        now = time.monotonic()
        its._busy_since[loop.pid] = (now - 100, -90.0)  # as if it had run for 100 s and used 90 of them
        (said,) = warden.enforce(its, limits.Limits(500, 500), now_s=now)
        assert "busy for a minute" in said
        assert process.nice() == warden.LOWER > before
    finally:
        loop.kill()
        loop.wait()


@linux
def test_a_loop_that_gets_little_of_a_busy_machine_is_told_by_how_long_it_waits(tmp_path: Path) -> None:
    its, process = warden.Seat("student-01", os.getpid()), psutil.Process()
    (tmp_path / str(os.getpid())).mkdir()
    (tmp_path / str(os.getpid()) / "schedstat").write_text("6000000000 5994000000000 77\n")
    assert warden.wanted_s(process, tmp_path) == 6000.0
    assert warden.wanted_s(process, tmp_path / "none") == sum(process.cpu_times()[:2])
    begun_s = time.monotonic()
    its._busy_since[process.pid] = (begun_s - 100, warden.wanted_s(process) - 10)  # it wanted 10 of 100 s
    assert its.busy_for_s(process, begun_s) == 0.0


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux")
def test_a_home_is_given_on_without_what_its_names_lead_to(tmp_path: Path) -> None:
    before, number = 70_001, 60_710
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "folder").mkdir(parents=True)
    outside.mkdir()
    (outside / "file").touch()
    (home / "folder" / "mine").touch()
    (home / "file").symlink_to(outside / "file")
    (home / "others").symlink_to(outside)
    os.link(outside / "file", home / "linked")
    for path in (home, home / "folder", home / "folder" / "mine", home / "file", home / "others"):
        os.chown(path, before, before, follow_symlinks=False)
    from serverless_first.teach.classroom import accounts

    accounts.furnish(home, number)
    paths = (*home.rglob("*"), outside, *outside.rglob("*"))
    owners = {path: path.lstat().st_uid for path in paths if path.parent != home / "others"}
    kept = {outside, outside / "file", home / "linked"}
    assert {path for path, owner in owners.items() if owner == 0} == kept
    assert {path for path, owner in owners.items() if owner == number} == owners.keys() - kept
    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (number, 0o700)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux")
def test_a_later_class_with_the_same_numbers_cannot_enter_the_homes_of_an_earlier_one() -> None:
    from serverless_first.teach.classroom import accounts

    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders let nobody else through
        homes = Path(folder)
        homes.chmod(0o711)
        number, home = 60_711, homes / "student-01"
        accounts.furnish(home, number)
        (home / "mine.txt").write_text("lamps", encoding="utf-8")
        os.chown(home / "mine.txt", number, number)
        home.chmod(0o777)  # the student may
        (homes / "notes.txt").touch()
        (homes / "elsewhere").symlink_to("/tmp")

        def reads() -> bool:
            code = f"import os; os.chdir({str(homes)!r}); print(open('student-01/mine.txt').read())"
            reader = subprocess.run(
                ["/usr/bin/python3", "-c", code],
                user=number, group=number, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
            )  # fmt: skip
            return reader.stdout == "lamps\n"

        assert reads()
        accounts.close(homes)
        accounts.close(homes)
        assert not reads()
        assert home.stat().st_mode & 0o777 == 0o700
        accounts.furnish(home, number)  # the same class, the next day
        assert reads()
        accounts.close(homes)
        accounts.furnish(home, number + 1)  # another class has the number today
        assert not reads()
        assert (home / "mine.txt").stat().st_uid == number + 1


@posix
def test_numbers_of_accounts_are_none_that_systemd_hands_out() -> None:
    from serverless_first.teach.classroom import accounts

    assert not any(low <= accounts._LAST and high >= accounts._FIRST for low, high in SYSTEMD)


def _version_2(tmp_path: Path, controllers: str) -> tuple[Path, Path]:
    """A tree of files as version 2 has it; a real one is another kernel's."""
    mount, own = tmp_path / "cgroup", tmp_path / "own"
    scope = mount / "user.slice" / "class.scope"
    scope.mkdir(parents=True)
    own.write_text("0::/user.slice/class.scope\n")
    (mount / "cgroup.controllers").write_text("cpu memory pids")
    (scope / "cgroup.controllers").write_text(controllers)
    (scope / "cgroup.procs").write_text("")
    (scope / "cgroup.subtree_control").write_text("")
    return mount, own


def test_groups_of_version_2_are_made_in_the_delegated_scope(tmp_path: Path) -> None:
    mount, own = _version_2(tmp_path, "cpu memory pids")
    made = groups.Groups.make("lamps", mount, own)
    made.weigh(20)
    made.cap(20_000)
    made.seat("student-01", limits.Limits(1000, 1400, 300))
    root = mount / "user.slice" / "class.scope" / "lamps"
    assert (root / "student-01" / "memory.max").read_text() == str(1400 * 2**20)
    assert (root / "student-01" / "pids.max").read_text() == "300"
    assert (root / "memory.max").read_text() == str(20_000 * 2**20)
    stat = root / "student-01" / "memory.stat"
    stat.write_text(f"anon {300 * 2**20}\nfile {900 * 2**20}\nshmem {40 * 2**20}\n")
    assert made.memory_mb("student-01") == 340  # the cache of files is the kernel's to take back
    assert int((root / groups.HUB / "cpu.weight").read_text()) > int((root / "student-01" / "cpu.weight").read_text())


def test_without_delegation_the_reason_is_said(tmp_path: Path) -> None:
    mount, own = _version_2(tmp_path, "pids")
    with pytest.raises(groups.NoGroups, match="cpu, memory are not delegated"):
        groups.Groups.make("lamps", mount, own)
    with pytest.raises(groups.NoGroups, match="no control groups"):
        groups.Groups.make("lamps", mount, tmp_path / "nothing")


@linux
def test_a_real_group_holds_a_seat_to_its_memory_and_is_gone_afterwards() -> None:
    try:
        made = groups.Groups.make(f"serverless-first-test-{os.getpid()}")
    except groups.NoGroups as error:
        pytest.skip(f"{error}")
    try:
        assert made.killed("student-01") is None  # there is no such seat yet
        made.seat("student-01", limits.Limits(40, 40, 50))
        assert made.killed("student-01") == 0
        code = "hoard = b'x' * 200_000_000"
        process = subprocess.Popen([sys.executable, "-c", code], preexec_fn=lambda: made.enter("student-01"))
        assert process.wait(30) == -9
        assert made.killed("student-01") == 1
        born = "import time; hoard = b'x' * 20_000_000; print('full', flush=True); time.sleep(60)"
        with subprocess.Popen(
            [sys.executable, "-c", born], preexec_fn=lambda: made.enter("student-01"), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert 20 <= made.memory_mb("student-01") <= 40
            made.end("student-01")
    finally:
        made.remove()
    assert not any(root.exists() for root in made.roots.values())


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_a_server_of_the_image_has_no_keys_and_no_address_of_aws(tmp_path: Path) -> None:
    course = places.course_root()
    show = "import os, boto3; key = boto3.Session().get_credentials().access_key\n"
    show += "print(os.getcwd(), os.environ['AWS_ENDPOINT_URL'], key)"
    environ = {
        **{"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONUTF8": "1"},
        **{"SERVERLESS_FIRST_ROOT": str(course), "AWS_PROFILE": "mine; exit 3", "AWS_ACCESS_KEY_ID": "AKIA-REAL"},
    }
    command = ["bash", str(course / ".binder" / "start"), sys.executable, "-c", show]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    work = tmp_path / "serverless-first"
    assert done.stdout == f"{work} {surroundings.NOWHERE} {settings.LOCAL_KEY}\n"
    assert (work / "05-rds-proxy" / "05-lab.ipynb").is_file()


@posix
def test_what_a_dead_hub_leaves_is_found_by_its_session_its_mark_and_the_seats_folders(tmp_path: Path) -> None:
    from serverless_first.teach.classroom.running import _left_by

    code = "import time; print('up', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code]

    def begin(**more: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    room = tmp_path / "room"
    hub, another = begin(start_new_session=True), begin(env=os.environ | {plan.VARIABLE: str(tmp_path / "other")})
    helper = begin(start_new_session=True, env=os.environ | {plan.VARIABLE: str(room)})
    seat_of_it = begin(start_new_session=True, env=os.environ | {"TMPDIR": str(tmp_path / "student-01")})
    started = [hub, another, helper, seat_of_it]
    try:
        the: Any = SimpleNamespace(temporary=tmp_path, folder=room)
        assert {process.pid for process in _left_by(hub.pid, the)} == {hub.pid, helper.pid, seat_of_it.pid}
    finally:
        for process in started:
            process.kill()
            process.wait()
            process.stdout.close() if process.stdout else None


@posix
def test_a_number_of_an_earlier_hubs_server_is_not_believed() -> None:
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    from serverless_first.teach.classroom.spawner import SeatSpawner

    spawner = SeatSpawner.__new__(SeatSpawner)
    spawner.load_state({"pid": os.getpid()})
    assert spawner.pid == 0


@linux
@pytest.mark.usefixtures("one_turn")
def test_who_waits_for_a_turn_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(seat, "_SAID_AFTER_S", 0.1)
    monkeypatch.setattr(seat, "LONGEST_WAIT_S", 0.5)
    code = "from serverless_cloud.core import seat\nwith seat.turn():\n    print('mine', flush=True)\n    input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with seat.turn():
            pass  # after the longest wait it goes on without a turn
        other.kill()
    assert capsys.readouterr().out.count("Others in the class") == 1


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        (None, [], "cannot be read"),
        ("name\nKen\nKen\n", [], "has 'Ken' twice"),
        ("name\n", [], "has no names"),
        ("Ken\n\n", ["--memory-mb", "100"], "too little"),
        ("\n".join(f"student {n}" for n in range(5000)), [], "5000 students do not fit"),
    ],
)
@posix
def test_what_cannot_be_taught_is_said_in_one_line(
    tmp_path: Path, names: str | None, options: list[str], expected: str
) -> None:
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    file = tmp_path / "names.csv"
    if names is not None:
        file.write_text(names, encoding="utf-8")
    done = CliRunner().invoke(main, ["class", "--students", str(file), "--folder", str(tmp_path / "class"), *options])
    assert done.exit_code == 1
    assert expected in done.output
    assert "Traceback" not in done.output


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: another user")
def test_a_python_that_students_cannot_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.teach.classroom import accounts

    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    (hidden / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(hidden / "python"))
    with pytest.raises(accounts.NoAccounts, match=r"cannot run the course's Python.* make env PYTHON=/usr/bin/python3"):
        accounts.try_out("student-01", {"student-01": 65_534}, tmp_path)

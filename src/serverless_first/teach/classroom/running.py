"""Starts a class, waits, and clears up: the hub is a process of ours, and so is all that comes of it."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from filelock import FileLock, Timeout

from serverless_first.course.places import course_root
from serverless_first.teach.board import Keys
from serverless_first.teach.board.addresses import from_this_machine
from serverless_first.teach.classroom import cards, limits, names, ports, roll, turns
from serverless_first.teach.classroom.groups import HUB, Groups, NoGroups
from serverless_first.teach.classroom.plan import VARIABLE, Place, Plan, load as load_plan

if sys.platform != "win32":  # where there is no pwd, and `running` refuses
    import pwd

    from serverless_first.teach.classroom import accounts

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 90.0
BOARD_WITHIN_S = 60.0
NEEDED = ("jupyterhub", "jupyterhub_idle_culler", "configurable_http_proxy")


class CannotTeach(RuntimeError):
    """The class cannot start; the message says why, and what to do."""


@dataclass(frozen=True)
class Running:
    """A class that has started.

    Args:
        address: what students open.
        board: what the instructor opens to see who is stuck.
        cards: the printed and the tabular cards.
        people: who may sign in.
        why_no_groups: why there are no control groups; empty if there are.
    """

    address: str
    board: str
    cards: tuple[Path, Path]
    plan: Plan
    people: roll.Roll
    why_no_groups: str
    hub: subprocess.Popen[bytes]


@contextmanager
def running(
    folder: Path,
    students: Sequence[str],
    *,
    instructor: str = "Instructor",
    host: str = "127.0.0.1",
    port: int = 8000,
    board_port: int | None = None,
    address: str | None = None,
    shared_origin: bool = False,
    memory_mb: int | None = None,
    idle_s: int = 3600,
    report: Callable[[str], None] = print,
) -> Iterator[Running]:
    """A class for as long as the block runs. At its end nothing of it runs any more, and all work is kept.

    Args:
        folder: of the class: the roll, the cards, the students' work.
        students: their names, each once.
        host: the address to listen on; 0.0.0.0 for the whole room.
        port: its port; 0 takes any.
        board_port: of the board, on the same address; the one above unless given, and 0 takes any.
        address: what students open; the seats have names below its host name. Found out unless given.
        shared_origin: give the hub and all seats one host name, for a room whose people trust each other.
        memory_mb: of each seat; an equal share unless given.
        idle_s: after so many seconds without use a server stops; its files stay.
        report: gets a line for each thing that an instructor should know.

    Raises:
        CannotTeach: packages are missing, the machine is too small, a class runs already, a port is in use, there is no
            host name below which the seats can have names.
        roll.BadClass, limits.TooSmall: as they say.
        OSError: the folder cannot be written.
    """
    _require_programs()
    folder = folder.absolute()
    for directory in (folder, folder / "students"):
        if not directory.exists():  # the rights of a folder that was there before are its owner's affair
            directory.mkdir(parents=True)
            directory.chmod(0o711)  # a seat's account must come through, and sees no names
    (folder / "hub").mkdir(mode=0o700, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            _clear_up_after_a_crash(folder)
            people = roll.enrol(folder, students, instructor)
            share = limits.share(len(people.students), memory_mb)
            with contextlib.ExitStack() as undo:
                port, board_port = ports.hold_pair(undo, host, port, board_port)
                public = names.public_address(host, port, address, shared_origin=shared_origin)
                place = Place(host, port, board_port, public, shared_origin)
                yield _start(undo, folder, people, share, place, idle_s=idle_s, report=report)
    except (ports.NoPort, names.NoName) as error:
        raise CannotTeach(str(error)) from error
    except Timeout:
        raise CannotTeach(
            f"A class is already running in {folder}. Stop it with Ctrl-C, or name another folder."
        ) from None


def _require_programs() -> None:
    if sys.platform == "win32":
        raise CannotTeach(
            "JupyterHub does not run on Windows. Use the Windows Subsystem for Linux, or `make lab` on each machine."
        )
    if missing := [package for package in NEEDED if importlib.util.find_spec(package) is None]:
        raise CannotTeach(
            f"A class needs {', '.join(missing)}. Install with `make env` or `pip install -e '.[class]'`."
        )


def _start(
    undo: contextlib.ExitStack,
    folder: Path,
    people: roll.Roll,
    share: limits.Limits,
    place: Place,
    *,
    idle_s: int,
    report: Callable[[str], None],
) -> Running:
    temporary = Path(tempfile.mkdtemp(prefix="sf-", dir="/tmp" if Path("/tmp").is_dir() else None))
    undo.callback(shutil.rmtree, temporary, ignore_errors=True)
    numbers: dict[str, int] = {}
    if os.geteuid() == 0:
        numbers = _accounts(undo, people.seats, folder)
    groups, why = _groups(undo, temporary.name, len(people.seats), share)
    inner_ports = ports.hold(undo), ports.hold(undo)
    plan = Plan(folder, temporary, place, inner_ports, share, numbers, groups, idle_s)
    temporary.chmod(0o711)
    plan.sockets.mkdir(mode=0o700)
    undo.enter_context(turns.shared(plan.turns, 1 + (os.cpu_count() or 1), numbers, groups))
    for seat in people.seats:
        _furnish(plan, seat)
    if not place.shared_origin and not names.is_known_here(place.address, people.seats[0]):
        report(
            f"This machine does not know {names.of_seat(place.address, people.seats[0])}. Unless "
            f"*.{urlsplit(place.address).hostname} leads here on the students' machines, they can sign in but not "
            "reach their servers."
        )
    board = plan.board_at(ports.name_of_the_board(place.host, place.address))
    roll.private(folder / "hub" / "names.csv", "name\n" + "".join(f'"{_doubled(p.name)}"\n' for p in people.students))
    undo.callback((folder / "plan.json").unlink, missing_ok=True)
    files = cards.write(folder, people, place.address)
    report(f"Starting the hub for {len(people.students)} students. Its log is {folder / 'hub' / 'hub.log'}")
    plan.save()
    hub = _hub(undo, plan)
    if not _board_answers_in_time(plan):
        report(
            f"The board does not answer, so the class is open without it. The reason is in {folder / 'hub' / 'hub.log'}"
        )
    token = Keys.open(plan.board).instructor()
    return Running(place.address, f"{board}#token={token}", files, plan, people, why, hub)


def _accounts(undo: contextlib.ExitStack, seats: Sequence[str], folder: Path) -> dict[str, int]:
    try:
        undo.callback(_remove_accounts, seats, folder)
        numbers = accounts.make(seats, folder / "students")
        _clear_numbers(set(numbers.values()))  # of the accounts that had the same numbers before
        accounts.try_out(seats[0], numbers, folder / "students")
        return numbers
    except accounts.NoAccounts as error:
        raise CannotTeach(str(error)) from error


def _remove_accounts(seats: Sequence[str], folder: Path) -> None:
    """Ends whatever runs under the accounts of the seats, and removes them."""
    names = {accounts.name_of(seat, folder / "students") for seat in seats}
    _clear_numbers({entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in names})
    accounts.close(folder / "students")  # first, as an account may refuse to go
    accounts.remove(seats, folder / "students")


def _clear_numbers(numbers: set[int]) -> None:
    """Ends whatever runs with these numbers, and removes what it has left where others reach it."""
    _end([process for process in psutil.process_iter() if numbers & _numbers_of(process)])
    accounts.remove_left(numbers)


def _groups(undo: contextlib.ExitStack, name: str, seats: int, share: limits.Limits) -> tuple[Groups | None, str]:
    try:
        groups = Groups.make(f"serverless-first-{name}")
    except NoGroups as error:
        return None, str(error)
    undo.callback(groups.remove)
    groups.weigh(seats)
    groups.cap(limits.all_together_mb(share, seats))
    return groups, ""


def _furnish(plan: Plan, seat: str) -> None:
    home, temporary = plan.home(seat), plan.temporary / seat
    temporary.mkdir(mode=0o700)
    number = plan.numbers.get(seat)
    if number is None:
        home.mkdir(mode=0o700, exist_ok=True)
    else:
        accounts.furnish(home, number)
        os.chown(temporary, number, number)


def _hub(undo: contextlib.ExitStack, plan: Plan) -> subprocess.Popen[bytes]:
    environ = os.environ | {
        VARIABLE: str(plan.folder),
        "SERVERLESS_FIRST_ROOT": str(course_root()),
        "PYTHONUTF8": "1",
        # The course's Python first: JupyterHub looks for its programs there.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    environ.pop("SERVERLESS_FIRST_WORK", None)  # each seat has its own
    config = Path(__file__).with_name("hub_config.py")
    log = plan.folder / "hub" / "hub.log"
    with log.open("ab") as out:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=plan.folder / "hub", env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,  # Ctrl-C comes only to us, and we stop it in order
            preexec_fn=lambda: _settle(plan.groups),
        )  # fmt: skip
    undo.callback(_stop, hub, plan)
    (plan.folder / "hub" / "running.json").write_text(
        json.dumps({"pid": hub.pid, "begun": psutil.Process(hub.pid).create_time()}), encoding="utf-8"
    )
    undo.callback((plan.folder / "hub" / "running.json").unlink, missing_ok=True)
    until = time.monotonic() + READY_WITHIN_S
    health = f"http://{from_this_machine(plan.place.host)}:{plan.place.port}/hub/health"
    while not _answers(health, urlsplit(plan.place.address).netloc):
        if hub.poll() is not None or time.monotonic() > until:
            raise CannotTeach(f"The hub did not start. The last lines of {log}:\n{_tail(log)}")
        time.sleep(0.1)
    return hub


def _settle(groups: Groups | None) -> None:
    """Prepares the process that becomes the hub."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's `&` ignores it, and servers are stopped with it
    if groups:
        groups.enter(HUB)
    with contextlib.suppress(OSError):  # as root on Linux: if memory runs out, the hub is not the first to go
        Path("/proc/self/oom_score_adj").write_text("-900")


def _board_answers_in_time(plan: Plan) -> bool:
    """Waits for it: the hub starts it beside itself, and the address that is printed should open at once."""
    until = time.monotonic() + BOARD_WITHIN_S
    while not (there := _answers(plan.board_at(from_this_machine(plan.place.host)))) and time.monotonic() < until:
        time.sleep(0.1)
    return there


def _answers(address: str, name: str | None = None) -> bool:
    """Whether there is a page at this address, asked for under this name."""
    request = urllib.request.Request(address, headers={"Host": name} if name else {})
    with (
        contextlib.suppress(OSError, http.client.HTTPException),
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def _stop(hub: subprocess.Popen[bytes], plan: Plan) -> None:
    """Asks the hub to stop all servers and itself. After a while, ends the processes that are left, also after a hub
    that has ended by itself."""
    below = _tree(hub.pid)
    if hub.poll() is None:
        hub.send_signal(signal.SIGTERM)
        try:
            hub.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            below += _tree(hub.pid)
            hub.kill()
            hub.wait()
    _end([*below, *_left_by(hub.pid, plan)])


def _left_by(hub: int, plan: Plan) -> list[psutil.Process]:
    """The processes of a class whose hub is gone: its session, the helpers, which carry the class's folder, and the
    processes with a seat's folder. A board that lived on would keep its port from the next start."""

    def marked(environ: dict[str, str]) -> bool:
        return environ.get(VARIABLE) == str(plan.folder) or Path(environ.get("TMPDIR", "/")).parent == plan.temporary

    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == hub or marked(process.environ()):
                processes.append(process)
    return processes


def _tree(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running():
                process.kill()
    psutil.wait_procs(list(processes), timeout=5)


def _clear_up_after_a_crash(folder: Path) -> None:
    """Ends and removes what a run left that could not clear up itself. Nobody else has the class's lock."""
    number = 0
    try:
        before = json.loads((folder / "hub" / "running.json").read_text(encoding="utf-8"))
        hub = psutil.Process(before["pid"])
        if abs(hub.create_time() - before["begun"]) < 1:
            number = hub.pid
            _end([*_tree(hub.pid), hub])
    except (OSError, ValueError, LookupError, TypeError, psutil.Error):
        pass
    try:
        plan = load_plan(folder)
    except (OSError, ValueError, LookupError, TypeError):
        return
    _end(_left_by(number or -1, plan))
    if plan.groups:
        plan.groups.remove()
    if plan.numbers and os.geteuid() == 0:
        _remove_accounts(list(plan.numbers), folder)
    shutil.rmtree(plan.temporary, ignore_errors=True)


def _numbers_of(process: psutil.Process) -> set[int]:
    """Also the number that a set-user-id file has lent to another user's process."""
    with contextlib.suppress(psutil.Error):
        return set(process.uids())
    return set()


def _doubled(name: str) -> str:
    return name.replace('"', '""')


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

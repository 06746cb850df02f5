"""A class of three seats and the instructor's in headless Chromium, while one student attacks all of it.

The attack takes 15 s. `SERVERLESS_FIRST_ATTACK_S=60` makes it a minute.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

from serverless_first.bench.lab_page import READY_MS, OpenLab, note_kernel
from serverless_first.course.chromium import missing

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        sys.platform != "linux"
        or os.geteuid() != 0
        or importlib.util.find_spec("jupyterhub") is None
        or bool(missing()),
        reason="needs root on Linux, Chromium and the extra `class`",
    ),
]
if importlib.util.find_spec("jupyterhub") is not None and sys.platform != "win32":
    from tests.classroom.class_kit import seat, sign_in
if TYPE_CHECKING:
    from serverless_first.teach.classroom.running import Running

ATTACK_S = float(os.environ.get("SERVERLESS_FIRST_ATTACK_S", "15"))
THIEF = "student-03"


class Victim:
    """A person with a lab in a browser."""

    def __init__(self, undo: ExitStack, chromium: Any, now: Running, account: str) -> None:
        person = now.people.by_account(account)
        assert person is not None
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        undo.callback(context.close)
        self.account, self.now, self.turns = account, now, 0
        page = context.new_page()
        page.set_default_timeout(READY_MS)
        sign_in(page, now, person.code)
        self.lab = OpenLab(page, now.plan.home(account) / "work")
        page.on("websocket", lambda line: note_kernel(self.lab, line))

    def is_here(self) -> bool:
        """Whether the server has started, and the browser shows it."""
        return f"/user/{self.account}/lab" in self.lab.page.url

    def open(self) -> None:
        """Opens the lab, or opens it again."""
        self.lab.page.wait_for_url(f"**/user/{self.account}/lab**")
        seat = "/".join(self.lab.page.url.split("/")[:3])
        self.lab.kernel = None
        self.lab.page.goto(f"{seat}/user/{self.account}/lab/tree/00-start-here/00-lab.ipynb?reset")
        self.lab.wait_for_kernel()

    def work(self) -> None:
        """Runs a cell, and looks at a page of the hub, as at the start of a lesson."""
        self.turns += 1
        number = self.lab.number_of("import")
        cell = self.lab.run_cell(number, f"import os\nprint(6 * 7 + {self.turns}, os.getuid())")
        output = cell.locator(".jp-OutputArea-output").inner_text()
        assert output.split() == [str(42 + self.turns), str(self.now.plan.numbers[self.account])]
        hub = self.lab.page.context.new_page()
        answer = hub.goto(f"{self.now.address}/hub/home")
        assert answer.status == 200
        hub.close()


def servers(now: Running) -> dict[str, int]:
    """The processes on which the class depends: the hub, its proxy, the board, and each seat's server."""
    names = {"classroom.proxy": "proxy", "serverless_first.cli": "board", "classroom.seat_server": "seat"}
    below = {f"hub {now.hub.pid}": now.hub.pid}
    for process in psutil.Process(now.hub.pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            command = " ".join(process.cmdline()[:3])
            below |= {f"{name} {process.uids().real}": process.pid for part, name in names.items() if part in command}
    return below


def most_mb(processes: dict[str, int]) -> dict[str, int]:
    """The most memory that each process has had."""
    lines = {name: Path(f"/proc/{number}/status").read_text(encoding="utf-8") for name, number in processes.items()}
    return {name: int(text.partition("VmHWM:")[2].split()[0]) // 1024 for name, text in lines.items()}  # proc(5)


def start_attack(now: Running, seconds: float) -> Path:
    """Starts the attack in a kernel of the thief's seat. Its result will be in the file."""
    thief = seat(now, THIEF)
    thief.sign_in()
    thief.start_server()
    home, place = now.plan.home(THIEF), now.plan.place
    program, result = home / "attack.py", home / "result.json"
    shutil.copy(Path(__file__).with_name("attack.py"), program)
    program.chmod(0o644)
    accounts = [account for account in now.plan.numbers if account != THIEF]
    host = urlsplit(now.address).netloc
    targets = {
        "ports": [place.port, place.board_port, *now.plan.ports],
        "hosts": [host, *(f"{account}.{host}" for account in accounts)],
        "sockets": [str(now.plan.sockets / account) for account in accounts],
    }
    command = f"[sys.executable, '-I', {str(program)!r}, '{seconds}', {json.dumps(targets)!r}, {str(result)!r}]"
    channels = thief.kernel()
    assert thief.run(channels, f"import subprocess, sys; subprocess.Popen({command})") == ""
    channels.close()
    return result


def test_a_class_serves_the_others_while_one_student_attacks_it(folder: Path, chromium: Any) -> None:
    from serverless_first.teach.classroom.running import running

    names = ["Ann", "Bob", "Mallory"]
    with ExitStack() as undo:
        now = undo.enter_context(running(folder / "attacked", names, port=0, memory_mb=1400))
        victims = [Victim(undo, chromium, now, account) for account in ("student-01", "instructor")]
        for victim in victims:
            victim.open()
            victim.work()
        before = servers(now)
        result = start_attack(now, ATTACK_S)
        begun_s = time.monotonic()
        late = Victim(undo, chromium, now, "student-02")  # whose server starts during the attack
        while late not in victims or not result.exists():
            for victim in victims:
                victim.work()
            if late not in victims and late.is_here():
                print(f"student-02 came after {time.monotonic() - begun_s:.0f} s")
                late.open()
                victims.append(late)
        done = json.loads(result.read_text(encoding="utf-8"))
        print({victim.account: victim.turns for victim in victims}, f"turns in {time.monotonic() - begun_s:.0f} s")
        print(f"The attack: {done}. The most memory, in MB: {most_mb(before)}")
        assert done["took"] == []
        assert done["tries"] > 100
        assert done["sent"] > 10**7
        assert {name: number for name, number in servers(now).items() if name in before} == before
        for victim in victims:
            victim.open()
            victim.work()

"""A class at work, measured: signs every student in over HTTP, starts the servers, runs a lab's solution in each.

    serverless-first class --students names.csv --folder /srv/class      (in one terminal)
    python tools/class_load.py /srv/class --disturb                      (in another, on the same machine)

It does what browsers do: the sign-in form, the hub's redirects, the Jupyter server's interface, a kernel's websocket.
With --loop the last student runs no lab but an endless loop; with --greed one more makes a burst of hundreds and asks
for all memory. Every request goes to this machine, each student runs the lab once, and --limit-s ends it all.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
import websocket

from serverless_first.classroom import plan, warden

ROOT = Path(__file__).resolve().parents[1]
LOOP = "while True: pass"
GREED = """
from pathlib import Path
from serverless_first import cloud, hikari
aws = cloud.start()
Path("echo.py").write_text("import time\\ndef handler(event, context):\\n    time.sleep(2)\\n    return event\\n")
hikari.deploy(aws, "echo", "echo.py", {})
for calls in (150, 300, 450):
    results = aws.at_once("echo", [{} for _ in range(calls)])
    print(calls, sum(r.outcome == "answered" for r in results))
hoard = []
while True:
    hoard.append(bytearray(50_000_000))
"""


@dataclass
class Student:
    """One who works: what was done, and how long it took."""

    account: str
    code: str
    server_s: float = 0.0
    lab_s: float = 0.0
    tasks: str = ""
    problem: str = ""
    said: list[str] = field(default_factory=list)
    channels: websocket.WebSocket | None = None


class Seat:
    """A browser of one student.

    Args:
        address: of the class.
        student: whose.
        until: the time, on the monotonic clock, at which it gives up.
    """

    def __init__(self, address: str, student: Student, until: float) -> None:
        self.address, self.student, self.until = address, student, until
        self.http = requests.Session()
        self.http.trust_env = False
        self.base = f"{address}/user/{student.account}"

    def sign_in(self) -> None:
        """The form with the code."""
        self.http.get(f"{self.address}/hub/login", timeout=120).raise_for_status()
        form = {
            "username": "card",
            "password": self.student.code,
            "_xsrf": self.http.cookies.get("_xsrf", path="/hub/"),
        }
        answer = self.http.post(f"{self.address}/hub/login?next=/hub/home", data=form, timeout=120)
        answer.raise_for_status()
        if "/hub/login" in answer.url:
            raise RuntimeError("the code was refused")

    def start_server(self) -> None:
        """Asks for the server and waits until it answers under the student's name."""
        self.http.get(f"{self.address}/hub/spawn", timeout=300)
        while time.monotonic() < self.until:
            page = self.http.get(f"{self.base}/lab", timeout=300)  # the hub's OAuth on the way, as in a browser
            if page.ok and page.url.startswith(f"{self.base}/lab"):
                self.http.get(f"{self.base}/api/status", timeout=300).raise_for_status()
                return
            time.sleep(1)
        raise TimeoutError("the server did not come up")

    def kernel(self, **options: Any) -> websocket.WebSocket:
        """A kernel in labs/, and its channels; `options` as for websocket.create_connection."""
        headers = {"X-XSRFToken": self.http.cookies.get("_xsrf", path=f"/user/{self.student.account}/") or ""}
        answer = self.http.post(
            f"{self.base}/api/kernels", json={"name": "python3", "path": "labs/x.ipynb"}, headers=headers, timeout=300
        )
        answer.raise_for_status()
        url = f"{self.base}/api/kernels/{answer.json()['id']}/channels".replace("http", "ws", 1)
        request = requests.Request("GET", f"{self.base}/api/status")
        cookies = self.http.prepare_request(request).headers.get("Cookie", "")
        return websocket.create_connection(url, cookie=cookies, timeout=300, http_no_proxy=["*"], **options)

    def run(self, channels: websocket.WebSocket, source: str, *, wait: bool = True) -> str:
        """Runs a cell; the error in it, if there is one."""
        number, error = uuid.uuid4().hex, ""
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": "load", "version": "5.3"}
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        channels.send(json.dumps(message))
        while wait:
            if time.monotonic() > self.until:
                raise TimeoutError(f"a cell did not end: {source[:60]!r}")
            got: dict[str, Any] = json.loads(channels.recv())
            kind, content = got["header"]["msg_type"], got["content"]
            if kind == "status" and content["execution_state"] in ("restarting", "dead", "autorestarting"):
                raise RuntimeError("the kernel died")
            if got["parent_header"].get("msg_id") != number:
                continue
            if kind == "error":
                error = f"{content['ename']}: {content['evalue'][:300]}"
            if kind == "stream":
                self.student.said.append(content["text"])
            if kind == "execute_reply":
                break
        return error

    def file(self, name: str) -> Any:
        """A file of the student, by the server's interface."""
        answer = self.http.get(
            f"{self.base}/api/contents/{name}", params={"type": "file", "format": "text"}, timeout=300
        )
        answer.raise_for_status()
        return json.loads(answer.json()["content"])


def works(address: str, student: Student, module: str, until: float, all_up: threading.Barrier) -> None:
    """One student: signs in, waits until everybody's server is up, runs the solution cell by cell."""
    seat = Seat(address, student, until)
    server_up(seat, all_up)
    cells = json.loads((ROOT / "solutions" / f"{module}.ipynb").read_text(encoding="utf-8"))["cells"]
    began = time.monotonic()
    channels = seat.kernel()
    for cell in cells:
        if cell["cell_type"] == "code" and (error := seat.run(channels, "".join(cell["source"]))):
            student.problem = student.problem or error
    student.lab_s = time.monotonic() - began
    tasks = seat.file("progress.json")["modules"][module]["tasks"]
    passed = sorted(name for name, task in tasks.items() if "passed_at" in task)
    student.tasks = f"{len(passed)} of {len(tasks)}"
    if len(passed) < len(tasks):
        student.problem = student.problem or "a task is not passed"


def disturbs(address: str, student: Student, source: str, until: float, all_up: threading.Barrier) -> None:
    """One student who asks for too much: nobody waits for the end of the cell."""
    seat = Seat(address, student, until)
    server_up(seat, all_up)
    student.channels = seat.kernel()  # open until the end: what is sent must arrive
    seat.run(student.channels, source, wait=False)
    student.tasks = "loops" if source == LOOP else "asks for too much"


def server_up(seat: Seat, all_up: threading.Barrier) -> None:
    """Signs in and starts the server, then waits for the others."""
    began = time.monotonic()
    seat.sign_in()
    seat.start_server()
    seat.student.server_s = time.monotonic() - began
    all_up.wait(timeout=max(1.0, seat.until - time.monotonic()))


class Memory(threading.Thread):
    """Watches what each seat holds, and what the machine has left."""

    def __init__(self, the: plan.Plan, accounts: list[str], every_s: float = 1.0) -> None:
        super().__init__(daemon=True)
        self.the, self.accounts, self.every_s = the, accounts, every_s
        self.most_mb, self.all_mb, self.least_free_mb = dict.fromkeys(accounts, 0), 0, 10**9
        self.load, self.done = 0.0, threading.Event()

    def run(self) -> None:
        """Until `done`."""
        while not self.done.wait(self.every_s):
            held = {account: self._held(account) for account in self.accounts}
            self.most_mb = {account: max(self.most_mb[account], held[account]) for account in self.accounts}
            self.all_mb = max(self.all_mb, sum(held.values()))
            self.least_free_mb = min(self.least_free_mb, psutil.virtual_memory().available // 2**20)
            self.load = max(self.load, psutil.getloadavg()[0])

    def _held(self, account: str) -> int:
        if self.the.groups:
            return self.the.groups.memory_mb(account)
        below = [p for p in psutil.process_iter() if _home_of(p) == str(self.the.home(account))]
        return int(sum(warden.held_mb(below).values()))


def _home_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("HOME", ""))
    except psutil.Error:
        return ""


def guarded(work: Callable[..., None], address: str, student: Student, *more: Any) -> None:
    """Runs one student; what goes wrong is noted."""
    try:
        work(address, student, *more)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        student.problem = f"{type(error).__name__} in {where.name}: {error}"[:400]
        more[-1].abort()


def main() -> int:
    """The command line; 1 when a student failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a class that runs on this machine")
    parser.add_argument("--module", default="05-rds-proxy")
    parser.add_argument("--loop", action="store_true", help="the last student loops without end")
    parser.add_argument("--greed", action="store_true", help="the last one, or the one before, asks for too much")
    parser.add_argument("--limit-s", type=float, default=900.0)
    given = parser.parse_args()
    the = plan.load(given.folder.absolute())
    with (given.folder / "cards.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["account"] != "instructor"]
    students = [Student(row["account"], row["code"]) for row in rows]
    address = f"http://127.0.0.1:{the.port}"
    load_before, began = psutil.getloadavg(), time.monotonic()
    until = began + given.limit_s
    memory = Memory(the, [student.account for student in students])
    memory.start()
    wishes = [source for source, wanted in ((GREED, given.greed), (LOOP, given.loop)) if wanted]
    disturbers = students[len(students) - len(wishes) :]
    all_up = threading.Barrier(len(students), action=lambda: print(f"all up after {time.monotonic() - began:.0f} s"))
    with ThreadPoolExecutor(len(students)) as class_room:
        for student in students:
            if student in disturbers:
                source = wishes[disturbers.index(student)]
                class_room.submit(guarded, disturbs, address, student, source, until, all_up)
            else:
                class_room.submit(guarded, works, address, student, given.module, until, all_up)
    took_s = time.monotonic() - began
    memory.done.set()
    memory.join()
    print("| student | server up, s | lab, s | tasks passed | most memory, MB | ended by the kernel | problem |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for s in students:
        ended = the.groups.killed(s.account) if the.groups else 0
        most = memory.most_mb[s.account]
        print(f"| {s.account} | {s.server_s:.0f} | {s.lab_s:.0f} | {s.tasks} | {most} | {ended} | {s.problem} |")
    workers = [s for s in students if s not in disturbers]
    failed = [s for s in students if s.problem]
    print(f"\n{len(students)} students on {psutil.cpu_count()} cores, {psutil.virtual_memory().total // 2**20:,} MB; "
          f"load before {load_before[0]:.1f}, most {memory.load:.1f}")  # fmt: skip
    print(f"limit of a seat {the.limits.memory_mb} MB; control groups: {the.groups.version if the.groups else 'none'}")
    print(f"all servers up after {max(s.server_s for s in students):.0f} s; all labs after {took_s:.0f} s; "
          f"a lab took {statistics.median(s.lab_s for s in workers):.0f} s in the middle")  # fmt: skip
    print(f"most memory of all seats together {memory.all_mb:,} MB; least free {memory.least_free_mb:,} MB")
    print(f"{len(workers) - len([s for s in workers if s.problem])} of {len(workers)} labs passed")
    for s in failed:
        print(f"\n{s.account}: {s.problem}\n{''.join(s.said)[-3000:]}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

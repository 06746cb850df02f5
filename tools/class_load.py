"""Measures a class at work: signs every student in over HTTP, starts the servers, and runs a lab's solution in each.

    serverless-first class --students names.csv --folder /srv/class      (in one terminal)
    python -m tools.class_load /srv/class --loop --greed                 (in another, on the same machine)

It does what browsers do: the sign-in form, the hub's redirects, the host name of each seat, the Jupyter server's
interface, a kernel's messages as binary WebSocket frames (v1.kernel.websocket.jupyter.org, as JupyterLab sends them).
With --loop, the last student runs an endless loop instead of the lab. With --greed, another student repeatedly makes
bursts of hundreds of calls and asks for all memory until the others are done. Every request goes to this machine, each
student runs the lab once, and --limit-s limits the total time. The last lines list the checked claims, each with yes or
NO, and the exit code is 1 if there is a NO.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import json
import statistics
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests
import websocket
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from requests.adapters import HTTPAdapter

from serverless_first.teach.board.addresses import from_this_machine
from serverless_first.teach.classroom import names, plan, warden

KERNELS = "v1.kernel.websocket.jupyter.org"
ROOT = Path(__file__).resolve().parents[1]
LOOP: tuple[str, ...] = ("while True: pass",)
HOARD = """
hoard = []
while True:
    hoard.append(bytearray(50_000_000))
"""
BURSTS = """
from pathlib import Path
from serverless_first import cloud
from serverless_first.shop import hikari
aws = cloud.start()
Path("echo.py").write_text("import time\\ndef handler(event, context):\\n    time.sleep(0.2)\\n    return event\\n")
hikari.deploy(aws, "echo", "echo.py", {})
for calls in (60, 150, 450):
    results = aws.at_once("echo", [{} for _ in range(calls)])
    print("burst of", calls, "answered", sum(r.outcome == "answered" for r in results), flush=True)
"""
GREED: tuple[str, ...] = (HOARD, BURSTS)
"""Cells of the greedy student, in turn, each in a fresh kernel."""


@dataclass
class Student:
    """A student of the class, with the times and results of the run."""

    account: str
    code: str
    server_s: float = 0.0
    lab_s: float = 0.0
    tasks: str = ""
    problem: str = ""
    output: list[str] = field(default_factory=list)
    rounds: list[str] = field(default_factory=list)
    """How each attempt of a disturbing student ended."""


class ToThisMachine(HTTPAdapter):
    """Sends each request to the class on this machine, whatever name its address has, as browsers do for *.localhost.

    Args:
        listens: where the class listens, "127.0.0.1:8000".
    """

    def __init__(self, listens: str) -> None:
        self.listens = listens
        super().__init__()

    def send(self, request: requests.PreparedRequest, *more: Any, **options: Any) -> requests.Response:
        """Sends a request with its original host name."""
        request.headers["Host"] = urlsplit(str(request.url)).netloc
        try:
            return super().send(request, *more, **options)
        finally:
            del request.headers["Host"]  # Requests copies it to a redirect and picks cookies by it

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        """A connection to the class."""
        return self.poolmanager.connection_from_url(f"http://{self.listens}")


class Seat:
    """A browser of one student.

    Args:
        place: the address of the class.
        student: the student.
        until_s: the time on the monotonic clock at which it gives up, in seconds.
    """

    def __init__(self, place: plan.Place, student: Student, until_s: float) -> None:
        self.student, self.until_s, self.address = student, until_s, place.address
        self.listens = f"{from_this_machine(place.host)}:{place.port}"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.mount(urlsplit(place.address).scheme + "://", ToThisMachine(self.listens))
        self.kernel_id = ""
        self.origin = place.address
        if not place.shared_origin:
            hub = urlsplit(place.address)
            name = names.of_seat(place.address, student.account)
            self.origin = hub._replace(netloc=f"{name}:{hub.port}" if hub.port else name).geturl()
        self.base = f"{self.origin}/user/{student.account}"

    def sign_in(self) -> None:
        """Signs in with the student's code."""
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
        for cookie in [cookie for cookie in self.http.cookies if cookie.domain == ".localhost"]:
            # Browsers give a cookie of the domain localhost back to that host; Python calls the host localhost.local.
            self.http.cookies.set(cookie.name, cookie.value, domain="localhost.local", path=cookie.path)

    def start_server(self) -> None:
        """Requests the server and waits until it responds under the student's name."""
        self.http.get(f"{self.address}/hub/spawn", timeout=300)
        while time.monotonic() < self.until_s:
            page = self.http.get(f"{self.base}/lab", timeout=300)  # the hub's OAuth on the way, as in a browser
            if page.ok and page.url.startswith(f"{self.base}/lab"):
                self.http.get(f"{self.base}/api/status", timeout=300).raise_for_status()
                return
            if page.status_code in (424, 500):  # the hub's answers for a server that neither runs nor starts
                raise RuntimeError("the server has ended while it started; hub/hub.log of the class has what it said")
            time.sleep(1)
        raise TimeoutError("the server did not come up")

    def kernel(self) -> websocket.WebSocket:
        """Starts a kernel in 00-start-here/, and returns its channels."""
        headers = {"X-XSRFToken": self.http.cookies.get("_xsrf", path=f"/user/{self.student.account}/") or ""}
        answer = self.http.post(
            f"{self.base}/api/kernels",
            json={"name": "python3", "path": "00-start-here/x.ipynb"},
            headers=headers,
            timeout=300,
        )
        answer.raise_for_status()
        self.kernel_id = answer.json()["id"]
        path = urlsplit(f"{self.base}/api/kernels/{self.kernel_id}/channels").path
        request = requests.Request("GET", f"{self.base}/api/status")
        channels = websocket.create_connection(
            f"ws://{self.listens}{path}", host=urlsplit(self.origin).netloc, origin=self.origin, subprotocols=[KERNELS],
            cookie=self.http.prepare_request(request).headers.get("Cookie", ""), timeout=300, http_no_proxy=["*"],
        )  # fmt: skip
        if channels.subprotocol != KERNELS:
            raise RuntimeError(f"the server chose the subprotocol {channels.subprotocol}, not {KERNELS}")
        return channels

    def remove_kernel(self) -> None:
        """Ends the kernel that was started last."""
        headers = {"X-XSRFToken": self.http.cookies.get("_xsrf", path=f"/user/{self.student.account}/") or ""}
        self.http.delete(f"{self.base}/api/kernels/{self.kernel_id}", headers=headers, timeout=300)

    def run(
        self,
        channels: websocket.WebSocket,
        source: str,
        *,
        wait: bool = True,
        until: threading.Event | None = None,
    ) -> str:
        """Runs a cell, and returns its error or "". The event `until` ends the waiting, not the cell."""
        number, error = uuid.uuid4().hex, ""
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": "load", "version": "5.3"}
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        frame = serialize_msg_to_ws_v1(message, "shell", lambda part: json.dumps(part).encode())  # type: ignore[no-untyped-call]
        channels.send_binary(frame)
        awaited = {"execute_reply", "idle"} if wait else set()  # what a cell prints may arrive after the reply
        while awaited:
            if time.monotonic() > self.until_s:
                raise TimeoutError(f"a cell did not end: {source[:60]!r}")
            if until is not None and until.is_set():
                return "it still ran at the end"
            try:
                kind_of_frame, data = channels.recv_data()
            except websocket.WebSocketTimeoutException:
                continue
            if kind_of_frame != websocket.ABNF.OPCODE_BINARY:
                raise RuntimeError(f"the kernel's channels sent a frame that is not binary: {data[:200]!r}")
            _, parts = deserialize_msg_from_ws_v1(data)  # type: ignore[no-untyped-call]
            header, parent, _, content = (json.loads(part) for part in parts[:4])
            kind = header["msg_type"]
            if kind == "status" and content["execution_state"] in ("restarting", "dead", "autorestarting"):
                raise RuntimeError("the kernel died")
            if parent.get("msg_id") != number:
                continue
            if kind == "error":
                error = f"{content['ename']}: {content['evalue'][:300]}"
            if kind == "stream":
                self.student.output.append(content["text"])
            awaited -= {kind, content.get("execution_state")}
        return error

    def file(self, name: str) -> Any:
        """The content of a student's JSON file, from the server's API."""
        answer = self.http.get(
            f"{self.base}/api/contents/{name}", params={"type": "file", "format": "text"}, timeout=300
        )
        answer.raise_for_status()
        return json.loads(answer.json()["content"])


def works(place: plan.Place, student: Student, module: str, until_s: float, all_up: threading.Barrier) -> None:
    """Signs a student in, waits until all servers are up, and runs the solution cell by cell."""
    seat = Seat(place, student, until_s)
    server_up(seat, all_up)
    cells = json.loads((ROOT / "solutions" / f"{module}.ipynb").read_text(encoding="utf-8"))["cells"]
    began_s = time.monotonic()
    channels = seat.kernel()
    for cell in cells:
        if cell["cell_type"] == "code" and (error := seat.run(channels, "".join(cell["source"]))):
            student.problem = student.problem or error
    student.lab_s = time.monotonic() - began_s
    tasks = seat.file("progress.json")["modules"][module]["tasks"]
    passed = sorted(name for name, task in tasks.items() if "passed_at" in task)
    student.tasks = f"{len(passed)} of {len(tasks)}"
    if len(passed) < len(tasks):
        student.problem = student.problem or "a task is not passed"


def disturbs(
    place: plan.Place,
    student: Student,
    sources: tuple[str, ...],
    until_s: float,
    done: threading.Event,
    all_up: threading.Barrier,
) -> None:
    """Signs a disturbing student in, and asks for too much until the others are done."""
    seat = Seat(place, student, until_s)
    server_up(seat, all_up)
    student.tasks = "loops" if sources == LOOP else "asks for too much"
    for source in itertools.cycle(sources):
        if done.is_set():
            break
        channels = seat.kernel()
        channels.settimeout(2)
        try:
            student.rounds.append(seat.run(channels, source, until=done) or "it came to its end")
        except (RuntimeError, websocket.WebSocketException, OSError) as error:
            student.rounds.append(f"{error}")
        channels.close()
        if not done.is_set():
            with contextlib.suppress(requests.RequestException):
                seat.remove_kernel()
            done.wait(2)


def server_up(seat: Seat, all_up: threading.Barrier) -> None:
    """Signs in and starts the server, then waits for the others."""
    began_s = time.monotonic()
    seat.sign_in()
    seat.start_server()
    seat.student.server_s = time.monotonic() - began_s
    all_up.wait(timeout=max(1.0, seat.until_s - time.monotonic()))


class Watch(threading.Thread):
    """Watches each seat's memory and CPU time, and the machine's free memory."""

    def __init__(self, the: plan.Plan, accounts: list[str], every_s: float = 1.0) -> None:
        super().__init__(daemon=True)
        self.the, self.accounts, self.every_s = the, accounts, every_s
        self.most_mb, self.all_mb, self.least_free_mb = dict.fromkeys(accounts, 0), 0, 10**9
        self.load, self.done, self.to_the_end = 0.0, threading.Event(), False
        self._cpu_s: dict[str, dict[tuple[int, float], float]] = {account: {} for account in accounts}

    def run(self) -> None:
        """Measures until `done` is set."""
        while not self.done.wait(self.every_s):
            memory_mb = {account: self._memory_mb(account) for account in self.accounts}
            self.most_mb = {account: max(self.most_mb[account], memory_mb[account]) for account in self.accounts}
            self.all_mb = max(self.all_mb, sum(memory_mb.values()))
            self.least_free_mb = min(self.least_free_mb, psutil.virtual_memory().available // 2**20)
            self.load = max(self.load, psutil.getloadavg()[0])
            for account in self.accounts:
                for process in self._processes(account):
                    with contextlib.suppress(psutil.Error):
                        times = process.cpu_times()
                        self._cpu_s[account][process.pid, process.create_time()] = times.user + times.system
        self.to_the_end = True

    def cpu_s(self, account: str) -> float:
        """The time of processors that the seat has had: of each process as it was last seen."""
        return sum(self._cpu_s[account].values())

    def _memory_mb(self, account: str) -> int:
        if self.the.groups:
            return self.the.groups.memory_mb(account)
        return int(sum(warden.held_mb(self._processes(account)).values()))

    def _processes(self, account: str) -> list[psutil.Process]:
        if not self.the.groups:
            return [p for p in psutil.process_iter() if _home_of(p) == str(self.the.home(account))]
        processes = []
        for pid in self.the.groups.processes(account):
            with contextlib.suppress(psutil.Error):
                processes.append(psutil.Process(pid))
        return processes


def _home_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("HOME", ""))
    except psutil.Error:
        return ""


def guarded(work: Callable[..., None], place: plan.Place, student: Student, *more: Any) -> None:
    """Runs one student, and records the problems."""
    try:
        work(place, student, *more)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"{type(error).__name__} in {where.name}: {error}"[:400]
        student.problem = "; then ".join(filter(None, (student.problem, problem)))
        more[-1].abort()


def main() -> int:
    """Runs the class. Returns 1 if a claim doesn't hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of a class that runs on this machine")
    parser.add_argument("--module", default="05-rds-proxy")
    parser.add_argument("--loop", action="store_true", help="the last student loops without end")
    parser.add_argument("--greed", action="store_true", help="the last one, or the one before, asks for too much")
    parser.add_argument("--limit-s", type=float, default=900.0)
    options = parser.parse_args()
    the = plan.load(options.folder.absolute())
    with (options.folder / "cards.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["account"].startswith("student-")]
    students = [Student(row["account"], row["code"]) for row in rows]
    load_before, began_s = psutil.getloadavg(), time.monotonic()
    until_s = began_s + options.limit_s
    watch = Watch(the, [student.account for student in students])
    watch.start()
    wishes = [sources for sources, is_on in ((GREED, options.greed), (LOOP, options.loop)) if is_on]
    if len(wishes) >= len(students):
        parser.error("nobody is left to run the lab")
    disturbers = dict(zip([s.account for s in students[len(students) - len(wishes) :]], wishes, strict=True))
    workers = [student for student in students if student.account not in disturbers]
    done = threading.Event()
    all_up = threading.Barrier(len(students), action=lambda: print(f"all up after {time.monotonic() - began_s:.0f} s"))
    with ThreadPoolExecutor(len(students)) as class_room:
        for student in students:
            if sources := disturbers.get(student.account):
                class_room.submit(guarded, disturbs, the.place, student, sources, until_s, done, all_up)
        at_work = [
            class_room.submit(guarded, works, the.place, student, options.module, until_s, all_up)
            for student in workers
        ]
        wait(at_work)
        took_s = time.monotonic() - began_s
        ended = {s.account: the.groups.killed(s.account) for s in students} if the.groups else {}
        watch.done.set()
        watch.join()
        done.set()
    print(
        "| student | server up, s | lab, s | tasks passed | most memory, MB | CPU, s | ended by the kernel | problem |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for s in students:
        print(f"| {s.account} | {s.server_s:.0f} | {s.lab_s:.0f} | {s.tasks} | {watch.most_mb[s.account]} "
              f"| {watch.cpu_s(s.account):.0f} | {ended.get(s.account)} | {s.problem} |")  # fmt: skip
    print(f"\n{len(students)} students on {psutil.cpu_count()} cores, {psutil.virtual_memory().total // 2**20:,} MB; "
          f"load before {load_before[0]:.1f}, most {watch.load:.1f}")  # fmt: skip
    print(f"limit of a seat {the.limits.memory_mb} MB; control groups: {the.groups.version if the.groups else 'none'}")
    print(f"all servers up after {max(s.server_s for s in students):.0f} s; all labs after {took_s:.0f} s; "
          f"a lab took {statistics.median(s.lab_s for s in workers):.0f} s in the middle")  # fmt: skip
    print(f"most memory of all seats together {watch.all_mb:,} MB; least free {watch.least_free_mb:,} MB")
    for s in students:
        if s.rounds:
            print(f"{s.account} {s.tasks}: {len(s.rounds)} times: {'; '.join(s.rounds)[-600:]}")
            print("".join(s.output)[-600:])
        if s.problem:
            print(f"\n{s.account}: {s.problem}\n{''.join(s.output)[-3000:]}")
    checked = claims(the, workers, {s.account: s for s in students}, disturbers, watch, ended)
    print()
    for claim, holds in checked.items():
        print(f"{'yes' if holds else 'NO '}  {claim}")
    return int(not all(checked.values()))


def claims(
    the: plan.Plan,
    workers: list[Student],
    students: dict[str, Student],
    disturbers: dict[str, tuple[str, ...]],
    watch: Watch,
    ended: Mapping[str, int | None],
) -> dict[str, bool]:
    """The claims about a class, and whether each held in this run, including whether the disturbers disturbed it.

    Args:
        ended: account -> how many of its processes the kernel ended; None if it doesn't say (only control groups do).
    """
    measured = watch.to_the_end and min(watch.most_mb.values()) > 0
    passed = [s for s in workers if not s.problem]
    checks = {
        f"all {len(workers)} labs passed ({len(passed)} did)": len(passed) == len(workers),
        "each seat was watched to the end": measured,
        "no seat held more than its limit": measured and max(watch.most_mb.values()) <= the.limits.memory_mb,
    }
    if the.groups:  # without them nobody counts
        checks["the kernel ended no process of students in the lab"] = all(ended.get(s.account) == 0 for s in workers)
    middle_s = statistics.median(watch.cpu_s(s.account) for s in workers)
    for account, sources in disturbers.items():
        student, had_s = students[account], watch.cpu_s(account)
        checks[f"{account} had a server and did what it should ({student.problem or 'it did'})"] = not student.problem
        if sources == LOOP:  # without control groups the warden puts it behind the others
            least_s = middle_s * (0.8 if the.groups else 0.2)
            claim = f"the loop ran: {had_s:.0f} s of CPU, {middle_s:.0f} s the others in the middle"
            checks[claim] = had_s >= least_s > 0 and student.rounds == ["it still ran at the end"]
        else:
            bursts = "".join(student.output).count("burst of ")
            stopped = [attempt for attempt in student.rounds if "MemoryError" in attempt or "died" in attempt]
            checks[f"the greedy one made bursts ({bursts}), {had_s:.0f} s of CPU"] = bursts > 0
            checks[f"and was stopped when it wanted all memory ({len(stopped)} times)"] = bool(stopped)
    return checks


if __name__ == "__main__":
    sys.exit(main())

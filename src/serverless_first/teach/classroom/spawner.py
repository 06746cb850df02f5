"""Starts a student's server in a seat: with its account, its limits and its folders; and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterhub.spawner import LocalProcessSpawner
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError

from serverless_cloud.core.seat import ALLOTMENT, TURNS
from serverless_first.lab import sharing
from serverless_first.teach.board import Keys
from serverless_first.teach.board.addresses import from_this_machine
from serverless_first.teach.classroom import accounts, plan, roll, warden

LOOK_EVERY_MS = 3_000
LISTENS_YET_EVERY_S = 0.3
BEHIND_THE_HUB = 5
GOES_FIRST = 500  # proc(5), oom_score_adj: from -1000, never, to 1000, always


class ServerEnded(RuntimeError):
    """A student's server has ended while it started; the message says whose."""


class SeatSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """One for each student. The plan of the class says what it may do."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._plan = plan.load(Path(os.environ[plan.VARIABLE]))
        self._seat: warden.Seat | None = None
        self._watch: PeriodicCallback | None = None

    def load_state(self, state: dict[str, Any]) -> None:
        """Nothing of an earlier hub: no server outlives it, and the number of its process may be another's by now."""
        super().load_state({name: value for name, value in state.items() if name != "pid"})

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """The variables of a seat: everything that is written goes into its own folders."""
        account, the = self.user.name, self._plan
        home = the.home(account)
        person = roll.load(the.folder).by_account(account)
        mine = {
            "HOME": str(home),
            "USER": accounts.name_of(account, home.parent) if the.numbers else account,
            "TMPDIR": str(the.temporary / account),
            # Kernels have their sockets here: a short path, since a socket's has at most 107 bytes (unix(7)).
            "JUPYTER_RUNTIME_DIR": str(the.temporary / account / "runtime"),
            "SERVERLESS_FIRST_WORK": str(home / "work"),
            ALLOTMENT: str(the.limits.share_mb),
            TURNS: str(the.turns),
        }
        settings = home / ".settings"
        for name, folder in (
            ("JUPYTER_CONFIG_DIR", "jupyter"), ("JUPYTER_DATA_DIR", "data"),
            ("IPYTHONDIR", "ipython"), ("MPLCONFIGDIR", "matplotlib"), ("XDG_CACHE_HOME", "cache"),
        ):  # fmt: skip
            mine[name] = str(settings / folder)
        if person and person.learns:
            mine[sharing.URL] = the.board_at(from_this_machine(the.place.host))
            mine[sharing.TOKEN] = Keys.open(the.board).student(person.name)
        return env | {"LOGNAME": mine["USER"]} | mine

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Prepares the process that becomes the server: it enters its group and gives up our rights."""
        number, the = self._plan.numbers.get(name), self._plan

        def settle() -> None:
            if the.groups:
                the.groups.enter(name)
            os.nice(BEHIND_THE_HUB)  # so that the hub answers however busy the seats are
            with contextlib.suppress(OSError):  # where the whole machine has no memory left, a seat goes before others
                Path("/proc/self/oom_score_adj").write_text(str(GOES_FIRST))
            if number is not None:
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            the.limits.tell_process(own_account=number is not None)
            os.umask(0o077)
            os.chdir(the.home(name))

        return settle

    async def start(self) -> str:
        """Starts the server, and waits until it listens.

        It listens on a Unix socket, which we make, in a folder that only we can enter. So only the proxy can connect to
        it, and nobody can listen in its place, even if it has ended.

        Raises:
            HTTPError: this account has no seat; the hub shows the message.
            ServerEnded: it has ended by itself.
        """
        account, the = self.user.name, self._plan
        if account == roll.ADMINISTRATOR:
            raise HTTPError(403, f"The account {account} has no seat. It can only stop other people's servers.")
        if the.groups:
            the.groups.seat(account, the.limits)
        path = the.sockets / account
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            number = listener.fileno()
            self.cmd = [sys.executable, "-m", "serverless_first.teach.classroom.seat", str(number)]
            self.popen_kwargs = {"pass_fds": [number]}
            await super().start()
        self._seat = warden.Seat(account, self.pid)
        if self._watch is None:
            self._watch = PeriodicCallback(self._look, LOOK_EVERY_MS, jitter=0.2)
            self._watch.start()
        if not await self._listens(path):
            raise ServerEnded(f"The server of {account} ended before it listened. The reason is in the hub's log.")
        address = f"http+unix://{quote(str(path), safe='')}"
        self.server.connect_url = address  # JupyterHub takes only a host and a port from what we return
        return address

    async def _listens(self, path: Path) -> bool:
        """Waits for that. False if the process ends before."""
        while self.proc.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                return True
            await asyncio.sleep(LISTENS_YET_EVERY_S)
        return False

    async def stop(self, now: bool = False) -> None:
        """Stops the server, and then whatever is left of the seat."""
        if self._seat is not None:
            await asyncio.to_thread(self._seat.processes)  # who belongs to it, as long as their parents live
        await super().stop(now)
        await self._clear()

    async def poll(self) -> int | None:
        """None while the server runs. One that has ended by itself leaves nothing behind either."""
        status: int | None = await super().poll()
        if status is not None and self._seat is not None:
            await self._clear()
        return status

    async def _clear(self) -> None:
        seat, self._seat = self._seat, None
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self._plan.groups:
            await asyncio.to_thread(self._plan.groups.end, self.user.name)
        if seat is not None:
            await asyncio.to_thread(warden.end, seat)

    async def _look(self) -> None:
        """Does the work of control groups if there are none. With them, it only remembers whose process is whose."""
        if self._seat is None or self._plan.groups:
            return
        for line in await asyncio.to_thread(warden.enforce, self._seat, self._plan.limits):
            self.log.warning(line)

"""The process of one DB instance: `python -P -m serverless_cloud.rds.instance_process`.

It owns the PostgreSQL server and the endpoint in front of it. Its standard input is a pipe that only the cloud's server
holds the other end of: when that ends, however it ends, everything here ends. JSON lines both ways:

    in   {"binaries": ..., "folder": ..., "port": 0, "settings": {...}, "master_username": ..., ...}   first
    in   {"id": 1, "call": "reboot" | "start" | "stop" | "configure" | "password" | "sessions"}                  then
    out  {"state": "available", "port": 50001, "private_port": 50002}    on each change of state
    out  {"state": "rebooting"}    PostgreSQL has ended by itself and is started again
    out  {"state": "failed" | "incompatible-parameters", "reason": ...}
    out  {"id": 1, "answer": {}} or {"id": 1, "error": ...}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from serverless_cloud.core import disk
from serverless_cloud.rds import folder, roles
from serverless_cloud.rds.binaries import Binaries, for_account, unprivileged_account
from serverless_cloud.rds.endpoint import Gate
from serverless_cloud.rds.postgres_server import Postgres, PostgresDidNotStart

_LOOK_EVERY_S = 0.2
_MOST_RECOVERIES = 5  # a PostgreSQL that cannot live must not be started for ever
_STOPPED = ("the database system is not accepting connections", "The DB instance is stopped.")
_STARTING = ("the database system is starting up", "")


class InstanceProcess:
    """A DB instance, with the settings from the first line of standard input."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._folder = Path(settings["folder"])
        self._gate = Gate()
        self._postgres: Postgres | None = None
        self._port = 0
        self._recoveries = 0
        self._has_roles = False

    async def create(self) -> None:
        """Makes the data folder, starts PostgreSQL, makes the roles and opens the endpoint; tells how it went."""
        account = unprivileged_account()
        programs = self._folder / "programs"
        system_binaries = Binaries(Path(self._settings["binaries"]), self._settings["version"])
        binaries = await asyncio.to_thread(for_account, system_binaries, account, programs)
        self._postgres = Postgres(binaries, self._folder, account, self._settings["socket_folder"])
        await self._postgres.make_data()
        self._postgres.configure(self._settings["settings"])
        self._port = await self._gate.listen(self._settings["port"])
        await self._start()

    async def _start(self) -> None:
        assert self._postgres is not None
        self._gate.refusal = _STARTING
        try:
            await self._postgres.start()
        except PostgresDidNotStart as error:
            say(state="incompatible-parameters", reason=str(error))
            return
        if not self._has_roles:  # at the first start that PostgreSQL has managed
            s = self._settings
            await self._postgres.execute(roles.set_up(s["master_username"], s["master_password"], s["db_name"]))
            self._has_roles = True
        host, port = self._gate.target = self._postgres.host, self._postgres.port
        say(state="available", port=self._port, private_host=host, private_port=port)

    async def _stop(self) -> None:
        assert self._postgres is not None
        self._gate.target = None
        await self._postgres.stop()

    async def sessions(self) -> dict[str, Any]:
        """The clients that are logged in now. Nobody logs in meanwhile, so that the look costs no client a seat.

        Raises:
            PostgresDidNotStart: PostgreSQL is not running, or did not answer.
        """
        if self._postgres is None or self._gate.target is None:
            raise PostgresDidNotStart("The DB instance doesn't accept connections now.")
        async with self._gate.turn():
            return {"sessions": await asyncio.to_thread(self._postgres.sessions)}

    async def counts(self) -> dict[str, int]:
        """How many clients are logged in, or about to be. Unlike `sessions`, it asks nobody."""
        return {"clients": self._gate.seated}

    async def reboot(self, parameters: dict[str, str]) -> None:
        """Stops and starts PostgreSQL with these settings; the endpoint's port stays, its clients are cut off."""
        assert self._postgres is not None
        self._gate.refusal = _STARTING
        await self._stop()
        self._postgres.configure(parameters)
        await self._start()

    async def start(self, parameters: dict[str, str]) -> None:
        """Starts a stopped instance."""
        assert self._postgres is not None
        self._postgres.configure(parameters)
        await self._start()

    async def stop(self) -> None:
        """Stops PostgreSQL; the endpoint keeps its port and refuses clients."""
        self._gate.refusal = _STOPPED
        await self._stop()
        say(state="stopped")

    async def configure(self, parameters: dict[str, str]) -> None:
        """Applies settings that need no restart."""
        assert self._postgres is not None
        self._postgres.configure(parameters)
        await self._postgres.reload()

    async def password(self, password: str) -> None:
        """Gives the master user a new password."""
        assert self._postgres is not None
        await self._postgres.execute(roles.new_password(self._settings["master_username"], password))

    def is_broken(self) -> bool:
        """Whether PostgreSQL has ended by itself; from then on clients are refused."""
        if self._postgres is None or self._gate.target is None or not self._postgres.has_ended():
            return False
        self._gate.refusal, self._gate.target = _STARTING, None
        return True

    async def recover(self) -> None:
        """Starts PostgreSQL again after it has ended by itself. Committed data is there again.

        Raises:
            PostgresDidNotStart: it has ended by itself too often.
        """
        assert self._postgres is not None
        if not self._postgres.has_ended():  # a command that came before has started it
            return
        self._recoveries += 1
        if self._recoveries > _MOST_RECOVERIES:
            words = self._postgres.last_words()
            raise PostgresDidNotStart(
                f"PostgreSQL has crashed {self._recoveries} times, so the local cloud doesn't start it again. {words}"
            )
        say(state="rebooting")
        await asyncio.to_thread(folder.end_children, self._folder)  # they hold the shared memory
        await self._start()

    async def end(self) -> None:
        """Ends everything and removes the folder."""
        self._gate.close()
        if self._postgres is not None:
            await self._postgres.stop(keep_data=False)
            self._postgres.remove()


def say(**message: Any) -> None:
    """Tells the cloud's server something; it may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


async def serve(settings: dict[str, Any]) -> None:
    """Creates the instance and does what it is told until standard input ends."""
    instance, commands = InstanceProcess(settings), asyncio.Queue[dict[str, Any]]()

    async def work() -> None:
        try:
            await instance.create()
        except Exception as error:
            say(state="failed", reason=disk.with_advice(str(error) or type(error).__name__))
        while True:
            command = await commands.get()
            number, call = command.pop("id"), command.pop("call")
            try:
                answer = await getattr(instance, call)(**command)
                say(id=number, answer=answer or {})
            except Exception as error:
                reason = disk.with_advice(str(error) or type(error).__name__)
                say(id=number, error=reason)
                if call not in ("password", "sessions", "counts"):  # then it is neither stopped nor available
                    say(state="failed", reason=reason)

    async def watch() -> None:
        while True:
            if instance.is_broken():
                commands.put_nowait({"id": 0, "call": "recover"})
            await asyncio.sleep(_LOOK_EVERY_S)

    ended = asyncio.Event()
    tasks = [asyncio.create_task(work()), asyncio.create_task(watch())]
    _read_commands(commands, ended)
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await instance.end()


def _read_commands(commands: asyncio.Queue[dict[str, Any]], ended: asyncio.Event) -> None:
    """Hands on each line of standard input; its end ends everything at once, a command under way included."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(commands.put_nowait, json.loads(line))
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="commands", daemon=True).start()
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGTERM, ended.set)


def _allow_many_files() -> None:
    """Two for each client: as many as the system lets us have."""
    if sys.platform == "win32":
        return
    import resource  # Windows has none

    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS reports an unlimited number, and refuses more than its kernel allows.
    for limit in (65_536, 24_576, 10_240):
        if most != resource.RLIM_INFINITY:
            limit = min(limit, most)
        if limit <= now:
            return
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
            return


def main() -> None:
    """Runs one instance until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupting the notebook must not end its databases
    line = sys.stdin.buffer.readline()
    if not line:
        return
    _allow_many_files()

    work = serve(json.loads(line))
    try:
        import uvloop  # a third faster; there is none for Windows
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
    os._exit(0)  # a thread that waits for a program does not keep the process


if __name__ == "__main__":
    main()

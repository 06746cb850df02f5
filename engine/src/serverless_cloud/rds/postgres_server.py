"""One PostgreSQL server: its data folder, its process, and statements run as its superuser.

Every program is started from the thread that makes the call, and the instance process makes them all from its main
thread: on Linux a child ends with the *thread* that started it (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serverless_cloud.rds import initdb, roles, sockets
from serverless_cloud.rds.binaries import Account, Binaries
from serverless_cloud.rds.folder import lock_file

HOST = sockets.LOOPBACK
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 5.0
_LOOK_EVERY_S = 0.02
_PORT_TRIES = 5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

#: Settings that hold whatever the parameter group says.
FIXED = {
    "ssl": "off",
    "password_encryption": "scram-sha-256",
    "dynamic_shared_memory_type": "mmap",  # files in the data folder, which goes as a whole; none in /dev/shm
    # The data end with the notebook and don't have to survive a power cut, so writes don't wait for the disk. A
    # COMMIT still means the same to other sessions.
    "fsync": "off",
}
_DEFAULTS = {"timezone": "UTC", "log_timezone": "UTC"}  # RDS's
_OWN_CONFIG = "instance.conf"

#: PostgreSQL documentation, "The Cumulative Statistics System": pg_stat_activity. A login that has not been accepted
#: has the state "starting", or none.
_SESSIONS = """
SELECT pid, usename AS user, coalesce(application_name, '') AS application, coalesce(datname, '') AS database,
       state, coalesce(wait_event_type, '') AS waits_for, query,
       extract(epoch FROM backend_start)::float AS connected_s,
       extract(epoch FROM state_change)::float AS since_s
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'starting'
ORDER BY backend_start, pid
"""


class PostgresDidNotStart(RuntimeError):
    """PostgreSQL or one of its programs ended with an error; the message holds its last words."""


class Postgres:
    """A PostgreSQL server in its own folder.

    Args:
        folder: an empty folder; `data` and the log go into it.
        account: whom it runs under; None for ourselves.
        socket_folder: it listens at a Unix socket there, and at no port of 127.0.0.1, unless None.

    Attributes:
        host, port: where it listens, as libpq names them.
    """

    def __init__(
        self, binaries: Binaries, folder: Path, account: Account | None, socket_folder: str | None = None
    ) -> None:
        self._binaries, self._folder, self._account = binaries, folder, account
        self._data, self._log = folder / "data", folder / "postgres.log"
        self._password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None
        self._programs: set[subprocess.Popen[bytes]] = set()
        self.host, self.port = socket_folder or HOST, 0
        self._fixed = FIXED | {
            "listen_addresses": "" if socket_folder else HOST,
            "unix_socket_directories": f'"{socket_folder}"' if socket_folder else "",
        }

    # ---- life

    async def make_data(self) -> None:
        """Makes the data folder, from the template if there is one, and gives the superuser its password.

        Raises:
            PostgresDidNotStart: initdb failed.
        """
        modern = self._binaries.major >= 17  # upper() and lower() of every letter, on every system alike
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if modern else []
        settings = ["-U", roles.SUPERUSER, "-A", "reject", "-E", "UTF8", "--locale=C", *locale]
        template_folder = initdb.place(self._binaries, settings)
        if not await asyncio.to_thread(initdb.copied, template_folder, self._data, self._account):
            quickly = ("--no-sync", "--no-instructions")
            await self._run("initdb", "-D", str(self._data), *settings, *quickly, demoted=True)
            await asyncio.to_thread(initdb.keep, self._data, template_folder)
        # Before anybody can connect: this mode has no network.
        fixed = [word for name, value in self._fixed.items() for word in ("-c", f"{name}={value}")]
        await self._run(
            "postgres", "--single", "-D", str(self._data), "-c", "exit_on_error=on", *fixed, "postgres",
            demoted=True,
            text=roles.new_password(roles.SUPERUSER, self._password) + "\n",
        )  # fmt: skip
        self._write("pg_hba.conf", f"host all all {HOST}/32 scram-sha-256\nlocal all all scram-sha-256\n")
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.write(f"\ninclude '{_OWN_CONFIG}'\n")

    def configure(self, parameters: Mapping[str, str]) -> None:
        """Writes the settings that hold from the next start, or the next `reload`, on."""
        settings = _DEFAULTS | dict(parameters) | self._fixed
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        self._write(_OWN_CONFIG, "".join(lines))

    async def start(self) -> None:
        """Starts it and waits until it takes connections on `port`.

        Raises:
            PostgresDidNotStart: it refused its settings, for instance.
        """
        for _ in range(_PORT_TRIES):
            self.port = _free_port()
            offset = self._log.stat().st_size if self._log.exists() else 0
            with self._log.open("ab") as log:
                self._process = self._popen(
                    [self._binaries.program("postgres"), "-D", str(self._data), "-p", str(self.port)],
                    demoted=True,
                    death_signal=signal.SIGINT,  # a fast shutdown, when the instance process is killed
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            if await self._is_ready(self._process):
                return
            words = self._log.read_bytes()[offset:].decode(errors="replace")
            if "could not bind" not in words and "Address already in use" not in words:
                raise PostgresDidNotStart(_last_words(words))
        raise PostgresDidNotStart(f"PostgreSQL did not find a free port in {_PORT_TRIES} attempts.")

    async def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Waits for the last line of postmaster.pid to say "ready" (miscadmin.h: PM_STATUS_READY)."""
        for _ in range(int(_START_LIMIT_S / _LOOK_EVERY_S)):
            if process.poll() is not None:
                return False
            lines = lock_file(self._folder)
            if len(lines) > 7 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        await self.stop()
        return False

    async def stop(self, *, keep_data: bool = True) -> None:
        """Ends it: clients are cut off, what they have committed is kept. May be called when it has ended.

        Args:
            keep_data: False when the data are no longer needed, which is faster.
        """
        for program in list(self._programs):
            program.kill()
        process = self._process
        if process is None:
            return
        # Fast, immediate (both free the shared memory), and what no program can refuse.
        for name in ("INT", "QUIT", "KILL") if keep_data else ("QUIT", "KILL"):
            if process.poll() is None:
                await self._signal(process, name)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(process.wait, _STOP_LIMIT_S)
        self._process = None

    def has_ended(self) -> bool:
        """Whether it was started and has ended without being asked to."""
        return self._process is not None and self._process.poll() is not None

    async def reload(self) -> None:
        """Has the running server read its settings again. Settings that need a restart keep their values."""
        if self._process is not None:
            await self._signal(self._process, "HUP")

    async def _signal(self, process: subprocess.Popen[bytes], name: str) -> None:
        if sys.platform != "win32":
            process.send_signal(getattr(signal, f"SIG{name}"))
        elif name == "KILL":
            process.kill()
        else:  # Windows has no such signals; PostgreSQL listens on a pipe for them
            await self._run("pg_ctl", "kill", name, str(process.pid))

    def last_words(self) -> str:
        """The end of its log."""
        return _last_words(self._log.read_text(encoding="utf-8", errors="replace")) if self._log.exists() else ""

    def remove(self) -> None:
        """Removes its folder; it must have ended."""
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- statements

    async def execute(self, sql: str) -> str:
        """Runs statements as the superuser. Returns their output.

        Raises:
            PostgresDidNotStart: one of them failed.
        """
        return await self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port),
            "-U", roles.SUPERUSER, "-d", "postgres",
            text=sql,
            PGPASSWORD=self._password,
        )  # fmt: skip

    def sessions(self) -> list[dict[str, Any]]:
        """The clients that are logged in now, the oldest first. Returns when the seat that the look has taken is free.

        Raises:
            PostgresDidNotStart: it does not take the superuser's connection.
        """
        import psycopg  # late: not before somebody looks
        from psycopg.rows import dict_row

        try:
            connection = psycopg.connect(
                host=self.host,
                port=self.port,
                user=roles.SUPERUSER,
                password=self._password,
                dbname="postgres",
                autocommit=True,
                connect_timeout=10,
            )
            # A copy of the connection's socket; os.dup knows none of Windows' sockets. The family plays no part in it.
            with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as ending:
                ending.settimeout(_STOP_LIMIT_S)
                with contextlib.closing(connection):
                    rows = connection.cursor(row_factory=dict_row).execute(_SESSIONS).fetchall()
                while ending.recv(1024):  # its end comes when the backend is gone
                    pass
        except (psycopg.Error, OSError) as error:
            raise PostgresDidNotStart(f"PostgreSQL doesn't answer: {error}") from error
        return rows

    # ---- programs

    async def _run(self, name: str, *arguments: str, demoted: bool = False, text: str = "", **environ: str) -> str:
        # The demoted initdb is what takes time; it ends with us.
        program = self._popen(
            [self._binaries.program(name), *arguments],
            demoted=demoted,
            death_signal=signal.SIGTERM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            environ=environ,
        )
        self._programs.add(program)
        try:
            output, _ = await asyncio.to_thread(program.communicate, text.encode())
        finally:
            self._programs.discard(program)
        words = output.decode(errors="replace")
        if program.returncode:
            raise PostgresDidNotStart(f"{name}: {_last_words(words)}")
        return words

    def _popen(
        self,
        command: Sequence[str],
        *,
        demoted: bool,
        death_signal: signal.Signals,
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> subprocess.Popen[bytes]:
        if demoted and self._account is not None:
            settings |= self._account.popen_settings()
        if sys.platform == "win32":
            settings["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        else:
            settings["preexec_fn"] = _end_with_us(death_signal)
        names = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "COMSPEC")
        base = {k: v for k, v in os.environ.items() if k.upper() in names}
        return subprocess.Popen(
            command,
            cwd="/" if sys.platform != "win32" else None,
            env=base | {"LC_ALL": "C"} | dict(environ or {}),
            start_new_session=True,
            **settings,
        )

    def _write(self, name: str, text: str) -> None:
        path = self._data / name
        path.write_text(text, encoding="utf-8")
        if self._account is not None:
            self._account.own(path)


def _end_with_us(death_signal: signal.Signals) -> Callable[[], None] | None:
    """For the child, after its change of user, which clears the setting: one call to the kernel, little else."""
    if _libc is None:
        return None
    prctl, number = _libc.prctl, int(death_signal)
    return lambda: prctl(_PR_SET_PDEATHSIG, number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _quoted(value: str) -> str:
    """A value as postgresql.conf writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _last_words(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    bad = [line for line in lines if "FATAL" in line or "ERROR" in line or "error:" in line]
    return " ".join((bad or lines)[-3:]) or "(PostgreSQL printed nothing)"

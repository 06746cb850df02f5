"""What the tests of the proxy share: ends to connect to, the proxy's process, PgBouncer beside it."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg

T = TypeVar("T")
LIMIT_S = 30.0
#: The roles of the tests, with passwords that must not break anything.
PASSWORDS = {"app": 'app\'s "pass" word=1', "report": "re:port;%20€"}
SHOP, STOCK = "shop", "stock"
#: What PostgreSQL keeps for those that log in by the tests' own, direct connection.
MAX_CONNECTIONS = 20


@dataclass(frozen=True)
class Endpoint:
    """A place to connect to: PostgreSQL itself, the proxy, or PgBouncer."""

    kind: str
    port: int
    host: str = "127.0.0.1"
    passwords: dict[str, str] = field(default_factory=lambda: dict(PASSWORDS))

    def login(self, user: str = "app", database: str = SHOP, **more: Any) -> dict[str, Any]:
        """Arguments for psycopg.connect."""
        login = {"user": user, "password": self.passwords[user], "dbname": database}
        return {"host": self.host, "port": self.port, "connect_timeout": int(LIMIT_S)} | login | more

    def keywords(self, user: str = "app", database: str = SHOP, **more: Any) -> dict[str, Any]:
        """Arguments for asyncpg.connect and pg8000's connect."""
        login = {"user": user, "password": self.passwords[user], "database": database}
        return {"host": self.host, "port": self.port, "timeout": LIMIT_S} | login | more

    def connect(self, user: str = "app", database: str = SHOP, **more: Any) -> psycopg.Connection[Any]:
        """A psycopg connection; autocommit unless told otherwise."""
        return psycopg.connect(**self.login(user, database, **{"autocommit": True, **more}))


class ProxyError(Exception):
    """What the proxy answered to a call that it refuses."""


class ProxyProcess:
    """The proxy as its control plane starts it: a process that is told its settings, and asked, by JSON lines.

    Attributes:
        endpoint: where clients connect.
        logged: what it wanted in CloudWatch Logs, in order.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "serverless_cloud.rds_proxy"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        self.settings = settings
        self.logged: list[dict[str, Any]] = []
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._number = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._say({"settings": settings})
        self.endpoint = Endpoint("proxy", int(self._hear("ready")["port"]), passwords=settings["users"])

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def memory_mb(self) -> float:
        """Its resident memory."""
        return float(psutil.Process(self.pid).memory_info().rss) / 2**20

    def metrics(self) -> dict[str, Any]:
        """What it counts, as the control plane gets it."""
        return dict(self._call("metrics"))

    def total(self, metric: str) -> float:
        """A counter's sum over all minutes."""
        return float(sum(minute["values"].get(metric, 0) for minute in self.metrics()["minutes"]))

    def peak(self, metric: str) -> float:
        """A gauge's highest value in all minutes."""
        return float(max(minute["values"].get(metric, 0) for minute in self.metrics()["minutes"]))

    def now(self, metric: str) -> float:
        """A value of the newest minute."""
        return float(self.metrics()["minutes"][-1]["values"].get(metric, 0))

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """Borrow, query, pin, return: what happened, oldest first."""
        return list(self._call("events", after=after)["events"])

    def configure(self, **changes: Any) -> None:
        """Changes some settings while it runs."""
        self.settings = changed(self.settings, changes)
        self._call("configure", settings=self.settings)

    def close(self) -> None:
        """Ends it as its control plane does; fails when it does not end well, or had something to complain of."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            code: int | str = self._process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = f"still running after {LIMIT_S} s"
        self._process.wait()
        self._reader.join(LIMIT_S)
        self._process.stdout.close()
        self._errors.seek(0)
        errors = self._errors.read()
        self._errors.close()
        assert (code, errors) == (0, ""), f"The proxy's end: {code}. It wrote:\n{errors}"

    def _call(self, name: str, **more: Any) -> Any:
        self._number += 1
        self._say({"id": self._number, "call": name} | more)
        answer = self._hear("id")
        assert answer["id"] == self._number
        if "error" in answer:
            raise ProxyError(answer["error"])
        return answer["answer"]

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _hear(self, key: str) -> dict[str, Any]:
        message = self._answers.get(timeout=LIMIT_S)
        if key not in message:
            self._errors.seek(0)
            raise AssertionError(f"The proxy said {message!r} in place of {key!r}. It wrote:\n{self._errors.read()}")
        if key == "ready":
            return dict(message["ready"])
        return message

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "log" in message:
                self.logged.append(message["log"])
            else:
                self._answers.put(message)
        self._answers.put({"ended": True})


def proxy_settings(port: int, max_connections: int = MAX_CONNECTIONS, **changes: Any) -> dict[str, Any]:
    """A proxy's settings: AWS's defaults, a pool of half the server's connections, both roles."""
    pool = {
        "max_connections_percent": 50,
        "max_idle_connections_percent": 50,
        "borrow_timeout_s": 120,
        "init_query": "",
        "session_pinning_filters": [],
    }
    settings = {
        "name": "orders-proxy",
        "idle_client_timeout_s": 1800,
        "idle_connection_s": 300,
        "startup_timeout_s": 60,
        "require_tls": False,
        "extended_protocol_pins": False,
        "debug_logging": False,
        "users": dict(PASSWORDS),
        "pool": pool,
        "target": {"host": "127.0.0.1", "port": port, "max_connections": max_connections},
    }
    return changed(settings, changes)


def changed(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Settings with some changed: those of the pool are named like the others."""
    pool = dict(settings["pool"])
    outer = dict(settings)
    for name, value in changes.items():
        (pool if name in pool else outer)[name] = value
    if unknown := set(outer) - set(settings):
        raise KeyError(f"no such setting: {unknown}")
    return outer | {"pool": pool}


class PgBouncer:
    """PgBouncer in transaction mode: the cross-check. It does not run as root, so `nobody` runs it then."""

    def __init__(self, program: str, port: int, pool_size: int = 10, clients: int = 200) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pgbouncer-test-"))
        quoted = {user: password.replace('"', '""') for user, password in PASSWORDS.items()}
        users = self._folder / "users.txt"
        users.write_text("".join(f'"{user}" "{password}"\n' for user, password in quoted.items()), "utf-8")
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": free_port(),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": users,
            "pool_mode": "transaction",
            "max_prepared_statements": 200,
            "default_pool_size": pool_size,
            "max_db_connections": pool_size,
            "max_client_conn": clients,
            "ignore_startup_parameters": "options,extra_float_digits",
            "logfile": self._folder / "log",
        }
        lines = [f"* = host=127.0.0.1 port={port}", "[pgbouncer]", *(f"{k} = {v}" for k, v in settings.items())]
        config = self._folder / "pgbouncer.ini"
        config.write_text("\n".join(["[databases]", *lines, ""]), "utf-8")
        rights: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            rights = {"user": "nobody", "extra_groups": []}
            for each in (self._folder, users, config):
                shutil.chown(each, "nobody")
        self._process = subprocess.Popen([program, "-q", config], cwd="/", stderr=subprocess.DEVNULL, **rights)
        self.endpoint = Endpoint("pgbouncer", int(str(settings["listen_port"])))
        eventually(self._answers, "PgBouncer to answer")

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.endpoint.port)) == 0

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(LIMIT_S)
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(ready: Callable[[], T], what: str, limit_s: float = LIMIT_S) -> T:
    """Waits until `ready()` is true; its value."""
    end = time.monotonic() + limit_s
    while not (value := ready()):
        if time.monotonic() > end:
            raise AssertionError(f"Waited {limit_s} s in vain for {what}; the last value was {value!r}.")
        time.sleep(0.01)
    return value


def at_once(calls: Iterable[Callable[[], T]]) -> list[Future[T]]:
    """Runs calls in a thread each, started at the same moment; waits until all have ended."""
    calls = list(calls)
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(LIMIT_S)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [pool.submit(run, call) for call in calls]


def send(front: ProxyProcess, connection: psycopg.Connection[Any], text: str) -> None:
    """Sends a query without waiting for its answer; comes back when the proxy has read it.

    The proxy has one event loop: when it has answered calls that came later, it has seen the query.
    """
    connection.pgconn.send_query(text.encode())
    connection.pgconn.flush()
    for _ in range(3):
        front.metrics()

"""Every proxy of the local cloud and the process that is it: the data plane behind `create_db_proxy`.

A process is told its whole settings in its first line of standard input and after each change; JSON lines both ways.
It ends when its standard input does, so it cannot outlive the cloud's server.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from serverless_cloud.child import ChildProcess
from serverless_cloud.errors import CloudError

Key = tuple[str, str, str]  # account, Region, the proxy's name in lower case
Log = Callable[[Key, dict[str, Any]], None]
COMMAND = (sys.executable, "-P", "-m", "serverless_cloud.rds_proxy")
_ANSWER_LIMIT_S = 10.0
_START_LIMIT_S = 30.0
_END_LIMIT_S = 5.0
_GONE = ("stopping", "stopped", "deleting", "deleted", "failed", "incompatible-parameters")


class Address(Protocol):
    """Where a DB instance takes connections (cloud/rds/instances.py)."""

    @property
    def private_host(self) -> str: ...
    @property
    def private_port(self) -> int: ...
    @property
    def max_connections(self) -> int: ...


class Instances(Protocol):
    """What the proxies need of the DB instances."""

    def address(self, account: str, region: str, identifier: str) -> Address: ...
    def subscribe(self, callback: Callable[[str, str, str, str], None]) -> None: ...


@dataclass(frozen=True)
class Order:
    """What a proxy shall be.

    Args:
        settings: as its process takes them, without "target".
        instance: the identifier of the DB instance that is its target; None for none.
    """

    settings: dict[str, Any]
    instance: str | None = None


class Proxy:
    """One proxy's process.

    Args:
        command: the program and its arguments.
        settings: the whole settings.
        errors: the file that its standard error goes to.
        log: takes what it says of itself.
        ready: called once it listens.

    Attributes:
        port: where it listens; 0 until it does.
    """

    def __init__(
        self,
        command: Sequence[str],
        settings: dict[str, Any],
        errors: Path,
        log: Callable[[dict[str, Any]], None],
        ready: Callable[[], None],
    ) -> None:
        self.port = 0
        self._log, self._ready = log, ready
        self._known = threading.Event()  # it listens, or it has ended
        self._process = ChildProcess(command, errors, "The proxy's process")
        self.pid = self._process.pid
        self._process.tell({"settings": settings})
        self._process.listen(self._hear, self._known.set)

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self._process.has_ended

    def wait_until_ready(self, limit_s: float = _START_LIMIT_S) -> int:
        """Its port, waited for.

        Raises:
            CloudError: it ended, or does not listen after `limit_s` seconds; with its last words.
        """
        self._known.wait(limit_s)
        if not self.port or self.has_ended:
            last = self._process.last_words() or "(none)"
            raise CloudError(f"The proxy's process does not listen. Its last lines: {last}")
        return self.port

    def ask(self, call: str, **arguments: Any) -> Future[dict[str, Any]]:
        """Calls its process; the answer comes later, CloudError if there will be none."""
        return self._process.ask(call, **arguments)

    def answer(self, call: str, **arguments: Any) -> dict[str, Any]:
        """Calls its process and waits.

        Raises:
            CloudError: it refused, has ended or does not answer.
        """
        return self._process.answer(call, _ANSWER_LIMIT_S, **arguments)

    def end(self) -> None:
        """Ends its process and waits until it is gone; may be called twice."""
        self._process.close()
        self._process.wait_until_gone(_END_LIMIT_S)

    def _hear(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.port = int(message["ready"]["port"])
            self._ready()
            self._known.set()
        elif "log" in message:
            self._log(message["log"])


class Proxies:
    """All of them, by account, Region and name.

    Args:
        run_folder: the server's folder.
        instances: the DB instances.
        log: takes what proxies say of themselves, for CloudWatch Logs.
        command: the program that is a proxy.
    """

    def __init__(self, run_folder: Path, instances: Instances, log: Log, command: Sequence[str] = COMMAND) -> None:
        self._run_folder, self._instances, self._log, self._command = run_folder, instances, log, command
        self._proxies: dict[Key, Proxy] = {}
        self._orders: dict[Key, Order] = {}
        self._targets: dict[Key, dict[str, Any] | None] = {}
        self._lock = threading.RLock()
        instances.subscribe(self._instance_changed)

    def create(self, key: Key, order: Order, ready: Callable[[], None]) -> Proxy:
        """Starts a proxy; it may not listen yet when this returns.

        Args:
            ready: called once it listens.
        """
        with self._lock:
            self._orders[key] = order
            settings = self._settings(key)
            errors = self._run_folder / f"db-proxy-{key[0]}-{key[1]}-{key[2]}.log"
            proxy = Proxy(self._command, settings, errors, lambda entry: self._log(key, entry), ready)
            self._proxies[key] = proxy
        return proxy

    def configure(self, key: Key, order: Order) -> None:
        """Gives a proxy new settings, and waits until they hold.

        Raises:
            CloudError: its process refused or has ended.
        """
        with self._lock:
            self._orders[key] = order
            answer = self._proxies[key].ask("configure", settings=self._settings(key))
        answer.result(_ANSWER_LIMIT_S)

    def change_users(self, key: Key, users: dict[str, str]) -> None:
        """Gives a proxy the passwords of its users anew."""
        with self._lock:
            old = self._orders[key]
        self.configure(key, replace(old, settings=old.settings | {"users": users}))

    def delete(self, key: Key) -> None:
        """Ends a proxy and waits until it is gone; nothing if there is none."""
        with self._lock:
            proxy = self._proxies.pop(key, None)
            self._orders.pop(key, None)
            self._targets.pop(key, None)
        if proxy is not None:
            proxy.end()

    def get(self, account: str, region: str, name: str) -> Proxy | None:
        """A proxy; None if there is none of this name."""
        return self._proxies.get((account, region, name.lower()))

    def named(self, account: str, region: str, name: str) -> Proxy:
        """A proxy.

        Raises:
            CloudError: there is none of this name; with what there is.
        """
        if (proxy := self.get(account, region, name)) is None:
            names = self.names(account, region)
            there = f"There are: {', '.join(names)}." if names else "There is none yet."
            raise CloudError(f"There is no DB proxy {name} in {region}. {there}")
        return proxy

    def names(self, account: str, region: str) -> list[str]:
        """The names in a Region."""
        return sorted(name for a, r, name in list(self._proxies) if (a, r) == (account, region))

    def target(self, key: Key) -> dict[str, Any] | None:
        """Where a proxy finds its database, as it was told; None if it has none now."""
        return self._targets.get(key)

    def clear(self) -> None:
        """Ends every proxy and waits until they are gone."""
        for key in list(self._proxies):
            self.delete(key)

    def _settings(self, key: Key) -> dict[str, Any]:
        order, account, region = self._orders[key], key[0], key[1]
        if order.instance is None:
            self._targets[key] = None
        else:
            # Not available: while it reboots the proxy keeps what it has, so that requests wait. One that is stopped
            # or deleted has been taken away already.
            with contextlib.suppress(CloudError):
                found = self._instances.address(account, region, order.instance)
                limit = found.max_connections
                self._targets[key] = {"host": found.private_host, "port": found.private_port, "max_connections": limit}
        return order.settings | {"target": self._targets.setdefault(key, None)}

    def _instance_changed(self, account: str, region: str, identifier: str, event: str) -> None:
        with self._lock:
            for key, order in self._orders.items():
                if (key[0], key[1], (order.instance or "").lower()) != (account, region, identifier.lower()):
                    continue
                if event in _GONE:
                    self._targets[key] = None
                if event == "available" or event in _GONE:
                    settings = order.settings | {"target": None} if event in _GONE else self._settings(key)
                    self._proxies[key].ask("configure", settings=settings)  # its answer is not waited for

"""Every proxy of the local cloud and the process that is it: the data plane behind `create_db_proxy`.

A process is told its whole settings in its first line of standard input and after each change; JSON lines both ways.
It ends when its standard input does, so it cannot outlive the cloud's server.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serverless_cloud.core.child import ChildProcess
from serverless_cloud.errors import CloudError
from serverless_cloud.rds.instances import DatabaseInstances

Key = tuple[str, str, str]  # account, Region, the proxy's name in lower case
Log = Callable[[Key, dict[str, Any]], None]
COMMAND = (sys.executable, "-P", "-m", "serverless_cloud.rds_proxy")
_START_LIMIT_S = 30.0
_END_LIMIT_S = 5.0
_GONE = ("stopping", "stopped", "deleting", "deleted", "failed", "incompatible-parameters")


@dataclass(frozen=True)
class Order:
    """The settings of a new proxy.

    Args:
        settings: as its process takes them, without "target".
        instance: the identifier of the DB instance that is its target; None for none.
    """

    settings: dict[str, Any]
    instance: str | None = None


class Proxy(ChildProcess):
    """One proxy's process.

    Args:
        target: where it finds its database: host, port and max_connections; None if it has none now.
        errors: the file that its standard error goes to.
        log: takes what it says of itself.
        ready: called once it listens.

    Attributes:
        port: where it listens; 0 until it does.
    """

    answer_limit_s = 10.0

    def __init__(
        self,
        order: Order,
        target: dict[str, Any] | None,
        errors: Path,
        log: Callable[[dict[str, Any]], None],
        ready: Callable[[], None],
    ) -> None:
        super().__init__(COMMAND, errors, "The proxy's process")
        self.order, self.target = order, target
        self.port = 0
        self._log, self._ready = log, ready
        self._known = threading.Event()  # it listens, or it has ended
        self.tell({"settings": self.settings})
        self.listen(self._hear, self._known.set)

    @property
    def settings(self) -> dict[str, Any]:
        """All that its process is told."""
        return self.order.settings | {"target": self.target}

    def wait_until_ready(self) -> int:
        """Its port, waited for.

        Raises:
            CloudError: it ended, or does not listen after 30 s; with its last words.
        """
        self._known.wait(_START_LIMIT_S)
        if not self.port or self.has_ended:
            last = self.last_words() or "(none)"
            raise CloudError(f"The proxy's process doesn't listen. Its last lines: {last}")
        return self.port

    def end(self) -> None:
        """Ends its process and waits until it is gone; may be called twice."""
        self.close()
        self.wait_until_gone(_END_LIMIT_S)

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
        log: takes what proxies say of themselves, for CloudWatch Logs.
    """

    def __init__(self, run_folder: Path, instances: DatabaseInstances, log: Log) -> None:
        self._run_folder, self._instances, self._log = run_folder, instances, log
        self._proxies: dict[Key, Proxy] = {}
        self._lock = threading.RLock()
        instances.subscribe(self._instance_changed)

    def create(self, key: Key, order: Order, ready: Callable[[], None]) -> Proxy:
        """Starts a proxy; it may not listen yet when this returns.

        Args:
            ready: called once it listens.
        """
        with self._lock:
            target = self._target(key, order, None)
            errors = self._run_folder / f"db-proxy-{key[0]}-{key[1]}-{key[2]}.log"
            proxy = self._proxies[key] = Proxy(order, target, errors, lambda entry: self._log(key, entry), ready)
        return proxy

    def configure(self, key: Key, order: Order) -> None:
        """Gives a proxy new settings, and waits until they hold.

        Raises:
            CloudError: its process refused or has ended.
        """
        with self._lock:
            proxy = self._proxies[key]
            proxy.order, proxy.target = order, self._target(key, order, proxy.target)
            answer = proxy.ask("configure", settings=proxy.settings)
        answer.result(Proxy.answer_limit_s)

    def change_users(self, key: Key, users: dict[str, str]) -> None:
        """Gives a proxy its users' new passwords."""
        old = self._proxies[key].order
        self.configure(key, replace(old, settings=old.settings | {"users": users}))

    def delete(self, key: Key) -> None:
        """Ends a proxy and waits until it is gone; nothing if there is none."""
        with self._lock:
            proxy = self._proxies.pop(key, None)
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
            there = f"DB proxies: {', '.join(names)}." if names else "There is no DB proxy yet."
            raise CloudError(f"There is no DB proxy {name} in {region}. {there}")
        return proxy

    def names(self, account: str, region: str) -> list[str]:
        """The names in a Region."""
        return sorted(name for a, r, name in list(self._proxies) if (a, r) == (account, region))

    def target(self, key: Key) -> dict[str, Any] | None:
        """Where a proxy finds its database, as it was told; None if it has none now."""
        proxy = self._proxies.get(key)
        return proxy.target if proxy is not None else None

    def clear(self) -> None:
        """Ends every proxy and waits until they are gone."""
        for key in list(self._proxies):
            self.delete(key)

    def _target(self, key: Key, order: Order, before: dict[str, Any] | None) -> dict[str, Any] | None:
        if order.instance is None:
            return None
        with contextlib.suppress(CloudError):
            address = self._instances.address(key[0], key[1], order.instance)
            return {
                "host": address.private_host,
                "port": address.private_port,
                "max_connections": address.max_connections,
            }
        # Not available: while it reboots the proxy keeps what it has, so that requests wait. One that is stopped or
        # deleted has been taken away already.
        return before

    def _instance_changed(self, account: str, region: str, identifier: str, event: str) -> None:
        with self._lock:
            for key, proxy in self._proxies.items():
                if (key[0], key[1], (proxy.order.instance or "").lower()) != (account, region, identifier.lower()):
                    continue
                if event == "available" or event in _GONE:
                    proxy.target = None if event in _GONE else self._target(key, proxy.order, proxy.target)
                    proxy.ask("configure", settings=proxy.settings)  # its answer is not waited for

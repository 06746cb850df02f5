"""Every DB instance of the local cloud, and where it is: the data plane behind `create_db_instance`."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serverless_cloud.core.child import ChildProcess
from serverless_cloud.core.moves import IllegalMove, moved
from serverless_cloud.errors import CloudError
from serverless_cloud.rds import binaries, folder, sockets
from serverless_cloud.rds.life import TRANSITIONS, State, Trigger

Key = tuple[str, str, str]  # account, Region, identifier in lower case
Callback = Callable[[str, str, str, str], None]
COMMAND = (sys.executable, "-P", "-m", "serverless_cloud.rds.instance_process")
_END_LIMIT_S = 15.0


@dataclass(frozen=True)
class Address:
    """Where an instance that is available takes connections.

    Args:
        host, port: the endpoint, as `describe_db_instances` shows it.
        private_host, private_port: of PostgreSQL itself, as for libpq, for the proxy.
        max_connections: what PostgreSQL was started with.
    """

    host: str
    port: int
    private_host: str
    private_port: int
    max_connections: int


@dataclass(frozen=True)
class Order:
    """The settings of a new instance.

    Args:
        db_name: the first database, beside `postgres`; None for none.
        port: the endpoint's port; 0 lets the system choose.
    """

    master_username: str
    master_password: str
    db_name: str | None
    port: int
    settings: dict[str, str]


class DatabaseInstance:
    """One instance and the process that holds it.

    Attributes:
        state: where it is in its life.
        reason: why it has failed; empty otherwise.
        port: the endpoint's port, once there is one; kept from then on.
        settings: the settings that PostgreSQL runs with, or will at the next start.
    """

    def __init__(self, run_folder: Path, order: Order, changed: Callable[[DatabaseInstance], None]) -> None:
        self.state, self.reason = State.CREATING, ""
        self.port: int | None = None
        self.private_host, self.private_port = "", 0
        self.settings = dict(order.settings)
        self._changed = changed
        self._run_folder = run_folder
        self._lock = threading.RLock()
        self._end = threading.Event()
        installation = binaries.from_environment()
        self._place = folder.make(run_folder, binaries.unprivileged_account())
        sockets_at = sockets.folder_for(self._place, run_folder)
        self._process = ChildProcess(COMMAND, run_folder / f"{self._place.name}.log", "The DB instance")
        programs = {"binaries": str(installation.bin), "version": installation.version}
        folders = {"folder": str(self._place), "socket_folder": str(sockets_at) if sockets_at else None}
        self._process.tell(programs | folders | asdict(order))
        self._process.listen(self._hear, self._ended)

    @property
    def address(self) -> Address | None:
        """Where it takes connections; None unless it is available."""
        if self.state is not State.AVAILABLE or self.port is None:
            return None
        return Address(
            "127.0.0.1", self.port, self.private_host, self.private_port, int(self.settings["max_connections"])
        )

    # ---- what can be asked of it

    def reboot(self, settings: Mapping[str, str]) -> None:
        """Restarts PostgreSQL with these settings; goes on while it does.

        Raises:
            IllegalMove: it is not available.
        """
        self._restart(Trigger.REBOOT, settings)

    def start(self, settings: Mapping[str, str]) -> None:
        """Starts a stopped instance.

        Raises:
            IllegalMove: it is not stopped.
        """
        self._restart(Trigger.START, settings)

    def _restart(self, trigger: Trigger, settings: Mapping[str, str]) -> None:
        self._move(trigger)
        self.settings = dict(settings)
        self._process.ask(trigger.value, parameters=self.settings)

    def stop(self) -> None:
        """Stops PostgreSQL; its data stay.

        Raises:
            IllegalMove: it is not available.
        """
        self._move(Trigger.STOP)
        self._process.ask("stop")

    def configure(self, settings: Mapping[str, str]) -> None:
        """Applies settings that need no restart."""
        self.settings = dict(settings)
        self._process.ask("configure", parameters=self.settings)

    def change_password(self, password: str) -> None:
        """Gives the master user a new password, and waits until it holds.

        Raises:
            CloudError: PostgreSQL refused.
        """
        try:
            self._process.answer("password", password=password)
        except CloudError as error:
            raise CloudError(f"RDS could not change the master user's password: {error}") from error

    def sessions(self) -> list[dict[str, Any]]:
        """The clients that are logged in now, as pg_stat_activity shows them to the superuser.

        Raises:
            CloudError: it is not available.
        """
        return list(self._process.answer("sessions")["sessions"])

    def counts(self, patience_s: float) -> dict[str, int] | None:
        """How many clients it has; None if it doesn't answer within `patience_s` seconds, as while it restarts."""
        return self._process.answer_within(patience_s, "counts")

    def delete(self) -> None:
        """Begins to end it; `changed` tells when it is gone."""
        with self._lock:
            if self.state in (State.DELETING, State.DELETED):
                return
            self._move(Trigger.DELETE)
            self._process.close()
        if self._end.is_set():  # it had ended before
            self._move(Trigger.DONE)

    def wait_until_gone(self) -> None:
        """Waits until its process and its folder are gone; kills what does not end."""
        self._process.wait_until_gone(_END_LIMIT_S)
        folder.remove(self._run_folder, self._place)

    # ---- what its process says

    def _ended(self) -> None:
        self.wait_until_gone()
        with self._lock:
            self._end.set()
            deleting = self.state is State.DELETING
        if deleting:
            self._move(Trigger.DONE)
            return
        self.reason = self.reason or f"The process of the DB instance has ended. {self._process.last_words()}".strip()
        self._move(Trigger.BREAK)

    def _hear(self, message: dict[str, Any]) -> None:
        state = State(message["state"])
        self.reason = message.get("reason", "")
        if state is State.AVAILABLE:
            self.port = message["port"]
            self.private_host, self.private_port = message["private_host"], message["private_port"]
        triggers = {
            State.AVAILABLE: Trigger.READY,
            State.REBOOTING: Trigger.REBOOT,
            State.STOPPED: Trigger.DONE,
            State.INCOMPATIBLE: Trigger.REFUSE,
            State.FAILED: Trigger.BREAK,
        }
        with contextlib.suppress(IllegalMove):  # it has been told something else meanwhile
            self._move(triggers[state])

    def _move(self, trigger: Trigger) -> None:
        with self._lock:
            self.state = moved(TRANSITIONS, self.state, trigger, "A DB instance")
        self._changed(self)


class DatabaseInstances:
    """All of them, by account, Region and identifier."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder
        self._instances: dict[Key, DatabaseInstance] = {}
        self._callbacks: list[Callback] = []
        self._lock = threading.Lock()

    def subscribe(self, callback: Callback) -> None:
        """`callback(account, region, identifier, event)` on every change; the event is the new state's name."""
        self._callbacks.append(callback)

    def create(self, account: str, region: str, identifier: str, order: Order) -> DatabaseInstance:
        """Starts an instance; it is "creating" when this returns.

        Raises:
            CloudError: there are no PostgreSQL programs, or no place for the data.
        """
        key = (account, region, identifier.lower())

        def changed(instance: DatabaseInstance) -> None:
            if instance.state is State.DELETED:
                with self._lock:
                    if self._instances.get(key) is not instance:
                        return  # everything was reset, and there may be another of its name
                    del self._instances[key]
            for callback in list(self._callbacks):
                callback(*key, instance.state.value)

        instance = DatabaseInstance(self._run_folder, order, changed)
        with self._lock:
            self._instances[key] = instance
        return instance

    def get(self, account: str, region: str, identifier: str) -> DatabaseInstance | None:
        """An instance; None if there is none of this name."""
        return self._instances.get((account, region, identifier.lower()))

    def address(self, account: str, region: str, identifier: str) -> Address:
        """Where an instance takes connections.

        Raises:
            CloudError: there is none of this name, or it is not available; with what there is.
        """
        instance = self.get(account, region, identifier)
        if instance is None:
            names = self.names(account, region)
            there = f"DB instances: {', '.join(names)}." if names else "There is no DB instance yet."
            raise CloudError(f"There is no DB instance {identifier} in {region}. {there}")
        if (address := instance.address) is None:
            hint = instance.reason or "Wait for it with the waiter db_instance_available of boto3's rds client."
            raise CloudError(f"The DB instance {identifier} is {instance.state}, not available. {hint}")
        return address

    def sessions(self, account: str, region: str, identifier: str) -> list[dict[str, Any]]:
        """The clients that are logged in to an instance now; see `DatabaseInstance.sessions`. Raises as `address`."""
        self.address(account, region, identifier)
        instance = self.get(account, region, identifier)
        return instance.sessions() if instance is not None else []

    def names(self, account: str, region: str) -> list[str]:
        """The identifiers in a Region."""
        return sorted(name for a, r, name in list(self._instances) if (a, r) == (account, region))

    def clear(self) -> None:
        """Ends every instance and waits until they are gone."""
        with self._lock:
            instances = list(self._instances.values())
            self._instances.clear()
        if not instances:
            return
        for instance in instances:
            instance.delete()
        with ThreadPoolExecutor(len(instances)) as pool:
            list(pool.map(DatabaseInstance.wait_until_gone, instances))

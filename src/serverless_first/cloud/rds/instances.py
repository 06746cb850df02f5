"""Every DB instance of the local cloud, and where it is: the data plane behind `create_db_instance`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serverless_first.cloud.errors import CloudError
from serverless_first.cloud.rds import binaries, folder
from serverless_first.cloud.rds.life import ON_THE_WAY, TRANSITIONS, IllegalTransition, State, Trigger

Key = tuple[str, str, str]  # account, Region, identifier in lower case
Callback = Callable[[str, str, str, str], None]
_END_LIMIT_S = 15.0
_ANSWER_LIMIT_S = 30.0


@dataclass(frozen=True)
class Address:
    """Where an instance that is available takes connections.

    Args:
        host, port: the endpoint, as `describe_db_instances` shows it.
        private_port: PostgreSQL's own port, for the proxy.
        max_connections: what PostgreSQL was started with.
    """

    host: str
    port: int
    private_port: int
    max_connections: int


@dataclass(frozen=True)
class Order:
    """What a new instance shall be.

    Args:
        master_username, master_password: the master user.
        db_name: the first database, beside `postgres`; None for none.
        port: the endpoint's port; 0 lets the system choose.
        settings: PostgreSQL's settings.
    """

    master_username: str
    master_password: str
    db_name: str | None
    port: int
    settings: Mapping[str, str]


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
        self.private_port = 0
        self.settings = dict(order.settings)
        self._changed = changed
        self._run_folder = run_folder
        self._lock = threading.RLock()
        self._answers: dict[int, Future[dict[str, Any]]] = {}
        self._gone = threading.Event()
        self._moved = threading.Condition()
        found = binaries.from_environment()
        self._place = folder.make(run_folder, binaries.unprivileged_account())
        self._log = run_folder / f"{self._place.name}.log"
        self._process = self._start_process()
        self._send(
            {
                "binaries": str(found.bin),
                "version": found.version,
                "folder": str(self._place),
                "port": order.port,
                "parameters": self.settings,
                "master_username": order.master_username,
                "master_password": order.master_password,
                "db_name": order.db_name,
            }
        )
        threading.Thread(target=self._listen, name="db-instance", daemon=True).start()

    def _start_process(self) -> subprocess.Popen[bytes]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_", "PG"))}
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "serverless_first.cloud.rds.instance_process"],
                stdin=subprocess.PIPE,  # its other end closes when the cloud's server ends, however it ends
                stdout=subprocess.PIPE,
                stderr=log,
                env=environ,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
                | getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    @property
    def address(self) -> Address | None:
        """Where it takes connections; None unless it is available."""
        if self.state is not State.AVAILABLE or self.port is None:
            return None
        return Address("127.0.0.1", self.port, self.private_port, int(self.settings["max_connections"]))

    # ---- what can be asked of it

    def reboot(self, settings: Mapping[str, str]) -> None:
        """Restarts PostgreSQL with these settings; goes on while it does.

        Raises:
            IllegalTransition: it is not available.
        """
        self._restart(Trigger.REBOOT, "reboot", settings)

    def start(self, settings: Mapping[str, str]) -> None:
        """Starts a stopped instance.

        Raises:
            IllegalTransition: it is not stopped.
        """
        self._restart(Trigger.START, "start", settings)

    def _restart(self, trigger: Trigger, call: str, settings: Mapping[str, str]) -> None:
        self._move(trigger)
        self.settings = dict(settings)
        self._call(call, parameters=self.settings)

    def stop(self) -> None:
        """Stops PostgreSQL; its data stay.

        Raises:
            IllegalTransition: it is not available.
        """
        self._move(Trigger.STOP)
        self._call("stop")

    def configure(self, settings: Mapping[str, str]) -> None:
        """Applies settings that need no restart."""
        self.settings = dict(settings)
        self._call("configure", parameters=self.settings)

    def change_password(self, password: str) -> None:
        """Gives the master user a new password, and waits until it holds.

        Raises:
            CloudError: PostgreSQL refused.
        """
        answer = self._call("password", password=password).result(_ANSWER_LIMIT_S)
        if "error" in answer:
            raise CloudError(f"The master user's password could not be changed: {answer['error']}")

    def delete(self) -> None:
        """Begins to end it; `changed` tells when it is gone."""
        with self._lock:
            if self.state in (State.DELETING, State.DELETED):
                return
            self._move(Trigger.DELETE)
            with contextlib.suppress(OSError):
                assert self._process.stdin is not None
                self._process.stdin.close()
        if self._gone.is_set():  # it had ended before
            self._move(Trigger.DONE)

    def wait_until_settled(self, limit_s: float) -> State:
        """Waits while it is on its way to another state; its state then.

        Args:
            limit_s: how long at most, in seconds.
        """
        with self._moved:
            self._moved.wait_for(lambda: self.state not in ON_THE_WAY, limit_s)
        return self.state

    def wait_until_gone(self) -> None:
        """Waits until its process and its folder are gone; kills what does not end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_LIMIT_S)
        self._process.kill()
        self._process.wait()
        folder.remove(self._run_folder, self._place)

    # ---- the pipe

    def _call(self, call: str, **arguments: Any) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            number = len(self._answers) + 1
            self._answers[number] = future
            self._send({"id": number, "call": call} | arguments)
        return future

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended; `_listen` tells
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "id" in message:
                if future := self._answers.get(message["id"]):  # 0 is the process's own call
                    future.set_result(message)
                continue
            with contextlib.suppress(IllegalTransition):
                self._hear(message)
        self._process.stdout.close()
        self.wait_until_gone()
        for future in self._answers.values():
            if not future.done():
                future.set_result({"error": "the DB instance has ended"})
        with self._lock:
            self._gone.set()
            deleting = self.state is State.DELETING
        if deleting:
            self._move(Trigger.DONE)
            return
        self.reason = self.reason or f"The process of the DB instance has ended. {self._last_words()}".strip()
        self._move(Trigger.BREAK)

    def _last_words(self) -> str:
        """The end of what the process has written to its log, an error that nobody expected for instance."""
        with contextlib.suppress(OSError):
            return " ".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
        return ""

    def _hear(self, message: dict[str, Any]) -> None:
        state = State(message["state"])
        self.reason = message.get("reason", "")
        if state is State.AVAILABLE:
            self.port, self.private_port = message["port"], message["private_port"]
        triggers = {
            State.AVAILABLE: Trigger.READY,
            State.REBOOTING: Trigger.REBOOT,
            State.STOPPED: Trigger.DONE,
            State.INCOMPATIBLE: Trigger.REFUSE,
            State.FAILED: Trigger.BREAK,
        }
        self._move(triggers[state])

    def _move(self, trigger: Trigger) -> None:
        with self._lock:
            target = TRANSITIONS.get((self.state, trigger))
            if target is None:
                raise IllegalTransition(f"A DB instance that is {self.state} cannot {trigger}.")
            self.state = target
        self._changed(self)
        with self._moved:
            self._moved.notify_all()


class DatabaseInstances:
    """All of them, by account, Region and identifier.

    Args:
        run_folder: the server's folder.
    """

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
            there = f"There are: {', '.join(names)}." if names else "There is none yet."
            raise CloudError(f"There is no DB instance {identifier} in {region}. {there}")
        if (address := instance.address) is None:
            hint = instance.reason or "Wait for it: the waiter db_instance_available of boto3's rds client."
            raise CloudError(f"The DB instance {identifier} is {instance.state}, not available. {hint}")
        return address

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

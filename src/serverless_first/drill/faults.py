"""What goes wrong during a drill, at points of progress: real signals, a real lock, a real restart."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psutil

from serverless_first.drill.shop import Shop

#: Tells what happens, for the dashboard.
Note = Callable[[str], None]

HOLD_AT_LEAST_S, HOLD_AT_MOST_S = 3.0, 6.0
NOBODY_CAME_S = 20.0
KILLED_AT_WORK = 3


class Killer:
    """Ends execution environments as a failing machine would: without a warning. Attributes: killed: by role."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.killed: Counter[str] = Counter()

    def kill(self, roles: tuple[str, ...], *, state: str | None = None, most: int | None = None) -> int:
        """Kills environments of these functions.

        Args:
            roles: of the functions, as in `Shop.functions`.
            state: only those that are in it, "busy" or "frozen".
            most: of each function, the youngest.

        Returns:
            How many.
        """
        count = 0
        for role in roles:
            if role not in self._shop.functions:
                continue
            there = [e for e in self._shop.aws.environments(self._shop.functions[role]) if e.state != "ended"]
            chosen = [e for e in there if state in (None, e.state)]
            for environment in chosen[-most:] if most else chosen:
                if _kill(environment.pid):
                    self.killed[role] += 1
                    count += 1
        return count


def _kill(pid: int) -> bool:
    """Kills a process and what it has started; whether it was there."""
    with contextlib.suppress(psutil.Error, OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)  # an environment is a process group of its own
        else:
            psutil.Process(pid).kill()
        return True
    return False


@contextlib.contextmanager
def locked_table(shop: Shop, killer: Killer, sent: threading.Event, note: Note) -> Iterator[None]:
    """A migration locks the table orders while the block runs: the worker's calls begin and cannot end.

    Environments that hold work are killed meanwhile, but never the one that came first. The lock ends three to six
    seconds after the first call has come to it, or when nobody comes.

    Args:
        sent: set when all orders are posted that belong to this part.
    """
    with shop.database() as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        note("a migration locks the table orders")
        holding = threading.Thread(target=_hold, args=(shop, killer, sent, note), daemon=True)
        holding.start()
        try:
            yield
        finally:
            holding.join()
            connection.rollback()
            note("the table is free again")


def _hold(shop: Shop, killer: Killer, sent: threading.Event, note: Note) -> None:
    begun_s = time.monotonic()
    came_s: float | None = None
    killed = 0
    while True:
        time.sleep(0.1)
        held_s = 0.0 if came_s is None else time.monotonic() - came_s
        busy = sum(e.state == "busy" for e in shop.aws.environments(shop.functions["Worker"]))
        if came_s is None:
            came_s = time.monotonic() if busy else None
            if not busy and time.monotonic() - begun_s > NOBODY_CAME_S:
                return
        elif killed < KILLED_AT_WORK and busy > 1:
            killed += killer.kill(("Worker",), state="busy", most=1)
            if killed == KILLED_AT_WORK:
                note(f"{killed} environments are killed at work")
        if held_s > HOLD_AT_MOST_S or (held_s > HOLD_AT_LEAST_S and sent.is_set() and killed == KILLED_AT_WORK):
            return


def restart_database(shop: Shop, note: Note) -> None:
    """Restarts the database while the shop works; returns at once."""
    shop.client("rds").reboot_db_instance(DBInstanceIdentifier=shop.outputs["Database"])
    note("the database restarts")


@contextlib.contextmanager
def provider_down(shop: Shop, note: Note) -> Iterator[None]:
    """The payment provider answers nobody while the block runs: its function may not run."""
    functions, name = shop.client("lambda"), shop.functions["Provider"]
    before = functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    note("the payment provider is down")
    try:
        yield
    finally:
        if before is None:
            functions.delete_function_concurrency(FunctionName=name)
        else:
            functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=before)
        note("the payment provider is back")


@contextlib.contextmanager
def worker_paused(shop: Shop) -> Iterator[None]:
    """The queue of orders is not read while the block runs, as for a deployment; calls under way end first."""
    functions, name = shop.client("lambda"), shop.functions["Worker"]
    mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    enabled = [mapping["UUID"] for mapping in mappings if mapping["State"] not in ("Disabled", "Disabling")]
    for uuid in enabled:
        functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    try:
        end_s = time.monotonic() + NOBODY_CAME_S
        while time.monotonic() < end_s and any(e.state in ("init", "busy") for e in shop.aws.environments(name)):
            time.sleep(0.1)
        yield
    finally:
        for uuid in enabled:
            _enable(shop, uuid)


def _enable(shop: Shop, uuid: str) -> None:
    """Enables a mapping again, and leaves the queue as it was."""
    functions, sqs, url = shop.client("lambda"), shop.client("sqs"), shop.outputs["QueueUrl"]
    try:
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    except functions.exceptions.InvalidParameterValueException:
        # Lambda looks at the visibility timeout now, as it does when a mapping is made. This one was lowered later.
        name = "VisibilityTimeout"
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        timeout_s = functions.get_function_configuration(FunctionName=shop.functions["Worker"])["Timeout"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(timeout_s)})
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

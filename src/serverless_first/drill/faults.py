"""The faults of a drill: real signals, a real lock, a real restart. Also pauses a shop and makes it quiet."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psutil

from serverless_first.drill.shop import Shop

#: Tells what happens, for the dashboard.
Note = Callable[[str], None]

HOLD_AT_LEAST_S, HOLD_AT_MOST_S = 3.0, 6.0
NOBODY_CAME_S = 20.0
KILLED_AT_WORK = 3
#: How the note ends that tells of it.
AT_WORK = "killed at work"


class Killer:
    """Ends execution environments as a failing machine would: without a warning.

    Attributes:
        killed: how many so far, by the role of their function.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.killed: Counter[str] = Counter()

    def kill(self, roles: tuple[str, ...], *, state: str | None = None, most: int | None = None) -> int:
        """Kills environments of these functions.

        Args:
            roles: of the functions, as in `Shop.functions`.
            state: only environments in this state, "busy" or "frozen".
            most: of each function, the youngest.

        Returns:
            How many.
        """
        count = 0
        for role in roles:
            if role not in self._shop.functions:
                continue
            there = [e for e in self._shop.aws.environments(self._shop.functions[role]) if e.state != "ended"]
            targets = [e for e in there if state in (None, e.state)]
            for environment in targets[-most:] if most else targets:
                if _kill(environment.pid):
                    self.killed[role] += 1
                    count += 1
        return count


def _kill(pid: int) -> bool:
    """Kills a process and what it has started; whether it was there."""
    with contextlib.suppress(psutil.Error, OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)  # an environment is its own process group
            return True
        process = psutil.Process(pid)
        for member in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
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
    killed, is_told = 0, False
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
        is_enough = killed == KILLED_AT_WORK
        is_over = held_s > HOLD_AT_MOST_S or (held_s > HOLD_AT_LEAST_S and sent.is_set() and is_enough)
        if killed and not is_told and (is_enough or is_over):
            note(f"{killed} {'environment is' if killed == 1 else 'environments are'} {AT_WORK}")
            is_told = True
        if is_over:
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
def paused(shop: Shop, role: str) -> Iterator[None]:
    """A function does not read its queue while the block runs, as for a deployment; calls under way end first.

    Nothing happens if the shop has it not.

    Args:
        role: of the function, as in `Shop.functions`.
    """
    if role not in shop.functions:
        yield
        return
    functions, name = shop.client("lambda"), shop.functions[role]
    mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    enabled = [mapping for mapping in mappings if mapping["State"] not in ("Disabled", "Disabling")]
    for mapping in enabled:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        end_s = time.monotonic() + NOBODY_CAME_S
        while time.monotonic() < end_s and any(e.state in ("init", "busy") for e in shop.aws.environments(name)):
            time.sleep(0.1)
        yield
    finally:
        for mapping in enabled:
            _enable(shop, name, mapping)


def _enable(shop: Shop, function: str, mapping: Mapping[str, Any]) -> None:
    """Enables a mapping again, and leaves its queue as it was."""
    functions, sqs = shop.client("lambda"), shop.client("sqs")
    try:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    except functions.exceptions.InvalidParameterValueException:
        # Lambda looks at the visibility timeout now, as it does when a mapping is made. This one was lowered later.
        name = "VisibilityTimeout"
        url = sqs.get_queue_url(QueueName=mapping["EventSourceArn"].rpartition(":")[2])["QueueUrl"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        timeout_s = functions.get_function_configuration(FunctionName=function)["Timeout"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(timeout_s)})
        try:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})


def make_quiet(shop: Shop, *, limit_s: float = 0.0) -> None:
    """Stops the executions that run, and empties the queues that the shop has. Orders in its tables stay.

    Args:
        limit_s: how long to wait for messages in flight where a queue cannot be purged, in seconds.
    """
    with paused(shop, "Worker"):
        if arn := shop.outputs.get("PaymentMachineArn"):
            states = shop.client("stepfunctions")
            pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
            for execution in [execution for page in pages for execution in page["executions"]]:
                with contextlib.suppress(states.exceptions.ClientError):  # it has ended meanwhile
                    states.stop_execution(executionArn=execution["executionArn"])
        for url in (*shop.queues.values(), *filter(None, [shop.dead_letters_url])):
            empty(shop, url, limit_s=limit_s)


def empty(shop: Shop, url: str, *, limit_s: float = 0.0) -> None:
    """Empties a queue. It can be purged once in a minute, on AWS as here; meanwhile its messages are taken out.

    Args:
        limit_s: how long to wait for the messages in flight, in seconds.
    """
    sqs, end_s = shop.client("sqs"), time.monotonic() + limit_s
    while shop.depth(url):
        try:
            sqs.purge_queue(QueueUrl=url)
            return
        except sqs.exceptions.PurgeQueueInProgress:
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if time.monotonic() >= end_s:
            return
        time.sleep(0.5)

"""Looks at everything that runs, for the live view. A look changes nothing, and never waits for long."""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from typing import Any

from serverless_cloud.core import clock
from serverless_cloud.lambda_.lifecycle import State
from serverless_cloud.plane import DataPlane
from serverless_cloud.view.moment import (
    DatabaseRow,
    EnvironmentRow,
    FunctionRow,
    MachineRow,
    Moment,
    ProxyRow,
    QueueRow,
)
from serverless_cloud.view.words import in_words

ENDED_STAYS_S = 3.0  # an environment that has ended is shown for so long
_PATIENCE_S = 0.2  # a database or proxy that is busy with something else is seen at the next look


def look(plane: DataPlane, account: str, region: str) -> Moment:
    """Everything that runs in one account and Region now."""
    proxies = _proxies(plane, account, region)
    moment = Moment(
        time_s=clock.now_s(),
        words="",
        functions=_functions(plane, account, region),
        queues=_queues(plane, account, region),
        databases=_databases(plane, account, region, proxies),
        proxies=proxies,
        machines=_machines(account, region),
    )
    moment["words"] = in_words(moment)
    return moment


def _backend(service: str, account: str, region: str) -> Any:
    """moto's data of a service; None if nothing has called the service yet, because loading it takes a second."""
    models = sys.modules.get(f"moto.{service}.models")
    backends = getattr(models, f"{'lambda' if service == 'awslambda' else service}_backends", None)
    return backends[account][region] if backends is not None else None


def _functions(plane: DataPlane, account: str, region: str) -> list[FunctionRow]:
    backend = _backend("awslambda", account, region)
    names = sorted(function.function_name for function in backend.list_functions()) if backend else []
    rows: dict[str, list[EnvironmentRow]] = {name: [] for name in names}
    oldest_s = clock.now_s() - ENDED_STAYS_S
    for environment in plane.fleet.of(account, region):
        since_s, state = environment.life.history[-1]
        if state is State.ENDED and since_s < oldest_s:
            continue
        after_failure = {State.FROZEN: "failed", State.ENDED: "lost"} if environment.has_failed else {}
        shown = after_failure.get(state, state.value)
        row = EnvironmentRow(id=environment.id[:8], state=shown, provisioned=environment.provisioned)
        rows.setdefault(environment.spec.name, []).append(row)
    return [FunctionRow(name=name, environments=environments) for name, environments in rows.items()]


def _queues(plane: DataPlane, account: str, region: str) -> list[QueueRow]:
    counts = {name: queue.counts() for name, queue in sorted(plane.queues.of(account, region).items())}
    return [
        QueueRow(name=name, visible=count.visible, in_flight=count.in_flight, delayed=count.delayed)
        for name, count in counts.items()
    ]


def _proxies(plane: DataPlane, account: str, region: str) -> list[ProxyRow]:
    rows = []
    for name in plane.proxies.names(account, region):
        proxy = plane.proxies.get(account, region, name)
        if proxy is None or (counts := proxy.answer_within(_PATIENCE_S, "counts")) is None:
            continue
        rows.append(
            ProxyRow(
                name=name,
                database=(proxy.order.instance or "").lower(),
                seats=counts["seats"],
                lent=counts["lent"],
                idle=counts["idle"],
                clients=counts["clients"],
                waiting=counts["waiting"],
            )
        )
    return rows


def _databases(plane: DataPlane, account: str, region: str, proxies: list[ProxyRow]) -> list[DatabaseRow]:
    rows = []
    for name in plane.databases.names(account, region):
        instance = plane.databases.get(account, region, name)
        if instance is None:
            continue
        counts = instance.counts(_PATIENCE_S)
        by_proxies = sum(row["lent"] + row["idle"] for row in proxies if row["database"] == name)
        taken = None if counts is None else counts["clients"] + by_proxies  # proxies don't pass the endpoint
        seats = int(instance.settings["max_connections"])
        rows.append(DatabaseRow(name=name, state=instance.state.value, seats=seats, taken=taken))
    return rows


@functools.lru_cache(maxsize=256)
def _states(definition: str) -> tuple[str, ...]:
    return tuple(json.loads(definition)["States"])


def _machines(account: str, region: str) -> list[MachineRow]:
    backend = _backend("stepfunctions", account, region)
    rows = []
    for machine in list(backend.state_machines) if backend else ():
        running: Counter[str] = Counter()
        ended: Counter[str] = Counter()
        for execution in [*machine.executions, *vars(machine).get("express", [])]:
            if execution.done.is_set():
                ended[str(execution.status)] += 1
            elif execution.exec_worker is not None:
                running[str(execution.exec_worker.env.next_state_name)] += 1
        rows.append(
            MachineRow(name=machine.name, states=list(_states(machine.definition)), running=running, ended=ended)
        )
    return rows

"""The live view as sentences, for anyone who can't see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serverless_cloud.view.moment import DatabaseRow, FunctionRow, MachineRow, Moment, ProxyRow, QueueRow

_STATES = {"init": "starting", "busy": "busy", "frozen": "frozen", "ended": "ended"}
NOTHING = "Nothing is deployed yet. This view shows functions, queues, databases and state machines."


def in_words(moment: Moment) -> str:
    """One sentence for each function, queue, proxy, database and state machine."""
    return " ".join(_sentences(moment)) or NOTHING


def _sentences(moment: Moment) -> Iterator[str]:
    yield from map(_function, moment["functions"])
    yield from map(_queue, moment["queues"])
    yield from map(_proxy, moment["proxies"])
    yield from map(_database, moment["databases"])
    yield from map(_machine, moment["machines"])


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _tally(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _function(row: FunctionRow) -> str:
    states = [environment["state"] for environment in row["environments"]]
    alive = len(states) - states.count("ended")
    details = _tally((states.count(state), word) for state, word in _STATES.items())
    return f"Function {row['name']} has {_count(alive, 'environment') if alive else 'no environment'}" + (
        f" ({details})." if details else "."
    )


def _queue(row: QueueRow) -> str:
    total = row["visible"] + row["in_flight"] + row["delayed"]
    if not total:
        return f"Queue {row['name']} is empty."
    details = _tally([(row["visible"], "waiting"), (row["in_flight"], "in flight"), (row["delayed"], "delayed")])
    return f"Queue {row['name']} has {_count(total, 'message')} ({details})."


def _proxy(row: ProxyRow) -> str:
    clients = _count(row["clients"], "client")
    waiting = f", and {_count(row['waiting'], 'client waits', 'clients wait')}" if row["waiting"] else ""
    return f"Proxy {row['name']} has lent {row['lent']} of {row['seats']} connections to {clients}{waiting}."


def _database(row: DatabaseRow) -> str:
    if row["state"] != "available" or row["taken"] is None:
        return f"Database {row['name']} is {row['state']}."
    return f"Database {row['name']} has {row['taken']} of {row['seats']} seats taken."


def _machine(row: MachineRow) -> str:
    parts = [f"{number} in {state}" for state, number in row["running"].items()]
    parts += [f"{number} {status.lower().replace('_', ' ')}" for status, number in row["ended"].items()]
    return f"State machine {row['name']} has {'executions: ' + ', '.join(parts) if parts else 'no executions'}."

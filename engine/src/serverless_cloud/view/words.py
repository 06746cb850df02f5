"""The live view as sentences, for anyone who can't see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serverless_cloud.view.moment import DatabaseRow, FunctionRow, MachineRow, Moment, ProxyRow, QueueRow

_STATES = {
    "init": "starting",
    "busy": "busy",
    "frozen": "frozen",
    "failed": "frozen after a failed call",
    "ended": "ended",
    "lost": "ended by a failed call",
}
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
    alive = len(states) - states.count("ended") - states.count("lost")
    details = _tally((states.count(state), word) for state, word in _STATES.items())
    summary = _count(alive, "environment") if alive else "no environment"
    return f"Function {row['name']}: {summary}{f' ({details})' if details else ''}."


def _queue(row: QueueRow) -> str:
    total = row["visible"] + row["in_flight"] + row["delayed"]
    details = _tally([(row["visible"], "waiting"), (row["in_flight"], "in flight"), (row["delayed"], "delayed")])
    return f"Queue {row['name']}: " + (f"{_count(total, 'message')} ({details})." if total else "empty.")


def _proxy(row: ProxyRow) -> str:
    lent = f"{row['lent']} of {row['seats']} connections in use, {_count(row['clients'], 'client')} connected"
    waiting = f", {_count(row['waiting'], 'client waits', 'clients wait')}" if row["waiting"] else ""
    return f"Proxy {row['name']}: {lent}{waiting}."


def _database(row: DatabaseRow) -> str:
    is_seen = row["state"] == "available" and row["taken"] is not None
    return f"Database {row['name']}: " + (
        f"{row['taken']} of {row['seats']} seats taken." if is_seen else f"{row['state']}."
    )


def _machine(row: MachineRow) -> str:
    parts = [f"{number} in {state}" for state, number in row["running"].items()]
    parts += [f"{number} {status.lower().replace('_', ' ')}" for status, number in row["ended"].items()]
    return f"State machine {row['name']}: {', '.join(parts) if parts else 'no executions'}."

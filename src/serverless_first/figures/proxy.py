"""Pictures of an RDS proxy at work, from its own log of events."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from serverless_cloud.records import ProxyEvent
from serverless_first.course.words import count as count_of
from serverless_first.figures.connections import TITLE_LETTERS, heading, legend, round_ticks
from serverless_first.figures.style import BLUE, GREEN, VERMILION, style
from serverless_first.figures.words import add_alt_text

_WAITED = re.compile(r"waited ([0-9.]+) ms")


def borrow_waits_s(events: Iterable[ProxyEvent]) -> list[float]:
    """How long each client waited for a database connection, in seconds, in the order of the log.

    A wait that the borrow timeout has ended is NaN, as in a simulation of the pool.

    Args:
        events: of `Cloud.proxy_events`.
    """
    waits_s = []
    for event in events:
        if event.kind == "borrow":
            waits_s.append(waited_s(event))
        elif event.kind == "timeout":
            waits_s.append(float("nan"))
    return waits_s


def waited_s(event: ProxyEvent) -> float:
    """How long the client of a "borrow" waited for its connection, in seconds."""
    match = _WAITED.search(event.detail)
    return float(match[1]) / 1000 if match else 0.0


# ---- connections over time


def proxy_over_time(
    events: Sequence[ProxyEvent], *, title: str, limit: int | None = None, borrowed: bool = False
) -> Figure:
    """The connections on both sides of a proxy over time: ClientConnections and DatabaseConnections.

    A connection that was open before the first event counts as soon as the log names it.

    Args:
        events: of `Cloud.proxy_events`.
        title: the finding, as a sentence.
        limit: the most connections that the pool may have: MaxDatabaseConnectionsAllowed.
        borrowed: whether to show how many of the database connections are borrowed.

    Raises:
        ValueError: there are no events.
    """
    if not events:
        raise ValueError("There is nothing to draw: the proxy has no events yet. Let a client log in first.")
    begin_s = events[0].time_s
    times_s = [0.0, *(event.time_s - begin_s for event in events)]
    clients, servers, lent = _levels(events)
    with style():
        figure = Figure(figsize=(8.0, 3.8))
        axes = figure.subplots()
        axes.step(times_s, clients, where="post", color=BLUE, linewidth=1.6, label="ClientConnections")
        axes.step(times_s, servers, where="post", color=GREEN, linewidth=3.2, label="DatabaseConnections")
        if borrowed:
            look: dict[str, Any] = {"facecolor": "#BFE3D8", "edgecolor": GREEN, "hatch": "..", "linewidth": 0.4}
            axes.fill_between(times_s, lent, step="post", zorder=1, label="borrowed by clients", **look)
        if limit is not None:
            axes.axhline(limit, color="black", linewidth=1.0, linestyle=":", zorder=3)
            words, side = f"the pool's\nlimit: {limit}", axes.get_yaxis_transform()
            axes.text(1.01, limit, words, va="center", fontsize=9.5, transform=side)
        highest = max(*clients, *servers, limit or 0)
        axes.set_xlim(0, max(times_s[-1], 1e-3))
        axes.set_ylim(0, 1.08 * highest + 0.2)
        axes.set_yticks(round_ticks(highest))
        axes.set_xlabel("time since the first event, in seconds")
        axes.set_ylabel("connections")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        legend(figure, axes)
    levels = {"ClientConnections": clients, "DatabaseConnections": servers}
    if borrowed:
        levels["An area for the borrowed database connections"] = lent
    return add_alt_text(
        figure,
        title,
        "Connections over time.",
        *(
            f"{name} begins at {level[0]}, peaks at {max(level)} and ends at {level[-1]}."
            for name, level in levels.items()
        ),
        "" if limit is None else f"A dotted line marks the pool's limit of {limit}.",
        numbers=[*clients, *servers, *([] if limit is None else [limit])],
        claims={"stay": clients[-1] == max(clients)},
    )


def _levels(events: Sequence[ProxyEvent]) -> tuple[list[int], list[int], list[int]]:
    """Clients, database connections and borrowed ones: before the first event and after each."""
    clients, servers = _there_from_the_start(events)
    lent: set[int] = set()
    levels = [(len(clients), len(servers), 0)]
    for event in events:
        if event.client is not None:
            if event.kind == "login":
                clients.add(event.client)
            elif event.kind == "disconnect":
                clients.discard(event.client)
        if event.server is not None:
            if event.kind == "open":
                servers.add(event.server)
            elif event.kind == "borrow":
                lent.add(event.server)
            elif event.kind in ("return", "close", "lost"):
                lent.discard(event.server)
                if event.kind != "return":
                    servers.discard(event.server)
        levels.append((len(clients), len(servers), len(lent)))
    return [c for c, _, _ in levels], [s for _, s, _ in levels], [b for _, _, b in levels]


def _there_from_the_start(events: Sequence[ProxyEvent]) -> tuple[set[int], set[int]]:
    """Clients and database connections that a log names whose beginning it does not have."""
    clients: dict[int, str] = {}
    servers: dict[int, str] = {}
    for event in events:
        if event.client is not None:
            clients.setdefault(event.client, event.kind)
        if event.server is not None:
            # With a reason, "lost" is a connection that the database has refused: there was none.
            refused = event.kind == "lost" and event.detail
            servers.setdefault(event.server, "open" if refused else event.kind)
    return (
        {n for n, first in clients.items() if first not in ("connect", "login")},
        {n for n, first in servers.items() if first != "open"},
    )


# ---- two designs of a pool


@dataclass(frozen=True)
class Pooler:
    """A pooler's results with a burst of calls.

    Args:
        name: "RDS Proxy", for instance.
        calls: how many there were.
        placed: how many of them have placed an order.
        database_connections: the most that it has had.
        pinned: how many of these were pinned.
        leaks: whether what one client has SET shows up in another.
    """

    name: str
    calls: int
    placed: int
    database_connections: int
    pinned: int
    leaks: bool


def two_poolers(poolers: Sequence[Pooler], *, title: str, note: str = "") -> Figure:
    """Results of poolers with the same burst, side by side. A single pooler can also be drawn.

    Args:
        poolers: one row each.
        title: the finding, as a sentence.
        note: a line below the figure: how to install the one that is missing, for instance.

    Raises:
        ValueError: there is none; or one that has placed more orders than it has had calls.
    """
    if not poolers:
        raise ValueError("There is nothing to compare: give at least one pooler.")
    for pooler in poolers:
        if not 0 <= pooler.placed <= pooler.calls:
            raise ValueError(f"{pooler.name} cannot have placed {pooler.placed} orders in {pooler.calls} calls.")
    calls = max(pooler.calls for pooler in poolers)
    connections = max(1, *(pooler.database_connections for pooler in poolers))
    columns: list[tuple[str, float, list[int], str]] = [
        ("orders placed", 1.3 * calls, [p.placed for p in poolers], BLUE),
        ("database\nconnections", connections, [p.database_connections for p in poolers], GREEN),
        ("of them\npinned", connections, [p.pinned for p in poolers], VERMILION),
    ]
    lines = textwrap.wrap(note, 100)
    with style():
        figure = Figure(figsize=(8.0, 1.3 + 0.5 * len(poolers) + 0.22 * len(lines)))
        every = figure.subplots(1, 4, sharey=True, width_ratios=(3, 2, 2, 2.2))
        for axes, (name, most, values, colour) in zip(every, columns, strict=False):
            hatch = "xx" if colour == VERMILION else ""
            bars = axes.barh(range(len(poolers)), values, height=0.5, color=colour, hatch=hatch, edgecolor="black")
            of_calls = [f"{p.placed} of {p.calls}" for p in poolers] if colour == BLUE else None
            axes.bar_label(bars, of_calls, padding=4, fontweight="bold")
            axes.set_xlim(0, 1.35 * max(most, 1))
            axes.set_title(name, fontsize=10, fontweight="normal")
        for y, pooler in enumerate(poolers):
            every[3].text(0.0, y, "yes: it leaks" if pooler.leaks else "no", va="center", fontweight="bold")
        every[3].set_title("does a SET reach\nother clients?", fontsize=10, fontweight="normal")
        for axes in every:
            axes.set_xticks([])
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(left=False)
        every[3].spines["left"].set_visible(False)
        every[0].set_yticks(range(len(poolers)), [pooler.name for pooler in poolers])
        every[0].set_ylim(len(poolers) - 0.5, -0.5)
        heading(figure, title)
        if lines:
            figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9.5)
    return add_alt_text(
        figure,
        title,
        *map(_pooler_in_words, poolers),
        note,
        numbers=[n for p in poolers for n in (p.calls, p.placed, p.database_connections, p.pinned)],
        claims={"leaks": any(pooler.leaks for pooler in poolers), "pins": any(pooler.pinned for pooler in poolers)},
    )


def _pooler_in_words(pooler: Pooler) -> str:
    """One row of the figure as two sentences."""
    used = count_of(pooler.database_connections, "database connection")
    leaks = "A SET reaches other clients." if pooler.leaks else "A SET doesn't reach other clients."
    return f"{pooler.name}: {pooler.placed} of {pooler.calls} orders placed on {used}, {pooler.pinned} pinned. {leaks}"

"""A proxy's log of events as a picture: how a few clients share its database connections."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serverless_cloud.records import ProxyEvent
from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.connections import INCH_A_LETTER, TITLE_LETTERS, legend
from serverless_first.figures.proxy import waited_s
from serverless_first.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, YELLOW, style
from serverless_first.figures.words import add_alt_text

# One for each database connection; its number is also on its bars.
_SERVER_COLOURS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE)
_WAITS, _BORROWED, _STATEMENT, _PINNED, _IN_VAIN = (
    "waits for a database connection",
    "holds a connection",
    "a statement",
    "pinned: keeps it",
    "borrow timeout",
)
_SHOWN = 4  # clients
_AXES_INCH = 6.9  # about, the width of the axes with the lanes


@dataclass
class _Hold:
    """A borrowed connection; times in seconds since the log began."""

    server: int
    begin_s: float
    end_s: float | None = None
    pinned_s: float | None = None


@dataclass
class _Lane:
    """A client's actions; times in seconds since the log began."""

    waits_s: list[tuple[float, float]] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)
    holds: list[_Hold] = field(default_factory=list)
    queries: list[tuple[float, str]] = field(default_factory=list)

    @property
    def first_s(self) -> float:
        """When it first had what it waited for, or gave up."""
        return min([hold.begin_s for hold in self.holds] + self.timeouts_s)

    @property
    def keeps(self) -> bool:
        """Whether it has pinned a connection that it still has when the log ends."""
        return bool(self.holds) and self.holds[-1].pinned_s is not None and self.holds[-1].end_s is None

    def end_hold(self, time_s: float) -> None:
        """Its connection is its own no longer."""
        if self.holds and self.holds[-1].end_s is None:
            self.holds[-1].end_s = time_s


def borrow_steps(
    events: Sequence[ProxyEvent],
    *,
    title: str,
    names: Mapping[int, str] | None = None,
    connections: Mapping[int, str] | None = None,
) -> Figure:
    """A lane for each of a few clients: when it waits, which database connection it borrows, what it asks there.

    Half of these clients gave up waiting, if any did; the others share a connection. `pinned_burst` shows all clients.

    Args:
        events: of `Cloud.proxy_events`.
        title: the finding, as a sentence.
        names: number of a client -> its name; else "client 61" and so on.
        connections: number of a database connection -> its name on the bars; else the number.

    Raises:
        ValueError: nobody borrowed a connection or gave up waiting for one.
    """
    lanes = _lanes(events)
    if not lanes:
        raise ValueError(
            "There is nothing to draw, because no client has borrowed a connection yet. Let a client run a query."
        )
    clients = _clients_to_show(lanes)
    picked = [lanes[client] for client in clients]
    end_s = events[-1].time_s - events[0].time_s
    begin_s = min([b for lane in picked for b, _ in lane.waits_s] + [lane.first_s for lane in picked])
    end_s = max(
        [end_s if h.end_s is None else h.end_s for lane in picked for h in lane.holds]
        + [t for p in picked for t in p.timeouts_s]
    )
    unit, per_s = ("ms", 1000.0) if end_s - begin_s < 2 else ("seconds", 1.0)
    span = max(end_s - begin_s, 1e-3) * per_s
    servers = sorted({hold.server for lane in picked for hold in lane.holds})
    colours = dict(zip(servers, cycle(_SERVER_COLOURS), strict=False))
    with style():
        figure = Figure(figsize=(8.0, 1.5 + 0.66 * len(clients)))
        axes = figure.subplots()
        axes.set_xlim(-0.01 * span, 1.02 * span)
        labels = {server: (connections or {}).get(server, str(server)) for server in servers}
        for y, lane in enumerate(picked):
            _draw_lane(axes, y, lane, colours, labels, lambda moment_s: (moment_s - begin_s) * per_s, end_s)
        axes.set_yticks(range(len(clients)), [(names or {}).get(client, f"client {client}") for client in clients])
        axes.set_ylim(len(clients) - 0.5, -0.75)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"time in {unit}")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        hold_labels = [_hold_label(labels[server]) for server in servers]
        legend(figure, axes, columns=3, order=(_WAITS, *hold_labels, _STATEMENT, _PINNED, _IN_VAIN))
    called = {client: (names or {}).get(client, f"client {client}") for client in clients}
    return add_alt_text(
        figure,
        title,
        f"A lane for each of {count_of(len(clients), 'client')}.",
        *(_lane_in_words(called[client], lanes[client], labels) for client in clients),
        numbers=[len(clients), len(servers), *servers, *clients],
    )


def _hold_label(name: str) -> str:
    """The legend's name for the bars of a database connection."""
    return f"has borrowed connection {name}"


def _lane_in_words(client: str, lane: _Lane, labels: Mapping[int, str]) -> str:
    """A client's actions, as a sentence."""
    did: list[str] = []
    for number, hold in enumerate(lane.holds):
        until_s = lane.holds[number + 1].begin_s if number + 1 < len(lane.holds) else float("inf")
        statements = [
            text.split(maxsplit=1)[0] for moment_s, text in lane.queries if text and hold.begin_s <= moment_s < until_s
        ]
        borrows = f"borrows connection {labels[hold.server]}" + (f" for {listed(statements)}" if statements else "")
        did.append(borrows + (" and pins it" if hold.pinned_s is not None else ""))
    if lane.timeouts_s:
        did.append("waits until the borrow timeout")
    return f"{client[0].upper()}{client[1:]} {', then '.join(did)}."


def pinned_burst(events: Sequence[ProxyEvent], *, title: str) -> Figure:
    """A thin row for every client of a burst: which ones pin a connection and keep it, and which ones wait for nothing.

    Args:
        events: of `Cloud.proxy_events`, from before the burst to its end.
        title: the finding, as a sentence.

    Raises:
        ValueError: no client borrowed a connection or gave up waiting for one.
    """
    lanes = _lanes(events)
    if not lanes:
        raise ValueError("There is nothing to draw: no client has borrowed a connection yet. Let one run a query.")
    in_turn = sorted(lanes.values(), key=lambda lane: lane.first_s)
    vain = [lane for lane in in_turn if lane.timeouts_s]
    pinned = [lane for lane in in_turn if not lane.timeouts_s and lane.keeps]
    others = [lane for lane in in_turn if not lane.timeouts_s and not lane.keeps]
    groups = [
        (pinned, count_of(len(pinned), "client keeps", "clients keep") + "\na connection"),
        (others, count_of(len(others), "client returns", "clients return") + "\na connection"),
        (vain, count_of(len(vain), "client gets", "clients get") + "\nnone"),
    ]
    end_s = events[-1].time_s - events[0].time_s
    with style():
        figure = Figure(figsize=(8.0, 4.6))
        axes = figure.subplots()
        y = 0
        places: dict[float, str] = {}
        for group, words in groups:
            if group:
                places[y + (len(group) - 1) / 2] = words
            for lane in group:
                _draw_row(axes, y, lane, end_s)
                y += 1
        axes.set_xlim(0, 1.03 * max(end_s, 1e-3))
        axes.set_ylim(y - 0.4, -0.6)
        axes.set_yticks(list(places), list(places.values()))
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("time in seconds")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        legend(figure, axes, columns=2, order=(_WAITS, _BORROWED, _PINNED, _IN_VAIN))
    pin_words = count_of(len(pinned), "client pins a connection and keeps", "clients pin a connection and keep")
    return add_alt_text(
        figure,
        title,
        f"One row for each of {count_of(y, 'client')}. {pin_words} it to the end.",
        f"{count_of(len(others), 'client gives', 'clients give')} a connection back." if others else "",
        f"{count_of(len(vain), 'client waits', 'clients wait')} until the borrow timeout and get none." if vain else "",
        numbers=[y, len(pinned), len(vain), len(pinned) + len(others)],
    )


def _draw_row(axes: Axes, y: int, lane: _Lane, end_s: float) -> None:
    """One client of `pinned_burst`."""
    waits: dict[str, Any] = {"height": 0.55, "facecolor": "#DDDDDD", "edgecolor": "none"}
    for begin_s, until_s in lane.waits_s:
        axes.barh(y, until_s - begin_s, left=begin_s, label=_WAITS, **waits)
    for hold in lane.holds:
        until_s = end_s if hold.end_s is None else hold.end_s
        pinned_s = until_s if hold.pinned_s is None else hold.pinned_s
        if hold.pinned_s is not None and pinned_s - hold.begin_s < 0.01 * end_s:
            pinned_s = hold.begin_s  # nobody could see that it wasn't pinned before
        for begin_s, stop_s, color, label in (
            (hold.begin_s, pinned_s, SKY, _BORROWED),
            (pinned_s, until_s, BLUE, _PINNED),
        ):
            if stop_s > begin_s:
                axes.barh(y, stop_s - begin_s, left=begin_s, height=0.7, color=color, label=label)
    for moment_s in lane.timeouts_s:
        axes.plot(moment_s, y, "X", color=VERMILION, markersize=4, markeredgewidth=0, label=_IN_VAIN, clip_on=False)


def _lanes(events: Sequence[ProxyEvent]) -> dict[int, _Lane]:
    """The actions of each client that has borrowed, or waited in vain."""
    lanes: dict[int, _Lane] = {}
    asked_s: dict[int, float] = {}  # when a client last could have begun to wait
    for event in events:
        now_s = event.time_s - events[0].time_s
        if event.kind == "lost":
            for other in lanes.values():
                if other.holds and other.holds[-1].server == event.server:
                    other.end_hold(now_s)
        if event.client is None:
            continue
        lane = lanes.setdefault(event.client, _Lane())
        if event.kind == "borrow" and event.server is not None:
            lane.waits_s.append((now_s - waited_s(event), now_s))
            lane.holds.append(_Hold(event.server, now_s))
        elif event.kind == "timeout":
            lane.waits_s.append((asked_s.get(event.client, 0.0), now_s))
            lane.timeouts_s.append(now_s)
        elif event.kind == "query" and lane.holds:
            lane.queries.append((now_s, event.detail))
        elif event.kind == "pin" and lane.holds:
            lane.holds[-1].pinned_s = now_s
        elif event.kind in ("return", "close", "disconnect"):
            lane.end_hold(now_s)
        asked_s[event.client] = now_s
    return {client: lane for client, lane in lanes.items() if lane.holds or lane.timeouts_s}


def _clients_to_show(lanes: Mapping[int, _Lane]) -> list[int]:
    """Clients that show something: half that waited in vain, the others by twos on the same connection."""
    in_turn = sorted(lanes, key=lambda client: lanes[client].first_s)
    vain = [client for client in in_turn if lanes[client].timeouts_s][: _SHOWN // 2]
    sharing: dict[int, list[int]] = {}
    for client in in_turn:
        if lanes[client].holds:
            sharing.setdefault(lanes[client].holds[0].server, []).append(client)
    groups = sorted(sharing.values(), key=len, reverse=True)
    places = _SHOWN - len(vain)
    order = [c for group in groups[: -(-places // 2)] for c in group[:2]] + [c for group in groups for c in group]
    served = list(dict.fromkeys(order))[:places]
    return [client for client in in_turn if client in {*served, *vain}]


def _draw_lane(
    axes: Axes,
    y: int,
    lane: _Lane,
    colours: Mapping[int, str],
    labels: Mapping[int, str],
    x: Callable[[float], float],
    end_s: float,
) -> None:
    left, right = axes.get_xlim()
    waits: dict[str, Any] = {"height": 0.2, "facecolor": "white", "hatch": "....", "edgecolor": GREY}
    for begin_s, until_s in lane.waits_s:
        if x(until_s) - x(begin_s) < 0.002 * (right - left):
            continue  # nobody could see it
        axes.barh(y, x(until_s) - x(begin_s), left=x(begin_s), linewidth=0.6, label=_WAITS, **waits)
    for moment_s in lane.timeouts_s:
        axes.plot(x(moment_s), y, "X", color=VERMILION, markersize=10, markeredgecolor="black", label=_IN_VAIN)
    for hold in lane.holds:
        begin, end = x(hold.begin_s), x(end_s if hold.end_s is None else hold.end_s)
        looks: dict[str, Any] = {"height": 0.44, "facecolor": colours[hold.server], "edgecolor": "black"}
        axes.barh(y, end - begin, left=begin, linewidth=0.8, label=_hold_label(labels[hold.server]), **looks)
        if hold.pinned_s is not None:
            pinned = x(hold.pinned_s)
            axes.barh(y, end - pinned, left=pinned, linewidth=0.8, hatch="xx", label=_PINNED, **looks)
        if end - begin > 0.05 * (right - left):
            number = axes.text((begin + end) / 2, y, labels[hold.server], ha="center", va="center", weight="bold")
            number.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    statements = [
        (x(moment_s), text.split(maxsplit=1)[0], sum(hold.begin_s <= moment_s for hold in lane.holds))
        for moment_s, text in lane.queries
        if text
    ]
    _draw_statements(axes, y, statements)


def _draw_statements(axes: Axes, y: int, statements: Sequence[tuple[float, str, int]]) -> None:
    """A mark for each statement, above its lane, with the first word; words that would overlap form one text.

    Args:
        statements: where, the word, and which of the client's connections it ran on. Words of two connections are
            never one text: the first stands to the left of its mark then.
    """
    left, right = axes.get_xlim()
    a_letter = (right - left) * 0.85 * INCH_A_LETTER / _AXES_INCH
    texts: list[tuple[float, list[str]]] = []
    to_the_left: set[int] = set()
    last = 0
    for place, word, connection in statements:
        axes.plot(place, y - 0.29, "v", color="black", markersize=4.5, label=_STATEMENT)
        is_near = bool(texts) and place < texts[-1][0] + a_letter * (len(", ".join(texts[-1][1])) + 2)
        if is_near and connection == last:
            texts[-1][1].append(word)
        else:
            if is_near:
                to_the_left.add(len(texts) - 1)
            texts.append((place, [word]))
        last = connection
    for number, (place, words) in enumerate(texts):
        label = ", ".join(words[:3]) + (", ..." if len(words) > 3 else "")
        turned = place + a_letter * len(label) > right or number in to_the_left
        apart = 2 if {number, number - 1} & to_the_left else -3  # in points, from the mark
        axes.annotate(
            label,
            (place, y - 0.46),
            xytext=(-apart if turned else apart, 0),
            textcoords="offset points",
            va="center",
            ha="right" if turned else "left",
            fontsize=8,
        )

"""The figures of module 05 as a reader sees them: what a proxy did, step by step and over time; poolers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from tests.unit.figure_reading import TITLES, bars, check_words, height_at, legends, words

from serverless_cloud.records import ProxyEvent
from serverless_first import figures

TIMED_OUT = "Timed-out waiting to acquire database connection"


def log(
    *rows: tuple[float, int | None, int | None, str] | tuple[float, int | None, int | None, str, str],
) -> list[ProxyEvent]:
    """Events at so many seconds after a moment in 2026: time, client, server, kind, detail."""
    return [
        ProxyEvent(n, 1_795_567_000.0 + row[0], row[1], row[2], row[3], row[4] if len(row) > 4 else "")
        for n, row in enumerate(rows, 1)
    ]


#: Two connections, four clients: two transactions, another two that wait; then client 3 pins.
SHARED = log(
    (0.000, 1, None, "connect"),
    (0.005, 1, None, "login", "app to shop"),
    (0.007, None, 27, "open", "app to shop"),
    (0.007, 1, 27, "borrow", "waited 2.1 ms"),
    (0.007, 1, 27, "query", "BEGIN"),
    (0.007, 1, 27, "query", "INSERT INTO orders (lamp, quantity) VALUES ('Tsuki', 1)"),
    (0.020, 2, None, "connect"),
    (0.024, 2, None, "login", "app to shop"),
    (0.026, None, 28, "open", "app to shop"),
    (0.026, 2, 28, "borrow", "waited 2.0 ms"),
    (0.026, 2, 28, "query", "BEGIN"),
    (0.043, 3, None, "connect"),
    (0.043, 3, None, "login", "app to shop"),
    (0.061, 4, None, "connect"),
    (0.064, 4, None, "login", "app to shop"),
    (0.160, 1, 27, "query", "COMMIT"),
    (0.160, 1, 27, "return"),
    (0.160, 3, 27, "borrow", "waited 116.5 ms"),
    (0.160, 3, 27, "query", "BEGIN"),
    (0.178, 2, 28, "query", "COMMIT"),
    (0.179, 2, 28, "return"),
    (0.179, 4, 28, "borrow", "waited 114.7 ms"),
    (0.179, 4, 28, "query", "SELECT place_order($1, $2)"),
    (0.312, 3, 27, "query", "COMMIT"),
    (0.313, 3, 27, "return"),
    (0.314, 1, None, "disconnect"),
    (0.331, 4, 28, "return"),
    (0.373, 3, 28, "borrow", "waited 0.0 ms"),
    (0.373, 3, 28, "query", "SET statement_timeout = '50s'"),
    (0.373, 3, 28, "pin", "SQL changed session settings that the proxy doesn't track."),
    (0.574, 3, None, "disconnect"),
    (0.574, 3, 28, "close", "its client left"),
)
#: One connection that client 1 has pinned, while clients 2 and 3 wait in vain.
PINNED = log(
    (0.0, None, 5, "open"),
    (0.0, 1, None, "login"),
    (0.1, 2, None, "login"),
    (0.1, 3, None, "login"),
    (0.1, 1, 5, "borrow", "waited 1.0 ms"),
    (0.1, 1, 5, "query", "SET search_path = shop"),
    (0.1, 1, 5, "pin", "cause"),
    (3.1, 2, None, "timeout", TIMED_OUT),
    (3.1, 3, None, "timeout", TIMED_OUT),
    (3.2, 3, None, "disconnect"),
)

RDS_PROXY = figures.Pooler("RDS Proxy", calls=60, placed=10, database_connections=10, pinned=10, leaks=False)
PGBOUNCER = figures.Pooler("PgBouncer", calls=60, placed=60, database_connections=10, pinned=0, leaks=True)

#: Everything that is drawn of a proxy, with much and with little in it.
EVERY: dict[str, Callable[[str], Figure]] = {
    "proxy over time": lambda title: figures.proxy_over_time(SHARED, title=title, limit=2, borrowed=True),
    "steps": lambda title: figures.borrow_steps(SHARED, title=title),
    "steps, pinned": lambda title: figures.borrow_steps(PINNED, title=title),
    "poolers": lambda title: figures.two_poolers([RDS_PROXY, PGBOUNCER], title=title),
    "one pooler": lambda title: figures.two_poolers([RDS_PROXY], title=title, note="Install PgBouncer first. " * 6),
}


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("name", EVERY)
def test_all_words_are_on_the_page_and_none_hides_another(name: str, title: str) -> None:
    check_words(EVERY[name](title), title)


def curve(axes: Axes, label: str) -> list[tuple[float, float]]:
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return [(round(float(x), 3), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]  # type: ignore[arg-type]


def test_both_sides_of_the_proxy_are_counted() -> None:
    figure = figures.proxy_over_time(SHARED, title="4 on 2", limit=2, borrowed=True)
    (axes,) = figure.axes
    clients, servers = dict(curve(axes, "ClientConnections")), dict(curve(axes, "DatabaseConnections"))
    moments = (0.0, 0.007, 0.026, 0.064, 0.331, 0.574)
    assert [clients[moment] for moment in moments] == [0, 1, 2, 4, 3, 2]
    assert [servers[moment] for moment in moments] == [0, 1, 2, 2, 2, 1]
    assert [height_at(axes, "of them borrowed", moment) for moment in (0.003, 0.1, 0.35, 0.5)] == [0, 2, 0, 1]
    assert "the pool's\nlimit: 2" in words(figure)
    assert axes.get_title(loc="left") == "4 on 2"


def test_a_log_that_begins_late_counts_what_was_there() -> None:
    events = log((0, 7, 3, "borrow", "waited 0.0 ms"), (1, None, 3, "lost"), (1, 7, None, "disconnect"))
    (axes,) = figures.proxy_over_time(events, title="t").axes
    assert [count for _, count in curve(axes, "ClientConnections")] == [1, 1, 1, 0]
    assert [count for _, count in curve(axes, "DatabaseConnections")] == [1, 1, 0, 0]


def test_a_connection_that_the_database_refused_never_was() -> None:
    events = log(
        (0, 1, None, "login"), (1, None, 4, "lost", "the database system is starting up"), (2, None, 5, "open")
    )
    (axes,) = figures.proxy_over_time(events, title="t").axes
    assert [count for _, count in curve(axes, "DatabaseConnections")] == [0, 0, 0, 1]


def lane(axes: Axes, y: int) -> list[tuple[int, int]]:
    """Begin and end of each bar in a lane, in ms."""
    found = [b for b in axes.patches if isinstance(b, Rectangle) and abs(b.get_y() + b.get_height() / 2 - y) < 0.01]
    return [(round(bar.get_x()), round(bar.get_x() + bar.get_width())) for bar in found]


def test_each_client_has_a_lane_with_waits_and_borrowed_connections() -> None:
    figure = figures.borrow_steps(SHARED, title="Two connections, four clients")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["client 1", "client 2", "client 3", "client 4"]
    begin = 5  # ms: the first wait
    assert lane(axes, 0) == [(0, 2), (7 - begin, 160 - begin)]
    waits, borrowed, pinned = [(39, 155)], [(155, 308), (368, 569)], [(368, 569)]
    assert sorted(lane(axes, 2)) == sorted(waits + borrowed + pinned)
    shown = [text.get_text() for text in axes.texts]
    assert Counter(text for text in shown if text.isdigit()) == {"27": 2, "28": 3}
    assert "BEGIN, INSERT" in shown
    assert shown.count("COMMIT") == 3
    assert "ms" in axes.get_xlabel()
    assert legends(figure) == [
        "waits for a database connection",
        "has borrowed one (its number)",
        "a statement",
        "pinned: keeps it",
    ]


def test_the_same_connection_has_the_same_colour_and_another_one_another() -> None:
    (axes,) = figures.borrow_steps(SHARED, title="t").axes
    tall = [bar for bar in axes.patches if isinstance(bar, Rectangle) and bar.get_height() > 0.3]
    colours = [to_hex(bar.get_facecolor()) for bar in sorted(tall, key=lambda bar: (bar.get_x(), bar.get_y()))]
    first, second = colours[:2]
    assert first != second
    assert colours == [first, second, first, second, second, second]


def test_who_waits_in_vain_has_a_lane_too() -> None:
    figure = figures.borrow_steps(PINNED, title="t")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["client 1", "client 2", "client 3"]
    assert "borrow timeout" in legends(figure)
    crosses = [line for line in axes.lines if line.get_marker() == "X"]
    assert [round(float(np.asarray(cross.get_xdata())[0]), 1) for cross in crosses] == [3.0, 3.0]
    assert axes.get_xlabel() == "time in seconds"


@pytest.mark.parametrize("events", [[], SHARED[:3]])
def test_steps_that_nobody_made_are_refused(events: list[ProxyEvent]) -> None:
    with pytest.raises(ValueError, match="no client has borrowed"):
        figures.borrow_steps(events, title="t")


def test_waits_are_read_from_the_log_and_can_be_drawn() -> None:
    waits_s = figures.borrow_waits_s(SHARED)
    assert waits_s == pytest.approx([0.0021, 0.002, 0.1165, 0.1147, 0.0])
    in_vain = figures.borrow_waits_s(PINNED)
    assert in_vain[0] == pytest.approx(0.001)
    assert [math.isnan(wait_s) for wait_s in in_vain] == [False, True, True]
    drawn = figures.borrow_waits(in_vain, title="2 of 3 wait in vain")
    assert any("2 of 3 timed out" in label for label in legends(drawn))


def test_a_proxy_without_events_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no events yet"):
        figures.proxy_over_time([], title="t")


def test_two_poolers_stand_side_by_side() -> None:
    figure = figures.two_poolers([RDS_PROXY, PGBOUNCER], title="One pins, one leaks")
    assert [bars(axes) for axes in figure.axes] == [[[10, 60]], [[10, 10]], [[10, 0]], []]
    assert [text.get_text() for text in figure.axes[3].texts] == ["no", "yes: it leaks"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["RDS Proxy", "PgBouncer"]
    assert figure.get_suptitle() == "One pins, one leaks"


def test_a_pooler_alone_says_how_to_get_the_other() -> None:
    figure = figures.two_poolers([RDS_PROXY], title="t", note="Install it with: apt install pgbouncer")
    assert "Install it with: apt install pgbouncer" in words(figure)


def test_poolers_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one pooler"):
        figures.two_poolers([], title="t")
    with pytest.raises(ValueError, match="X cannot have placed 3 orders in 2 calls"):
        figures.two_poolers([figures.Pooler("X", 2, 3, 1, 0, leaks=False)], title="t")

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
from tests.unit.proxy_events import PGBOUNCER, PINNED, RDS_PROXY, SHARED, log

from serverless_cloud.records import ProxyEvent
from serverless_first import figures

#: Everything that is drawn of a proxy, with much and with little in it.
EVERY: dict[str, Callable[[str], Figure]] = {
    "proxy over time": lambda title: figures.proxy_over_time(SHARED, title=title, limit=2, borrowed=True),
    "steps": lambda title: figures.borrow_steps(SHARED, title=title),
    "steps, pinned": lambda title: figures.borrow_steps(PINNED, title=title),
    "burst": lambda title: figures.pinned_burst(SHARED, title=title),
    "burst, pinned": lambda title: figures.pinned_burst(PINNED, title=title),
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
    assert [height_at(axes, "borrowed by clients", moment) for moment in (0.003, 0.1, 0.35, 0.5)] == [0, 2, 0, 1]
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
        "has borrowed connection 27",
        "has borrowed connection 28",
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


def test_the_legend_has_each_connection_in_its_own_color() -> None:
    figure = figures.borrow_steps(SHARED, title="t")
    (axes,) = figure.axes
    in_legend = {
        text.get_text(): to_hex(handle.get_facecolor())
        for handle, text in zip(figure.legends[0].get_patches(), figure.legends[0].get_texts(), strict=False)
        if isinstance(handle, Rectangle) and text.get_text().startswith("has borrowed")
    }
    bars_of = {bar.get_label(): to_hex(bar[0].get_facecolor()) for bar in axes.containers}
    assert len(set(in_legend.values())) == 2
    assert all(bars_of[label] == color for label, color in in_legend.items())


def test_a_burst_has_a_row_for_each_client_that_is_served_and_for_each_that_is_not() -> None:
    figure = figures.pinned_burst(PINNED, title="1 of 3 clients keeps the connection")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "1 client keeps\na connection",
        "2 clients get\nnone",
    ]
    crosses = [line for line in axes.lines if line.get_marker() == "X"]
    assert sorted(float(np.asarray(cross.get_ydata())[0]) for cross in crosses) == [1, 2]
    kept = [
        bar for bar in axes.patches if isinstance(bar, Rectangle) and round(bar.get_y() + bar.get_height() / 2) == 0
    ]
    assert max(bar.get_x() + bar.get_width() for bar in kept) == pytest.approx(3.2)


@pytest.mark.parametrize(
    ("pinned_s", "shown"), [(0.1, set()), (0.11, set()), (0.6, {"holds a connection"}), (None, {"holds a connection"})]
)
def test_the_legend_of_a_burst_has_only_what_can_be_seen(pinned_s: float | None, shown: set[str]) -> None:
    """A handler that pins first of all holds its connection for a moment before, which nobody could see."""
    events = [event for event in PINNED if event.kind != "pin"]
    if pinned_s is not None:
        events = sorted([*events, *log((pinned_s, 1, 5, "pin", "cause"))], key=lambda event: event.time_s)
        shown = shown | {"pinned: keeps it"}
    figure = figures.pinned_burst(events, title="t")
    assert set(legends(figure)) == {"waits for a database connection", "borrow timeout"} | shown
    drawn = {to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches}
    handles = {to_hex(handle.get_facecolor()) for handle in figure.legends[0].get_patches()}
    assert handles == drawn


@pytest.mark.parametrize("events", [[], SHARED[:3]])
@pytest.mark.parametrize("draw", [figures.borrow_steps, figures.pinned_burst])
def test_steps_that_nobody_made_are_refused(draw: Callable[..., Figure], events: list[ProxyEvent]) -> None:
    with pytest.raises(ValueError, match="no client has borrowed"):
        draw(events, title="t")


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

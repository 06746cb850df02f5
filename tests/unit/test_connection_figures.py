"""The figures of module 04 as a reader sees them: seats, connections over time, messages and what helps."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import PathPatch, Rectangle
from tests.unit.figure_reading import TITLES, bars, check_words, height_at, legends, words

from serverless_cloud.records import CallResult, DatabaseSession, Sample
from serverless_first import figures
from serverless_first.figures.connections import short_message
from serverless_first.figures.style import BLUE, GREEN
from serverless_first.figures.words import alt_text

RESERVED = (
    'connection failed: connection to server at "127.0.0.1", port {port} failed: FATAL:  remaining connection slots '
    'are reserved for roles with privileges of the "pg_use_reserved_connections" role'
)
CONTEXT = 'terminating connection due to administrator command\nCONTEXT:  SQL function "place_order" statement 1'
TIMED_OUT = "Timed-out waiting to acquire database connection"


def sample(time_s: float, **states: int) -> Sample:
    names = [state.replace("_", " ") for state, count in states.items() for _ in range(count)]
    return Sample(time_s, [DatabaseSession(1, "app", "shop", "", name, "", "", 0.0, 0.0) for name in names])


def call(outcome: str, took_s: float = 0.3) -> CallResult:
    log = f"REPORT RequestId: 1\tDuration: {took_s * 1000:.2f} ms\tBilled Duration: 9 ms\tInit Duration: 7.00 ms\t\n"
    return CallResult(outcome, None, "" if outcome == "answered" else "refused", 9.0, log)


BURST = [
    sample(0.0),
    sample(0.1, active=12),
    sample(0.2, active=9, idle=6),
    sample(0.3, active=1, idle=12, idle_in_transaction=1, disabled=1),
    sample(0.4, idle=15),
    sample(0.5, idle=15),
]
RESTART = [sample(n / 10, active=10) for n in range(6)] + [sample(3 + n / 10, idle=7) for n in range(6)]

TRIES = {
    "connect once for each environment": [call("answered", 0.2), call("answered", 0.4), call("answered", 0.9)]
    + [call("failed")] * 9,
    "connect in the handler": [call("answered", 1.5)] * 8 + [call("failed")] * 4,
    "reserved concurrency 2": [call("answered", 0.25)] * 2 + [call("throttled")] * 10,
    "nothing at all": [call("failed")] * 12,
}

#: Everything that these modules draw, with much and with little in it.
EVERY: dict[str, Callable[[str], Figure]] = {
    "seats": lambda title: figures.seats(title=title, environments=60, connected=15),
    "seats, master user": lambda title: figures.seats(title=title, environments=60, connected=17),
    "seats, few": lambda title: figures.seats(title=title, environments=24, connected=5, max_connections=10),
    "seats, many": lambda title: figures.seats(title=title, environments=60, connected=60, max_connections=100),
    "seats, proxy": lambda title: figures.seats(title=title, environments=60, connected=60, proxy=10),
    "over time": lambda title: figures.connections_over_time(
        BURST, title=title, max_connections=20, marks={0.05: "the sale opens", 0.35: "the last call has ended"}
    ),
    "over time, many seats": lambda title: figures.connections_over_time(
        RESTART, title=title, max_connections=100, marks={0.5: "the database restarts"}
    ),
    "mitigations": lambda title: figures.mitigations(TRIES, title=title),
}


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("name", EVERY)
def test_all_words_are_on_the_page_and_none_hides_another(name: str, title: str) -> None:
    check_words(EVERY[name](title), title)


# ---- seats


def dots(axes: Axes) -> dict[str, int]:
    """How many marks each series of dots has, by the words of the legend."""
    found = [series for series in axes.collections if isinstance(series, PathCollection)]
    return {str(series.get_label()): len(np.asarray(series.get_offsets())) for series in found}


def lines(axes: Axes, colour: str) -> list[PathPatch]:
    return [p for p in axes.patches if isinstance(p, PathPatch) and to_hex(p.get_edgecolor()).upper() == colour]


def seats_by_look(axes: Axes) -> Counter[tuple[str, str]]:
    found = [p for p in axes.patches if isinstance(p, Rectangle)]
    return Counter((to_hex(seat.get_facecolor()).upper(), (seat.get_hatch() or "")[:1]) for seat in found)


@pytest.mark.parametrize(
    ("environments", "connected", "count"), [(60, 15, 20), (24, 24, 50), (60, 5, 10), (60, 60, 100)]
)
def test_each_connected_environment_has_a_line_to_a_seat_of_its_own(
    environments: int, connected: int, count: int
) -> None:
    figure = figures.seats(title="t", environments=environments, connected=connected, max_connections=count)
    (axes,) = figure.axes
    drawn = lines(axes, BLUE)
    assert len(drawn) == connected
    assert seats_by_look(axes).total() == count
    ends = {tuple(np.round(np.asarray(line.get_path().vertices)[-1], 3)) for line in drawn}
    begins = {tuple(np.round(np.asarray(line.get_path().vertices)[0], 3)) for line in drawn}
    corners = {
        (round(s.get_x(), 3), round(s.get_y() + s.get_height() / 2, 3))
        for s in axes.patches
        if isinstance(s, Rectangle)
    }
    assert len(begins) == len(ends) == connected
    assert ends <= corners
    refused = environments - connected
    assert dots(axes).get(f"{connected} environments are connected") == connected
    assert dots(axes).get(f"{refused} are refused", 0) == refused


@pytest.mark.parametrize("count", [10, 20, 50, 100])
def test_what_the_seats_are_stands_beside_them(count: int) -> None:
    figure = figures.seats(title="t", environments=60, connected=5, max_connections=count)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (legend,) = (child for child in axes.get_children() if isinstance(child, Legend))
    right = max(seat.get_window_extent().x1 for seat in axes.patches if isinstance(seat, Rectangle))
    assert right < min(mark.get_window_extent().x0 for mark in legend.get_patches())


def test_reserved_seats_are_marked_and_counted() -> None:
    figure = figures.seats(title="t", environments=60, connected=15)
    assert {"15 held", "2 reserved for the master user", "3 reserved for superusers"} < set(legends(figure))
    assert sorted(seats_by_look(figure.axes[0]).values()) == [2, 3, 15]


def test_the_master_user_sits_in_a_seat_that_is_reserved_for_it() -> None:
    figure = figures.seats(title="t", environments=60, connected=17)
    assert {"15 held", "2 held, reserved for the master user", "3 reserved for superusers"} < set(legends(figure))
    assert seats_by_look(figure.axes[0])[BLUE, "/"] == 2


def test_the_caller_says_for_whom_seats_are_reserved() -> None:
    figure = figures.seats(title="t", environments=4, connected=2, max_connections=6, reserved={"the owner": 1})
    assert legends(figure)[:3] == ["2 held", "3 free", "1 reserved for the owner"]


def test_the_proxy_stands_between_many_lines_and_few() -> None:
    figure = figures.seats(title="t", environments=60, connected=60, proxy=10)
    (axes,) = figure.axes
    assert (len(lines(axes, BLUE)), len(lines(axes, GREEN))) == (60, 10)
    assert {"RDS Proxy", "60 client connections", "10 database connections"} < set(words(figure).split("\n"))
    assert {"10 held", "5 free", "60 environments are connected"} < set(legends(figure))
    assert "refused" not in words(figure)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"environments": 0, "connected": 0}, "0 of 0 environments"),
        ({"environments": 5, "connected": 6}, "6 of 5 environments"),
        ({"environments": 60, "connected": 21}, "21 connections don't fit into 20 seats"),
        ({"environments": 60, "connected": 60, "proxy": 21}, "21 connections don't fit into 20 seats"),
        ({"environments": 9, "connected": 1, "max_connections": 4}, "5 of 4 seats can't be reserved"),
        (
            {"environments": 9, "connected": 1, "reserved": dict.fromkeys("abcd", 1)},
            "for 4 users. Give at most 3",
        ),
    ],
)
def test_seats_that_cannot_be_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        figures.seats(title="t", **wrong)  # type: ignore[arg-type]


# ---- a database over time


def test_sessions_are_stacked_by_state() -> None:
    figure = figures.connections_over_time(BURST, title="15 stay open", max_connections=20)
    (axes,) = figure.axes
    states = ("active", "idle", "idle in transaction", "other")
    for moment, expected in ((0.15, (12, 0, 0, 0)), (0.25, (9, 6, 0, 0)), (0.35, (1, 12, 1, 1)), (0.45, (0, 15, 0, 0))):
        assert tuple(height_at(axes, state, moment) for state in states) == expected
    assert axes.get_title(loc="left") == "15 stay open"
    assert legends(figure) == list(states)


@pytest.mark.parametrize(("reserved", "levels"), [(5, [20, 15]), (3, [20, 17]), (0, [20])])
def test_the_seats_are_lines(reserved: int, levels: list[int]) -> None:
    figure = figures.connections_over_time(BURST, title="t", max_connections=20, reserved=reserved)
    level = [np.unique(np.asarray(line.get_ydata())).tolist() for line in figure.axes[0].lines]
    assert level == [[height] for height in levels]
    assert "max_connections\n20" in words(figure)
    assert (f"above {levels[-1]}:\nreserved" in words(figure)) == bool(reserved)


def test_what_nobody_could_see_is_grey_and_not_drawn() -> None:
    figure = figures.connections_over_time(RESTART, title="t", max_connections=20)
    (axes,) = figure.axes
    assert height_at(axes, "active", 0.25) == 10
    assert height_at(axes, "active", 1.5) == height_at(axes, "idle", 1.5) == 0
    assert height_at(axes, "idle", 3.25) == 7
    assert "the database isn't responding" in legends(figure)
    assert "the database isn't responding" not in legends(
        figures.connections_over_time(BURST, title="t", max_connections=20)
    )


def grey_bands(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """From where to where the picture says that the database isn't responding."""
    (axes,) = figures.connections_over_time(samples, title="t", max_connections=20).axes
    bands = [each for each in axes.patches if each.get_label() == "the database isn't responding"]
    ends = [(band.get_x(), band.get_x() + band.get_width()) for band in bands if isinstance(band, Rectangle)]
    assert len(ends) == len(bands)
    return [(round(begin_s, 3), round(end_s, 3)) for begin_s, end_s in ends]


def test_the_grey_bands_reach_from_the_last_sample_to_the_next() -> None:
    assert grey_bands(RESTART) == [(0.5, 3.0)]
    twice = [*RESTART, *(sample(6 + n / 10, idle=7) for n in range(6))]
    assert grey_bands(twice) == [(0.5, 3.0), (3.5, 6.0)]
    one_between = [*RESTART[:6], sample(1.5, idle=1), *RESTART[6:]]
    assert grey_bands(one_between) == [(0.5, 1.5), (1.5, 3.0)]


def test_a_sample_that_comes_a_little_late_is_no_gap() -> None:
    assert grey_bands(BURST) == []
    assert grey_bands([*BURST, sample(0.95, idle=15)]) == []
    assert grey_bands([sample(n, idle=1) for n in (0, 2, 4, 13, 15)]) == []
    assert grey_bands([sample(n, idle=1) for n in (0, 2, 4, 15, 17)]) == [(4.0, 15.0)]


def test_moments_have_names() -> None:
    marks = {0.1: "the sale opens", 0.4: "the last call has ended"}
    figure = figures.connections_over_time(BURST, title="t", max_connections=20, marks=marks)
    assert set(marks.values()) < set(words(figure).split("\n"))
    places = {round(float(np.asarray(line.get_xdata())[0]), 3) for line in figure.axes[0].lines}
    assert set(marks) < places


def test_the_words_of_a_moment_have_the_time_of_the_axis() -> None:
    """The axis may begin before 0, where a lesson's sale opens."""
    samples = [replace(each, time_s=each.time_s - 0.3) for each in BURST]
    marks = {0.0: "the sale opens", 0.1: "the last call has ended"}
    said = alt_text(figures.connections_over_time(samples, title="t", max_connections=20, marks=marks))
    assert "Marked: at 0.0 s the sale opens and at 0.1 s the last call has ended." in said


@pytest.mark.parametrize("places", [(0.0, 0.1, 0.2), (9.8, 9.9, 10.0), (0.0, 5.0, 5.1), (4.0, 4.0001, 9.9)])
def test_named_moments_that_are_close_stay_readable(places: Sequence[float]) -> None:
    marks = {place: f"moment {place:g} of the sale" for place in places}
    ten_seconds = [sample(0.0, idle=1), sample(10.0, idle=1)]
    figure = figures.connections_over_time(ten_seconds, title="t", max_connections=20, marks=marks)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text() in marks.values()]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    frame = axes.get_window_extent()
    assert all(frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 and box.y1 <= frame.y1 + 1 for box in boxes)


@pytest.mark.parametrize("samples", [[], BURST[:1]])
def test_a_time_line_needs_two_samples(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match=f"{len(samples)} samples, but a timeline needs two"):
        figures.connections_over_time(samples, title="t", max_connections=20)


# ---- messages and what helps


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (RESERVED, RESERVED.partition("FATAL:  ")[2]),
        (CONTEXT, "terminating connection due to administrator command"),
        ("a: FATAL:  sorry, too many clients already\nb: FATAL:  another", "sorry, too many clients already"),
        ("Rate Exceeded.", "Rate Exceeded."),
    ],
)
def test_messages_lose_address_and_driver(error: str, short: str) -> None:
    assert short_message(error) == short


def test_each_try_shows_what_became_of_the_orders_and_how_long_one_took() -> None:
    figure = figures.mitigations(TRIES, title="Each try has its price")
    orders, times = figure.axes
    assert bars(orders) == [[3, 8, 2, 0], [9, 4, 0, 12], [0, 0, 10, 0]]
    assert legends(figure) == ["placed", "failed", "refused by Lambda, safe to retry"]
    assert bars(times) == [[400, 1500, 250, 0]]
    assert [text.get_text() for text in times.texts] == ["400", "1,500", "250", "none placed"]
    assert [label.get_text().replace("\n", " ") for label in orders.get_yticklabels()] == list(TRIES)
    ticks = orders.yaxis.get_major_ticks()
    assert not any(tick.tick1line.get_visible() for tick in ticks)  # "- 2" would look like a negative number
    assert "in ms" in times.get_xlabel()
    assert figure.get_suptitle() == "Each try has its price"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "nothing to compare"),
        ({"a try": []}, "'a try' has no calls"),
        ({"a try": [call("lost")]}, "'a try' has the outcome 'lost'. Known outcomes are answered, failed, throttled"),
    ],
)
def test_tries_that_cannot_be_compared_are_refused(rows: dict[str, list[CallResult]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        figures.mitigations(rows, title="t")


def test_marks_differ_in_grey_print_too() -> None:
    """Two areas of one picture have unlike greys or unlike hatching."""
    over_time = figures.connections_over_time(BURST, title="t", max_connections=20).axes[0].collections
    tries = [series[0] for series in figures.mitigations(TRIES, title="t").axes[0].containers]
    kinds = figures.seats(title="t", environments=60, connected=10).axes[0].patches
    one_of_each = {(to_hex(s.get_facecolor()), s.get_hatch()): s for s in kinds if isinstance(s, Rectangle)}
    for marks in (list(over_time), tries, list(one_of_each.values())):
        assert len(marks) >= 3
        looks = []
        for mark in marks:
            red, green, blue = np.asarray(mark.get_facecolor()).ravel()[:3]
            looks.append((0.299 * red + 0.587 * green + 0.114 * blue, mark.get_hatch() or ""))
        for (shade, hatch), (other_shade, other_hatch) in itertools.combinations(looks, 2):
            assert abs(shade - other_shade) > 0.23 or hatch != other_hatch

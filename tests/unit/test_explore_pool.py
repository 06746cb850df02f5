"""The explorers of pool and connections, and their pictures: what a learner reads and sees."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from serverless_first import explore
from serverless_first.figures import limits, pool as pictures
from serverless_first.figures.style import BLUE, SKY, VERMILION
from serverless_first.figures.words import WrongTitle, marked_words, without_measured
from serverless_first.simulate import connections, pool

NAN = math.nan


def title(axes: Any) -> str:
    return str(axes.get_title(loc="left"))


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for one in figure.legends for text in one.get_texts()]


# --- waits -----------------------------------------------------------------------------------------------------------


def test_a_waiting_curve_counts_those_that_never_get_a_connection() -> None:
    curve = pictures.waiting_curve([0.3, NAN, 0.1, 0.1, NAN])
    assert curve.wait_s.tolist() == [0.1, 0.1, 0.3]
    assert curve.share == pytest.approx([0.2, 0.4, 0.6])
    assert (curve.timed_out, curve.served_share) == (2, 0.6)
    assert [curve.within_s(percent) for percent in (0, 20, 40, 41, 60)] == [0.1, 0.1, 0.1, 0.3, 0.3]
    assert math.isnan(curve.within_s(61))
    assert math.isnan(pictures.waiting_curve([NAN]).within_s(0))


def test_the_figure_of_waits_is_the_curve_of_what_went_in() -> None:
    run = pool.simulate([0.0] * 60, 0.2, 10, 0.5)
    figure = pictures.borrow_waits(run.wait_s, title="Half of them leave", borrow_timeout_s=0.5)
    (axes,) = figure.axes
    curve: Any = axes.lines[0]
    assert title(axes) == "Half of them leave"
    assert "in ms" in axes.get_xlabel()
    assert curve.get_xdata()[1:-1] == pytest.approx(np.repeat([0, 200, 400], 10))
    assert curve.get_ydata()[1:] == pytest.approx([*(np.arange(1, 31) / 60), 0.5])  # flat to the end of the axis
    assert legend(figure) == ["50% within 400 ms, 30 of 60 timed out"]
    timeout: Any = axes.lines[-1]
    assert list(timeout.get_xdata()) == [500, 500]
    assert [text.get_text() for text in axes.texts] == ["borrow timeout"]


def test_measured_and_simulated_waits_stand_beside_each_other() -> None:
    figure = pictures.borrow_waits({"measured": [0.0, 0.0, 2.5], "simulated": [0.0] * 9 + [3.0]}, title="t")
    (axes,) = figure.axes
    assert "in s" in axes.get_xlabel()
    assert legend(figure) == ["measured: 50% at once, 95% within 2.5 s", "simulated: 50% at once, 95% within 3 s"]
    looks = [(line.get_linestyle(), to_hex(str(line.get_color()))) for line in (axes.lines[0], axes.lines[3])]
    assert len({look for pair in looks for look in pair}) == 4  # told apart without colour


def test_a_title_may_state_the_longest_measured_wait_which_tests_of_notebooks_leave_out() -> None:
    groups = {"measured": [0.0, 0.27], "simulated": [0.0, 1.0]}
    figure = pictures.borrow_waits(groups, title="The last order waited 0.3 s here, and 1.0 s in the simulation")
    assert without_measured(marked_words(figure)).startswith("The last order waited … s here")
    with pytest.raises(WrongTitle, match=r"'1.0'"):
        pictures.borrow_waits({"measured": [0.0, 0.27]}, title="The last order waited 1.0 s")


def test_a_timeout_that_nobody_met_is_not_drawn() -> None:
    (axes,) = pictures.borrow_waits([0.01, 0.02], title="t", borrow_timeout_s=120).axes
    assert axes.get_xlim()[1] < 30
    assert not axes.texts


def test_waits_of_nobody_served_and_of_nobody_who_waited_can_be_drawn() -> None:
    assert legend(pictures.borrow_waits([NAN, NAN], title="t", borrow_timeout_s=3)) == ["2 of 2 timed out"]
    assert legend(pictures.borrow_waits([0.0, 0.0], title="t")) == ["50% at once, 95% at once"]


@pytest.mark.parametrize(
    ("waits", "message"),
    [
        ([], "There are no waits to draw"),
        ({}, "There are 0 lists of waits, but only 1 to 3"),
        ({name: [1.0] for name in "abcd"}, "There are 4 lists of waits"),
        ({"a": [1.0], "b": []}, "There are no waits to draw"),
        ([0.1, -0.2], r"A wait is -0.2 s. Give finite waits of 0 s or more"),
        ([0.1, math.inf], "A wait is inf s"),
    ],
)
def test_waits_that_cannot_be_drawn_are_refused(waits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pictures.borrow_waits(waits, title="t")


# --- pinning ---------------------------------------------------------------------------------------------------------


def test_pinning_starves_the_others_as_soon_as_the_pool_is_full_of_it() -> None:
    measured = {"nobody pins": (0.0, 60.0), "everybody pins": (60.0, 10.0)}
    figure = pictures.pinned_share(title="Ten that pin are enough", measured=measured, draws=20)
    (axes,) = figure.axes
    line: Any = axes.lines[0]
    x, y = line.get_xdata(), line.get_ydata()
    assert title(axes) == "Ten that pin are enough"
    assert x == pytest.approx(np.arange(61))
    assert y[:10] == pytest.approx(60)  # with nine that pin, one connection serves all the others
    assert y[10] < 58
    assert y[-1] == pytest.approx(10)
    assert np.all(y >= 10 - 1e-9)
    assert np.all(np.diff(y[10:]) < 3.6)  # it falls, but for chance
    assert [tuple(np.ravel(point.get_xydata())) for point in axes.lines[1:3]] == list(measured.values())
    assert legend(figure) == [
        "simulated, pool of 10",
        "measured: nobody pins",
        "measured: everybody pins",
        "worst to best of 20 random sequences",
    ]
    assert "pin" in axes.get_xlabel()


def test_each_size_of_the_pool_has_its_curve_and_the_same_seed_the_same_one() -> None:
    one, two = (pictures.pinned_share(title="t", connections=(20, 10), clients=30, draws=5) for _ in range(2))
    ten, twenty = one.axes[0].lines[:2]
    assert legend(one)[:2] == ["simulated, pool of 10", "simulated, pool of 20"]
    assert ten.get_linestyle() != twenty.get_linestyle()
    assert np.asarray(ten.get_ydata())[-1] == pytest.approx(10)
    assert np.asarray(twenty.get_ydata())[-1] == pytest.approx(20)
    assert np.array_equal(np.asarray(ten.get_ydata()), np.asarray(two.axes[0].lines[0].get_ydata()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connections": ()}, "0 sizes of the pool were given. Give one to 3"),
        ({"connections": (1, 2, 3, 4)}, "4 sizes"),
        ({"connections": (0,)}, "connections is 0"),
        ({"measured": {"a": (0, 61)}}, r"The measured point 'a' is \(0, 61\). Give two numbers of clients, 0 to 60"),
        ({"measured": dict.fromkeys("abcd", (0, 0))}, "4 measured points were given. Give at most 3"),
        ({"clients": 0}, "0 clients and 200 draws"),
        ({"draws": 0}, "60 clients and 0 draws"),
        ({"work_s": 0}, "service_s holds 0"),
    ],
)
def test_a_picture_of_pinning_without_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pictures.pinned_share(title="t", **options)


# --- the pool explorer -----------------------------------------------------------------------------------------------


def set_pool(explorer: explore.PoolExplorer, setting: tuple[float, int, int, float, int]) -> None:
    sliders = (
        explorer.orders_per_s,
        explorer.work_ms,
        explorer.max_connections_percent,
        explorer.borrow_timeout_s,
        explorer.pinned_percent,
    )
    for one, value in zip(sliders, setting, strict=True):
        one.value = value


def test_at_first_the_pool_explorer_says_in_words_what_the_sliders_stand_for() -> None:
    said = explore.PoolExplorer()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in said
    assert said["text/plain"] == (
        "A burst meets a pool: who waits, and who leaves?\n"
        "  orders per second: 40\n"
        "  work of each, in ms (mean): 200\n"
        "  MaxConnectionsPercent, in %: 50\n"
        "  borrow timeout, in s: 1\n"
        "  orders that pin, in %: 0\n"
        "40 orders a second for 10 s, on 10 connections: all 397 orders are served; 50% at once and 95% within "
        "167 ms have a connection; at most 12 wait at the same moment.\n"
        "Left: the share of orders that have a connection, against the time waited; it ends at 100%. Right: of the "
        "orders that ask in each second of the burst, the share that is served at once, after a wait, or not at all."
    )


def test_a_few_orders_that_pin_make_others_time_out_and_words_and_picture_say_so() -> None:
    explorer = explore.PoolExplorer()
    picture = explorer.picture.value
    explorer.pinned_percent.value = 5
    result = explorer.result
    assert result.timed_out > 100
    assert result.served + result.timed_out == result.requests == 397
    assert f"5% of them pin, on 10 connections: {result.timed_out} of 397 orders time out after 1 s" in (
        explorer.sentence
    )
    assert explorer.picture.value != picture
    left, right = explorer.figure.axes
    assert title(right) == f"{result.timed_out} of 397 orders time out"
    assert title(left) == f"{result.served / 397:.0%} get a connection".replace("%", " %")


def test_the_picture_counts_every_order_in_its_second() -> None:
    explorer = explore.PoolExplorer()
    set_pool(explorer, (80, 200, 50, 1.0, 0))
    left, right = explorer.figure.axes
    heights = np.array([[bar.get_height() for bar in group] for group in right.containers])
    assert heights.sum(axis=0) == pytest.approx(1.0)
    assert heights[2, -1] > 0.2  # of those that ask last, every fifth or more leaves
    line: Any = left.lines[0]
    assert line.get_ydata()[-1] == pytest.approx(explorer.result.served / explorer.result.requests)
    # Exponential work on ten connections serves 50 a second; 80 a second ask.
    assert explorer.result.served == pytest.approx(10 * 50 + 1.0 * 50, rel=0.1)


def test_without_a_queue_and_with_enough_connections_all_are_served_at_once() -> None:
    explorer = explore.PoolExplorer(max_connections=400)
    set_pool(explorer, (20, 50, 100, 0.1, 0))
    assert explorer.result.most_waiting == 0
    assert "50% at once and 95% at once have a connection" in explorer.sentence
    set_pool(explorer, (300, 500, 5, 0.1, 0))
    assert "; fewer than half have a connection;" in explorer.sentence


def test_the_pool_is_a_percentage_of_max_connections_and_the_administrators_keep_their_seats() -> None:
    explorer = explore.PoolExplorer(max_connections=20)
    sizes = []
    for percent in (5, 50, 75, 80, 100):
        explorer.max_connections_percent.value = percent
        sizes.append(explorer.result.connections)
    assert sizes == [1, 10, 15, 15, 15]
    with pytest.raises(ValueError, match="Give 6 or more, because 5 are kept for administrators"):
        explore.PoolExplorer(max_connections=5)


@pytest.mark.parametrize("setting", [(40, 200, 50, 1.0, 0), (1, 10, 5, 0.1, 100), (300, 500, 100, 120.0, 3)])
def test_the_pool_s_picture_holds_nothing_of_an_earlier_setting(setting: tuple[float, int, int, float, int]) -> None:
    travelled, straight = explore.PoolExplorer(), explore.PoolExplorer()
    set_pool(travelled, (300, 400, 10, 0.2, 30))
    set_pool(travelled, (2, 20, 90, 60, 0))
    set_pool(travelled, setting)
    set_pool(straight, setting)
    assert travelled.picture.value == straight.picture.value
    assert travelled.text() == straight.text()


def test_at_the_highest_rate_there_are_random_numbers_for_the_whole_burst() -> None:
    explorer = explore.PoolExplorer()
    explorer.orders_per_s.value = 300
    right: Any = explorer.figure.axes[1]
    assert sum(group[-1].get_height() for group in right.containers) == pytest.approx(1.0)
    assert explorer.result.requests == pytest.approx(3000, rel=0.1)


# --- instance classes ------------------------------------------------------------------------------------------------


def test_a_row_for_each_class_says_its_seats_and_what_is_refused() -> None:
    figure = limits.instance_limits(2000, title="Five classes refuse some", chosen="db.t4g.large")
    (axes,) = figure.axes
    axes_any: Any = axes
    assert title(axes) == "Five classes refuse some"
    assert [label.get_text() for label in axes.get_yticklabels()] == list(limits.CLASSES)
    assert axes.get_xscale() == "log"
    assert "logarithmic" in axes.get_xlabel()
    seats, refused = axes_any.containers
    words = [text.get_text().strip().replace("\u2009", " ") for text in axes.texts]
    for name, bar, rest, said in zip(limits.CLASSES, seats, refused, words, strict=True):
        there = connections.seats("postgres", name)
        assert bar.get_x() + bar.get_width() == pytest.approx(there)
        assert rest.get_visible() == (there < 2000)
        if there < 2000:
            assert (rest.get_x(), rest.get_x() + rest.get_width()) == pytest.approx((there, 2000))
            assert said == f"{there:,} seats, {2000 - there:,} refused"
        else:
            assert said == f"{there:,} seats"
        assert to_hex(bar.get_facecolor()) == (BLUE if name == "db.t4g.large" else SKY).lower()
        assert rest.get_hatch()
    (line,) = axes.lines
    assert list(np.asarray(line.get_xdata())) == [2000, 2000]
    assert legend(figure) == ["seats for the function's user", "connections that are refused", "connections needed"]


def test_mysql_has_seats_of_its_own() -> None:
    (axes,) = limits.instance_limits(100, title="t", engine="mysql", instance_classes=["db.t3.micro"]).axes
    assert [text.get_text().strip() for text in axes.texts] == ["85 seats,\u200915 refused"]


@pytest.mark.parametrize(
    ("needed", "options", "message"),
    [
        (-1, {}, "needed is -1"),
        (1, {"instance_classes": []}, "0 instance classes were given. Give one to ten"),
        (1, {"instance_classes": ["db.t3.micro"] * 11}, "11 instance classes"),
        (1, {"instance_classes": ["db.x.y"]}, "Invalid DB Instance class"),
        (1, {"chosen": "db.m5.large"}, "The chosen class 'db.m5.large' has no row"),
        (1, {"engine": "oracle"}, "engine is 'oracle'"),
    ],
)
def test_limits_that_cannot_be_drawn_are_refused(needed: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        limits.instance_limits(needed, title="t", **options)


# --- the connections explorer ----------------------------------------------------------------------------------------


def test_at_first_the_connections_explorer_says_in_words_what_the_sliders_stand_for() -> None:
    said = explore.ConnectionsExplorer()._repr_mimebundle_()
    assert said["text/plain"] == (
        "How many connections get a seat?\n"
        "  instance class: db.t4g.micro\n"
        "  engine: PostgreSQL\n"
        "  concurrent environments: 200\n"
        "  connections per environment: 1\n"
        "  live versions: 1\n"
        "200 environments with 1 connection each need 200 seats. With PostgreSQL, db.t4g.micro has 107 seats for the "
        "function's user: 93 connections are refused. Up to a concurrency of 107, no connection is refused.\n"
        "One bar for each of 8 instance classes, from db.t4g.micro with 107 seats to db.r6g.4xlarge with 4,995, on a "
        "logarithmic axis. A line marks the 200 connections needed. 7 of them have enough seats."
    )


def test_each_slider_of_the_connections_explorer_changes_the_result() -> None:
    explorer = explore.ConnectionsExplorer()
    assert (explorer.result.needed, explorer.result.refused) == (200, 93)
    explorer.versions_alive.value = 2
    assert (explorer.result.needed, explorer.result.refused, explorer.result.safe_concurrency) == (400, 293, 53)
    assert "200 environments in each of 2 versions with 1 connection each need 400 seats" in explorer.sentence
    explorer.connections_each.value = 10
    assert (explorer.result.needed, explorer.result.safe_concurrency) == (4000, 5)
    explorer.engine.value = "mysql"
    assert explorer.result.seats == 85
    assert "With MySQL" in explorer.sentence
    explorer.instance_class.value = "db.r6g.4xlarge"
    assert (explorer.result.seats, explorer.result.refused) == (10922, 0)
    assert "all get a seat" in explorer.sentence
    explorer.concurrency.value = 2000
    assert explorer.result.needed == 40_000
    (axes,) = explorer.figure.axes
    assert title(axes) == "40,000 needed: db.r6g.4xlarge has 10,922 seats and refuses 29,078"
    assert "None has enough seats" in explorer.picture.tooltip


def test_the_connections_picture_holds_nothing_of_an_earlier_setting() -> None:
    travelled, straight = explore.ConnectionsExplorer(), explore.ConnectionsExplorer()
    travelled.instance_class.value, travelled.engine.value, travelled.concurrency.value = "db.t4g.large", "mysql", 2000
    travelled.instance_class.value, travelled.engine.value, travelled.concurrency.value = "db.t4g.micro", "postgres", 10
    straight.concurrency.value = 10
    assert travelled.picture.value == straight.picture.value
    assert travelled.text() == straight.text()
    assert "All of them have enough seats" in straight.picture.tooltip


# --- both ------------------------------------------------------------------------------------------------------------

EXPLORERS = (explore.PoolExplorer, explore.ConnectionsExplorer)


@pytest.mark.parametrize("kind", EXPLORERS)
def test_the_pictures_can_be_read_without_seeing_them(kind: Any) -> None:
    explorer = kind()
    height, width = imread(io.BytesIO(explorer.picture.value)).shape[:2]
    assert (width, height) == tuple(np.round(explorer.figure.get_size_inches() * 100))
    said = explorer.children[-2].value
    assert f'<div role="status">{explorer.sentence.replace(chr(39), "&#x27;")}</div>' in said
    assert explorer.picture.tooltip in said
    assert all(len(one.description) > 5 for one in explorer.sliders)


def test_the_pool_s_numbers_have_units() -> None:
    labels = [one.description for one in explore.PoolExplorer().sliders]
    assert all(re.search(r"per second|in ms|in %|in s\b", label) for label in labels)


@pytest.mark.parametrize("kind", EXPLORERS)
def test_no_words_of_a_picture_leave_it_or_cover_each_other(kind: Any) -> None:
    explorer = kind()
    if isinstance(explorer, explore.PoolExplorer):
        set_pool(explorer, (300, 500, 5, 120.0, 0))  # the longest titles
    else:
        explorer.engine.value, explorer.instance_class.value = "mysql", "db.r6g.4xlarge"
        explorer.concurrency.value, explorer.connections_each.value, explorer.versions_alive.value = 2000, 10, 2
    page, renderer = explorer.figure.bbox, explorer._canvas.get_renderer()
    words = [text for axes in explorer.figure.axes for text in (*axes.texts, axes._left_title) if text.get_text()]
    boxes = [text.get_window_extent(renderer) for text in words]
    for number, box in enumerate(boxes):
        assert page.x0 <= box.x0, words[number].get_text()
        assert box.x1 <= page.x1, words[number].get_text()
        assert not any(box.overlaps(other) for other in boxes[:number]), words[number].get_text()


def test_the_timeout_is_seen_in_the_picture() -> None:
    explorer = explore.PoolExplorer()
    explorer.borrow_timeout_s.value = 10
    left = explorer.figure.axes[0]
    pixels = imread(io.BytesIO(explorer.picture.value))
    across = round(float(left.transData.transform((10_000, 0.5))[0]))
    column = pixels[:, across - 1 : across + 2, :3].reshape(-1, 3)
    assert np.min(np.abs(column - to_rgb(VERMILION)).max(axis=1)) < 0.15


def test_the_learner_s_own_settings_stay() -> None:
    before = dict(mpl.rcParams)
    explore.PoolExplorer().work_ms.value = 30
    explore.ConnectionsExplorer().concurrency.value = 30
    pictures.borrow_waits([0.1], title="t")
    pictures.pinned_share(title="t", clients=5, draws=1)
    limits.instance_limits(10, title="t")
    assert dict(mpl.rcParams) == before

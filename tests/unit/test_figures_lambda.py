"""The figures of lesson 03: release history, life cycle, measurements and counts, as a reader sees them."""

from __future__ import annotations

import importlib
import itertools
import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from serverless_cloud.lambda_.lifecycle import TRANSITIONS, State, Trigger
from serverless_first import facts, figures
from serverless_first.facts import Release, Source

ROOT = Path(__file__).resolve().parents[2]
# By import_module: `figures.history` is the function, not the module that holds it.
HISTORY = importlib.import_module("serverless_first.figures.history")
TURNING_POINTS: tuple[str, ...] = HISTORY.TURNING_POINTS
GUIDE = Source("GUIDE", "Guide <2018>", "https://aws.example/guide?a=1&b=2")


def release(label: str, when: str, theme: str = "limits", *, deck: bool = False, note: str | None = None) -> Release:
    return Release(label, theme, when, deck, (GUIDE,), note)


def only_axes(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in only_axes(figure).texts]


# --- release history -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> Figure:
    figure = figures.history(facts.releases(ROOT), title="Most of today's limits are younger than the deck")
    figure.draw_without_rendering()
    return figure


def test_every_release_has_its_mark_at_its_date_in_the_lane_of_its_theme(whole: Figure) -> None:
    axes = only_axes(whole)
    marks = {str(line.get_gid()): line for line in axes.lines if line.get_gid()}
    lanes = dict(zip((label.get_text() for label in axes.get_yticklabels()), axes.get_yticks(), strict=True))
    assert list(lanes) == list(facts.THEMES.values())
    for item in facts.releases(ROOT):
        ((x, y),) = np.asarray(marks[item.label].get_xydata())
        assert int(x) == item.day.year
        assert abs(x - item.day.year - (item.day - date(item.day.year, 1, 1)).days / 365.25) < 0.005
        nearest = min(lanes, key=lambda lane: abs(lanes[lane] - y))
        assert nearest == facts.THEMES[item.theme]


def test_what_slide_10_shows_is_filled_and_round_the_rest_open_and_a_diamond(whole: Figure) -> None:
    marks = {str(line.get_gid()): line for line in only_axes(whole).lines if line.get_gid()}
    for item in facts.releases(ROOT):
        mark = marks[item.label]
        filled = mark.get_markerfacecolor() != "white"
        assert (mark.get_marker(), filled) == (("o", True) if item.on_slide_10 else ("D", False))
    (legend,) = whole.legends
    on_slide = sum(item.on_slide_10 for item in facts.releases(ROOT))
    assert f"on slide 10 of the deck ({on_slide})" in [text.get_text() for text in legend.get_texts()]


def test_no_label_of_the_history_covers_another_or_leaves_the_figure(whole: Figure) -> None:
    boxes = {text.get_text(): text.get_window_extent() for text in only_axes(whole).texts}
    assert len(boxes) > 30
    for (one, box), (other, other_box) in itertools.combinations(boxes.items(), 2):
        assert not box.overlaps(other_box), f"{one!r} and {other!r} overlap"
    page = whole.bbox
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 and box.y1 <= page.y1 for box in boxes.values())
    assert whole.get_size_inches()[0] <= 9


def test_the_years_and_the_date_of_the_deck_are_on_the_axis(whole: Figure) -> None:
    axes = only_axes(whole)
    years = [label.get_text() for label in axes.get_xticklabels(minor=True)]
    assert (years[0], years[-1], len(years)) == ("2014", "2026", 13)
    assert "the deck, 31 January 2020" in texts(whole)
    (line,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert np.allclose(np.asarray(line.get_xdata(), dtype=float), 2020 + 30 / 366)


def test_a_year_is_drawn_as_a_span_and_a_day_is_not() -> None:
    figure = figures.history([release("A", "2018"), release("B", "2019-05-01")], title="t")
    spans = [np.asarray(line.get_xdata(), dtype=float).tolist() for line in only_axes(figure).lines]
    assert [2018.0, 2019.0] in spans
    assert [2019.0, 2020.0] not in spans


def test_only_turning_points_have_labels() -> None:
    items = [release("Layers", "2018-11-29"), release("Lamps", "2018-01-15")]
    shown = texts(figures.history(items, title="t"))
    assert "Layers" in shown
    assert "Lamps" not in shown


def test_many_labels_on_one_day_do_not_overlap() -> None:
    items = [release(label, "2019-12-03") for label in TURNING_POINTS[:6]]
    figure = figures.history(items, title="t")
    assert set(TURNING_POINTS[:6]) < set(texts(figure))
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in only_axes(figure).texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_history_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no releases.*facts\.releases\(\)"):
        figures.history([], title="t")
    with pytest.raises(ValueError, match="no releases"):
        figures.history_table([])


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What `figures.history_table` gives to the notebook."""
    outputs: list[dict[str, str]] = []
    monkeypatch.setattr(HISTORY, "display", lambda data, **_: outputs.append(data))
    return outputs


def test_the_table_has_date_label_and_linked_source_folded_by_theme(shown: list[dict[str, str]]) -> None:
    figures.history_table(
        [
            release("Layers", "2018-11-29", "packaging", deck=True, note='On the slide "Layer"'),
            release("Tags & costs", "2017-04", "operations"),
        ]
    )
    (output,) = shown
    page = output["text/html"]
    assert re.findall(r"<summary>(.*?)</summary>", page) == ["packaging: 1 release", "operations: 1 release"]
    assert page.count("<details") == page.count("</details>") == 2
    assert "<details open" not in page
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", page)]
    link = '<a href="https://aws.example/guide?a=1&amp;b=2">Guide &lt;2018&gt;</a>'
    assert rows == [
        ["29 November 2018", "Layers (On the slide &quot;Layer&quot;)", "yes", link],
        ["April 2017", "Tags &amp; costs", "no", link],
    ]
    assert "29 November 2018: Layers" in output["text/plain"]


def test_the_table_of_this_course_has_every_release(shown: list[dict[str, str]]) -> None:
    figures.history_table(facts.releases(ROOT))
    assert shown[0]["text/html"].count("<tr><td>") == len(facts.releases(ROOT))


# --- life cycle ------------------------------------------------------------------------------------------------------


def arrows(figure: Figure) -> list[str]:
    return [str(patch.get_gid()) for patch in only_axes(figure).patches if isinstance(patch, FancyArrowPatch)]


def test_every_row_of_the_table_is_an_arrow_with_its_trigger_and_every_state_a_box() -> None:
    figure = figures.lifecycle(title="An environment can end in any state")
    assert sorted(arrows(figure)) == sorted(f"{state} {trigger} {to}" for (state, trigger), to in TRANSITIONS.items())
    assert set(State) <= set(texts(figure))
    labels = {str(text.get_gid()): text.get_text() for text in only_axes(figure).texts if text.get_gid()}
    for (state, trigger), target in TRANSITIONS.items():
        assert trigger in labels[f"{state} {trigger} {target}"]


def test_an_arrow_runs_from_its_state_to_its_target() -> None:
    axes = only_axes(figures.lifecycle(title="t"))
    places = {text.get_text(): np.asarray(text.get_position()) for text in axes.texts}
    for patch in axes.patches:
        if isinstance(patch, FancyArrowPatch):
            state, _, target = str(patch.get_gid()).split()
            points = np.asarray(
                axes.transData.inverted().transform(patch.get_transform().transform_path(patch.get_path()).vertices)
            )
            ends = {
                name: np.abs(points - place).sum(axis=1).min() for name, place in places.items() if name in set(State)
            }
            assert set(sorted(ends, key=lambda name: ends[name])[:2]) == {state, target}


def test_a_new_row_of_the_table_appears() -> None:
    thaw = {**TRANSITIONS, (State.ENDED, Trigger.INVOKE): State.INIT}
    assert "ended invoke init" in arrows(figures.lifecycle(title="t", transitions=thaw))


def test_the_words_of_the_life_cycle_do_not_cover_each_other() -> None:
    figure = figures.lifecycle(title="t")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in only_axes(figure).texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


# --- distribution ----------------------------------------------------------------------------------------------------

CALLS = {"warm": [1.0, 2.0, 4.0], "cold, empty handler": [80.0, 90.0], "cold, imports boto3": [410.0, 480.0, 390.0]}


def dots(figure: Figure) -> dict[str, Any]:
    found = only_axes(figure).collections
    return {str(c.get_label()): np.asarray(c.get_offsets()) for c in found if isinstance(c, PathCollection)}


def test_every_measurement_is_a_dot_in_the_row_of_its_group() -> None:
    figure = figures.distribution(CALLS, title="Imports make a cold start slow")
    axes = only_axes(figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CALLS)
    for row, (name, values) in enumerate(CALLS.items()):
        assert sorted(dots(figure)[name][:, 0]) == sorted(values)
        assert all(abs(dots(figure)[name][:, 1] - row) < 0.5)
    assert axes.get_xscale() == "log"
    assert "ms" in axes.get_xlabel()


def test_the_median_is_marked_and_written() -> None:
    figure = figures.distribution(CALLS, title="t")
    assert texts(figure) == ["median 2 ms", "median 85 ms", "median 410 ms"]
    marked = [np.asarray(line.get_xdata(), dtype=float).tolist() for line in only_axes(figure).lines]
    assert marked == [[2.0, 2.0], [85.0, 85.0], [410.0, 410.0]]


def test_groups_differ_by_marker_and_not_by_colour_alone() -> None:
    found = [c for c in only_axes(figures.distribution(CALLS, title="t")).collections if isinstance(c, PathCollection)]
    outlines = {tuple(np.asarray(c.get_paths()[0].vertices).round(3).ravel()) for c in found}
    assert len(outlines) == len(CALLS)


def test_the_same_measurements_are_the_same_picture() -> None:
    one, other = (dots(figures.distribution(CALLS, title="t")) for _ in range(2))
    assert all((one[name] == other[name]).all() for name in CALLS)


def test_the_axis_has_plain_numbers_even_when_all_calls_took_nearly_as_long() -> None:
    figure = figures.distribution({"warm": [90.0, 100.0, 130.0]}, title="t")
    figure.draw_without_rendering()
    axes = only_axes(figure)
    low, high = axes.get_xlim()
    seen = [
        label.get_text() for label, at in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True) if low < at < high
    ]
    assert seen == ["100", "200"]


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({}, "There are 0 groups to draw. Give 1 to 6"),
        ({str(n): [1.0] for n in range(7)}, "There are 7 groups to draw. Give 1 to 6"),
        ({"warm": []}, "Group 'warm' has no measurements"),
        ({"warm": [1.0, 0.0]}, r"Group 'warm' has 0\.0, but a duration in ms must be above 0"),
        ({"warm": [float("nan")]}, "Group 'warm' has nan"),
    ],
)
def test_what_cannot_be_drawn_is_said(groups: dict[str, list[float]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.distribution(groups, title="t")


# --- counts ----------------------------------------------------------------------------------------------------------


def test_each_outcome_has_a_bar_with_its_number() -> None:
    figure = figures.counts({"version 1": 1090, "version 2": 10}, title="One call in a hundred meets version 2")
    axes = only_axes(figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["version 1", "version 2"]
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [1090, 10]
    assert texts(figure) == ["1,090", "10"]
    assert len({bar.get_hatch() for bar in axes.patches}) == 2


def test_nothing_refused_is_a_bar_of_no_length_and_a_nought() -> None:
    assert texts(figures.counts({"served": 6, "refused": 0}, title="t")) == ["6", "0"]
    assert texts(figures.counts({"served": 0}, title="t")) == ["0"]


@pytest.mark.parametrize(
    ("values", "says"), [({}, "0 groups"), ({"served": -1}, "'served' is -1, but a count must be 0 or more")]
)
def test_a_wrong_count_is_refused(values: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.counts(values, title="t")


def test_a_table_shows_every_column_and_a_dash_where_a_row_has_none() -> None:
    rows = {"cold": {"Duration": "1 ms", "Init Duration": "45 ms"}, "warm": {"Duration": "2 ms"}}
    figure = figures.table(rows, title="The warm call has no Init Duration")
    (drawn,) = figure.axes[0].tables
    cells = {place: cell.get_text().get_text().strip() for place, cell in drawn.get_celld().items()}
    assert [cells[0, 0], cells[0, 1]] == ["Duration", "Init Duration"]
    assert [cells[2, -1], cells[2, 0], cells[2, 1]] == ["warm", "2 ms", "–"]


@pytest.mark.parametrize("rows", [{}, {"cold": {}}])
def test_a_table_of_nothing_says_so(rows: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        figures.table(rows, title="Nothing")

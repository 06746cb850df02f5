"""Pictures of state machines as a reader sees them: definitions of all shapes, and where an execution went."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import Any

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.transforms import Bbox
from tests.unit import state_machine_definitions as definitions
from tests.unit.figure_reading import TITLES, check_apart, legends, words
from tests.unit.history_events import POLLED, events_of

from serverless_first import figures
from serverless_first.figures import asl
from serverless_first.figures.state_machine import wrapped
from serverless_first.figures.style import ON_SLIDE

TITLE = TITLES[1]


def drawn(figure: Figure, kind: str) -> dict[str, Patch]:
    """The patches of one kind by name: "state", "frame" or "arrow"."""
    found = [patch for patch in figure.findobj(Patch) if isinstance(patch, Patch) and patch.get_gid()]
    return {str(p.get_gid()).removeprefix(kind + " "): p for p in found if str(p.get_gid()).startswith(kind + " ")}


def box(patch: Patch) -> Bbox:
    return patch.get_path().get_extents(patch.get_transform())


def overlap(one: Bbox, other: Bbox) -> bool:
    return bool(min(one.x1, other.x1) - max(one.x0, other.x0) > 1 and min(one.y1, other.y1) - max(one.y0, other.y0) > 1)


def contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(outer.x0 <= inner.x0 and outer.x1 >= inner.x1 and outer.y0 <= inner.y0 and outer.y1 >= inner.y1)


@pytest.mark.parametrize("name", definitions.ALL)
def test_nothing_overlaps_and_every_word_is_on_the_page(name: str) -> None:
    definition = definitions.ALL[name]
    figure = figures.state_machine(definition, title=TITLE)
    check_apart(figure, TITLE)
    states, frames, arrows = drawn(figure, "state"), drawn(figure, "frame"), drawn(figure, "arrow")
    graph = asl.graph_of(definition)
    assert set(states) == {key for key, node in graph.nodes.items() if node.kind in asl.KINDS}
    assert len([p for p in figure.findobj(FancyArrowPatch) if p.get_gid()]) == len(graph.edges)
    assert set(arrows) == {f"{edge.source} -> {edge.target}" for edge in graph.edges}
    for (one, patch), (other, other_patch) in itertools.combinations(states.items(), 2):
        assert not overlap(box(patch), box(other_patch)), (one, other)
    for key, node in graph.nodes.items():
        for frame in set(node.frames) & set(frames) if key in states else ():
            assert contains(box(frames[frame]), box(states[key])), (frame, key)
        for frame in set(frames) - set(node.frames) if key in states else ():
            assert not overlap(box(frames[frame]), box(states[key])), (frame, key)
    labels = {str(text.get_gid()): text for text in figure.axes[0].texts if text.get_gid()}
    for gid, text in labels.items():
        for key, patch in states.items():
            assert not overlap(text.get_window_extent(), box(patch)), (gid, key)


@pytest.mark.parametrize("name", definitions.ALL)
def test_every_text_stands_in_its_box(name: str) -> None:
    figure = figures.state_machine(definitions.ALL[name], title=TITLE)
    figure.draw_without_rendering()
    boxes = [box(patch) for patch in drawn(figure, "state").values()]
    for text in figure.axes[0].texts:
        if not text.get_gid():
            extent = text.get_window_extent()
            assert any(contains(Bbox.from_extents(b.x0 - 2, b.y0 - 2, b.x1 + 2, b.y1 + 2), extent) for b in boxes), text


def test_what_a_reader_finds_in_the_picture() -> None:
    said = words(figures.state_machine(definitions.POLLER, title=TITLE)).replace("\\$", "$")
    for text in ("Submit Job", "Lambda submit-job", "Wait $.wait_time s", "$.status = FAILED", "otherwise",
                 "Fail: JobFailed"):  # fmt: skip
        assert text in said
    said = words(figures.state_machine(definitions.NESTED, title=TITLE)).replace("\\$", "$")
    for text in ("Parallel: 3 branches", "Map over $.lines, 4 at", "any error", "dynamodb:putItem"):
        assert text in said
    said = words(figures.state_machine(definitions.JSONATA, title=TITLE)).replace("\\$", "$")
    assert "$total > 10000 and" in said
    assert "{%" not in said
    assert "on an error (Catch)" in legends(figures.state_machine(definitions.SAGA, title=TITLE))


def test_json_text_is_the_same_as_the_object() -> None:
    one, other = (figures.state_machine(d, title=TITLE) for d in (definitions.SAGA, json.dumps(definitions.SAGA)))
    assert words(one) == words(other)


def test_two_machines_side_by_side() -> None:
    both = {"With a poller": definitions.POLLER, "With the integration": definitions.BATCH}
    figure = figures.state_machines(both, title=TITLE)
    check_apart(figure, TITLE)
    assert figure.get_size_inches()[0] <= 10
    states = drawn(figure, "state")
    assert box(states["Set Job Succeeded"]).x1 < box(states["Submit Batch Job"]).x0
    with pytest.raises(ValueError, match=r"a history of 'Other', but the machines are With a poller, With"):
        figures.state_machines(both, title=TITLE, histories={"Other": []})
    with pytest.raises(ValueError, match="at least one definition"):
        figures.state_machines({}, title=TITLE)


def test_on_a_slide_the_same_machines_have_letters_that_the_last_row_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_SLIDE, "1")
    both = {"With a poller": definitions.POLLER, "With the integration": definitions.BATCH}
    figure = figures.state_machines(both, title="")
    assert legends(figure) == []
    # A slide of 720 pixels has room for a picture of 1164 by 581 below its title.
    width_in, height_in = figure.get_size_inches()
    point_px = min(1164 / width_in, 581 / height_in) / 72
    assert min(text.get_fontsize() for text in figure.axes[0].texts) * point_px >= 20
    figure.draw_without_rendering()
    page = Bbox.from_extents(*figure.bbox.extents)
    for text in figure.axes[0].texts:
        assert contains(page, text.get_window_extent()), text
    states = drawn(figure, "state")
    for one, other in itertools.combinations(states.values(), 2):
        assert not overlap(box(one), box(other))


def test_a_wide_machine_is_drawn_across() -> None:
    figure = figures.state_machine(definitions.WIDE, title=TITLE)
    assert figure.get_size_inches()[0] < 10
    states = drawn(figure, "state")
    assert box(states["Which lamp?"]).x1 < box(states["Pack Tsuki"]).x0
    down = figures.state_machine(definitions.WIDE, title=TITLE, across=False)
    assert down.get_size_inches()[0] > 10


def test_the_words_for_the_alt_text_tell_all_states_and_transitions() -> None:
    told = figures.state_machine_words(definitions.NESTED)
    assert told.startswith("It starts with Enrich. Enrich (Parallel: 3 branches) starts Price, Each line, Customer; ")
    assert "once it has finished, then Store, on any error Later" in told
    assert "Weight (Lambda weight): then the end of Each line" in told
    poller = figures.state_machine_words(definitions.POLLER)
    assert (
        "Job Complete? (Choice): if $.status = FAILED Set Job Failed, if $.status = SUCCEEDED Set Job Succeeded"
        in poller
    )


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("{", "This is not JSON"),
        ("[]", "not list"),
        ({"StartAt": "A"}, "There are no States"),
        ({"StartAt": "B", "States": {"A": {"Type": "Pass", "End": True}}}, "StartAt is 'B', but the states are A"),
        ({"StartAt": "A", "States": {"A": {"Type": "Nap"}}}, "'A' has the Type 'Nap'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "'A' leads to 'B'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [], "End": True}}}, "no Branches"),
        ({"StartAt": "A", "States": {"A": {"Type": "Map", "End": True}}}, "There are no States in A"),
    ],
)
def test_what_is_no_definition_is_refused_with_its_place(definition: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.state_machine(definition, title=TITLE)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEqualsPath": "$.most"}, "$.n ≥ $.most"),
        ({"Variable": "$.paid", "BooleanEquals": True}, "$.paid = true"),
        ({"Variable": "$.day", "TimestampLessThan": "2026-11-27T00:00:00Z"}, "$.day < 2026-11-27T00:00:00Z"),
        ({"Variable": "$.x", "IsPresent": False}, "$.x is not there"),
        ({"Variable": "$.x", "IsNumeric": True}, "$.x is numeric"),
        ({"Not": {"Variable": "$.x", "IsNull": True}}, "not ($.x is null)"),
        ({"Or": [{"And": [{"Variable": "$.a", "StringEquals": "b"}, {"Variable": "$.c", "NumericEquals": 1}]},
                 {"Variable": "$.d", "IsPresent": True}]}, "($.a = b and $.c = 1) or $.d is there"),
        ({"Condition": "{% $states.input.n > 3%}"}, "$states.input.n > 3"),
    ],
)  # fmt: skip
def test_conditions_in_short(rule: dict[str, Any], said: str) -> None:
    assert asl.condition(rule) == said


def test_long_words_break_at_their_joints() -> None:
    assert wrapped("sqs:sendMessage.waitForTaskToken", 26) == ["sqs:sendMessage.waitFor", "TaskToken"]
    assert wrapped("Lambda price", 26) == ["Lambda price"]
    assert wrapped("x" * 30, 20) == ["x" * 20, "x" * 10]


def test_graphviz_says_nothing_where_a_notebook_would_show_it() -> None:
    source = (
        "from serverless_first import figures; "
        "figures.state_machine({'StartAt': 'A', 'States': {'A': {'Type': 'Pass', 'End': True}}}, title='One')"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, encoding="utf-8", check=True)
    assert (done.stdout, done.stderr) == ("", "")


# --- where an execution went


def test_states_that_an_execution_met_are_told_apart_from_the_others() -> None:
    figure = figures.state_machine(definitions.POLLER, title=TITLE, history=POLLED)
    check_apart(figure, TITLE)
    said = words(figure)
    assert "Get Job Status  ×2" in said
    assert "Submit Job  ×" not in said
    states = drawn(figure, "state")
    assert states["Set Job Succeeded"].get_linewidth() < states["Submit Job"].get_linewidth()
    assert states["Set Job Failed"].get_linewidth() > states["Submit Job"].get_linewidth()
    arrows = drawn(figure, "arrow")
    took = {name for name, arrow in arrows.items() if arrow.get_linewidth() > 1.5}
    assert took == {
        "Start -> Submit Job", "Submit Job -> Wait X Seconds", "Wait X Seconds -> Get Job Status",
        "Get Job Status -> Job Complete?", "Job Complete? -> Wait X Seconds", "Job Complete? -> Set Job Failed",
        "Set Job Failed -> End",
    }  # fmt: skip
    assert {"not reached", "failed here"} <= set(legends(figure))


def test_branches_and_iterations_that_an_execution_met() -> None:
    events = events_of(
        (0.0, 0, "ExecutionStarted"),
        (0.0, 0, "ParallelStateEntered", "Enrich"),
        (0.0, 2, "ParallelStateStarted"),
        (0.0, 3, "TaskStateEntered", "Price"),
        (0.0, 3, "MapStateEntered", "Each line"),
        (0.0, 5, "MapStateStarted"),
        (0.0, 6, "MapIterationStarted", "Each line", 0),
        (0.0, 7, "TaskStateEntered", "Stock"),
        (0.2, 8, "TaskStateExited", "Stock"),
        (0.2, 9, "TaskStateEntered", "Weight"),
        (0.3, 10, "TaskStateExited", "Weight"),
        (0.3, 11, "MapIterationSucceeded"),
        (0.3, 12, "MapStateSucceeded"),
        (0.3, 13, "MapStateExited", "Each line"),
        (0.4, 4, "TaskStateExited", "Price"),
        (0.4, 15, "ParallelStateSucceeded"),
        (0.4, 16, "ParallelStateExited", "Enrich"),
        (0.4, 17, "TaskStateEntered", "Store"),
    )
    figure = figures.state_machine(definitions.NESTED, title=TITLE, history=events)
    took = {name for name, arrow in drawn(figure, "arrow").items() if arrow.get_linewidth() > 1.5}
    assert {
        "Enrich -> Enrich/Price",
        "Enrich -> Enrich/Each line",
        "Enrich/Each line -> Enrich/Each line/Stock",
    } <= took
    assert "Enrich/ -> Store" in took
    assert not {"Enrich -> Enrich/Customer", "Enrich/ -> Later", "Store -> End"} & took


@pytest.mark.parametrize("target", ["Notify Success", "Notify Failure"])
def test_an_arrow_for_errors_looks_as_the_legend_says_taken_or_not(target: str) -> None:
    events = events_of(
        (0.0, 0, "ExecutionStarted"),
        (0.0, 0, "TaskStateEntered", "Submit Batch Job"),
        (1.0, 2, "TaskStateExited", "Submit Batch Job"),
        (1.0, 3, "TaskStateEntered", target),
    )
    figure = figures.state_machine(definitions.BATCH, title=TITLE, history=events)
    arrow = drawn(figure, "arrow")["Submit Batch Job -> Notify Failure"]
    [line] = [line for line in figure.legends[0].get_lines() if line.get_label() == "on an error (Catch)"]
    assert to_hex(arrow.get_edgecolor()) == to_hex(line.get_color())

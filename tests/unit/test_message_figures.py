"""A message's life as a reader sees it."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle

from serverless_first.figures import MessageEvent, message_life

SLOW = [
    MessageEvent(100.0, "sent"),
    MessageEvent(100.5, "received", "Ann"),
    MessageEvent(101.5, "back"),
    MessageEvent(101.75, "received", "Ben"),
    MessageEvent(102.0, "deleted", "Ben"),
    MessageEvent(102.25, "done", "Ann"),
]


def spans(lane: int, events: list[MessageEvent] = SLOW) -> list[tuple[float, float]]:
    """From when to when there is a bar in a lane."""
    (axes,) = message_life(events, title="Twice").axes
    drawn = [bar for bar in axes.patches if isinstance(bar, Rectangle) and lane - 0.3 < bar.get_y() < lane]
    return [(round(bar.get_x(), 3), round(bar.get_x() + bar.get_width(), 3)) for bar in drawn]


def test_the_queue_shows_when_the_message_can_be_received_and_when_not() -> None:
    assert spans(0) == [(0.0, 0.5), (0.5, 1.5), (1.5, 1.75), (1.75, 2.0)], "and nothing after its deletion"


def test_each_consumer_has_a_lane_with_its_work() -> None:
    assert spans(1) == [(0.5, 2.25)]
    assert spans(2) == [(1.75, 2.0)]


def test_a_message_that_nobody_deletes_stays() -> None:
    assert spans(0, SLOW[:3])[-1] == (0.5, 1.5)
    assert spans(1, SLOW[:3]) == [(0.5, 1.5)], "Ann is still at work"


def test_the_moments_are_named() -> None:
    (axes,) = message_life(SLOW, title="Twice").axes
    said = [text.get_text() for text in axes.texts]
    assert said == ["sent", "received", "back", "received", "deleted", "done"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["in the queue", "Ann", "Ben"]


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([], "must begin"),
        (SLOW[1:], "must begin"),
        ([SLOW[0], MessageEvent(101.0, "eaten")], "eaten"),
        ([SLOW[0], SLOW[2], SLOW[1]], "order"),
    ],
)
def test_what_is_no_life_is_refused(events: list[MessageEvent], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        message_life(events, title="Twice")

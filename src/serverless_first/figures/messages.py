"""The life of one message of a queue as a swim lane: when it can be received, when it is hidden, who works on it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from serverless_first.course.words import listed
from serverless_first.figures.connections import TITLE_LETTERS
from serverless_first.figures.style import BLUE, GREY, ORANGE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured

#: A message is sent, received by somebody, back when its visibility timeout is over, done when somebody has finished
#: the work, and deleted by somebody.
KINDS = ("sent", "received", "back", "done", "deleted")
_QUEUE = "in the queue"
_COLOURS = (ORANGE, BLUE, VERMILION)  # of the consumers, whose names are on the lanes


@dataclass(frozen=True)
class MessageEvent:
    """A moment in the life of a message.

    Args:
        time_s: in seconds, on any clock.
        kind: one of `KINDS`.
        who: the consumer; empty for "sent" and "back".
    """

    time_s: float
    kind: str
    who: str = ""


#: How the queue's lane looks while a message can be received, and while it can't.
_VISIBLE: dict[str, Any] = {"facecolor": SKY}
_INVISIBLE: dict[str, Any] = {"facecolor": "white", "hatch": "////", "edgecolor": GREY}


def _draw_legend(figure: Figure) -> None:
    states = [Patch(**_VISIBLE), Patch(**_INVISIBLE)]
    labels = ["visible: anybody can receive it", "invisible: somebody has received it"]
    figure.legend(states, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9.5)


def message_life(events: Sequence[MessageEvent], *, title: str) -> Figure:
    """Draws a lane for the queue, which shows when a message can be received, and a lane for each consumer.

    Args:
        events: what happened to one message, the first one "sent", in the order of time.
        title: the finding, as a sentence. It may say that somebody "got the same message" or that a time "was over"
            or "is over" before the work, if the events show it.

    Raises:
        ValueError: there are no events, the first is not "sent", an event has an unknown kind, or the times descend.
    """
    _require_a_life(events)
    begin_s, end_s = events[0].time_s, events[-1].time_s
    span_s = max(end_s - begin_s, 1e-3)
    people = list(dict.fromkeys(event.who for event in events if event.who))
    with style():
        figure = Figure(figsize=(8.0, 1.9 + 0.62 * (1 + len(people))))
        axes = figure.subplots()
        for left_s, right_s, visible in _states(events, end_s):
            looks = _VISIBLE if visible else _INVISIBLE
            axes.barh(0, right_s - left_s, left=left_s - begin_s, height=0.5, linewidth=0.8, **looks)
        for y, who in enumerate(people, 1):
            colour = _COLOURS[(y - 1) % len(_COLOURS)]
            for left_s, right_s in _work_of(who, events, end_s):
                axes.barh(y, right_s - left_s, left=left_s - begin_s, height=0.44, color=colour, edgecolor="black")
        before: dict[int, float] = {}  # lane -> where its last word stands
        for event in events:
            y = people.index(event.who) + 1 if event.who else 0
            x = event.time_s - begin_s
            axes.plot([x, x], [min(0, y) - 0.3, max(0, y)], color="black", linewidth=0.9, linestyle=":", zorder=0)
            axes.plot(x, y - 0.32, "v", color="black", markersize=5)
            # To the left if there is no room to the right, unless the previous word is there.
            late = x > 0.85 * span_s and x - before.get(y, -span_s) > 0.3 * span_s
            before[y] = x
            beside: dict[str, Any] = {"xytext": (-4 if late else 4, 0), "textcoords": "offset points"}
            axes.annotate(event.kind, (x, y - 0.4), ha="right" if late else "left", va="bottom", fontsize=9, **beside)
        axes.set_yticks(range(1 + len(people)), [_QUEUE, *people])
        axes.set_ylim(len(people) + 0.5, -0.95)
        axes.set_xlim(-0.02 * span_s, 1.1 * span_s)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("time in s since it was sent")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        _draw_legend(figure)
    receivers = list(dict.fromkeys(event.who for event in events if event.kind == "received"))
    twice = len(receivers) > 1
    too_late = any(_is_over_too_early(who, events, end_s) for who in people)
    return add_alt_text(
        figure,
        title,
        f"A lane for the queue{f', and one each for {listed(people)}' if people else ''}.",
        f"In the queue, the message is {_states_in_words(events, end_s)}.",
        *(_work_in_words(who, events, end_s) for who in people),
        numbers=[len(people), len(receivers), sum(event.kind == "received" for event in events)],
        claims={
            "got the same message": twice,
            "gets the same message": twice,
            "was over": too_late,
            "is over": too_late,
        },
    )


def _require_a_life(events: Sequence[MessageEvent]) -> None:
    if not events or events[0].kind != "sent":
        raise ValueError('A message\'s life must begin with an event "sent".')
    for event in events:
        if event.kind not in KINDS:
            raise ValueError(f"{event.kind!r} does not happen to a message. Use one of {', '.join(KINDS)}.")
    times_s = [event.time_s for event in events]
    if times_s != sorted(times_s):
        raise ValueError("The events must be in the order of time.")


def _states(events: Sequence[MessageEvent], end_s: float) -> list[tuple[float, float, bool]]:
    """From when to when the message can be received (True), or is in flight (False); nothing after its deletion."""
    spans: list[tuple[float, float, bool]] = []
    since_s, visible = events[0].time_s, True
    for event in events[1:]:
        if event.kind not in ("received", "back", "deleted"):
            continue
        if event.time_s > since_s:
            spans.append((since_s, event.time_s, visible))
        since_s, visible = event.time_s, event.kind == "back"
        if event.kind == "deleted":
            return spans
    if end_s > since_s:
        spans.append((since_s, end_s, visible))
    return spans


def _work_of(who: str, events: Sequence[MessageEvent], end_s: float) -> list[tuple[float, float]]:
    """From when to when somebody works on the message: from each receipt until it is done, or deleted without that."""
    spans: list[tuple[float, float]] = []
    since_s: float | None = None
    for event in events:
        if event.who != who:
            continue
        if event.kind == "received":
            since_s = event.time_s
        elif since_s is not None:
            spans.append((since_s, event.time_s))
            since_s = None
    return spans if since_s is None else [*spans, (since_s, end_s)]


def _is_over_too_early(who: str, events: Sequence[MessageEvent], end_s: float) -> bool:
    """Whether the message is back in the queue while this consumer still works on it."""
    back_s = [event.time_s for event in events if event.kind == "back"]
    return any(begin_s < moment_s < done_s for begin_s, done_s in _work_of(who, events, end_s) for moment_s in back_s)


def _states_in_words(events: Sequence[MessageEvent], end_s: float) -> str:
    """The queue's lane: "visible for 0.5 s, invisible for 1.0 s and deleted by Ben"."""
    states = [
        f"{'visible' if visible else 'invisible'} for {measured(f'{right_s - left_s:.1f} s')}"
        for left_s, right_s, visible in _states(events, end_s)
    ]
    return listed([*states, *(f"deleted by {event.who}" for event in events if event.kind == "deleted")])


def _work_in_words(who: str, events: Sequence[MessageEvent], end_s: float) -> str:
    """A consumer's lane: "Ann works for 1.8 s, and the message is back in the queue before that ends" with a period."""
    worked_s = sum(done_s - begin_s for begin_s, done_s in _work_of(who, events, end_s))
    longer = ", and the message is back in the queue before that ends" if _is_over_too_early(who, events, end_s) else ""
    return f"{who} works for {measured(f'{worked_s:.1f} s')}{longer}."

"""The life cycle of an execution environment as a state diagram, drawn from the local cloud's own table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from serverless_cloud.rules import TRANSITIONS, State, Trigger
from serverless_first.course.words import listed
from serverless_first.figures.style import BLUE, GREY, ORANGE, on_slide, style
from serverless_first.figures.words import add_alt_text

# state -> fill, meaning; the fills are the same as in the timeline
_STATES = {
    State.INIT: (ORANGE, "the process starts,\nyour code is loaded"),
    State.BUSY: (BLUE, "the handler runs"),
    State.FROZEN: ("#E4E4E4", "memory and /tmp stay,\nno processor time"),
    State.ENDED: ("white", "crash, timeout, new code,\nidle too long, cleanup"),
}
_PLACES = {State.INIT: (0.0, 0.0), State.BUSY: (4.1, 0.0), State.FROZEN: (8.7, 0.0), State.ENDED: (4.1, -2.6)}
_WIDTH, _HEIGHT = 2.2, 1.0
_SLIDE_WIDTH = 2.85  # of a box on a slide, for larger letters
_SLIDE_BEND = 0.86  # a slide's picture is wide, which makes arrows bend too far

# The meaning of a trigger in a state. For all other rows of the table, the picture shows only the trigger's name.
_WORDS = {
    (State.INIT, Trigger.INVOKE): "cold start",
    (State.INIT, Trigger.FREEZE): "initialized before the first call",
    (State.BUSY, Trigger.FREEZE): "the handler returned",
    (State.FROZEN, Trigger.INVOKE): "warm start",
}
# The shape of an arrow: its bend, the offsets of its ends to the right of the boxes' centers, and the place of its
# label, relative to the point halfway between the boxes. In units of _PLACES.
_SHAPES = {
    (State.INIT, State.BUSY): (0.0, (0.0, 0.0), (0.0, 0.28)),
    (State.INIT, State.FROZEN): (-0.50, (0.0, 0.55), (0.0, 2.42)),
    (State.BUSY, State.FROZEN): (-0.45, (0.4, -0.6), (-0.15, 0.92)),
    (State.FROZEN, State.BUSY): (-0.62, (-0.7, 0.7), (0.0, -0.42)),
    (State.INIT, State.ENDED): (0.0, (0.0, -0.5), (-0.75, -0.2)),
    (State.BUSY, State.ENDED): (0.0, (0.0, 0.0), (0.34, 0.0)),
    (State.FROZEN, State.ENDED): (0.0, (0.0, 0.5), (0.75, -0.2)),
}
_OTHER_SHAPE = (0.3, (-0.3, -0.3), (0.0, -0.35))


def lifecycle(*, title: str, transitions: Mapping[tuple[State, Trigger], State] = TRANSITIONS) -> Figure:
    """A box for each state of an execution environment, and an arrow for each row of the table.

    Each arrow has the trigger's name in bold and, if that isn't enough, the trigger's meaning in that state.

    Args:
        title: the finding, as a sentence.
        transitions: (state, trigger) -> next state; the local cloud's own table unless you pass another.
    """
    with style():
        figure = Figure(figsize=(8.6, 4.9))
        axes = figure.subplots()
        boxes = {state: _box(axes, state) for state in State}
        for (state, trigger), target in transitions.items():
            _arrow(axes, (state, trigger, target), boxes)
        axes.set_xlim((-1.48, 10.18) if on_slide() else (-1.25, 9.95))
        axes.set_ylim(-3.2, 2.6)
        axes.set_aspect("auto" if on_slide() else "equal")
        axes.axis("off")
        axes.set_title(title)
    return add_alt_text(
        figure,
        title,
        f"{len(State)} states: {listed(list(State))}.",
        *(_in_words(*row, target) for row, target in transitions.items()),
        f"The box of ended says: {_STATES[State.ENDED][1].replace(chr(10), ' ')}.",
        numbers=[len(State), len(transitions)],
    )


def _in_words(state: State, trigger: Trigger, target: State) -> str:
    meaning = f" ({_WORDS[state, trigger]})" if (state, trigger) in _WORDS else ""
    return f"From {state}, {trigger} leads to {target}{meaning}."


def _box(axes: Axes, state: State) -> FancyBboxPatch:
    x, y = _PLACES[state]
    fill, meaning = _STATES[state]
    ink = "white" if state is State.BUSY else "black"
    axes.text(x, y + 0.24, state, ha="center", va="center", weight="bold", color=ink, zorder=4)
    axes.text(x, y - 0.17, meaning, ha="center", va="center", size=8, color=ink, zorder=4)
    width = _SLIDE_WIDTH if on_slide() else _WIDTH
    corner, shape = (x - width / 2, y - _HEIGHT / 2), "round,pad=0,rounding_size=0.18"
    box = FancyBboxPatch(corner, width, _HEIGHT, boxstyle=shape, facecolor=fill, edgecolor="black", linewidth=1.2)
    box.set(linestyle="--" if state is State.ENDED else "-", zorder=3)
    axes.add_patch(box)
    return box


def _arrow(axes: Axes, row: tuple[State, Trigger, State], boxes: Mapping[State, FancyBboxPatch]) -> None:
    state, trigger, target = row
    (x0, y0), (x1, y1) = _PLACES[state], _PLACES[target]
    bend, (start, end), (dx, dy) = _SHAPES.get((state, target), _OTHER_SHAPE)
    bend *= _SLIDE_BEND if on_slide() else 1
    shape: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 15, "connectionstyle": f"arc3,rad={bend}"}
    ends: dict[str, Any] = {"patchA": boxes[state], "patchB": boxes[target], "shrinkA": 2, "shrinkB": 2}
    arrow = FancyArrowPatch((x0 + start, y0), (x1 + end, y1), **shape, **ends)
    colour, line = (GREY, "--") if trigger is Trigger.END else ("black", "-")
    arrow.set(color=colour, linestyle=line, linewidth=1.4, gid=" ".join(row), zorder=2)
    axes.add_patch(arrow)
    words = f"$\\bf{{{trigger}}}$"
    if (state, trigger) in _WORDS:
        is_narrow = on_slide() and trigger is Trigger.INVOKE  # the wider boxes leave a gap for half of the words
        words += (":\n" if is_narrow else ": ") + _WORDS[state, trigger]
        dy += 0.1 if is_narrow else 0
    axes.text((x0 + x1) / 2 + dx, (y0 + y1) / 2 + dy, words, ha="center", va="center", size=9.5, gid=" ".join(row))

"""The picture of a path of decisions: where to begin, for which reason to go on, and what has come in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from serverless_first.course.words import listed
from serverless_first.figures.state_machine import wrapped
from serverless_first.figures.style import GREY, LEAST_PT, SKY, on_slide, style
from serverless_first.figures.words import add_alt_text, numbers_in

_BOX_IN, _LINE_IN = 0.52, 0.175
_LEFT_IN, _WIDE_IN = 0.15, 1.9  # the column of the steps
_PAGE_IN = 8.0


class _Sizes(NamedTuple):
    """Inches from a step to the next, above and below all, and to the column of what came in between; also letters."""

    step_in: float
    above_in: float
    below_in: float
    right_in: float
    between_in: float
    reason_letters: int
    said_pt: float


_ON_PAPER = _Sizes(1.62, 0.5, 0.45, 4.5, 3.4, 34, 8.8)
_ON_A_SLIDE = _Sizes(1.49, 0.04, 0.43, 4.16, 3.74, 33, LEAST_PT)


class Between(NamedTuple):
    """Something that stands between two steps.

    Attributes:
        name: of the service.
        says: in a few words, what it takes from each side.
    """

    name: str
    says: str


class Step(NamedTuple):
    """One step of the path.

    Attributes:
        name: where to run the work.
        leave: for which reasons to go on to the next step; nothing for the last one.
        between: what stands between this step and the next one, up to three.
    """

    name: str
    leave: str = ""
    between: Sequence[Between] = ()


def decision_path(steps: Sequence[Step], *, title: str) -> Figure:
    """The steps one below the other, the reasons to leave beside their arrows, dashed boxes for what came in between.

    Args:
        steps: two to four, the one to begin with first.
        title: the finding, as a sentence.

    Raises:
        ValueError: too few or too many steps, or more than three things between two of them.
    """
    if not 2 <= len(steps) <= 4:
        raise ValueError(f"{len(steps)} steps were given. Give two to four.")
    if any(len(step.between) > 3 for step in steps):
        raise ValueError("There are more than three things between two steps. Give up to three.")
    sizes = _ON_A_SLIDE if on_slide() else _ON_PAPER
    height_in = sizes.step_in * (len(steps) - 1) + _BOX_IN + sizes.above_in + sizes.below_in
    with style():
        figure = Figure(figsize=(_PAGE_IN, height_in))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))  # an inch of the page is one of the axes
        axes.set_xlim(0, _PAGE_IN)
        axes.set_ylim(0, height_in)
        axes.set_axis_off()
        for number, step in enumerate(steps):
            top_in = height_in - sizes.above_in - number * sizes.step_in
            middle_in = _LEFT_IN + _WIDE_IN / 2
            _box(axes, (_LEFT_IN, top_in - _BOX_IN), (_WIDE_IN, _BOX_IN), SKY, dashed=False)
            axes.text(middle_in, top_in - _BOX_IN / 2, f"{number + 1}. {step.name}", ha="center", va="center",
                      fontweight="bold", fontsize=11)  # fmt: skip
            if number + 1 < len(steps):
                _arrow(axes, (middle_in, top_in - _BOX_IN), (middle_in, top_in - sizes.step_in))
                lines = wrapped(step.leave, sizes.reason_letters)
                axes.text(middle_in + 0.14, top_in - (_BOX_IN + sizes.step_in) / 2, "\n".join(lines), va="center",
                          fontsize=9.5, linespacing=1.25)  # fmt: skip
            gap_in = top_in - (_BOX_IN + sizes.step_in) / 2
            heights_in = [gap_in - (place - (len(step.between) - 1) / 2) * 0.56 for place in range(len(step.between))]
            for between, height in zip(step.between, heights_in, strict=True):
                _between(axes, between, height, sizes)
            if heights_in:
                _branch(axes, (middle_in, top_in - sizes.step_in + 0.16), heights_in, sizes.right_in)
        figure.suptitle(title, x=0.01, y=1 - 0.06 / height_in, ha="left", fontsize=12, fontweight="bold")
        figure.legend(
            handles=[
                Patch(facecolor=SKY, edgecolor="black", label="the deck"),
                Patch(facecolor="white", edgecolor=GREY, linestyle="--", label="since the deck"),
            ],
            loc="lower left", ncols=2, frameon=False, fontsize=9.5,
        )  # fmt: skip
    names = [step.name for step in steps]
    return add_alt_text(
        figure,
        title,
        f"{len(steps)} boxes, one below the other, are the steps of the path: {listed(names)}.",
        *(_in_words(step, after) for step, after in pairwise(steps)),
        numbers=[len(steps), *numbers_in(names)],
        claims={"for a reason": all(step.leave for step in steps[:-1])},
    )


def _in_words(step: Step, after: Step) -> str:
    """The arrow to the next step, and the boxes between the two."""
    words = f"The arrow from {step.name} to {after.name} says: {step.leave}."
    if step.between:
        boxes = [f"{between.name} ({between.says})" for between in step.between]
        words += f" Between them, dashed boxes show what came after the deck: {listed(boxes)}."
    return words


def _between(axes: Axes, between: Between, middle_in: float, sizes: _Sizes) -> None:
    _box(axes, (sizes.right_in, middle_in - 0.24), (sizes.between_in, 0.48), "white", dashed=True)
    for words, line_in, weight, size_pt in (
        (between.name, _LINE_IN, "bold", max(9.5, sizes.said_pt)),
        (between.says, -_LINE_IN, "normal", sizes.said_pt),
    ):
        axes.text(
            sizes.right_in + 0.1, middle_in + line_in / 2, words, va="center", fontweight=weight, fontsize=size_pt
        )


def _branch(axes: Axes, begin: tuple[float, float], heights_in: Sequence[float], right_in: float) -> None:
    """From the arrow, below the words beside it, to each of the boxes that stand between."""
    x_in = right_in - 0.16
    look: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.1}
    axes.plot([begin[0], x_in], [begin[1]] * 2, **look)
    axes.plot([x_in] * 2, [min(begin[1], *heights_in), max(begin[1], *heights_in)], **look)
    for height in heights_in:
        axes.plot([x_in, right_in], [height] * 2, **look)


def _box(axes: Axes, corner: tuple[float, float], size: tuple[float, float], fill: str, *, dashed: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            corner, *size, boxstyle="round,pad=0,rounding_size=0.08", facecolor=fill,
            edgecolor=GREY if dashed else "black", linestyle="--" if dashed else "-", linewidth=1.2,
        )
    )  # fmt: skip


def _arrow(axes: Axes, begin: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(
        FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=14, color="black", shrinkA=0, shrinkB=0)
    )

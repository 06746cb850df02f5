"""The deck's slides 4 to 7 in one drawing: four steps of computing between two axes that are ideas, not measures."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from serverless_first.figures.style import BLUE, ORANGE, SKY, YELLOW, style
from serverless_first.figures.words import add_alt_text

#: The deck's words for its four steps, and for its two axes.
STEPS = ("physical machines", "virtual machines", "containers", "serverless")
AXES = ("focus on business logic", "level of abstraction")
_FILLS = (YELLOW, ORANGE, SKY, BLUE)
_WIDTH, _HEIGHT = 1.72, 0.62


def abstraction_steps(below: Sequence[str], *, title: str) -> Figure:
    """Draws four boxes on a stair between the deck's two axes, which have no numbers because nobody has measured them.

    Args:
        below: a few words for each of the four steps, such as what you still look after.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are not four texts.
    """
    if len(below) != len(STEPS):
        raise ValueError(f"{len(below)} texts were given. Give {len(STEPS)}, with one text for each step.")
    with style():
        figure = Figure(figsize=(8.0, 3.6))
        axes = figure.subplots()
        axes.set_title(title)
        axes.set(xlim=(0, 8.6), ylim=(0, 4.4), xticks=[], yticks=[], xlabel=AXES[0], ylabel=AXES[1])
        for side in axes.spines.values():
            side.set_visible(False)
        for end in ((8.5, 0.0), (0.0, 4.3)):
            axes.annotate("", end, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "black", "shrinkA": 0})
        for place, (name, words, fill) in enumerate(zip(STEPS, below, _FILLS, strict=True)):
            left, low = 0.35 + place * 2.02, 0.75 + place * 0.95
            box = FancyBboxPatch(
                (left, low), _WIDTH, _HEIGHT, boxstyle="round,pad=0.06", facecolor=fill, edgecolor="0.2"
            )
            axes.add_patch(box)
            dark = fill == BLUE
            axes.text(
                left + _WIDTH / 2, low + _HEIGHT / 2, name, ha="center", va="center", fontsize=10.5, fontweight="bold",
                color="white" if dark else "black",
            )  # fmt: skip
            axes.text(left + _WIDTH / 2, low - 0.14, words, ha="center", va="top", fontsize=9)
    lines = [" ".join(words.split()) for words in below]
    with_capacity = sum("capacity" in words for words in lines)
    return add_alt_text(
        figure,
        title,
        f"Two axes without numbers, the {AXES[1]} upwards and the {AXES[0]} to the right.",
        "Four boxes climb from the lower left to the upper right, each with a few words below it.",
        *(f"{name.capitalize()}: {words}." for name, words in zip(STEPS, lines, strict=True)),
        claims={"capacity": with_capacity > 0, "three steps": with_capacity == 3, "a limit": "a limit" in lines[-1]},
    )

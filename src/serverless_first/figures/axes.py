"""What pictures of one kind have in common: a picture that changes in its axes, logarithmic axes, pale lines."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.ticker import NullFormatter, NullLocator


class Moving:
    """A picture in axes that are made once: `update` draws one setting, and so do an explorer's sliders.

    Attributes:
        moving: the artists that change.
        title: the title of the axes, empty until somebody sets it; pictures of several axes set their own.
    """

    moving: list[Artist]
    title: Any


def grid(axes: Any, which: str = "both") -> None:
    """Pale lines at the major ticks of "x", "y" or "both", below what is drawn."""
    axes.grid(axis=which, color="#E4E4E4", linewidth=0.8)
    axes.set_axisbelow(True)


def log_axes(axes: Any, x_ends: tuple[float, float], y_ends: tuple[float, float]) -> None:
    """Two logarithmic axes between these ends, without minor ticks."""
    axes.set(xscale="log", yscale="log", xlim=x_ends, ylim=y_ends)
    for scale in (axes.xaxis, axes.yaxis):
        scale.set_minor_locator(NullLocator())
        scale.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=9.5)
    grid(axes)

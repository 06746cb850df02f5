"""Helpers that several figures share: pictures that change within their axes, logarithmic axes and grid lines."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.ticker import NullFormatter, NullLocator


class Moving:
    """A picture whose axes are created once, and whose `update` draws a new setting, for example of an explorer.

    Attributes:
        moving: the artists that change.
        title: the title of the axes, initially empty; pictures with several axes set their titles themselves.
    """

    moving: list[Artist]
    title: Any


def grid(axes: Any, which: str = "both") -> None:
    """Draws pale lines at the major ticks of "x", "y" or "both", behind the data."""
    axes.grid(axis=which, color="#E4E4E4", linewidth=0.8)
    axes.set_axisbelow(True)


def log_axes(axes: Any, x_ends: tuple[float, float], y_ends: tuple[float, float]) -> None:
    """Makes both axes logarithmic between these ends, without minor ticks."""
    axes.set(xscale="log", yscale="log", xlim=x_ends, ylim=y_ends)
    for scale in (axes.xaxis, axes.yaxis):
        scale.set_minor_locator(NullLocator())
        scale.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=9.5)
    grid(axes)

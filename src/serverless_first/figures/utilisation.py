"""The price of an hour of work, against the share of the time in which a server has work."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from serverless_first.figures.axes import grid
from serverless_first.figures.style import BLUE, ORANGE, PURPLE, VERMILION, style
from serverless_first.figures.words import add_alt_text, numbers_in

# Line and marker tell the servers apart in gray print.
_LOOKS = ((ORANGE, "--", "o"), (VERMILION, ":", "s"), (PURPLE, "-.", "^"))
MOST_SERVERS = len(_LOOKS)
_LEAST_SHARE = 0.05
_TOP = 4.0  # of the axis, as a multiple of the function's price: steep ends say nothing more


def crossing_share(function_usd: float, server_usd: float) -> float:
    """The share of the time in which a server must have work to cost as much as a function: server / function.

    Above 1, the function costs less than even a server that always has work.
    """
    return server_usd / function_usd


def hour_of_work(function_usd: float, servers: Mapping[str, float], *, title: str) -> Figure:
    """Draws a level line for a function, which costs only while it works, and a falling curve for each server.

    A marker with the share shows where a curve meets the line. The label is where no curve runs, which is left of and
    below the lowest curve's marker, and right of and above the other markers.

    Args:
        function_usd: US dollars for an hour of a function's work.
        servers: name -> US dollars for an hour of a server that does as much, busy or not; up to three.
        title: the finding, as a sentence. It may state the shares in percent.

    Raises:
        ValueError: there is no server, or more than three, or a price isn't above 0.
    """
    if not 1 <= len(servers) <= MOST_SERVERS:
        raise ValueError(f"{len(servers)} servers were given. Give one to {MOST_SERVERS}.")
    for name, usd in {"Lambda": function_usd, **servers}.items():
        if not 0 < usd < float("inf"):
            raise ValueError(f"The price of {name} is {usd!r}. Give a price in US dollars for an hour, above 0.")
    shares = np.linspace(_LEAST_SHARE, 1.0, 200)
    first = min(servers, key=lambda name: servers[name])
    with style():
        figure = Figure(figsize=(8.0, 3.9))
        axes = figure.subplots()
        axes.plot([0, 100], [function_usd] * 2, color=BLUE, linewidth=2.4, label="Lambda")
        for (name, usd), (colour, line, marker) in zip(servers.items(), _LOOKS, strict=False):
            axes.plot(shares * 100, usd / shares, line, color=colour, linewidth=2.4, label=name)
            share = crossing_share(function_usd, usd)
            if share <= 1:
                axes.plot([share * 100], [function_usd], marker, markersize=9, color="white",
                          markeredgecolor=colour, markeredgewidth=2.2, zorder=4)  # fmt: skip
                axes.annotate(
                    f"{share * 100:.0f}%", (share * 100, function_usd), (-7, -9) if name == first else (7, 9),
                    textcoords="offset points", ha="right" if name == first else "left",
                    va="top" if name == first else "bottom", fontweight="bold", zorder=5,
                )  # fmt: skip
        axes.set_xlim(0, 100)
        axes.set_ylim(0, function_usd * _TOP)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:.0f}%"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"${value:.2f}"))
        axes.set_xlabel("share of the time in which a server has work")
        axes.set_ylabel("US dollars for an hour of work")
        grid(axes)
        axes.set_title(title, parse_math=False)
        figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=9.5, handlelength=3)
    shares_met = {name: crossing_share(function_usd, usd) for name, usd in servers.items()}
    return add_alt_text(
        figure,
        title,
        "US dollars for an hour of work against the share of the time in which a server has work.",
        f"Lambda is a level line at ${function_usd:.2f}.",
        *(
            f"The curve of {name} falls "
            + (f"and meets this line at {share:.0%}." if share <= 1 else "but stays above this line.")
            for name, share in shares_met.items()
        ),
        numbers=numbers_in(servers),
        shares=[share for share in shares_met.values() if share <= 1],
    )

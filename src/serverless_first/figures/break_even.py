"""The price of a month against its requests, and where the lines cross."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from serverless_first.course.words import listed
from serverless_first.figures.axes import Moving, log_axes
from serverless_first.figures.capacity import usd
from serverless_first.figures.style import BLUE, ORANGE, PURPLE, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import break_even
from serverless_first.simulate.inputs import Floats

Cost = Callable[[float], float]

# Line and hatch tell the options apart in gray print.
_LOOKS = (("-", "", BLUE), ("-.", "..", PURPLE), ("--", "//", ORANGE), (":", "xx", VERMILION))
MOST_OPTIONS = len(_LOOKS)
_POINTS = 80
_SOLVED_POINTS = 60  # we assume that costs cross at most once between two of them


class Crossing(NamedTuple):
    """The load at which an option costs as much as a second option.

    Attributes:
        name: of the second option.
        requests: a month.
        usd: the price of both at this load.
    """

    name: str
    requests: float
    usd: float


def crossings(options: Mapping[str, Cost], low: float, high: float) -> list[Crossing]:
    """Solves where the first option costs as much as each of the others: `break_even.break_evens`.

    Args:
        options: the cost of a month by its requests. The first option is compared with each of the others.
        low, high: requests a month between which to look, above 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    (_, first), *others = options.items()
    points = []
    for name, other in others:
        for requests in break_even.break_evens(first, other, low, high, points=_SOLVED_POINTS):
            points.append(Crossing(name, requests, first(requests)))
    return points


def month_costs(
    options: Mapping[str, Cost],
    *,
    title: str,
    low: float = 1e4,
    high: float = 1e9,
    chosen: float | None = None,
    chosen_name: str = "the chosen month",
    pairs: Sequence[tuple[str, str]] = (),
) -> Figure:
    """Draws the price of a month against its requests, on logarithmic axes, with labeled dots where two options meet.

    Args:
        options: 2 to 4 costs by name, each a function of the requests a month: {"Lambda": ..., "Fargate": ...}. The
            first option is compared with each of the others.
        title: the finding, as a sentence. It may state the loads at the dots, and `chosen`.
        low, high: requests a month at the ends of the axis, above 0.
        chosen: requests a month that a dotted line marks.
        chosen_name: of the dotted line, for the legend.
        pairs: names of the options that are compared with each other instead.

    Raises:
        ValueError: too few or too many options, or ends that are not above 0 and ascending.
        KeyError: a pair names no option.
    """
    if not 2 <= len(options) <= MOST_OPTIONS:
        raise ValueError(f"{len(options)} options were given. Give 2 to {MOST_OPTIONS}.")
    if not 0 < low < high:
        raise ValueError(f"low is {low:g} and high is {high:g}. Give two numbers above 0, the larger number last.")
    loads = np.geomspace(low, high, _POINTS).tolist()
    every = [cost(load) for cost in options.values() for load in loads]
    with style():
        figure = Figure(figsize=(8.0, 4.0))
        curves = CostCurves(figure.subplots(), list(options), (low, high), (max(min(every), 1e-3), max(every) * 1.5))
        compared = pairs or [(next(iter(options)), name) for name in list(options)[1:]]
        met = [(a, crossing) for a, b in compared for crossing in crossings({a: options[a], b: options[b]}, low, high)]
        curves.update(options, [crossing for _, crossing in met], chosen)
        curves.label([crossing for _, crossing in met])
        curves.title.set_text(title)
        handles, labels = curves.legend()
        if pairs:
            labels[-1] = "both cost the same"
        if chosen is not None:
            handles, labels = [*handles, curves.marker], [*labels, chosen_name]
        figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=9.5, handlelength=3)
    return add_alt_text(
        figure,
        title,
        "US dollars a month against requests a month, both on logarithmic axes.",
        f"The lines are {listed([_quoted(name) for name in options])}.",
        *(
            f"{_quoted(first)} and {_quoted(crossing.name)} meet at {_rounded(crossing.requests)} requests and "
            f"{usd(crossing.usd)}."
            for first, crossing in met
        ),
        f"A dotted line marks {chosen_name}, {_rounded(chosen)} requests." if chosen is not None else "",
        numbers=[*(crossing.requests for _, crossing in met), *([] if chosen is None else [chosen])],
    )


class CostCurves(Moving):
    """The curves in their axes, whose scales stay.

    Args:
        axes: to draw in.
        names: of the options, 2 to 4.
        requests, usd_ends: the ends of the axes.
    """

    def __init__(
        self, axes: Any, names: Sequence[str], requests: tuple[float, float], usd_ends: tuple[float, float]
    ) -> None:
        self._loads = np.geomspace(*requests, _POINTS).tolist()
        self._names = list(names)
        nothing: Floats = np.ones(_POINTS)
        self._lines = [
            axes.plot(self._loads, nothing, line, color=colour, linewidth=2.4)[0]
            for _, (line, _, colour) in zip(names, _LOOKS, strict=False)
        ]
        look: dict[str, Any] = {"color": "white", "markeredgecolor": "black", "markeredgewidth": 1.6}
        (self._dots,) = axes.plot([], [], "o", markersize=9, zorder=4, **look)
        (self.marker,) = axes.plot([], [], color="black", linewidth=1.4, linestyle=(0, (1, 1.5)))
        self._axes = axes
        self._ends = usd_ends
        log_axes(axes, requests, usd_ends)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: amount(value)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"${amount(value)}"))
        axes.set_xlabel("requests a month (log scale)")
        axes.set_ylabel("US dollars a month (log scale)", fontsize=10.5)
        self.title = axes.set_title("", parse_math=False)
        self.moving = [*self._lines, self.marker, self._dots, self.title]

    def update(self, options: Mapping[str, Cost], crossing: Sequence[Crossing], mark: float | None) -> None:
        """Draws one setting.

        Args:
            options: the costs, by the names that the constructor got.
            crossing: where to put dots, as `crossings` returns it.
            mark: requests a month that the line marks; None for no line.
        """
        for name, line in zip(self._names, self._lines, strict=True):
            cost = options[name]
            line.set_ydata([cost(load) for load in self._loads])
        self._dots.set_data([one.requests for one in crossing], [one.usd for one in crossing])
        self.marker.set_data([] if mark is None else [mark] * 2, [] if mark is None else self._ends)

    def label(self, crossing: Sequence[Crossing]) -> None:
        """Writes the requests beside each dot, above and left of it. A figure that doesn't move has room there."""
        for dot in crossing:
            self._axes.annotate(
                _rounded(dot.requests), (dot.requests, dot.usd), (-6, 7), textcoords="offset points",
                ha="right", va="bottom", fontweight="bold", fontsize=10, zorder=5,
            )  # fmt: skip

    def legend(self) -> tuple[list[Any], list[str]]:
        """The marks and their meanings, for a legend."""
        return [*self._lines, self._dots], [*self._names, f"costs as much as {self._names[0]}"]


class CostBars(Moving):
    """A bar for each option, as long as the price of the chosen month. The longest bar fills the axes.

    Args:
        axes: to draw in.
        names: of the options, 2 to 4.
    """

    def __init__(self, axes: Any, names: Sequence[str]) -> None:
        self._names = list(names)
        self._bars = list(axes.barh(range(len(names)), 1.0, height=0.4, edgecolor="black", linewidth=0.6))
        self._words = []
        for row, (bar, name, (_, hatch, colour)) in enumerate(zip(self._bars, names, _LOOKS, strict=False)):
            bar.set_facecolor(colour)
            bar.set_hatch(hatch)
            axes.text(0, row - 0.3, name, va="bottom", fontsize=9.5)
            self._words.append(axes.text(0, row, "", va="center", fontsize=9.5, fontweight="bold"))
        axes.set_xlim(0, 1.5)
        axes.set_ylim(len(names) - 0.6, -0.75)
        axes.axis("off")
        self.title = axes.set_title("", parse_math=False)
        self.moving = [*self._bars, *self._words, self.title]

    def update(self, costs: Mapping[str, float]) -> None:
        """Draws what each option costs, in US dollars a month."""
        dearest = max(costs.values()) or 1.0
        for name, bar, words in zip(self._names, self._bars, self._words, strict=True):
            bar.set_width(costs[name] / dearest)
            words.set_x(costs[name] / dearest + 0.03)
            words.set_text(usd(costs[name]))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _rounded(number: float) -> str:
    """`amount` with two digits that count: "48 million"."""
    return amount(float(f"{number:.2g}"))


def amount(number: float) -> str:
    """A large number as readers take it in: "10,000", "2.5 million", "1 billion"."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if number >= size * 0.9995:
            return f"{number / size:.3g}{word}"
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 99.95 else f"{number:.3g}"

"""A table of criteria then and now: the things that a service could do when the deck was shown, and can do since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from serverless_first.course.words import listed
from serverless_first.figures.style import BLUE, GREY, ORANGE, style
from serverless_first.figures.words import add_alt_text, numbers_in

THEN, NEVER = "then", "no"
_SINCE = re.compile(r"\d{4}")
_NAMES = {THEN: "when the deck was shown", "since": "since the year beside it", NEVER: "no"}
_LOOKS: dict[str, dict[str, Any]] = {
    THEN: {"marker": "o", "color": BLUE, "markeredgecolor": "black", "markeredgewidth": 0.7},
    "since": {"marker": "D", "color": ORANGE, "markeredgecolor": "black", "markeredgewidth": 0.7},
    NEVER: {"marker": "_", "color": GREY},
}
_PER_ROW_IN = 0.31
#: How titles may write counts.
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def criteria(rows: Mapping[str, Mapping[str, str]], *, title: str) -> Figure:
    """Draws a row for each criterion and a column for each service, with a dot, a diamond and its year, or a dash.

    A title may say how many criteria changed, as in "Five of the ten reasons have fallen".

    Args:
        rows: criterion -> service -> "then", a year such as "2021", or "no". All rows have the first row's services.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no rows, a row has other services than the first, or a mark is unknown.
    """
    if not rows:
        raise ValueError("There is nothing to show. Give at least one criterion.")
    services = list(next(iter(rows.values())))
    for criterion, row in rows.items():
        if list(row) != services:
            raise ValueError(
                f"{criterion!r} has the services {', '.join(row)}, but the first row has {', '.join(services)}."
            )
        for mark in row.values():
            if mark not in (THEN, NEVER) and not _SINCE.fullmatch(mark):
                raise ValueError(f"{criterion!r} has {mark!r}. Give {THEN!r}, a year such as '2021', or {NEVER!r}.")
    with style():
        figure = Figure(figsize=(8.0, 1.15 + _PER_ROW_IN * len(rows)))
        axes = figure.subplots()
        plain: dict[str, Any] = {"linestyle": "", "markersize": 9}
        for height, row in enumerate(rows.values()):
            for place, mark in enumerate(row.values()):
                kind = mark if mark in _LOOKS else "since"
                axes.plot([place], [height], **plain, **_LOOKS[kind])
                if kind == "since":
                    axes.text(place + 0.09, height, mark, va="center", fontsize=10)
        axes.set_xlim(-0.5, len(services) - 0.35)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), list(rows), fontsize=10)
        axes.set_xticks(range(len(services)), services, fontweight="bold", fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for line in range(1, len(rows)):
            axes.axhline(line - 0.5, color="#E4E4E4", linewidth=0.8)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles = [
            Line2D([], [], linestyle="", markersize=9, label=_NAMES[kind], **look) for kind, look in _LOOKS.items()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    changed = sum(any(_SINCE.fullmatch(mark) for mark in row.values()) for row in rows.values())
    return add_alt_text(
        figure,
        title,
        f"A table of {len(rows)} needs and {len(services)} places to run: {listed(services)}.",
        *(_in_words(service, {need: row[service] for need, row in rows.items()}) for service in services),
        numbers=[changed, len(rows), len(services), *numbers_in(rows)],
        claims={f"{word} of": number == changed for number, word in enumerate(_WORDS)}
        | {f"{word} reasons": number == len(rows) for number, word in enumerate(_WORDS)},
    )


def _in_words(service: str, marks: Mapping[str, str]) -> str:
    """A service's column, as in "Lambda has a diamond with its year at a container image (2020), and a dash at a GPU."

    Args:
        service: its name.
        marks: criterion -> mark.
    """
    places = {
        "a dot": [need for need, mark in marks.items() if mark == THEN],
        "a diamond with its year": [f"{need} ({mark})" for need, mark in marks.items() if _SINCE.fullmatch(mark)],
        "a dash": [need for need, mark in marks.items() if mark == NEVER],
    }
    if len(places["a dot"]) == len(marks):
        return f"{service} has a dot in every row."
    return f"{service} has {'; '.join(f'{mark} at {listed(needs)}' for mark, needs in places.items() if needs)}."

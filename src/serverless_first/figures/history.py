"""The release history of AWS Lambda, as a figure with a lane for each theme and as a table."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from serverless_first import facts
from serverless_first.course.words import listed
from serverless_first.facts import THEMES, Release
from serverless_first.figures.style import BLUE, GREY, LEAST_PT, SLIDE_IN, VERMILION, on_slide, style
from serverless_first.figures.words import add_alt_text

# The turning points, which get a label.
TURNING_POINTS = (
    *("General availability", "Timeout 300 s", "Memory 3 GB", "Timeout 15 minutes", "Memory 10 GB"),
    *("Billing in 1 ms steps", "/tmp up to 10 GB", "Scaling rate for each function", "Init billed"),
    *("Asynchronous payload 1 MB", "Timeout 30 minutes in the API"),
    *("Java 8", "Python 2.7", "Go", "Custom runtimes", "arm64 (Graviton2)", "SnapStart for Java"),
    *("SnapStart for Python and .NET",),
    *("Amazon API Gateway", "Scheduled events", "Amazon SQS", "Destinations", "Function URLs", "Response streaming"),
    *("Access to a VPC", "Shared VPC interfaces", "RDS Proxy (preview)", "RDS Proxy generally available"),
    *("Layers", "Container images", "Amazon S3 Files mounts"),
    *("Versions and aliases", "Reserved concurrency", "Provisioned concurrency", "Managed Instances"),
    "Durable functions",
    *("AWS SAM", "AWS X-Ray", "AWS SAM CLI", "Logs in JSON", "HIPAA eligible"),
)

# Larger letters leave room for fewer turning points.
_SLIDE_POINTS = (
    *("Timeout 300 s", "Timeout 15 minutes", "Memory 10 GB", "Timeout 30 minutes in the API"),
    *("Access to a VPC", "Shared VPC interfaces", "Layers", "Container images"),
    *("General availability", "Provisioned concurrency", "Durable functions"),
)


class _Sizes(NamedTuple):
    """The page's width and upper margin in inches, the letters in points, the height of a label's line, the labels."""

    width_in: float
    top_in: float
    label_pt: float
    line_in: float
    labels: Sequence[str]


_ON_PAPER = _Sizes(9.0, 0.56, 8.0, 0.165, TURNING_POINTS)
_PROJECTED = _Sizes(SLIDE_IN[0], 0.24, LEAST_PT, 0.2, _SLIDE_POINTS)

# In inches. The margins are fixed, because labels are placed by their measured width before anything is drawn.
_LEFT, _RIGHT, _BOTTOM = 1.45, 0.12, 0.72
# The height of a mark, and the gaps around a lane, between labels, and between a label and its line.
_DOT, _PAD, _GAP, _BESIDE = 0.11, 0.10, 0.09, 0.04
_ON_SLIDE: dict[str, Any] = {"linestyle": "none", "marker": "o", "color": BLUE, "markerfacecolor": BLUE}
_NOT_ON_SLIDE: dict[str, Any] = {"linestyle": "none", "marker": "D", "color": VERMILION, "markerfacecolor": "white"}


def history(releases: Sequence[Release], *, title: str) -> Figure:
    """A lane for each theme, a mark for each release, and a line at the date of the deck.

    Releases on slide 10 of the deck are filled circles, and all others are open diamonds. If a source gives only a
    year, the mark is in the middle of the year, on a line as long as the year.

    Args:
        releases: as `facts.releases()` returns them.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no releases.
    """
    if not releases:
        raise ValueError(
            "There is nothing to draw, because there are no releases. facts.releases() reads them from releases.yml."
        )
    deck = facts.get("deck-date").now
    deck_x = _year(date.fromisoformat(deck.as_of))
    years = [int(deck_x), *(release.day.year for release in releases)]
    first, last = min(years), max(years)
    sizes = _PROJECTED if on_slide() else _ON_PAPER
    width_in = sizes.width_in
    inches_a_year = (width_in - _LEFT - _RIGHT) / (last + 1 - first)
    with style():
        figure = Figure(figsize=(width_in, 4.0))
        figure.set_layout_engine("none")
        lanes = [_Lane(figure, theme, releases, (first, last + 1), inches_a_year, sizes) for theme in THEMES]
        lanes = [lane for lane in lanes if lane.marks]
        height = sum(lane.height for lane in lanes)
        total = sizes.top_in + height + _BOTTOM
        figure.set_size_inches(width_in, total)
        axes = figure.add_axes(
            (_LEFT / width_in, _BOTTOM / total, (width_in - _LEFT - _RIGHT) / width_in, height / total)
        )
        top = height
        ticks = []
        for number, lane in enumerate(lanes):
            lane.draw(axes, top - lane.height, shaded=number % 2 == 0)
            ticks.append(top - lane.height / 2)
            top -= lane.height
        axes.set_yticks(ticks, [THEMES[lane.theme] for lane in lanes])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(0, height)
        _draw_years(axes, first, last)
        axes.axvline(deck_x, color="black", linewidth=1.4, linestyle="--", zorder=2)
        above: dict[str, Any] = {"xytext": (0, 3), "textcoords": "offset points", "annotation_clip": False}
        axes.annotate(
            f"the deck, {deck.value}", (deck_x, height), ha="center", fontsize=max(9, sizes.label_pt), **above
        )
        figure.suptitle(title, x=0.01, y=1 - 0.09 / total, ha="left", va="top", weight="bold", size=12)
        _draw_legend(figure, releases)
    return _add_words(figure, title, releases, [THEMES[lane.theme] for lane in lanes], (first, last))


def _add_words(
    figure: Figure, title: str, releases: Sequence[Release], themes: Sequence[str], years: tuple[int, int]
) -> Figure:
    """The figure of `history` with its words."""
    deck, (first, last) = facts.get("deck-date").now, years
    deck_day = date.fromisoformat(deck.as_of)
    later = sum(release.day > deck_day for release in releases)
    limits = [release.day > deck_day for release in releases if release.theme == "limits"]
    on_slide = sum(release.on_slide_10 for release in releases)
    return add_alt_text(
        figure,
        title,
        f"A timeline from {first} to {last} with a lane for each theme: {listed(themes)}.",
        f"{on_slide} of {_count(len(releases))} are on slide 10 of the deck, as filled circles. The others are open "
        "diamonds.",
        f"A line marks the date of the deck, {deck.value}. {_count(later)} came later.",
        numbers=[len(releases), on_slide, len(releases) - on_slide, later, first, last],
        claims={"half": 2 * later >= len(releases), "most changes to limits": 2 * sum(limits) > len(limits)},
    )


def history_table(releases: Sequence[Release]) -> None:
    """Shows the table behind the figure, with a folded section for each theme.

    The columns are the date, the release, whether it is on slide 10, and the sources.

    Args:
        releases: as `facts.releases()` returns them.

    Raises:
        ValueError: there are no releases.
    """
    if not releases:
        raise ValueError(
            "There is nothing to show, because there are no releases. facts.releases() reads them from releases.yml."
        )
    parts, words = [], []
    for theme, heading in THEMES.items():
        rows = [release for release in releases if release.theme == theme]
        if rows:
            parts.append(_details(f"{heading}: {_count(len(rows))}", rows))
            words += [f"{heading}:", *(f"  {row.when_words}: {row.label}" for row in rows)]
    show_in_notebook: Any = display
    show_in_notebook({"text/html": "".join(parts), "text/plain": "\n".join(words)}, raw=True)


def _details(summary: str, rows: Iterable[Release]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Date", "Release", "On slide 10", "Source"))
    body = "".join(
        f"<tr><td>{row.when_words}</td><td>{html.escape(row.label)}{_note(row)}</td>"
        f"<td>{'yes' if row.on_slide_10 else 'no'}</td><td>{_links(row)}</td></tr>"
        for row in rows
    )
    return (
        f'<details class="release-history"><summary>{html.escape(summary)}</summary>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _note(release: Release) -> str:
    return f" ({html.escape(release.note)})" if release.note else ""


def _links(release: Release) -> str:
    return ", ".join(
        f'<a href="{html.escape(source.url)}">{html.escape(source.title)}</a>' for source in release.sources
    )


def _count(number: int) -> str:
    return f"{number} release" if number == 1 else f"{number} releases"


def _year(day: date) -> float:
    """The day as a decimal year: July 1, 2018, is about 2018.5."""
    start = date(day.year, 1, 1).toordinal()
    return day.year + (day.toordinal() - start) / (date(day.year + 1, 1, 1).toordinal() - start)


class _Lane:
    """The releases of one theme, stacked where they are close, with labels above them. Heights are in inches."""

    def __init__(
        self,
        figure: Figure,
        theme: str,
        releases: Iterable[Release],
        years: tuple[int, int],
        inches_a_year: float,
        sizes: _Sizes,
    ) -> None:
        self.theme = theme
        self._sizes = sizes
        self.marks: list[tuple[Release, float, int]] = []  # release, year, level in its stack
        self.labels: dict[str, tuple[float, int]] = {}  # label -> year of its left end, level
        ends: list[float] = []
        for release in sorted((r for r in releases if r.theme == theme), key=lambda r: r.day):
            x = _year(release.day)
            start, end = x, x + _DOT / inches_a_year
            if _is_year(release):
                start, end = float(release.day.year), release.day.year + 1.0
            level = _first_level(other_end <= start for other_end in ends)
            ends[level:] = [end, *ends[level + 1 :]]
            self.marks.append((release, x, level))
        self._stack = len(ends)
        # Labels are placed from right to left and upward, so the line of a mark passes to the left of lower labels.
        starts: list[float] = []
        for release, x, _ in reversed(self.marks):
            if release.label in sizes.labels:
                width = _text_width_in(figure, release.label, sizes.label_pt) / inches_a_year
                left = max(years[0], min(x + _BESIDE / inches_a_year, years[1] - 0.02 - width))
                right = left + width + _GAP / inches_a_year
                level = _first_level(right <= start for start in starts)
                starts[level:] = [left, *starts[level + 1 :]]
                self.labels[release.label] = (left, level)
        self.height = _PAD + self._stack * _DOT + _BESIDE + len(starts) * sizes.line_in + _PAD

    def draw(self, axes: Axes, bottom: float, *, shaded: bool) -> None:
        ground = "#F4F4F4" if shaded else "white"
        axes.axhspan(bottom, bottom + self.height, color=ground, zorder=0)
        for release, x, level in self.marks:
            y = bottom + _PAD + (level + 0.5) * _DOT
            if _is_year(release):
                axes.plot([release.day.year, release.day.year + 1], [y, y], color=GREY, linewidth=1.5, zorder=2)
            look = _ON_SLIDE if release.on_slide_10 else _NOT_ON_SLIDE
            axes.plot(x, y, markersize=6 if release.on_slide_10 else 5, gid=release.label, zorder=4, **look)
            if release.label in self.labels:
                left, row = self.labels[release.label]
                base = bottom + _PAD + self._stack * _DOT + _BESIDE + row * self._sizes.line_in
                axes.plot([x, x], [y, base + 0.1], color=GREY, linewidth=0.7, zorder=1)
                # The label has a background, so that a line behind it doesn't cross its letters.
                box = {"facecolor": ground, "edgecolor": "none", "pad": 0.8}
                axes.text(left, base, release.label, fontsize=self._sizes.label_pt, va="bottom", bbox=box, zorder=5)


def _is_year(release: Release) -> bool:
    """Whether the sources give only a year, so that the release is drawn as long as the year."""
    return len(release.when) == len("2018")


def _first_level(free: Iterable[bool]) -> int:
    """The first free level, or a new level above the others if none is free."""
    count = -1
    for count, is_free in enumerate(free):
        if is_free:
            return count
    return count + 1


def _text_width_in(figure: Figure, text: str, size_pt: float) -> float:
    drawn = figure.text(0, 0, text, fontsize=size_pt)
    width_px = drawn.get_window_extent().width
    drawn.remove()
    return width_px / figure.dpi


def _draw_years(axes: Axes, first: int, last: int) -> None:
    axes.set_xlim(first, last + 1)
    axes.set_xticks(range(first, last + 2), labels=[])
    axes.set_xticks(
        [year + 0.5 for year in range(first, last + 1)], [str(y) for y in range(first, last + 1)], minor=True
    )
    axes.tick_params(axis="x", which="minor", length=0)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("year of the release")


def _draw_legend(figure: Figure, releases: Sequence[Release]) -> None:
    on_slide = sum(release.on_slide_10 for release in releases)
    marks = [
        Line2D([], [], label=f"on slide 10 of the deck ({on_slide})", **_ON_SLIDE),
        Line2D([], [], label=f"not on slide 10 ({len(releases) - on_slide})", **_NOT_ON_SLIDE),
    ]
    figure.legend(handles=marks, loc="lower left", ncols=2, frameon=False, fontsize=9.5)

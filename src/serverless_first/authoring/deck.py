"""Reads a deck's cells as slides, with their content, notes and minutes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SLIDE_TYPES = ("slide", "subslide", "fragment", "notes", "skip")
PARTS = ("Say", "Ask", "Show", "They think", "Actually", "Minutes")
SOURCES_TAG = "sources"  # on the cell that the build adds at the end of a slide, a lesson or a lab

# Settings for RISE, which shows the notebook live in JupyterLab. The theme needs no network, hidden code leaves no
# line behind, and figures fit.
RISE = {
    "theme": "white",
    "transition": "none",
    "scroll": True,
    "overlay": "<style>"
    ".reveal .jp-Placeholder, .reveal details.figure-in-words { display: none !important; } "
    ".reveal .jp-RenderedHTMLCommon { font-size: 32px; line-height: 1.35; } "
    ".reveal .jp-RenderedHTMLCommon :is(h1, h2) { text-transform: none; } "
    ".reveal .jp-RenderedHTMLCommon small { font-size: 16px; } "
    ".reveal .jp-RenderedImage img { max-height: 78vh; width: auto; }"
    "</style>",
}

_PART = re.compile(rf"^(?:\*\*)?(?P<part>{'|'.join(PARTS)}):(?:\*\*)?[ \t]+", re.MULTILINE)
_HEADING = re.compile(r"\A\s*#{1,3}[ \t]+(?P<title>[^\n]+)\n*")


@dataclass
class Slide:
    """One slide.

    Attributes:
        number: the slide's number, from 1.
        cells: the visible cells in order, as pairs of a cell and whether it is a fragment.
        sources: the Markdown of the sources below the slide, or "".
        notes: the Markdown of the notes, or "".
    """

    number: int
    cells: list[tuple[Any, bool]] = field(default_factory=list)
    sources: str = ""
    notes: str = ""

    @property
    def title(self) -> str:
        """The first heading, as Markdown; "" if the slide has none."""
        heading = _HEADING.match(self.cells[0][0].source) if self.cells else None
        return heading["title"].strip() if heading else ""

    @property
    def minutes(self) -> int:
        """How many minutes the slide takes by its notes; 0 if the notes don't say."""
        text = parts(self.notes).get("Minutes", [""])[0]
        return int(text) if text.isdecimal() else 0


def slides(cells: Sequence[Any]) -> list[Slide]:
    """Groups a deck's cells into slides, by the slide types in their metadata."""
    deck: list[Slide] = []
    for cell in cells:
        kind = slide_type(cell)
        if kind == "skip":
            continue
        if kind in ("slide", "subslide") or not deck:
            deck.append(Slide(len(deck) + 1))
        slide = deck[-1]
        if kind == "notes":
            slide.notes = f"{slide.notes}\n\n{cell.source}".strip()
        elif SOURCES_TAG in cell.metadata.get("tags", []):
            slide.sources = cell.source
        else:
            slide.cells.append((cell, kind == "fragment"))
    return deck


def slide_type(cell: Any) -> str:
    """A cell's slide type, from its metadata or from a tag of that name; "-" continues the previous slide."""
    kind = str(cell.metadata.get("slideshow", {}).get("slide_type", "-")) or "-"
    return next((tag for tag in cell.metadata.get("tags", []) if tag in SLIDE_TYPES), kind)


def without_title(markdown: str) -> str:
    """The Markdown without its first heading."""
    return _HEADING.sub("", markdown, count=1)


def parts(notes: str) -> dict[str, list[str]]:
    """The parts of the notes by their label, such as "Say"; each is a list, because a label may appear twice."""
    notes = notes.split("<small", 1)[0]  # without the sources, which the build adds
    marks = list(_PART.finditer(notes))
    by_label: dict[str, list[str]] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(notes)]
    for mark, end in zip(marks, ends, strict=False):
        by_label.setdefault(mark["part"], []).append(notes[mark.end() : end].strip())
    return by_label


def with_bold_parts(notes: str) -> str:
    """The notes with the labels of their parts in bold, as the speaker sees them."""
    return _PART.sub(lambda mark: f"**{mark['part']}:** ", notes)


def notes_problems(deck: Sequence[Slide], source: str) -> list[str]:
    """A line for each part of a slide's notes that is missing, empty or there twice."""
    problems: list[str] = []
    for slide in deck:
        where = f"{source}, slide {slide.number} ({slide.title or 'without a heading'})"
        by_label = parts(slide.notes)
        for part in PARTS:
            texts = by_label.get(part, [])
            if len(texts) != 1:
                how = "lack" if not texts else "have more than one"
                problems.append(f'{where}: the notes {how} "{part}:"; each slide has one of {", ".join(PARTS)}')
            elif not texts[0]:
                problems.append(f'{where}: "{part}:" is empty')
            elif part == "Minutes" and not (texts[0].isdecimal() and int(texts[0])):
                problems.append(f'{where}: "Minutes:" is a whole number of 1 or more, not {texts[0]!r}')
    return problems


def minutes_problems(deck: Sequence[Slide], source: str, slides_minutes: int) -> list[str]:
    """A line if the deck takes longer than its minutes in course.toml."""
    total = sum(slide.minutes for slide in deck)
    if total <= slides_minutes:
        return []
    return [f"{source}: the slides take {total} minutes by their notes, but course.toml gives them {slides_minutes}"]

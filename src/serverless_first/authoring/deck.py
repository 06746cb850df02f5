"""A deck as slides: what a slide shows, what its notes say, how long it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SLIDE_TYPES = ("slide", "subslide", "fragment", "notes", "skip")
PARTS = ("Say", "Ask", "Show", "Misunderstanding", "Minutes")
SOURCES_TAG = "sources"  # on the cell that the build puts at the foot of a slide, and at the end of a lesson or lab

# The notebook shown live by RISE in JupyterLab. The theme is one that asks nothing of the network; hidden code leaves
# no line behind, and a figure fits.
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
        number: counted from 1.
        cells: what is shown, in order: pairs of a cell and whether it comes as a fragment.
        sources: the Markdown at the foot, or "".
        notes: the Markdown of the notes, or "".
    """

    number: int
    cells: list[tuple[Any, bool]] = field(default_factory=list)
    sources: str = ""
    notes: str = ""

    @property
    def title(self) -> str:
        """The first heading, as Markdown; "" where the slide has none."""
        found = _HEADING.match(self.cells[0][0].source) if self.cells else None
        return found["title"].strip() if found else ""

    @property
    def minutes(self) -> int:
        """How long the slide takes by its notes; 0 where they do not say it."""
        said = parts(self.notes).get("Minutes", [""])[0]
        return int(said) if said.isdecimal() else 0


def slides(cells: Sequence[Any]) -> list[Slide]:
    """The slides of a deck's cells, by the slide types of their metadata."""
    made: list[Slide] = []
    for cell in cells:
        kind = slide_type(cell)
        if kind == "skip":
            continue
        if kind in ("slide", "subslide") or not made:
            made.append(Slide(len(made) + 1))
        slide = made[-1]
        if kind == "notes":
            slide.notes = f"{slide.notes}\n\n{cell.source}".strip()
        elif SOURCES_TAG in cell.metadata.get("tags", []):
            slide.sources = cell.source
        else:
            slide.cells.append((cell, kind == "fragment"))
    return made


def slide_type(cell: Any) -> str:
    """A cell's slide type, from its metadata or from a tag that is short for it; "-" goes on with the slide before."""
    kind = str(cell.metadata.get("slideshow", {}).get("slide_type", "-")) or "-"
    return next((tag for tag in cell.metadata.get("tags", []) if tag in SLIDE_TYPES), kind)


def without_title(markdown: str) -> str:
    """The Markdown without its first heading."""
    return _HEADING.sub("", markdown, count=1)


def parts(notes: str) -> dict[str, list[str]]:
    """What the notes say, by the word before it, such as "Say:"; a list of texts, for a word may come twice."""
    notes = notes.split("<small", 1)[0]  # without the sources, which the build adds
    marks = list(_PART.finditer(notes))
    found: dict[str, list[str]] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(notes)]
    for mark, end in zip(marks, ends, strict=False):
        found.setdefault(mark["part"], []).append(notes[mark.end() : end].strip())
    return found


def with_bold_parts(notes: str) -> str:
    """The notes with those words in bold, as the speaker sees them."""
    return _PART.sub(lambda mark: f"**{mark['part']}:** ", notes)


def notes_problems(deck: Sequence[Slide], source: str) -> list[str]:
    """A line for each part that a slide's notes lack, have twice, or leave empty."""
    problems: list[str] = []
    for slide in deck:
        where = f"{source}, slide {slide.number} ({slide.title or 'without a heading'})"
        found = parts(slide.notes)
        for part in PARTS:
            texts = found.get(part, [])
            if len(texts) != 1:
                how = "lack" if not texts else "have more than one"
                problems.append(f'{where}: the notes {how} "{part}:"; each slide has one of {", ".join(PARTS)}')
            elif not texts[0]:
                problems.append(f'{where}: "{part}:" is empty')
            elif part == "Minutes" and not (texts[0].isdecimal() and int(texts[0])):
                problems.append(f'{where}: "Minutes:" is a whole number of 1 or more, not {texts[0]!r}')
    return problems


def minutes_problems(deck: Sequence[Slide], source: str, slides_minutes: int) -> list[str]:
    """A line when the deck takes longer than course.toml gives it."""
    total = sum(slide.minutes for slide in deck)
    if total <= slides_minutes:
        return []
    return [
        f"{source}: the slides take {total} minutes by their notes, slides_minutes in course.toml is {slides_minutes}"
    ]

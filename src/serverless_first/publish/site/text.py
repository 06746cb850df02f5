"""The Markdown of one page as it is put together; it remembers from which cell each line came."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass, field

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s")


@dataclass
class Text:
    """A page's source for Sphinx.

    Attributes:
        origin: the file that it is made from, relative to the checkout.
    """

    origin: str
    _lines: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _places: list[str] = field(default_factory=list)

    def at(self, place: str) -> None:
        """Says where later parts come from, as in "cell 12"."""
        self._starts.append(len(self._lines) + 1)
        self._places.append(place)

    def add(self, markdown: str) -> None:
        """Adds a block of Markdown, with an empty line behind it."""
        self._lines += [*markdown.strip("\n").split("\n"), ""]

    def html(self, markup: str) -> None:
        """Adds HTML as it is. The search also finds its words."""
        self.fenced("{raw} html", markup)

    def fenced(self, kind: str, content: str) -> None:
        """Adds a block between two fences that are longer than any in the content."""
        longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
        fence = "`" * max(3, longest + 1)
        self._lines += [f"{fence}{kind}", *content.strip("\n").split("\n"), fence, ""]

    def source(self) -> str:
        """The whole page."""
        return "\n".join(self._lines) + "\n"

    def place(self, line: int) -> str:
        """Where a line of the page comes from: file and cell."""
        index = bisect_right(self._starts, line) - 1
        return f"{self.origin}, {self._places[index]}" if index >= 0 else self.origin


def split_at_headings(markdown: str) -> list[str]:
    """Parts of a text in their order: each heading, and the text between headings."""
    parts: list[list[str]] = [[]]
    fence = ""
    for line in markdown.split("\n"):
        if match := _FENCE.match(line):
            fence = "" if fence and match[1].startswith(fence) else fence or match[1]
        if not fence and _HEADING.match(line):
            parts += [[line], []]
        else:
            parts[-1].append(line)
    return [text for part in parts if (text := "\n".join(part).strip("\n"))]


def is_heading(markdown: str) -> bool:
    """Whether a part of `split_at_headings` is a heading."""
    return bool(_HEADING.match(markdown))


def escaped(text: str) -> str:
    """Plain text for HTML."""
    return html.escape(text, quote=True)

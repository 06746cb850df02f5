"""Markdown as a reader sees it: passages without markup, with their lines, for the prose lint and the minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["heading", "paragraph", "item", "cell", "message"]

#: The heading that ends the core of a lesson.
GOING_FURTHER = "Going further"
#: The heading of a lesson's last section.
SOURCES = "Sources"

_CELL_BREAK = re.compile(r"^\+\+\+.*$", re.MULTILINE)
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Passage:
    """A paragraph, heading, list item or table cell as it reads.

    Args:
        text: without markup; an inline code is one word between backticks, and line ends stay line ends.
        line: where it begins in the source, from 1.
        kind: what it is; a paragraph inside a list item is an "item", words of a program are a "message".
        level: of a heading, 1 to 6; otherwise 0.
        ends_open: whether a list, a table or code follows, which a colon at its end may introduce.
    """

    text: str
    line: int
    kind: Kind
    level: int = 0
    ends_open: bool = False

    @property
    def words(self) -> int:
        """How many words it has: runs of characters that hold a letter or a digit."""
        return sum(any(sign.isalnum() for sign in run) for run in self.text.split())


@dataclass(frozen=True)
class Section:
    """A piece of a Markdown text, from one heading to the next.

    Args:
        source: as it is written, with its heading.
        heading: the words of the heading; "" for the text before the first heading.
        level: of the heading, 1 to 6; 0 without one.
    """

    source: str
    heading: str = ""
    level: int = 0


def passages(markdown: str) -> list[Passage]:
    """The passages of a Markdown text, or of a MyST source with its cells; code blocks and HTML blocks are left out."""
    tokens = _PARSER.parse(_CELL_BREAK.sub("", markdown))
    return list(_walk(tokens))


def sections(markdown: str) -> list[Section]:
    """The Markdown cut at its headings, also within a section. A comment in a block of code isn't a heading."""
    heads = [passage for passage in passages(markdown) if passage.kind == "heading"]
    lines = markdown.split("\n")
    begins = [*(head.line - 1 for head in heads), len(lines)]
    before = "\n".join(lines[: begins[0]])
    return [Section(before)] * bool(before.strip()) + [
        Section("\n".join(lines[begin:end]), head.text.strip(), head.level)
        for head, begin, end in zip(heads, begins[:-1], begins[1:], strict=True)
    ]


def words(markdown: str) -> int:
    """How many words a reader of this Markdown sees, headings and tables included."""
    return sum(passage.words for passage in passages(markdown))


def core(text: Sequence[Passage]) -> list[Passage]:
    """The passages before the section *Going further* or *Sources*; all of them where a lesson has neither."""
    ends = (n for n, p in enumerate(text) if p.kind == "heading" and p.text.strip() in (GOING_FURTHER, SOURCES))
    return list(text[: next(ends, len(text))])


def sentences(text: str) -> list[tuple[int, str]]:
    """The sentences of a passage's text, each with its offset."""
    spans, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        spans.append((start, text[start : end.start()].strip()))
        start = end.end()
    spans.append((start, text[start:].strip()))
    return [(offset, sentence) for offset, sentence in spans if sentence]


# A full stop, then a blank and a capital, a digit, a quotation or code. "e.g." and initials don't end a sentence.
_SENTENCE_END = re.compile(r"(?<=[.?!…])(?<!e\.g\.)(?<!i\.e\.)(?<!\b[A-Z]\.)[\"”’)]*\s+(?=[\"“‘(`A-Z0-9])")


def _walk(tokens: Sequence[Token]) -> Iterator[Passage]:
    depth_of_items = 0
    for number, token in enumerate(tokens):
        if token.type in ("list_item_open", "list_item_close"):
            depth_of_items += token.nesting
        if token.type != "inline":
            continue
        opened, after = tokens[number - 1].type, tokens[number + 2].type if number + 2 < len(tokens) else ""
        kind: Kind = "paragraph"
        if opened == "heading_open":
            kind = "heading"
        elif opened in ("th_open", "td_open"):
            kind = "cell"
        elif depth_of_items:
            kind = "item"
        line = (token.map or [0])[0] + 1
        level = int(tokens[number - 1].tag[1:]) if kind == "heading" else 0
        introduces = after in ("fence", "code_block", "bullet_list_open", "ordered_list_open", "table_open")
        introduces = introduces or after == "blockquote_open"
        yield Passage(_text(token), line, kind, level, introduces)


def _text(token: Token) -> str:
    """The text of an inline token; marks of sources, which are superscripts, don't belong to the sentence."""
    parts, hidden = [], False
    for child in token.children or ():
        if child.type == "html_inline":
            hidden = child.content.startswith("<sup") or (hidden and not child.content.startswith("</sup"))
        elif hidden:
            continue
        elif child.type == "text":
            parts.append(child.content)
        elif child.type == "code_inline":
            parts.append(f"`{re.sub(r'[^0-9A-Za-z]', '_', child.content)}`")
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
    return "".join(parts)

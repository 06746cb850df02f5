"""Citations in text: {fact}`id` gives a value and a footnote mark, {source}`key` only the mark.

{then}`id` gives the value when the deck was shown, and {then-now}`id1, id2`, on its own line, a table. `render`
replaces them all. `PageNotes` collects the footnotes for a page's *Sources* section, `Marks` for the foot of a slide,
a hint or a quiz.
"""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from string import ascii_lowercase

from serverless_first.facts.files import Source
from serverless_first.facts.table import Dated, Fact, Facts, UnknownFact

ROLES = ("fact", "then", "source", "then-now")
# Code is matched too, and left alone: the alternatives are tried from left to right at each place in the text.
_TOKEN = re.compile(
    r"(?P<fence>^(?P<ticks>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=ticks)[`~]*[ \t]*$|\Z))"
    # A mark follows the punctuation behind a citation: "25,000 events.[3]"
    r"|\{(?P<role>[a-z][a-z-]*)\}`(?P<ids>[^`\n]+)`(?P<stop>[.,;:!?](?!\S))?"
    r"|(?P<run>`+)(?!`).*?(?<!`)(?P=run)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_IN_CODE = re.compile(r"\bfacts\.get\(\s*[\"']([^\"']+)[\"']")
# Signs in an attribute of a tag that Markdown, a table or MathJax would read.
_ATTRIBUTE = str.maketrans({"$": "&#36;", "|": "&#124;", "`": "", "*": "", "_": " ", "[": "(", "]": ")"})


class CitationError(ValueError):
    """A citation that cannot be rendered; the message says what is allowed."""


@dataclass(frozen=True)
class Note:
    """The words and the sources of one footnote.

    Attributes:
        statement: the fact in words, as in "Billing step: 1 ms"; "" where a source is cited without a fact.
        as_of: the date in words, as in "December 2020", or "".
        sources: at least one.
    """

    statement: str
    as_of: str
    sources: tuple[Source, ...]

    @staticmethod
    def of(fact: Fact, dated: Dated) -> Note:
        """The note of a fact's value, now or then. It has the whole value, also where the text has a short form."""
        return Note(f"{fact.what}: {dated.value.rstrip('.')}", dated.as_of_words, dated.sources)


class Notes(ABC):
    """Keeps the footnotes of a text while `render` goes through it."""

    #: Whether the table of then and now has short forms, as sentences have, for want of room.
    short_in_table = False

    @abstractmethod
    def mark(self, note: Note) -> str:
        """The mark after the value, which leads to the note."""

    def value(self, words: str) -> str:
        """A fact's value for the text."""
        return words


class PageNotes(Notes):
    """The footnotes of a lesson or lab, numbered in the order of the page, one for each fact.

    A number links to its entry in the *Sources* section, and the entry links back to the first place that cites it.

    Args:
        page: begins the anchors, as in "lesson-05". JupyterLab looks for an anchor in every open notebook, so anchors
            differ from page to page.
    """

    def __init__(self, page: str) -> None:
        self._page = page
        self._numbers: dict[Note, int] = {}

    def mark(self, note: Note) -> str:
        """A superscript number such as [3]. Its tooltip names source and date."""
        is_first = note not in self._numbers
        number = self._numbers.setdefault(note, len(self._numbers) + 1)
        anchor = f' id="{self._page}-mark-{number}"' if is_first else ""
        title = "; ".join(source.title for source in note.sources) + _behind(note.as_of)
        return f'<sup{anchor}><a href="#{self._page}-source-{number}" title="{_attribute(title)}">[{number}]</a></sup>'

    def section(self, read_by_code: Iterable[Note] = ()) -> str:
        """The *Sources* section as Markdown, or "" if the page cites nothing.

        Args:
            read_by_code: notes of the facts that code on the page reads. They have no mark and no number.
        """
        back = '<a href="#{page}-mark-{number}" title="Back to the text">↩</a>'
        numbered = [
            f'{number}. <span id="{self._page}-source-{number}"></span>{_entry(note)} '
            + back.format(page=self._page, number=number)
            for note, number in self._numbers.items()
        ]
        unmarked = [f"- {_entry(note)}" for note in dict.fromkeys(read_by_code) if note not in self._numbers]
        if unmarked:
            unmarked = ["The code on this page also uses:", "\n".join(unmarked)]
        blocks = ["\n".join(numbered), *unmarked]
        return "\n\n".join(["## Sources", *filter(None, blocks)]) if any(blocks) else ""


class Marks(Notes):
    """The sources of a short text. A small mark in the sentence links to the source, which the foot names.

    Args:
        letters: count a, b, c instead of 1, 2, 3. Hints and quizzes appear on pages that have numbers already.
        in_html: the text is HTML, not Markdown, so values are escaped.
    """

    short_in_table = True

    def __init__(self, *, letters: bool = False, in_html: bool = False) -> None:
        self._letters = letters
        self._in_html = in_html
        self._marks: dict[tuple[Source, str], str] = {}

    def value(self, words: str) -> str:
        """A fact's value, escaped in HTML."""
        return escape(words, quote=False) if self._in_html else words

    def without_links(self) -> Marks:
        """The same marks, with the same foot, for a terminal or a place that may not hold a link."""
        marks = _PlainMarks(letters=self._letters, in_html=self._in_html)
        marks._marks = self._marks
        return marks

    def mark(self, note: Note) -> str:
        """The marks of the note's sources, as HTML in Markdown, each a link."""
        links = (
            f'<a href="{escape(source.url)}" title="{_attribute(source.title)}">[{self._name(source, note)}]</a>'
            for source in note.sources
        )
        return f"<sup>{''.join(links)}</sup>"

    def foot(self) -> str:
        """The list of the sources in small print, or "" when nothing was cited."""
        if not self._marks:
            return ""
        entries = (
            f'[{mark}]&nbsp;<a href="{escape(source.url)}">{escape(_plain(source.title))}</a>{_behind(as_of)}'
            for (source, as_of), mark in self._marks.items()
        )
        return f'<small class="sources">{" · ".join(entries)}</small>'

    def plain_foot(self) -> str:
        """The same list for a terminal, a source to a line."""
        return "\n".join(
            f"[{mark}] {source.title}{_behind(as_of)}: {source.url}" for (source, as_of), mark in self._marks.items()
        )

    def _name(self, source: Source, note: Note) -> str:
        count = len(self._marks)
        letter = ascii_lowercase[count % 26] * (count // 26 + 1)  # z is followed by aa
        return self._marks.setdefault((source, note.as_of), letter if self._letters else str(count + 1))


class _PlainMarks(Marks):
    def mark(self, note: Note) -> str:
        return " " + "".join(f"[{self._name(source, note)}]" for source in note.sources)


def render(text: str, facts: Facts, notes: Notes, cited: set[str] | None = None) -> str:
    """The Markdown with its citations replaced: values and marks in the text, footnotes kept by `notes`.

    Sentences and slides have a fact's short form. A page's table and the footnote have its whole value.

    Args:
        text: may contain code, which stays as it is.
        facts: where the ids are looked up.
        notes: gets a note for each citation.
        cited: the ids and the keys of sources that the text cites are added to it.

    Raises:
        CitationError: an unknown id or role, a fact without `then` where it is needed, a table inside a line.
    """

    def replace(match: re.Match[str]) -> str:
        role, ids, stop = match["role"], match["ids"], match["stop"] or ""
        if role is None:
            return match[0]
        if role not in ROLES:
            allowed = ", ".join(f"{{{name}}}" for name in ROLES)
            raise CitationError(f"unknown role {{{role}}}. Allowed roles: {allowed}")
        names = [name.strip() for name in ids.split(",") if name.strip()]
        if cited is not None:
            cited.update(names)
        if role == "then-now":
            _alone_on_its_line(match)
            return _table([_look_up(name, facts) for name in names], notes)
        if role == "source":
            return stop + "".join(notes.mark(_noted(name, facts)) for name in names)
        if len(names) != 1:
            raise CitationError(f"{{{role}}} takes one id, not {ids!r}")
        fact = _look_up(names[0], facts)
        dated = fact.now if role == "fact" else _then(fact)
        return notes.value(dated.short or dated.value) + stop + notes.mark(Note.of(fact, dated))

    return _TOKEN.sub(replace, text)


def has_citations(text: str) -> bool:
    """Whether `render` would replace something. If it wouldn't, the facts needn't be read, which takes a moment."""
    return any(match["role"] for match in _TOKEN.finditer(text))


def cited_in_code(source: str) -> list[str]:
    """The ids that a code cell reads with ``facts.get("id")``, in their order."""
    return list(dict.fromkeys(_IN_CODE.findall(source)))


def _look_up(fact_id: str, facts: Facts) -> Fact:
    try:
        return facts[fact_id]
    except UnknownFact as error:
        raise CitationError(str(error)) from None


def _noted(name: str, facts: Facts) -> Note:
    """The note of a fact or, where the name is not an id, of a source."""
    if name in facts:
        return Note.of(facts[name], facts[name].now)
    if name in facts.sources:
        return Note("", "", (facts.sources[name],))
    near = difflib.get_close_matches(name, [*facts, *facts.sources], n=3, cutoff=0.5)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise CitationError(f"facts.yml has no fact and no source {name!r}.{hint}")


def _then(fact: Fact) -> Dated:
    if fact.then is None:
        raise CitationError(f"fact {fact.id!r} has no `then` in facts.yml. Add it, or cite {{fact}}")
    return fact.then


def _alone_on_its_line(match: re.Match[str]) -> None:
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    after = text[match.end() :].split("\n", 1)[0]
    if before.strip() or after.strip() or match["stop"]:
        raise CitationError("{then-now} makes a table, so put it on its own line")


def _table(facts: Iterable[Fact], notes: Notes) -> str:
    rows = [["What", "Then", "As of", "Now", "As of"], ["---"] * 5]
    for fact in facts:
        row = [_cell(fact.what)]
        for dated in (_then(fact), fact.now):
            words = (dated.short if notes.short_in_table else None) or dated.value
            row += [_cell(notes.value(words)) + notes.mark(Note.of(fact, dated)), dated.as_of_words]
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _entry(note: Note) -> str:
    """A footnote as Markdown: statement, date, links to the sources."""
    links = []
    for source in note.sources:
        url = f"<{source.url}>" if any(sign in source.url for sign in "() ") else source.url
        links.append(f"[{source.title.replace('[', '(').replace(']', ')')}]({url})")
    statement = f"{note.statement}. " if note.statement else ""
    as_of = f"As of {note.as_of}: " if note.as_of else ""
    return f"{statement}{as_of}{'; '.join(links)}."


def _behind(as_of: str) -> str:
    return f", {as_of}" if as_of else ""


def _attribute(words: str) -> str:
    return escape(words).translate(_ATTRIBUTE)


def _plain(title: str) -> str:
    # Markdown reads what stands between tags, and would take these signs for its own.
    return title.replace("[", "(").replace("]", ")").replace("*", "").replace("_", " ")

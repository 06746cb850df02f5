"""Citations in Markdown become text with date and source: {fact}`id`, {then}`id`, the table {then-now}`id1, id2`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from serverless_first.facts import Dated, Fact, Facts, UnknownFact

# Code is matched too, and left alone: the alternatives are tried from left to right at each place in the text.
_TOKEN = re.compile(
    r"(?P<fence>^(?P<ticks>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=ticks)[`~]*[ \t]*$|\Z))"
    r"|\{(?P<role>[a-z][a-z-]*)\}`(?P<ids>[^`\n]+)`"
    r"|(?P<run>`+)(?!`).*?(?<!`)(?P=run)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_IN_CODE = re.compile(r"\bfacts\.get\(\s*[\"']([^\"']+)[\"']")


class CitationError(ValueError):
    """A citation that cannot be rendered; the message says what is allowed."""


class Marks:
    """The sources of one slide: a small number stands in the sentence, the source itself at the slide's foot."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, str], int] = {}

    def of(self, dated: Dated) -> str:
        """The marks of a fact's sources, as HTML in Markdown, each a link."""
        keys = [(source.title, source.url, dated.as_of_words) for source in dated.sources]
        links = (
            f'<a href="{escape(key[1])}" title="{escape(_plain(key[0]))}">'
            f"{self._numbers.setdefault(key, len(self._numbers) + 1)}</a>"
            for key in keys
        )
        return f"<sup>{'&thinsp;'.join(links)}</sup>"

    def foot(self) -> str:
        """The numbered list of the sources in small print, or "" when nothing was cited."""
        if not self._numbers:
            return ""
        entries = (
            f'{number}&nbsp;<a href="{escape(url)}">{escape(_plain(title))}</a>, {as_of}'
            for (title, url, as_of), number in self._numbers.items()
        )
        return f'<small class="sources">{" · ".join(entries)}</small>'


def render(markdown: str, facts: Facts, cited: set[str], marks: Marks | None = None) -> str:
    """The Markdown with its citations replaced; the ids it cites are added to `cited`.

    With `marks` the sources do not stand in the text: a mark does, and `marks` keeps the source for the foot.

    Raises:
        CitationError: an unknown id or role, a fact without `then` where it is needed, a table inside a line.
    """

    def replace(match: re.Match[str]) -> str:
        role, ids = match["role"], match["ids"]
        if role is None:
            return match[0]
        names = [name.strip() for name in ids.split(",") if name.strip()]
        cited.update(names)
        if role == "then-now":
            _alone_on_its_line(match)
            return _table((_look_up(name, facts) for name in names), marks)
        if role not in ("fact", "then"):
            raise CitationError(f"unknown role {{{role}}}; allowed: {{fact}}, {{then}}, {{then-now}}")
        if len(names) != 1:
            raise CitationError(f"{{{role}}} takes one id, not {ids!r}")
        fact = _look_up(names[0], facts)
        return _inline(fact.now if role == "fact" else _then(fact), marks)

    return _TOKEN.sub(replace, markdown)


def cited_in_code(source: str) -> set[str]:
    """The ids that a code cell reads with ``facts.get("id")``."""
    return set(_IN_CODE.findall(source))


def _look_up(fact_id: str, facts: Facts) -> Fact:
    try:
        return facts[fact_id]
    except UnknownFact as error:
        raise CitationError(str(error)) from None


def _then(fact: Fact) -> Dated:
    if fact.then is None:
        raise CitationError(f"fact {fact.id!r} has no `then` in facts.yml; add it, or cite {{fact}} alone")
    return fact.then


def _alone_on_its_line(match: re.Match[str]) -> None:
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    after = text[match.end() :].split("\n", 1)[0]
    if before.strip() or after.strip():
        raise CitationError("{then-now} makes a table: give it a line of its own")


def _inline(dated: Dated, marks: Marks | None) -> str:
    if marks:
        return f"{dated.value}{marks.of(dated)}"
    return f"{dated.value} ({_links(dated)}, as of {dated.as_of_words})"


def _table(facts: Iterable[Fact], marks: Marks | None) -> str:
    head = "| What | Then | Now |" if marks else "| What | Then (date, source) | Now (date, source) |"
    rows = [head, "|---|---|---|"]
    for fact in facts:
        columns = (fact.what, _in_table(_then(fact), marks), _in_table(fact.now, marks))
        rows.append(f"| {' | '.join(column.replace('|', chr(92) + '|') for column in columns)} |")
    return "\n".join(rows)


def _in_table(dated: Dated, marks: Marks | None) -> str:
    if marks:
        return f"{dated.value}{marks.of(dated)}"
    return f"{dated.value} ({dated.as_of_words}, {_links(dated)})"


def _links(dated: Dated) -> str:
    links = []
    for source in dated.sources:
        url = f"<{source.url}>" if any(sign in source.url for sign in "() ") else source.url
        links.append(f"[{source.title.replace('[', '(').replace(']', ')')}]({url})")
    return ", ".join(links)


def _plain(title: str) -> str:
    # Markdown reads what stands between tags, and would take these signs for its own.
    return title.replace("[", "(").replace("]", ")").replace("*", "").replace("_", " ")

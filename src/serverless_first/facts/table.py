"""facts.yml and releases.yml as objects: every dated number of the course, and the release history of Lambda.

facts.yml has two parts::

    sources:
      NEWS-1MS: {title: "AWS News Blog, 1 ms billing", url: "https://aws.amazon.com/..."}
    facts:
      lambda-billing-step:
        what: Billing step of Lambda
        then: {value: 100 ms, as_of: 2020-01, source: NEWS-1MS}      # optional
        now: {value: 1 ms, as_of: 2020-12-01, source: [NEWS-1MS]}
        checked: 2026-11-24                                          # when somebody last looked
        note: since December 2020                                    # optional, for authors

Lessons cite a fact by its id; `facts.cite` renders its value and a footnote with date and source. A value that does not
fit into a sentence has a short form as well::

    now: {value: 10,000 connections and 100 new ones a second, short: 10,000 connections, as_of: 2025, source: QUOTA}

releases.yml is beside it and may cite the same sources::

    sources: ...                                                     # as above, those that only releases need
    releases:
      - date: 2018-11-29                                             # the day, month or year that the source gives
        label: Layers
        theme: packaging                                             # one of THEMES
        on_slide_10: true                                            # optional
        source: LDG-HIST
        note: On the slide "..."                                     # optional, for readers
    undated: [SOC Certification]                                     # on slide 10, no source for the date found
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from serverless_first.course.places import course_root
from serverless_first.facts.files import FOLDER, FactsError, Reader, Source, parse

STALE_AFTER_DAYS = 365

# Not from `calendar`: its names follow the locale of the machine.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# The lanes of the release history, in their order: the word in releases.yml, and the heading that readers see.
THEMES: Mapping[str, str] = {
    "limits": "limits and billing",
    "runtimes": "runtimes",
    "events": "events",
    "networking": "networking",
    "packaging": "packaging",
    "operations": "operations",
    "tools": "tools",
    "compliance": "compliance",
}


class UnknownFact(KeyError):
    """An id that facts.yml does not have; the message lists the nearest ones."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Dated:
    """A value, the day, month or year it holds for ("2026-11-19", "2026-11", "2026"), and its sources.

    `short` is the form that fits into a sentence; None where the value itself does.
    """

    value: str
    as_of: str
    sources: tuple[Source, ...]
    short: str | None = None

    @property
    def as_of_words(self) -> str:
        """The date for readers: "November 2026", or "2026" when no month is known."""
        parts = self.as_of.split("-")
        return parts[0] if len(parts) == 1 else f"{_MONTHS[int(parts[1]) - 1]} {parts[0]}"


@dataclass(frozen=True)
class Fact:
    """One fact: its subject, its value now, at the time of the deck (`then`), and when it was checked."""

    id: str
    what: str
    now: Dated
    then: Dated | None
    checked: date
    note: str | None = None

    def stale(self, today: date) -> bool:
        """Whether nobody has checked the fact in the 365 days before `today`; a future day doesn't count as a check."""
        return not timedelta(0) <= today - self.checked <= timedelta(days=STALE_AFTER_DAYS)


@dataclass(frozen=True)
class Release:
    """One item of Lambda's release history.

    `when` is the day, month or year that the sources give: "2018-11-29", "2018-11" or "2018". `theme` is a key of
    THEMES. `on_slide_10` tells whether slide 10 of the deck shows it.
    """

    label: str
    theme: str
    when: str
    on_slide_10: bool
    sources: tuple[Source, ...]
    note: str | None = None

    @property
    def day(self) -> date:
        """The day for an axis: the middle of the month or of the year when no day is known."""
        return date.fromisoformat(self.when + {7: "-15", 4: "-07-02"}.get(len(self.when), ""))

    @property
    def when_words(self) -> str:
        """The date for readers, as exact as it is known: "29 November 2018", "November 2018" or "2018"."""
        year, *rest = self.when.split("-")
        month = [_MONTHS[int(rest[0]) - 1]] if rest else []
        day = [str(int(rest[1]))] if len(rest) == 2 else []
        return " ".join([*day, *month, year])


@dataclass(frozen=True)
class History:
    """Lambda's releases, oldest first, and the items of slide 10 that no source dates, in the slide's words."""

    releases: tuple[Release, ...] = ()
    undated: tuple[str, ...] = ()


class Facts(dict[str, Fact]):
    """All facts by id, in the order of the file; `facts[id]` raises UnknownFact with the near misses.

    Attributes:
        sources: every source that the file names, by key; texts may cite a source without a fact.
    """

    def __init__(
        self, facts: Mapping[str, Fact] | Iterable[tuple[str, Fact]] = (), sources: Mapping[str, Source] | None = None
    ) -> None:
        super().__init__(facts)
        self.sources: Mapping[str, Source] = sources or {}

    def __missing__(self, fact_id: str) -> Fact:
        near = difflib.get_close_matches(fact_id, self, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "facts.yml lists the known facts."
        raise UnknownFact(f"There is no fact {fact_id!r} in facts.yml. {hint}")


def get(fact_id: str) -> Fact:
    """The fact with this id, from the checkout's facts.yml.

    Raises:
        UnknownFact: there is none; the message lists near misses.
        FactsError: facts.yml breaks its rules.
    """
    return load()[fact_id]


def load(root: Path | None = None) -> Facts:
    """Reads facts.yml of the checkout (or of `root`); a course without the file has no facts.

    Raises:
        FactsError: with one problem for each wrong place, which says what is allowed.
    """
    path = (root or course_root()) / FOLDER / "facts.yml"
    return _Reader(path.name).read(parse(path)) if path.is_file() else Facts()


def history(root: Path | None = None) -> History:
    """Reads releases.yml of the checkout (or of `root`); a course without the file has no history.

    Raises:
        FactsError: as `load`, for facts.yml (whose sources it shares) and for releases.yml.
    """
    path = (root or course_root()) / FOLDER / "releases.yml"
    if not path.is_file():
        return History()
    return _Reader(path.name, sources(root)).read_history(parse(path))


def sources(root: Path | None = None) -> dict[str, Source]:
    """The sources that facts.yml names, by key: the files beside it may cite them; none without the file.

    Raises:
        FactsError: as `load`.
    """
    path = (root or course_root()) / FOLDER / "facts.yml"
    reader = _Reader(path.name)
    if path.is_file():
        reader.read(parse(path))
    return reader.sources


def releases(root: Path | None = None) -> tuple[Release, ...]:
    """Lambda's releases, oldest first; see `history`."""
    return history(root).releases


def undated(root: Path | None = None) -> tuple[str, ...]:
    """The items of slide 10 that are not among the releases, since no source dates them; see `history`."""
    return history(root).undated


class _Reader(Reader):
    """Reads facts.yml and releases.yml."""

    def read(self, data: object) -> Facts:
        top = self.mapping(data, "the file", {"sources", "facts"})
        self.read_sources(top)
        entries = self.mapping(top.get("facts"), "facts").items()
        facts = Facts(((str(key), self._fact(str(key), entry)) for key, entry in entries), self.sources)
        if self.problems:
            raise FactsError(self.problems)
        return facts

    def read_history(self, data: object) -> History:
        top = self.mapping(data, "the file", {"sources", "releases", "undated"})
        self.read_sources(top)
        entries = enumerate(self.entries(top, "releases"), 1)
        rows = [row for number, entry in entries if (row := self._release(number, entry))]
        undated = [self.text({"label": label}, "label", "undated") for label in self.entries(top, "undated")]
        labels = [row.label for row in rows] + undated
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            self.problem(f"{label!r} appears twice")
        if self.problems:
            raise FactsError(self.problems)
        return History(tuple(sorted(rows, key=lambda row: row.day)), tuple(undated))

    def _release(self, number: int, entry: object) -> Release | None:
        before = len(self.problems)
        where = f"release {number}"
        fields = self.mapping(entry, where, {"date", "label", "theme", "on_slide_10", "source", "note"})
        label = self.text(fields, "label", where)
        if label:
            where += f" ({label})"
        theme, on_slide_10 = str(fields.get("theme")), fields.get("on_slide_10", False)
        if theme not in THEMES:
            self.problem(f"{where}: theme is {theme!r}, but must be one of {', '.join(THEMES)}")
        when = self.period(fields.get("date"), f"{where}: date")
        if not isinstance(on_slide_10, bool):
            self.problem(f"{where}: on_slide_10 is {on_slide_10!r}, but must be true or false")
        note = self.text(fields, "note", where) if "note" in fields else None
        release = Release(label, theme, when, on_slide_10 is True, self.cited(fields, where), note)
        return release if len(self.problems) == before else None

    def _fact(self, fact_id: str, entry: object) -> Fact:
        where = f"fact {fact_id}"
        fields = self.named("fact", fact_id, entry, {"what", "then", "now", "checked", "note"})
        # The order of these lines is the order of the problems.
        return Fact(
            id=fact_id,
            what=self.text(fields, "what", where),
            now=self._dated(fields.get("now"), f"{where}, now"),
            then=self._dated(fields["then"], f"{where}, then") if "then" in fields else None,
            note=self.text(fields, "note", where) if "note" in fields else None,
            checked=self.day(fields.get("checked"), f"{where}: checked"),
        )

    def _dated(self, entry: object, where: str) -> Dated:
        fields = self.mapping(entry, where, {"value", "short", "as_of", "source"})
        value, as_of = self.text(fields, "value", where), self.period(fields.get("as_of", ""), f"{where}: as_of")
        short = self.text(fields, "short", where) if "short" in fields else None
        if short and len(short) >= len(value):
            self.problem(
                f"{where}: short is {short!r}, which is not shorter than the value. Leave it out, or shorten it"
            )
        return Dated(value, as_of, self.cited(fields, where), short)

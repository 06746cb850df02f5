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

Lessons cite a fact by its id; the build renders value, date and source.

releases.yml stands beside it and may cite the same sources::

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
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml

from serverless_first.places import course_root

STALE_AFTER_DAYS = 365

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d{2})?)?")
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


class FactsError(ValueError):
    """facts.yml or releases.yml breaks its own rules; `problems` has one line for each place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnknownFact(KeyError):
    """An id that facts.yml does not have; the message lists the nearest ones."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Source:
    """Where a value was read."""

    key: str
    title: str
    url: str


@dataclass(frozen=True)
class Dated:
    """A value, the day, month or year it holds for ("2026-11-19", "2026-11", "2026"), and its sources."""

    value: str
    as_of: str
    sources: tuple[Source, ...]

    @property
    def as_of_words(self) -> str:
        """The date for readers: "November 2026", or "2026" when no month is known."""
        parts = self.as_of.split("-")
        return parts[0] if len(parts) == 1 else f"{_MONTHS[int(parts[1]) - 1]} {parts[0]}"


@dataclass(frozen=True)
class Fact:
    """One fact: what it is about, its value now, at the time of the deck (`then`), and when it was checked."""

    id: str
    what: str
    now: Dated
    then: Dated | None
    checked: date
    note: str | None = None

    def stale(self, today: date) -> bool:
        """Whether nobody has checked the fact in the 365 days before `today`; a day to come is no check either."""
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
    """All facts by id, in the order of the file; `facts[id]` raises UnknownFact with the near misses."""

    def __missing__(self, fact_id: str) -> Fact:
        near = difflib.get_close_matches(fact_id, self, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "facts.yml lists those there are."
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
        FactsError: with one problem for each wrong place: what is wrong, and what is allowed.
    """
    path = (root or course_root()) / "facts.yml"
    return _Reader(path.name).read(_parse(path)) if path.is_file() else Facts()


def history(root: Path | None = None) -> History:
    """Reads releases.yml of the checkout (or of `root`); a course without the file has no history.

    Raises:
        FactsError: as `load`, for facts.yml (whose sources it shares) and for releases.yml.
    """
    path, facts_path = ((root or course_root()) / name for name in ("releases.yml", "facts.yml"))
    if not path.is_file():
        return History()
    shared = _Reader(facts_path.name)
    if facts_path.is_file():
        shared.read(_parse(facts_path))
    return _Reader(path.name, shared.sources).read_history(_parse(path))


def releases(root: Path | None = None) -> tuple[Release, ...]:
    """Lambda's releases, oldest first; see `history`."""
    return history(root).releases


def undated(root: Path | None = None) -> tuple[str, ...]:
    """The items of slide 10 that are not among the releases, since no source dates them; see `history`."""
    return history(root).undated


def _parse(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise FactsError([f"{path.name}: not valid YAML: {' '.join(str(error).split())}"]) from None


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, which YAML would let the second win.

    Dates stay text: YAML would stop at 31 February without saying where, and "2018-11" is no date to it.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} appears twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_UniqueKeys.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _is_period(text: str) -> bool:
    """Whether it is a day, a month or a year, and there is such a day."""
    if not _PERIOD.fullmatch(text):
        return False
    try:
        return len(text) < 10 or bool(date.fromisoformat(text))
    except ValueError:
        return False


class _Reader:
    """Turns a parsed file into objects and collects every problem on the way."""

    def __init__(self, file: str, shared: Mapping[str, Source] | None = None) -> None:
        self.file = file
        self.problems: list[str] = []
        self.sources: dict[str, Source] = dict(shared or {})

    def read(self, data: object) -> Facts:
        top = self._mapping(data, "the file", {"sources", "facts"})
        self._read_sources(top)
        facts = Facts()
        for key, entry in self._mapping(top.get("facts"), "facts").items():
            fact = self._read_fact(str(key), entry)
            if fact is not None:
                facts[fact.id] = fact
        if self.problems:
            raise FactsError(self.problems)
        return facts

    def read_history(self, data: object) -> History:
        top = self._mapping(data, "the file", {"sources", "releases", "undated"})
        self._read_sources(top)
        rows = [self._read_release(n, row) for n, row in enumerate(self._list(top, "releases"), 1)]
        undated = [self._text({"label": label}, "label", "undated") for label in self._list(top, "undated")]
        labels = [row.label for row in rows if row is not None] + undated
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            self._problem(f"{label!r} stands there twice")
        if self.problems:
            raise FactsError(self.problems)
        found = sorted((row for row in rows if row is not None), key=lambda row: row.day)
        return History(tuple(found), tuple(undated))

    def _read_release(self, number: int, entry: object) -> Release | None:
        before = len(self.problems)
        fields = self._mapping(entry, f"release {number}", {"date", "label", "theme", "on_slide_10", "source", "note"})
        label = self._text(fields, "label", f"release {number}")
        where = f"release {number} ({label})" if label else f"release {number}"
        theme, when = str(fields.get("theme")), str(fields.get("date"))
        if theme not in THEMES:
            self._problem(f"{where}: theme is {theme!r}; allowed: {', '.join(THEMES)}")
        if not _is_period(when):
            self._problem(f"{where}: date is {when!r}; give YYYY-MM-DD, YYYY-MM or YYYY")
        on_slide_10 = fields.get("on_slide_10", False)
        if not isinstance(on_slide_10, bool):
            self._problem(f"{where}: on_slide_10 is {on_slide_10!r}; give true or false")
        note = self._text(fields, "note", where) if "note" in fields else None
        sources = self._cited(fields, where)
        if len(self.problems) > before:
            return None
        return Release(label, theme, when, on_slide_10 is True, sources, note)

    def _read_sources(self, top: Mapping[str, object]) -> None:
        for key, entry in self._mapping(top.get("sources"), "sources").items():
            if key in self.sources:
                self._problem(f"source {key}: facts.yml has a source of this name; use it, or choose another name")
            self._read_source(str(key), entry)

    def _read_source(self, key: str, entry: object) -> None:
        fields = self._mapping(entry, f"source {key}", {"title", "url"})
        title, url = self._text(fields, "title", f"source {key}"), self._text(fields, "url", f"source {key}")
        if url and not re.match(r"https?://\S+$", url):
            self._problem(f"source {key}: url {url!r} is not a web address")
        # Kept even when it is wrong, so that one slip is reported once and not for each fact that cites it.
        self.sources[key] = Source(key, title, url)

    def _read_fact(self, fact_id: str, entry: object) -> Fact | None:
        where = f"fact {fact_id}"
        before = len(self.problems)
        if not _ID.fullmatch(fact_id):
            self._problem(f"{where}: an id has lower-case letters, digits and single hyphens")
        fields = self._mapping(entry, where, {"what", "then", "now", "checked", "note"})
        what = self._text(fields, "what", where)
        now = self._read_dated(fields.get("now"), f"{where}, now")
        then = self._read_dated(fields["then"], f"{where}, then") if "then" in fields else None
        note = self._text(fields, "note", where) if "note" in fields else None
        checked = fields.get("checked")
        if not (isinstance(checked, str) and len(checked) == 10 and _is_period(checked)):
            self._problem(f"{where}: checked is {checked!r}; give the day as YYYY-MM-DD")
        if len(self.problems) > before or now is None:
            return None
        return Fact(fact_id, what, now, then, date.fromisoformat(str(checked)), note)

    def _read_dated(self, entry: object, where: str) -> Dated | None:
        fields = self._mapping(entry, where, {"value", "as_of", "source"})
        value = self._text(fields, "value", where)
        as_of = str(fields.get("as_of", ""))
        if not _is_period(as_of):
            self._problem(f"{where}: as_of is {as_of!r}; give YYYY-MM-DD, YYYY-MM or YYYY")
        return Dated(value, as_of, self._cited(fields, where))

    def _cited(self, fields: Mapping[str, object], where: str) -> tuple[Source, ...]:
        named = fields.get("source") or []
        keys = [str(key) for key in named] if isinstance(named, list) else [str(named)]
        if not keys:
            self._problem(f"{where}: no source; name one key of `sources`, or a list of them")
        for key in keys:
            if key not in self.sources:
                near = difflib.get_close_matches(key, self.sources, n=3, cutoff=0.5) or sorted(self.sources)
                self._problem(f"{where}: unknown source {key}; known: {', '.join(near)}")
        return tuple(self.sources[key] for key in keys if key in self.sources)

    def _list(self, top: Mapping[str, object], key: str) -> list[object]:
        entries = top.get(key, [])
        if not isinstance(entries, list):
            self._problem(f"{key}: a list is expected, not {entries!r}")
            return []
        return entries

    def _mapping(self, entry: object, where: str, allowed: set[str] | None = None) -> Mapping[str, object]:
        if not isinstance(entry, dict):
            self._problem(f"{where}: a mapping of keys to values is expected, not {entry!r}")
            return {}
        unknown = sorted(str(key) for key in entry if allowed is not None and key not in allowed)
        if unknown:
            self._problem(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join(sorted(allowed or ()))}")
        return entry

    def _text(self, fields: Mapping[str, object], key: str, where: str) -> str:
        value = fields.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
            self._problem(f"{where}: {key} is {value!r}; a text is expected")
            return ""
        return str(value).strip()

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.file}: {text}")

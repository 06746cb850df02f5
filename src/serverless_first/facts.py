"""facts.yml as objects: every dated number of the course, with its value then and now, date and source.

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
_AS_OF = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d{2})?)?")
# Not from `calendar`: its names follow the locale of the machine.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class FactsError(ValueError):
    """facts.yml breaks its own rules; `problems` has one line for each place."""

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
    if not path.is_file():
        return Facts()
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise FactsError([f"facts.yml: not valid YAML: {' '.join(str(error).split())}"]) from None
    return _Reader().read(data)


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, which YAML would let the second win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key!r} appears twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _Reader:
    """Turns the parsed file into Facts and collects every problem on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.sources: dict[str, Source] = {}

    def read(self, data: object) -> Facts:
        top = self._mapping(data, "the file", {"sources", "facts"})
        for key, entry in self._mapping(top.get("sources"), "sources").items():
            self._read_source(str(key), entry)
        facts = Facts()
        for key, entry in self._mapping(top.get("facts"), "facts").items():
            fact = self._read_fact(str(key), entry)
            if fact is not None:
                facts[fact.id] = fact
        if self.problems:
            raise FactsError(self.problems)
        return facts

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
        if not isinstance(checked, date):
            self._problem(f"{where}: checked is {checked!r}; give the day as YYYY-MM-DD")
        if len(self.problems) > before or now is None or not isinstance(checked, date):
            return None
        return Fact(fact_id, what, now, then, checked, note)

    def _read_dated(self, entry: object, where: str) -> Dated | None:
        fields = self._mapping(entry, where, {"value", "as_of", "source"})
        value = self._text(fields, "value", where)
        as_of = str(fields.get("as_of", ""))
        if not _AS_OF.fullmatch(as_of):
            self._problem(f"{where}: as_of is {as_of!r}; give YYYY-MM-DD, YYYY-MM or YYYY")
        named = fields.get("source") or []
        keys = [str(key) for key in named] if isinstance(named, list) else [str(named)]
        if not keys:
            self._problem(f"{where}: no source; name one key of `sources`, or a list of them")
        for key in keys:
            if key not in self.sources:
                near = difflib.get_close_matches(key, self.sources, n=3, cutoff=0.5) or sorted(self.sources)
                self._problem(f"{where}: unknown source {key}; known: {', '.join(near)}")
        return Dated(value, as_of, tuple(self.sources[key] for key in keys if key in self.sources))

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
        self.problems.append(f"facts.yml: {text}")

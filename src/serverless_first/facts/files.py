"""The files of facts, releases and prices: YAML whose every value has a source. Helpers for their readers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

#: Where the files are, in the checkout.
FOLDER = "facts"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d{2})?)?")


class FactsError(ValueError):
    """A file in facts/ breaks its own rules; `problems` has one line for each place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Source:
    """Where a value was read."""

    key: str
    title: str
    url: str


def parse(path: Path) -> object:
    """The content of a YAML file.

    Raises:
        FactsError: it is not YAML, or a key appears twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise FactsError([f"{path.name} is not valid YAML: {' '.join(str(error).split())}"]) from None


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, which YAML would let the second win.

    Dates stay text: YAML would stop at 31 February without saying where, and "2018-11" isn't a date to it.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                raise yaml.MarkedYAMLError(problem=f"{key!r} appears twice", problem_mark=key_node.start_mark)
            keys.add(key)
        return super().construct_mapping(node, deep=deep)


_UniqueKeys.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def is_period(text: str) -> bool:
    """Whether it is a day, a month or a year, and there is such a day."""
    if not _PERIOD.fullmatch(text):
        return False
    try:
        return len(text) < 10 or bool(date.fromisoformat(text))
    except ValueError:
        return False


class Reader:
    """Turns a parsed file into objects and collects every problem on the way.

    No library does this. pydantic would triple the time that the import of `facts` takes, and the course would still
    need code for most rules and every message: sources must be known, dates may be months, problems name the place.

    Args:
        file: its name, for the problems.
        shared: sources of another file that this one may cite.
    """

    def __init__(self, file: str, shared: Mapping[str, Source] | None = None) -> None:
        self.file = file
        self.problems: list[str] = []
        self.sources: dict[str, Source] = dict(shared or {})

    def read_sources(self, top: Mapping[str, object]) -> None:
        """Adds the sources of this file to the sources that may be cited."""
        for key, entry in self.mapping(top.get("sources"), "sources").items():
            if key in self.sources:
                self.problem(
                    f"source {key}: facts.yml has a source of this name. Use that source, or choose another name"
                )
            where = f"source {key}"
            fields = self.mapping(entry, where, {"title", "url"})
            title, url = self.text(fields, "title", where), self.text(fields, "url", where)
            if url and not re.match(r"https?://\S+$", url):
                self.problem(f"{where}: url {url!r} is not a web address")
            # Kept even when it is wrong, so that one slip is reported once and not for each fact that cites it.
            self.sources[str(key)] = Source(str(key), title, url)

    def cited(self, fields: Mapping[str, object], where: str) -> tuple[Source, ...]:
        """The sources that an entry names; a problem if there is none, or one is not known."""
        named = fields.get("source") or []
        keys = [str(key) for key in named] if isinstance(named, list) else [str(named)]
        if not keys:
            self.problem(f"{where}: it has no source. Name a key of `sources`, or a list of keys")
        for key in keys:
            if key not in self.sources:
                near = difflib.get_close_matches(key, self.sources, n=3, cutoff=0.5) or sorted(self.sources)
                self.problem(f"{where}: unknown source {key}. Known sources: {', '.join(near)}")
        return tuple(self.sources[key] for key in keys if key in self.sources)

    def entries(self, top: Mapping[str, object], key: str) -> list[object]:
        """The list under a key. Notes a problem if it isn't a list."""
        entries = top.get(key, [])
        if not isinstance(entries, list):
            self.problem(f"{key} must be a list, but is {entries!r}")
            return []
        return entries

    def mapping(self, entry: object, where: str, allowed: set[str] | None = None) -> Mapping[str, object]:
        """An entry as a mapping; a problem if it is none, or has keys beyond those allowed."""
        if not isinstance(entry, dict):
            self.problem(f"{where} must be a mapping of keys to values, but is {entry!r}")
            return {}
        unknown = sorted(str(key) for key in entry if allowed is not None and key not in allowed)
        if unknown:
            self.problem(f"{where}: unknown key {', '.join(unknown)}. Allowed keys: {', '.join(sorted(allowed or ()))}")
        return entry

    def named(self, kind: str, name: str, entry: object, allowed: set[str]) -> Mapping[str, object]:
        """As `mapping`, for an entry with an id; a problem too if the id is not written as one."""
        if not _ID.fullmatch(name):
            self.problem(f"{kind} {name}: an id may have only lower-case letters, digits and single hyphens")
        return self.mapping(entry, f"{kind} {name}", allowed)

    def text(self, fields: Mapping[str, object], key: str, where: str) -> str:
        """The text or number under a key, as text; a problem if it is neither, or empty."""
        value = fields.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
            self.problem(f"{where}: {key} must be a text, but is {value!r}")
            return ""
        return str(value).strip()

    def period(self, value: object, what: str) -> str:
        """The day, month or year in a value; a problem about `what` if it is none of these."""
        if not is_period(str(value)):
            self.problem(f"{what} is {str(value)!r}. Write YYYY-MM-DD, YYYY-MM or YYYY")
        return str(value)

    def day(self, value: object, what: str) -> date:
        """The day in a value. Notes a problem about `what` if it isn't a day."""
        if isinstance(value, str) and len(value) == 10 and is_period(value):
            return date.fromisoformat(value)
        self.problem(f"{what} is {value!r}. Write the day as YYYY-MM-DD")
        return date.min

    def problem(self, text: str) -> None:
        """Something in this file is wrong."""
        self.problems.append(f"{self.file}: {text}")

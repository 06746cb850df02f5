"""Reads glossary.yml, the course's terms in English and Japanese, each with one sentence and its first lesson.

```yaml
checked: 2026-11-24                        # when the Japanese terms were last compared
terms:
  - term: queue                            # as the lessons use it
    ja: [キュー]                           # the first is preferred, the others are synonyms
    reading: きゅう                        # optional: kana of the first Japanese term, if it has kanji or digits
    seen: [aws, deck]                      # optional: where the Japanese term was found, a subset of SEEN
    forms: [queue, queues]                 # optional: spellings in the lessons, if they differ from the term
    first: "03"                            # the number of the module whose lesson first uses it
    means: Keeps messages until a consumer fetches them.
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serverless_first.course.places import course_root
from serverless_first.facts.files import FOLDER, FactsError, parse

SEEN = ("aws", "deck")
_KEYS = {"term", "ja", "reading", "seen", "forms", "first", "means"}
_NEEDED = ("term", "ja", "first", "means")
_KANJI = re.compile(r"[一-鿿]")


class GlossaryError(FactsError):
    """glossary.yml breaks its own rules; `problems` has one line for each place."""


@dataclass(frozen=True)
class Term:
    """One term of the course. The module's docstring describes the fields."""

    term: str
    ja: tuple[str, ...]
    reading: str
    places: tuple[str, ...]
    forms: tuple[str, ...]
    first: str
    means: str

    @property
    def anchor(self) -> str:
        """The id of its entry on the page, such as "cold-start"."""
        return re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")

    @property
    def sort_key(self) -> str:
        """The text to sort by, such as "invoke" for "to invoke"."""
        return self.term.lower().removeprefix("to ")


@dataclass(frozen=True)
class Glossary:
    """All terms in alphabetical order; `checked` is the day on which the Japanese terms were last compared."""

    checked: str
    terms: tuple[Term, ...]


def load(root: Path | None = None) -> Glossary:
    """Reads glossary.yml of the checkout (or of `root`).

    Raises:
        GlossaryError: the file is missing, or an entry breaks a rule.
    """
    path = (root or course_root()) / FOLDER / "glossary.yml"
    try:
        data = parse(path)
    except OSError:
        raise GlossaryError([f"{path.name} is missing"]) from None
    except FactsError as error:
        raise GlossaryError(error.problems) from None
    if not isinstance(data, dict) or not data.get("checked") or not isinstance(data.get("terms"), list):
        raise GlossaryError(["glossary.yml needs the day `checked` and the list `terms`"])
    entries = data["terms"]
    problems: list[str] = []
    terms: list[Term] = []
    for number, entry in enumerate(entries, 1):
        if problem := _problem(entry):
            problems.append(f"glossary.yml, entry {number}{_named(entry)}: {problem}")
        else:
            terms.append(_term(entry))
    anchors = [term.anchor for term in terms]
    problems += [f"glossary.yml: {term.term} appears twice" for term in terms if anchors.count(term.anchor) > 1]
    if problems:
        raise GlossaryError(problems)
    return Glossary(str(data["checked"]), tuple(sorted(terms, key=lambda term: term.sort_key)))


def _named(entry: object) -> str:
    return f" ({entry['term']})" if isinstance(entry, dict) and entry.get("term") else ""


def _problem(entry: object) -> str:
    """The problem with an entry; "" if there is none."""
    if not isinstance(entry, dict):
        return "it is not a mapping"
    if unknown := sorted(set(entry) - _KEYS):
        return f"unknown key {unknown[0]!r}. Allowed keys: {', '.join(sorted(_KEYS))}"
    if missing := [key for key in _NEEDED if not entry.get(key)]:
        return f"{missing[0]} is missing"
    for key in ("ja", "seen", "forms"):
        value = entry.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            return f"{key} must be a list of words, but is {value!r}"
    if unknown := [place for place in entry.get("seen", []) if place not in SEEN]:
        return f"seen is {unknown[0]!r}, but must be one of {', '.join(SEEN)}"
    if not re.fullmatch(r"\d\d", str(entry["first"])):
        return f'first must be the number of a module, as in "03", but is {entry["first"]!r}'
    if not str(entry["means"]).endswith("."):
        return "means must be one sentence that ends with a period"
    if _KANJI.search(entry["ja"][0]) and not entry.get("reading"):
        return f"{entry['ja'][0]} has kanji, so it needs a reading in kana"
    return ""


def _term(entry: dict[str, Any]) -> Term:
    return Term(
        term=str(entry["term"]),
        ja=tuple(entry["ja"]),
        reading=str(entry.get("reading") or ""),
        places=tuple(entry.get("seen", ())),
        forms=tuple(entry.get("forms", ())),
        first=str(entry["first"]),
        means=str(entry["means"]),
    )

"""Judges the prose of everything that has been converted to the house style, and says which rewrite each hit wants.

    python -m tools.prose            # what is converted, and whether the list of what isn't has only shrunk
    python -m tools.prose FILES...   # these files, converted or not

The rules are in tools/prose_rules.yml. tools/prose_unconverted.txt lists the files and folders that nobody has
converted yet: take a line off when you convert one, or replace a folder by the files in it that are left.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tools.prose_texts import Text, colons, text_of
from tools.shrinking import covered, entries_of, new_entries

from serverless_first.authoring.reading import GOING_FURTHER, Passage, sentences

ROOT = Path(__file__).resolve().parents[1]
RULES = Path(__file__).with_name("prose_rules.yml")
UNCONVERTED = "tools/prose_unconverted.txt"
#: The files that are judged, except mistakes, which are wrong on purpose.
JUDGED = (
    *("modules/**/*.md", "modules/**/*.yml", "modules/**/checks*.py", "docs/**/*.md", "*.md", "engine/*.md"),
    *(".github/**/*.md", "facts/glossary.yml", "src/**/*.py", "engine/src/**/*.py", "tools/*.py"),
)

_STEP = re.compile(r"Step \d+: ")


@dataclass(frozen=True)
class Rule:
    """One family of sentences to avoid.

    Args:
        name: as in prose_rules.yml.
        find: what a hit looks like; a blank also matches a line end.
        want: the rewrite, in words.
        where: only at the "start" of statements, only in "prose", or "" for everywhere.
        words: for a rule about spelling, how each word is written instead.
    """

    name: str
    find: tuple[re.Pattern[str], ...]
    want: str
    where: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def rewrite(self, words: str) -> str:
        """The rewrite that these words want."""
        return f'{self.want} "{self.words[words.lower()]}".' if self.words else self.want


@dataclass(frozen=True)
class Rules:
    """All that prose_rules.yml says."""

    rules: tuple[Rule, ...]
    limits: dict[str, int]
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A place to rewrite: `file` relative to the checkout, `line` from 1, `words` as they are there."""

    file: str
    line: int
    rule: str
    words: str
    want: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {' '.join(self.words.split())}\n    {self.want}"


@cache
def load(path: Path = RULES) -> Rules:
    """Reads the rules.

    Raises:
        ValueError: a pattern is not a regular expression; the message names its rule.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules = [_rule(name, entry) for name, entry in data["rules"].items()]
    british = _pattern(rf"\b({'|'.join(data['spelling'])})\b")
    rules.append(Rule("american-english", (british,), "Write American English:", words=data["spelling"]))
    return Rules(tuple(rules), data["limits"], tuple(data["allowed"]))


def examples(path: Path = RULES) -> dict[str, tuple[list[str], list[str]]]:
    """Each rule's sentences that it must find, and its sentences that it must leave alone."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: (entry["bad"], entry["good"]) for name, entry in data["rules"].items()}


def hits(text: Text, rules: Rules) -> Iterator[Hit]:
    """The places of a text that break a rule, in the order of the rules for each passage, then what counts say."""
    for passage in text.passages:
        flat = passage.text.replace("\n", " ")
        for phrase in rules.allowed:
            flat = flat.replace(phrase, "_" * len(phrase))
        for rule in rules.rules:
            if rule.where == "prose" and not (text.is_prose and passage.kind != "message"):
                continue
            for start, words in _matches(rule, flat, has_statements=passage.kind not in ("heading", "cell")):
                yield Hit(text.file, _line(passage, start), rule.name, _around(flat, start, words), rule.rewrite(words))
    if text.is_prose:
        yield from _counted(text, rules.limits)


def _rule(name: str, entry: dict[str, Any]) -> Rule:
    try:
        patterns = tuple(_pattern(find) for find in entry["find"])
    except re.error as error:
        raise ValueError(f"{RULES.name}, rule {name}: {error.pattern!r} is not a regular expression: {error}") from None
    return Rule(name, patterns, entry["want"], entry.get("where", ""))


def _pattern(find: str) -> re.Pattern[str]:
    return re.compile(find, re.IGNORECASE)


def _matches(rule: Rule, flat: str, *, has_statements: bool) -> Iterator[tuple[int, str]]:
    """(offset, words) of each hit of a rule in a passage on one line."""
    if rule.where != "start":
        yield from ((match.start(), match[0]) for find in rule.find for match in find.finditer(flat))
        return
    for offset, sentence in sentences(flat) if has_statements else ():
        if sentence.endswith((".", "…")):
            yield from ((offset, match[0]) for find in rule.find if (match := find.search(sentence)))


def _around(flat: str, start: int, words: str) -> str:
    """The words with up to 30 characters on each side, to find the place by."""
    begin = flat.rfind(" ", 0, max(0, start - 30)) + 1
    end = flat.find(" ", start + len(words) + 30)
    return flat[begin : end if end > 0 else len(flat)]


def _counted(text: Text, limits: dict[str, int]) -> Iterator[Hit]:
    lines, words = list[int](), 0
    for passage in text.passages:
        if passage.kind in ("paragraph", "item"):
            words += passage.words
            lines += [_line(passage, at) for at in colons(passage)]
            yield from _long(text.file, passage, limits)
    most = max(1, round(words * limits["colons_per_1000_words"] / 1000))
    if len(lines) > most:
        want = (
            f"{words} words of running prose may have {most}. A colon introduces a list or a quotation: elsewhere use "
            "because, so, but, which, or a full stop."
        )
        yield Hit(text.file, lines[0], "colons", f"{len(lines)} colons, in lines {', '.join(map(str, lines))}", want)
    if text.file.endswith("lesson.md") and (core := text.words_of_core) > limits["words_per_core"]:
        want = (
            f"{core} words; at most {limits['words_per_core']}. Move sections below ## {GOING_FURTHER}, each with "
            "its minutes, or cut."
        )
        yield Hit(text.file, 1, "words-of-core", "the core of this lesson", want)


def _long(file: str, passage: Passage, limits: dict[str, int]) -> Iterator[Hit]:
    spans = sentences(passage.text)
    for offset, sentence in spans:
        if (length := len(sentence.split())) > limits["words_per_sentence"]:
            want = f"{length} words; at most {limits['words_per_sentence']}. Make two sentences of it."
            yield Hit(file, _line(passage, offset), "sentence-length", f"{sentence[:60]}...", want)
    count = len(spans) - bool(_STEP.match(passage.text))  # "Step 1: save the evidence." is the paragraph's heading
    if passage.kind == "paragraph" and count > limits["sentences_per_paragraph"]:
        want = (
            f"{count} sentences; at most {limits['sentences_per_paragraph']}. One idea a paragraph, and the first "
            "sentence carries it: split or cut."
        )
        yield Hit(file, passage.line, "paragraph-length", f"{spans[0][1][:60]}...", want)


def _line(passage: Passage, offset: int) -> int:
    return passage.line + passage.text.count("\n", 0, offset)


def judged(root: Path) -> list[str]:
    """The files whose prose is judged, relative to the checkout, in order."""
    names = {path.relative_to(root).as_posix() for pattern in JUDGED for path in root.glob(pattern) if path.is_file()}
    return sorted(name for name in names if "__pycache__" not in name and "/mistakes/" not in name)


def list_problems(root: Path, entries: Sequence[str], files: Sequence[str]) -> list[str]:
    """The faults of the list: entries without a file or without a hit, and new entries."""
    problems, rules = [], load()
    for entry in entries:
        mine = [file for file in files if covered(file, [entry])]
        if not mine:
            problems.append(f"{UNCONVERTED}: {entry} has no file that is judged. Take the line off.")
        elif not any(next(hits(text_of(root, file), rules), None) for file in mine):
            problems.append(f"{UNCONVERTED}: {entry} has no hit any more. Take the line off.")
    problems += [
        f"{UNCONVERTED}: {entry} is new. The list may only shrink: rewrite the hits of `python -m tools.prose "
        f"{entry.rstrip('/')}` instead."
        for entry in new_entries(root, UNCONVERTED, entries)
    ]
    return problems


def main(names: Sequence[str], root: Path = ROOT) -> int:
    """Prints the hits and what is wrong with the list; returns 1 if there was anything, 2 if a file is not judged."""
    files = judged(root)
    entries = entries_of((root / UNCONVERTED).read_text(encoding="utf-8"))
    if names:
        paths = [name.removeprefix("./") for name in names]
        selection = [file for file in files if covered(file, [*paths, *(f"{name.rstrip('/')}/" for name in paths)])]
        if not selection:
            print(f"No prose is judged in {', '.join(paths)}. Name files or folders such as docs.")
            return 2
        problems = []
    else:
        selection = [file for file in files if not covered(file, entries)]
        problems = list_problems(root, entries, files)
    rules = load()
    all_hits = [hit for file in selection for hit in hits(text_of(root, file), rules)]
    for line in [*map(str, all_hits), *problems]:
        print(line)
    left = sum(covered(file, entries) for file in files)
    print(f"{len(selection)} files judged, {len(all_hits)} hits; {left} of {len(files)} files are not converted yet.")
    return int(bool(all_hits or problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

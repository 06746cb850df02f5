"""docs/messages.md shows messages as the course says them today: the source has the fixed words of each example."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from serverless_first.lab.failures import CheckBroken, CheckFailed, NotStarted

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
FILES = ("src/serverless_first/**/*.py", "modules/09-messaging/checks*.py")
STATES = {kind.state: kind for kind in (CheckFailed, NotStarted, CheckBroken)}
LEAST_WORDS = 3  # fewer fixed words would say nothing about a message
_EXAMPLE = re.compile(r"(?<!`)(`{1,2})(?!`)\s?(.+?)\s?(?<!`)\1(?!`)")
_ROW = re.compile(r" {2}(?P<label>called|came back|expected|look at): +(?P<text>.+)")


def examples() -> list[str]:
    """The messages in the second column of the tables with three columns."""
    rows = [re.split(r"\s\|\s", line.strip("| \n")) for line in PAGE.splitlines() if line.startswith("| ")]
    return [match[2] for row in rows if len(row) == 3 and (match := _EXAMPLE.fullmatch(row[1]))]


def panels() -> list[str]:
    return [block.strip("\n") for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def texts(file: Path) -> Iterator[list[str]]:
    """The fixed parts of each line that a file may say; a value stands between two parts."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = [node.value]
        elif isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values]
        else:
            continue
        yield from (line.split("\0") for line in "".join(parts).split("\n"))


@cache
def known() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The longest fixed part of each line in the source, and a pattern for the whole line."""
    found = {}
    for place in FILES:
        for file in ROOT.glob(place):
            for parts in texts(file):
                if sum(len(part.split()) for part in parts) >= LEAST_WORDS:
                    found[".*".join(map(re.escape, parts))] = max(parts, key=len).strip()
    return tuple((longest, re.compile(rf"\s*{pattern}\s*")) for pattern, longest in found.items())


def is_said(message: str) -> bool:
    """Whether the source has a line that becomes this message when its values are filled in."""
    return any(longest in message and pattern.fullmatch(message) for longest, pattern in known())


@pytest.mark.parametrize("message", examples())
def test_an_example_is_what_the_course_says(message: str) -> None:
    assert is_said(message.removeprefix("Error: "))


@pytest.mark.parametrize("panel", panels())
def test_a_panel_is_what_a_check_shows(panel: str) -> None:
    first, *rest = panel.splitlines()
    task_id, state, problem = re.fullmatch(r"(\S+) (failed|not started|not judged): (.+)", first).groups()  # type: ignore[union-attr]
    rows = {match["label"].replace(" ", "_"): match["text"] for line in rest if (match := _ROW.fullmatch(line))}
    assert STATES[state](problem, task_id=task_id, **rows).text() == panel
    for text in (problem, *(text for label, text in rows.items() if label != "came_back")):
        assert is_said(text), text


def test_words_that_the_course_does_not_say_are_noticed() -> None:
    assert len(examples()) > 40
    assert len(panels()) == 3
    assert not is_said("Your function still raises NotImplementedError. Write your code.")
    assert not is_said("The queue is empty, and so is the message.")

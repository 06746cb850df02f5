"""A learner's errors name the course's commands, and the engine asks for each text that the course has."""

from __future__ import annotations

import re
from pathlib import Path

import serverless_first.cloud  # noqa: F401 (loading it sets the course's words)
from serverless_cloud import errors
from serverless_first.course.advice import ADVICE

ENGINE = Path(errors.__file__).parent
_ASKED = re.compile(r"""\badvice\(['"]([\w ]+)['"],""")


def test_errors_have_the_words_of_the_course() -> None:
    assert {about: errors.advice(about, "of the engine") for about in ADVICE} == ADVICE
    assert errors.advice("start", "") == "Run `serverless-first doctor` in a terminal. It finds what is missing."


def test_the_engine_asks_for_each_text_of_the_course() -> None:
    asked = {about for file in ENGINE.rglob("*.py") for about in _ASKED.findall(file.read_text(encoding="utf-8"))}
    assert asked == set(ADVICE)

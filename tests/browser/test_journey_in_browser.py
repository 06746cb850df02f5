"""A learner's way through lesson and lab of modules 00, 05 and 10, by the keyboard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tools.journey import through_lab, through_lesson

from serverless_first import course
from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import find_chromium
from serverless_first.course.layout import copy_path

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

#: A wrong answer, made of the solution, and what the check says of it.
WRONG: dict[str, tuple[str, str, str]] = {
    "00-start-here": ("return {", "_ = {", "returned nothing"),
    "05-rds-proxy": ('"DB_', '"PROXY_', "bypasses the proxy"),
    "10-step-functions": ("submitJob.sync", "submitJob", "sent before the picture was ready"),
}
MODULES = [name if name.startswith("00") else pytest.param(name, marks=pytest.mark.thorough) for name in WRONG]


def no_look(_step: str, _cell: Any) -> None:
    """Nobody takes a picture."""


@pytest.mark.thorough
@pytest.mark.parametrize("module_id", WRONG)
def test_a_lesson_is_run_predicted_explored_and_asked(module_id: str) -> None:
    with opened_lab(copy_path(module_id, "lesson")) as lab:
        seen = through_lesson(lab, no_look)
        kept = json.loads((lab.work / "progress.json").read_text(encoding="utf-8"))
        assert lab.asked_elsewhere == []
    pick = seen.picked.removeprefix("Your pick: ")
    assert pick in json.dumps(kept, ensure_ascii=False)
    assert seen.before != seen.after
    assert seen.explained[0] in "\u2713\u2717"
    assert len(seen.explained) > 20


@pytest.mark.parametrize("module_id", MODULES)
def test_a_lab_is_failed_hinted_at_and_passed(module_id: str) -> None:
    old, new, says = WRONG[module_id]
    with opened_lab(copy_path(module_id, "lab")) as lab:
        tried = through_lab(lab, module_id, lambda source: source.replace(old, new), no_look)
        assert lab.asked_elsewhere == []
    (task, *_) = course.load().module(module_id).tasks
    assert "not started" in tried.untouched
    assert says in tried.wrong
    assert "Traceback" not in tried.untouched + tried.wrong
    for number, hint in enumerate(tried.hints, 1):
        assert f"{task.id}, hint {number} of 3" in hint
    assert f"{task.id} passed" in tried.right
    assert f"\u2713 passed{task.id} {task.title}23" in tried.progress

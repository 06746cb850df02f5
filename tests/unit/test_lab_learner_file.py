"""A learner's file is loaded fresh, and every way in which it can go wrong has words for the learner."""

from __future__ import annotations

from pathlib import Path

import pytest

from serverless_first.course import Task
from serverless_first.lab import Attempt, CheckFailed, NotStarted
from serverless_first.lab.learner_file import LearnerFile

ATTEMPT = Attempt(Task("7.1", "a task", 5))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(source: str) -> LearnerFile:
    Path("mine.py").write_text(source, encoding="utf-8")
    return LearnerFile(ATTEMPT, "mine.py")


def test_a_file_that_changes_is_read_anew() -> None:
    assert loaded("def f(x):\n    return x + 1").call("f", 1) == 2
    assert loaded("def f(x):\n    return x + 2").call("f", 1) == 3


def test_a_file_that_is_not_there_or_a_stub_is_not_started() -> None:
    with pytest.raises(NotStarted, match=r"has not written other\.py"):
        LearnerFile(ATTEMPT, "other.py")
    with pytest.raises(NotStarted, match="still raises NotImplementedError"):
        loaded("def f():\n    raise NotImplementedError").call("f")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(:", r"SyntaxError.*mine\.py, line 1"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("x = 1", "has no f"),
        ("def f():\n    return {}['lamp']", r"KeyError: 'lamp'.*mine\.py, line 2, in f"),
    ],
)
def test_an_error_says_what_and_where(source: str, says: str) -> None:
    with pytest.raises(CheckFailed, match=says):
        loaded(source).call("f")


def test_an_error_that_is_allowed_is_handed_on() -> None:
    file = loaded("def f():\n    assert 1 == 2")
    with pytest.raises(AssertionError):
        file.run("f()", file["f"], allowed=(AssertionError,))


def test_code_that_does_not_come_back_is_given_up() -> None:
    file = loaded("import threading\ndef f():\n    threading.Event().wait()")
    with pytest.raises(CheckFailed, match="did not return in time"):
        file.run("f()", file["f"], limit_s=0.05)

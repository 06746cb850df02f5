"""The learner's own tests, judged by broken copies: none is noticed because of what another one has left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.lab import Attempt, CheckFailed
from serverless_first.lab.broken_copies import Broken, judge_tests

CODE = "LEFT, TAKEN = 3, 1\n"
BROKEN = (
    Broken("has too few", "LEFT, TAKEN = 3,", "LEFT, TAKEN = 2,"),
    Broken("takes too many", "3, 1", "3, 2"),
    Broken("takes none", "3, 1", "3, 0"),
)
#: As moto that is started at import and never stopped: a second import in the same process fails.
ONCE = "import sys\nassert not hasattr(sys, 'begun')\nsys.begun = True\nimport stock\n"
ENDLESS = "import threading\nimport stock\nif stock.LEFT == 2:\n    threading.Event().wait()\n"


def judged(folder: Path, monkeypatch: pytest.MonkeyPatch, tests: str) -> None:
    """Judges these tests of the code."""
    monkeypatch.chdir(folder)
    (folder / "stock.py").write_text(CODE)
    (folder / "test_stock.py").write_text(tests)
    judge_tests(Attempt(course.load().module("00").tasks[0]), "test_stock.py", "stock.py", BROKEN, look_at="here")


def test_tests_that_notice_each_copy_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(tmp_path, monkeypatch, "import stock\ndef test_stock():\n    assert (stock.LEFT, stock.TAKEN) == (3, 1)\n")


def test_a_copy_that_is_not_noticed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckFailed, match=r"do not notice a stock\.py that takes too many or one that takes none\."):
        judged(tmp_path, monkeypatch, "import stock\ndef test_stock():\n    assert stock.LEFT == 3\n")


def test_what_one_run_leaves_behind_notices_no_further_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckFailed, match="Your tests pass whatever the handler does"):
        judged(tmp_path, monkeypatch, f"{ONCE}def test_stock():\n    stock.LEFT\n")


def test_a_copy_on_which_the_tests_do_not_end_frees_no_other_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first is for all copies together, which never end: how long it is makes no difference to what is said.
    monkeypatch.setattr("serverless_first.lab.broken_copies._TOGETHER_S", 2.0)
    monkeypatch.setattr("serverless_first.lab.broken_copies._ALONE_S", 15.0)
    with pytest.raises(CheckFailed, match=r"do not notice a stock\.py that takes too many or one that takes none\."):
        judged(tmp_path, monkeypatch, f"{ENDLESS}def test_stock():\n    assert stock.LEFT == 3\n")

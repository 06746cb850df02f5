"""Judges an answer: runs the tests with pytest, and says in words what came of it."""

from __future__ import annotations

import ast
import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kit
import pytest

FOLDER = Path(__file__).parent
TESTS = "test_charges.py"
#: The environment in which the tests run: made-up keys, and no files of the machine.
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
_OFF = ("cacheprovider", "faulthandler", "unraisableexception", "threadexception")
_OPTIONS = ("-x", "-v", "--color=no", "--capture=sys", "--tb=no", "--show-capture=no", "-c", os.devnull)


class _Listener:
    """Keeps what pytest tells of the first test that fails."""

    def __init__(self) -> None:
        self.wrong: BaseException | None = None
        self.passed: list[str] = []
        self.printed = ""

    def pytest_exception_interact(self, call: Any) -> None:
        """pytest calls this when a test fails."""
        self.wrong = call.excinfo.value

    def pytest_runtest_logreport(self, report: Any) -> None:
        """pytest calls this after each step of a test."""
        if report.when == "call":
            self.printed = report.capstdout or self.printed
            if report.passed:
                self.passed.append(report.nodeid.partition("::")[2])


def judge(text: str, on_delivery: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Runs the tests against an answer.

    Args:
        text: the learner's file.
        on_delivery: called before each delivery of messages.

    Returns:
        state ("passed", "failed", "not started" or "not judged"), problem, rows (label -> text), printed (what the
        handler printed in the last test), tests (how many passed) and report (what pytest printed).
    """
    os.environ.update(ENVIRONMENT)
    kit.CODE.write_text(text, encoding="utf-8")
    kit.on_delivery = on_delivery
    listener, output = _Listener(), io.StringIO()
    arguments = [*_OPTIONS, f"--rootdir={FOLDER}", *(word for name in _OFF for word in ("-p", f"no:{name}"))]
    with contextlib.redirect_stdout(output):
        code = pytest.main([*arguments, str(FOLDER / TESTS)], plugins=[listener])
    verdict = {"printed": listener.printed, "tests": len(listener.passed), "report": output.getvalue()}
    if code == pytest.ExitCode.OK:
        return {**verdict, "state": "passed", "problem": "", "rows": {}}
    wrong = listener.wrong
    if not isinstance(wrong, kit.Wrong):
        rows = {"came back": f"{type(wrong).__name__}: {wrong}", "look at": "the report of pytest below"}
        return {**verdict, "state": "not judged", "problem": "The check itself failed.", "rows": rows}
    started = not _same(text, (FOLDER / "start.py").read_text(encoding="utf-8"))
    return {**verdict, "state": "failed" if started else "not started", "problem": wrong.problem, "rows": wrong.rows}


def _same(one: str, other: str) -> bool:
    """Whether two files have the same code; comments and blank lines don't count."""
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False

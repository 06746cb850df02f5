"""Judges tests that a learner has written. They must pass on the right code and fail on each broken copy of it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from serverless_first.lab.attempt import Attempt
from serverless_first.lab.pytest_run import (
    FAILED,
    NONE_FOUND,
    PASSED,
    TIMED_OUT,
    PytestRun,
    run_pytest,
    run_pytest_on_copies,
)
from serverless_first.lab.show import say

_TOGETHER_S, _ALONE_S = (
    60.0,
    30.0,
)  # how long all copies may take in one process, and how long a copy in its own process


@dataclass(frozen=True)
class Broken:
    """A way to break the right code.

    Args:
        what: what the broken code does, to follow "a stock.py that".
        old: a text of the right code.
        new: the text that replaces it.
        more: further texts, each with its replacement.
    """

    what: str
    old: str
    new: str
    more: tuple[tuple[str, str], ...] = ()

    def copy_of(self, right: str) -> str:
        """The code, broken in this way."""
        for old, new in ((self.old, self.new), *self.more):
            right = right.replace(old, new)
        return right


def judge_tests(attempt: Attempt, tests: str, code: str, broken: Sequence[Broken], *, look_at: str) -> None:
    """Checks that tests pass on the given code and that each broken copy of it fails one.

    Args:
        tests: the learner's file, as in "test_stock.py".
        code: the given file that it tests, as in "stock.py".
        broken: ways to break the code. Each needs an assertion that the others don't need.
        look_at: which cases the tests have to cover.

    Raises:
        NotStarted: a file is missing, or the tests are still the stub.
        CheckFailed: the tests fail on the right code, or pass on a broken copy.
    """
    for file in (tests, code):
        if not Path(file).is_file():
            attempt.not_started(f"There is no {file} yet.")
    right = Path(code).read_text(encoding="utf-8")
    copies = [defect.copy_of(right) for defect in broken]
    attempt.expect(
        right not in copies,
        problem=f"{code} has changed since it was given, so the check cannot break it.",
        called=f"reading {code}",
        came_back="another text",
        expected="the text of the cell above",
        look_at=f"the cell with {code}. Run it again as it was. Your tests go into {tests}",
    )
    say(f"{attempt.task.id}: running your tests on {code}, then on broken copies of it ...")
    _passes(attempt, run_pytest(tests, code), tests, code)
    twice = _names_used_twice(Path(tests).read_text(encoding="utf-8"))
    attempt.expect(
        not twice,
        problem=f"Your file has two tests with the name {', '.join(twice)}. Python keeps only the second, so the first "
        "never runs.",
        called=f"reading {tests}",
        came_back=f"{', '.join(twice)}, twice",
        expected="a different name for each test",
        look_at="the names of your tests",
    )
    codes = _exit_codes(tests, code, copies, right)
    missed = [defect.what for defect, exit_code in zip(broken, codes, strict=True) if exit_code == PASSED]
    called = f"pytest {tests}, with each of {len(broken)} broken copies of {code}"
    attempt.expect(
        len(missed) < len(broken),
        problem="Your tests pass whatever the handler does. None of them looks at its answer or at what it stores.",
        called=called,
        came_back="passed each time",
        expected="a failing test each time",
        look_at="what each of your tests asserts",
    )
    attempt.expect(
        not missed,
        problem=f"Your tests do not notice a {code} that {' or one that '.join(missed)}.",
        called=called,
        came_back=f"passed {len(missed)} time{'' if len(missed) == 1 else 's'}",
        expected="a failing test each time",
        look_at=look_at,
    )


def _names_used_twice(tests: str) -> list[str]:
    """The tests of a file that a later test with the same name, in the same module or class, replaces."""
    tree = ast.parse(tests)
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [Counter(node.name for node in body if isinstance(node, functions)) for body in bodies]
    return sorted(name for counts in names for name, n in counts.items() if n > 1 and name.startswith("test"))


def _exit_codes(tests: str, code: str, copies: Sequence[str], right: str) -> list[int]:
    """pytest's exit code for each copy of the code.

    All run in one process, and the right code comes last. If that fails now, the runs before it have left something
    behind (moto that was never stopped, a loop without end), and a failure says nothing about the copy. Then each copy
    gets its own process.
    """
    *codes, last = run_pytest_on_copies(
        tests, code, copies=[{code: text} for text in (*copies, right)], timeout_s=_TOGETHER_S
    )
    if last == PASSED:
        return codes

    def alone(copy: str) -> int:
        [exit_code] = run_pytest_on_copies(tests, code, copies=[{code: copy}], timeout_s=_ALONE_S)
        return exit_code

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(alone, copies))


def _passes(attempt: Attempt, run: PytestRun, tests: str, code: str) -> None:
    if "NotImplementedError: not started" in run.output:
        attempt.not_started(f"{tests} still raises NotImplementedError. Replace that line with your tests.")
    if "RealAwsRefused" in run.output:
        problem = (
            "Your tests try to reach the real AWS, because they call it where moto isn't active. The call was blocked."
        )
        look_at = "which calls are outside mock_aws, including calls that run when the file is imported"
    elif run.exit_code == NONE_FOUND:
        problem = "pytest finds no test in your file. A file without tests does not pass."
        look_at = "the names of your functions. pytest runs only functions whose name begins with test_"
    elif run.exit_code == TIMED_OUT:
        problem, look_at = "Your tests did not finish in time.", "the loops in your tests"
    elif run.exit_code == FAILED:
        problem = f"One of your tests fails on the right {code}."
        look_at = "the line with E, which says what came back. Each test creates its own table, inside mock_aws"
    else:
        problem, look_at = "pytest cannot run your file.", "the error that pytest names"
    attempt.expect(
        run.exit_code == PASSED,
        problem=problem,
        called=f"pytest {tests}, with the given {code}",
        came_back="still running" if run.exit_code == TIMED_OUT else run.verdicts or run.output[-400:],
        expected="every test passes",
        look_at=look_at,
    )

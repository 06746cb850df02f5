"""Runs what a learner has written into a file: loads it fresh, calls it, tells what went wrong.

file = LearnerFile(attempt, "orders.py")
store = file.call("RdsOrders", connection)
found = file.run("get", store.get, "order-1")
"""

from __future__ import annotations

import importlib.util
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import CheckFailed, one_line

LIMIT_S = 20.0


class LearnerFile:
    """A learner's file, loaded as its own module.

    Args:
        name: of the file, as in "orders.py".

    Raises:
        NotStarted: the file doesn't exist.
        CheckFailed: it cannot be loaded.
    """

    def __init__(self, attempt: Attempt, name: str) -> None:
        self._attempt, self.name = attempt, name
        path = Path(name)
        if not path.is_file():
            attempt.not_started(f"This notebook has not written {name} yet.", look_at=f"the cell that writes {name}")
        spec = importlib.util.spec_from_file_location(f"learners_{path.stem}", path)
        assert spec is not None
        self._module = importlib.util.module_from_spec(spec)
        # Read again, because Python's cache would miss a file's second change within a second.
        source = path.read_text(encoding="utf-8")
        self.run(f"import {path.stem}", lambda: exec(compile(source, name, "exec"), self._module.__dict__))

    def call(self, function: str, *arguments: Any) -> Any:
        """Calls a function or class of the file.

        Raises:
            NotStarted: it still raises NotImplementedError.
            CheckFailed: it is not there, ended with an error, or did not come back.
        """
        return self.run(f"{function}(...)", self[function], *arguments)

    def __getitem__(self, name: str) -> Any:
        """A name of the file; the check fails if it is not there."""
        if not hasattr(self._module, name):
            self._attempt.fail(
                f"{self.name} has no {name}.",
                called=f"from {Path(self.name).stem} import {name}",
                came_back="no such name",
                expected=f"{name}, as the cell had it at first",
                look_at=f"the cell that writes {self.name}",
            )
        return getattr(self._module, name)

    def run(
        self,
        called: str,
        function: Callable[..., Any],
        *arguments: Any,
        allowed: tuple[type[BaseException], ...] = (),
        limit_s: float = LIMIT_S,
    ) -> Any:
        """Calls the learner's code in its own thread.

        Args:
            called: the call, as messages show it.
            allowed: errors that are raised again unchanged.
            limit_s: how many seconds the call may take.

        Raises:
            NotStarted: it still raises NotImplementedError.
            CheckFailed: it ended with another error, or did not come back.
        """
        outcome: list[Any] = []
        error: list[BaseException] = []

        def body() -> None:
            try:
                outcome.append(function(*arguments))
            except BaseException as raised:
                error.append(raised)

        thread = threading.Thread(target=body, name=f"learner {called}", daemon=True)
        thread.start()
        thread.join(limit_s)
        if not outcome and not error:
            self._attempt.fail(
                "Your code did not return in time.",
                called=called,
                came_back=f"nothing in {limit_s:.0f} s",
                expected="an end",
                look_at="loops that wait for something",
            )
        if error:
            self._ended_with(error[0], called, allowed)
        return outcome[0]

    def _ended_with(self, raised: BaseException, called: str, allowed: tuple[type[BaseException], ...]) -> NoReturn:
        if isinstance(raised, (*allowed, CheckFailed)):
            raise raised
        if isinstance(raised, NotImplementedError):
            self._attempt.not_started(f"{called} still raises NotImplementedError. Replace that line with your code.")
        self._attempt.fail(
            "Your code ended with an error.",
            called=called,
            came_back=f"{type(raised).__name__}: {one_line(str(raised))}",
            expected="no error",
            look_at=self._where(raised),
        )

    def _where(self, raised: BaseException) -> str:
        if isinstance(raised, SyntaxError) and raised.filename == self.name:
            return f"{self.name}, line {raised.lineno}"
        own = [frame for frame in traceback.extract_tb(raised.__traceback__) if frame.filename == self.name]
        return f"{self.name}, line {own[-1].lineno}, in {own[-1].name}" if own else f"what {self.name} was given"

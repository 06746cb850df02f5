"""The one exception of the build."""

from __future__ import annotations


class BuildFailed(RuntimeError):
    """The build could not make everything; `problems` has one line for each cause, and so has the message."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems

"""Answers to a task as files: mistakes, and what is right in another way than the solution.

An answer is a file `<task>-<name>`: a complete replacement of the task's cell below header lines. `#: fills: gap 1`
says that it stands in the place of the first gap of the solution's cell alone, `#: changes: gap 1` that it holds
what differs from the solution's lines there. `#: replaces: 2` says which of several cells of the task it replaces
(the first, unless told).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from serverless_first.course import Module, Task

HEADER = re.compile(r"#: (\w+): (.*)")
# What a learner has to write, in a cell of the solution; in SQL the marks are comments of SQL.
GAP = re.compile(
    r"^[ ]*(?:-- )?### BEGIN SOLUTION\n(.*?)^[ ]*(?:-- )?### END SOLUTION(?:\n|\Z)", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Mistake:
    """One wrong answer and why it must be rejected."""

    module: Module
    task: Task
    name: str
    expects: str
    because: str
    replaces: int
    source: str
    gap: int = 0
    changes: bool = False

    def in_place_of(self, cell: str) -> str:
        """The cell with this answer: in the place of all of it, or of what stands in one of its gaps."""
        if not self.gap:
            return self.source
        gaps = list(GAP.finditer(cell))
        assert len(gaps) >= self.gap, f"{self.name}: the cell has {len(gaps)} gaps, there is no number {self.gap}"
        gap = gaps[self.gap - 1]
        return cell[: gap.start()] + (self._changed(gap[1]) if self.changes else self.source) + cell[gap.end() :]

    def _changed(self, solution: str) -> str:
        """The solution's lines with the changes of this answer, place by place."""
        lines = solution.splitlines(keepends=True)
        for place in re.split(r"^@@\n", self.source, flags=re.MULTILINE):
            marked = place.splitlines(keepends=True)
            odd = [line for line in marked if line[0] not in " -+"]
            assert not odd, f"{self.name}: each line begins with -, + or a blank, unlike {''.join(odd[:1])!r}"
            old, new = ([line[1:] for line in marked if line[0] in kept] for kept in (" -", " +"))
            assert old != new, f"{self.name}: nothing is changed here: {place!r}"
            assert old, f"{self.name}: where? Add a line of the solution, with a blank before it, to:\n{place}"
            found = [n for n in range(len(lines)) if lines[n : n + len(old)] == old]
            assert len(found) == 1, (
                f"{self.name}: the solution has these lines {len(found)} times, not once:\n{''.join(old)}"
            )
            lines[found[0] : found[0] + len(old)] = new
        return "".join(lines)


def answers_in(folder: Path, module: Module, task: Task, suffix: str = ".py") -> list[Mistake]:
    """The answers in a folder for a task; right ones have no `expects`."""
    found = []
    for path in sorted(folder.glob(f"{task.id}-*{suffix}")):
        text = path.read_text(encoding="utf-8").removesuffix("\n")
        lines = f"{text}\n".splitlines(keepends=True)  # the last line ends too, since a gap may go on below it
        header: dict[str, str] = {}
        while lines and (match := HEADER.match(lines[0])):
            header[match[1]] = match[2].strip()
            lines.pop(0)
        how = [name for name in ("fills", "changes") if name in header]
        assert len(how) < 2, f'{path.name}: "fills" or "changes", not both'
        gap = re.fullmatch(r"gap ([1-9]\d*)", header[how[0]]) if how else None
        assert gap or not how, f'{path.name}: "{how[0]}" is written like "gap 1"'
        body = "".join(lines) if gap else "".join(lines).lstrip("\n")
        found.append(
            Mistake(
                module,
                task,
                path.stem,
                header.get("expects", ""),
                header.get("because", ""),
                int(header.get("replaces", "1")),
                body,
                int(gap[1]) if gap else 0,
                how == ["changes"],
            )
        )
    return found

"""Answers to a task as files: mistakes, and right answers that differ from the solution.

An answer is a file `<task>-<name>`: header lines, and below them a complete replacement of the task's cell. `#: fills:
gap 1` says that it replaces only the first gap of the solution's cell, and `#: changes: gap 1` that it lists the lines
that differ from the solution's there. `#: replaces: 2` names the second cell of the task. Without it, an answer
replaces the first. A mistake has three more lines. `#: breaks:` names the requirement, `#: expects:` is a regular
expression for the message of the check, and `#: because:` gives the misconception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from serverless_first.course import Module, Task

_HEADER = re.compile(r"#: (\w+): (.*)")
#: The lines that a learner has to write, in a cell of the solution. In SQL, the marks are comments.
GAP = re.compile(
    r"^[ ]*(?:-- )?### BEGIN SOLUTION\n(.*?)^[ ]*(?:-- )?### END SOLUTION(?:\n|\Z)", re.DOTALL | re.MULTILINE
)


class UnfitAnswer(ValueError):
    """An answer's file can't be read, or doesn't fit the solution. The message says why."""


@dataclass(frozen=True)
class Answer:
    """One answer to a task.

    Args:
        name: the file's name without its ending.
        breaks: the requirement of the task that a mistake breaks; empty in a right answer.
        expects: a regular expression for the check's message; empty in a right answer.
        because: the misconception; empty in a right answer.
        replaces: the number of the task's cell, counted from 1.
        source: the file's text below its header.
        gap: the number of the gap, counted from 1, or 0 for the whole cell.
        changes: whether `source` lists the lines that differ.
    """

    module: Module
    task: Task
    name: str
    breaks: str
    expects: str
    because: str
    replaces: int
    source: str
    gap: int = 0
    changes: bool = False

    def in_place_of(self, cell: str) -> str:
        """The cell, with this answer instead of all of it or of one of its gaps.

        Raises:
            UnfitAnswer: the cell has no such gap, or the gap doesn't have the lines that the answer changes.
        """
        if not self.gap:
            return self.source
        gaps = list(GAP.finditer(cell))
        if len(gaps) < self.gap:
            raise UnfitAnswer(f"{self.name}: the cell has {len(gaps)} gaps, there is no number {self.gap}")
        gap = gaps[self.gap - 1]
        return cell[: gap.start()] + (self._changed(gap[1]) if self.changes else self.source) + cell[gap.end() :]

    def _changed(self, solution: str) -> str:
        """The solution's lines with the changes of this answer, place by place."""
        lines = solution.splitlines(keepends=True)
        for place in re.split(r"^@@\n", self.source, flags=re.MULTILINE):
            marked = place.splitlines(keepends=True)
            if odd := [line for line in marked if line[0] not in " -+"]:
                raise UnfitAnswer(f"{self.name}: each line begins with -, + or a blank, unlike {odd[0]!r}")
            old, new = ([line[1:] for line in marked if line[0] in marks] for marks in (" -", " +"))
            if old == new:
                raise UnfitAnswer(f"{self.name}: nothing is changed here: {place!r}")
            if not old:
                raise UnfitAnswer(f"{self.name}: where? Add a solution's line, with a blank before it, to:\n{place}")
            starts = [n for n in range(len(lines)) if lines[n : n + len(old)] == old]
            if len(starts) != 1:
                raise UnfitAnswer(
                    f"{self.name}: the solution has these lines {len(starts)} times, not once:\n{''.join(old)}"
                )
            lines[starts[0] : starts[0] + len(old)] = new
        return "".join(lines)


def read_answer(path: Path, module: Module, task: Task) -> Answer:
    """Reads an answer's file.

    Raises:
        UnfitAnswer: its header can't be read.
    """
    text = path.read_text(encoding="utf-8").removesuffix("\n")
    lines = f"{text}\n".splitlines(keepends=True)  # in a gap, other lines may follow
    header: dict[str, str] = {}
    while lines and (match := _HEADER.match(lines[0])):
        header[match[1]] = match[2].strip()
        lines.pop(0)
    forms = [name for name in ("fills", "changes") if name in header]
    if len(forms) > 1:
        raise UnfitAnswer(f'{path.name}: "fills" or "changes", not both')
    gap = re.fullmatch(r"gap ([1-9]\d*)", header[forms[0]]) if forms else None
    if forms and not gap:
        raise UnfitAnswer(f'{path.name}: "{forms[0]}" is written like "gap 1"')
    return Answer(
        module,
        task,
        path.stem,
        header.get("breaks", ""),
        header.get("expects", ""),
        header.get("because", ""),
        int(header.get("replaces", "1")),
        "".join(lines) if gap else "".join(lines).lstrip("\n"),
        int(gap[1]) if gap else 0,
        forms == ["changes"],
    )


def answers_in(folder: Path, module: Module, task: Task, suffix: str = ".py") -> list[Answer]:
    """Reads the answers to a task in a folder, in the order of their names."""
    return [read_answer(path, module, task) for path in sorted(folder.glob(f"{task.id}-*{suffix}"))]

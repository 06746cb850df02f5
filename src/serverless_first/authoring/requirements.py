"""The requirements of a task: each sentence of a lab that asks for something has a name, which only lab.md shows.

In lab.md, {asks}`one-connection` stands after the sentence. The built lab is without it. A mistake names the
requirement that it breaks, and the tests look for a requirement that no mistake breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ROLE = re.compile(r"[ ]?\{asks\}`([^`\n]*)`")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TASK = re.compile(r"^## Task (\d+\.\d+)\b", re.MULTILINE)


@dataclass(frozen=True)
class Requirement:
    """One requirement: the id of its task, its name, and the text before the name back to the end of a paragraph."""

    task_id: str
    name: str
    text: str


def requirements(lab: str) -> Iterator[Requirement]:
    """Yields the requirements in the text of a lab.md.

    Raises:
        ValueError: a name isn't written like `one-connection`, occurs twice in a task, or is outside of a task.
    """
    tasks = list(_TASK.finditer(lab))
    keys = set()
    for match in _ROLE.finditer(lab):
        task_id = next((task[1] for task in reversed(tasks) if task.start() < match.start()), "")
        if not task_id:
            raise ValueError(f"{{asks}}`{match[1]}` is above the first task: move it into the section of its task")
        if not _NAME.fullmatch(match[1]):
            raise ValueError(f"{{asks}}`{match[1]}`: write the name in lowercase, with hyphens, like one-connection")
        if (task_id, match[1]) in keys:
            raise ValueError(f"{{asks}}`{match[1]}` occurs twice in task {task_id}: name each requirement once")
        keys.add((task_id, match[1]))
        text = lab[: match.start()].rpartition("\n\n")[2]
        yield Requirement(task_id, match[1], without_names(text))


def without_names(text: str) -> str:
    """The text as learners see it."""
    return _ROLE.sub("", text)

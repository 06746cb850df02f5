"""The author's texts for the learner: hints.yml and the cells of the solution.

hints.yml holds three hints for each task: a question, a pointer, nearly the code::

    "5.1":
      - Which of your calls holds the connection open?
      - Look at what the driver does after `rollback()`.
      - |
        Set `prepare_threshold=None` where you connect:
        ...
"""

from __future__ import annotations

import json

import yaml

from serverless_first.course import Module
from serverless_first.course.places import course_root, module_dir
from serverless_first.lab.failures import CourseFault

TIERS = ("a question", "a pointer", "nearly the code")
_MARKERS = tuple(f"{sign}### {word} SOLUTION" for sign in ("", "-- ") for word in ("BEGIN", "END"))  # -- in SQL


def load_hints(module: Module) -> dict[str, list[str]]:
    """The three hints of each task of a module.

    Raises:
        CourseFault: the file is missing or not YAML, a task lacks its three hints, or a task is unknown.
    """
    where = f"modules/{module.id}/hints.yml"
    try:
        text = (module_dir(module.id) / "hints.yml").read_text(encoding="utf-8")
        # BaseLoader reads every scalar as text: an unquoted 5.10 stays the task 5.10.
        hints = yaml.load(text, Loader=yaml.BaseLoader)
    except (OSError, yaml.YAMLError) as error:
        raise CourseFault(f"{where} cannot be read. This is a bug in the course, not your mistake.") from error
    tasks = {t.id for t in module.tasks}
    if not isinstance(hints, dict) or set(hints) != tasks:
        named = set(hints) if isinstance(hints, dict) else set()
        raise CourseFault(
            f"{where} and course.toml list different tasks: {', '.join(sorted(named ^ tasks))}. This is a fault in "
            "the course, not yours."
        )
    for task_id, tiers in hints.items():
        good = isinstance(tiers, list) and all(isinstance(t, str) and t.strip() for t in tiers)
        if not good or len(tiers) != len(TIERS):
            raise CourseFault(
                f"{where}: task {task_id} needs exactly three hints, each a text. This is a fault in the "
                "course, not yours."
            )
    return {task_id: [t.strip() for t in tiers] for task_id, tiers in hints.items()}


def solution_cells(module: Module, task_id: str) -> list[str]:
    """The code of the solution's cells with the tag `task-<id>`, without the markers of the build.

    Raises:
        CourseFault: the solution is not built, or it has no such cell.
    """
    path = course_root() / "solutions" / f"{module.id}.ipynb"
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise CourseFault(
            f"solutions/{module.id}.ipynb cannot be read. Run `make build`, or get the course again."
        ) from error
    sources = [
        "\n".join(line for line in "".join(cell["source"]).splitlines() if not line.strip().startswith(_MARKERS))
        for cell in cells
        if f"task-{task_id}" in cell.get("metadata", {}).get("tags", [])
    ]
    if not sources:
        raise CourseFault(
            f"solutions/{module.id}.ipynb has no cell for task {task_id}. "
            "This is a bug in the course, not your mistake."
        )
    return sources

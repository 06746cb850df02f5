"""Runs the buttons of panels (see `serverless_first.lab.panel`) and of the front page.

Nothing of the notebook is used, so a button also works after a kernel restart, before any cell has run again.
"""

from __future__ import annotations

from serverless_first import course
from serverless_first.lab import progress, welcome
from serverless_first.lab.kit import Lab
from serverless_first.lab.progress import ProgressFile


def press(module_id: str, task_id: str, action: str) -> None:
    """Does what a button says.

    Args:
        module_id: the lab, as in "05-rds-proxy".
        task_id: its task, as in "5.1".
        action: "check", "hint", "solution", "sure" (the solution before a pass), "progress", "share" or "keep".

    Raises:
        CheckFailed: the check did not pass; as `Lab.check`.
        UnknownLab, UnknownTask: the panel is from another version of the course; the message lists what there is.
        ValueError: there is no such action.
    """
    lab = Lab(module_id)
    if action == "check":
        lab.check(task_id)
    elif action == "hint":
        lab.hint(task_id)
    elif action in ("solution", "sure"):
        lab.solution(task_id, sure=action == "sure")
    elif action == "progress":
        lab.progress()
    elif action in ("share", "keep"):
        lab.share(action == "share")
    else:
        raise ValueError(
            f"Unknown action {action!r}. Choose one of: check, hint, solution, sure, progress, share, keep."
        )


def choose_path(title: str) -> None:
    """Keeps the path that the learner has chosen on the front page, and writes the page again.

    Args:
        title: as course.toml has it, as in "An hour".

    Raises:
        ValueError: the course has no such path; the message lists the paths.
    """
    titles = [route.title for route in course.load().routes]
    if title not in titles:
        raise ValueError(f"The course has no path {title!r}. Choose one of: {', '.join(titles)}.")
    ProgressFile().update(progress.path_chosen(title))
    welcome.refresh()

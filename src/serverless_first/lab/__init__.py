"""The lab kit: checks, hints, solutions, progress, predictions and quizzes.

A notebook needs one line::

    from serverless_first.lab import Lab
    lab = Lab("05-rds-proxy")

The author of a module writes `modules/<id>/checks.py` with `task` and `Attempt`.
"""

from serverless_first.lab.attempt import Attempt, Reply
from serverless_first.lab.checks import task
from serverless_first.lab.failures import (
    CheckBroken,
    CheckFailed,
    CourseFault,
    NotStarted,
    UnknownLab,
    UnknownTask,
)
from serverless_first.lab.kit import Lab

__all__ = [
    "Attempt",
    "CheckBroken",
    "CheckFailed",
    "CourseFault",
    "Lab",
    "NotStarted",
    "Reply",
    "UnknownLab",
    "UnknownTask",
    "task",
]

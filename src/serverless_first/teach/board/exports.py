"""CSV for spreadsheets: checks without names, and grades. UTF-8 with the mark that Excel looks for."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence

from serverless_first.course import Course
from serverless_first.teach.board.store import Store

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def checks_without_names(store: Store) -> str:
    """Each check that is kept, in the order of tries: student, module, task, try, passed, hints, message.

    A student is a number, drawn again for each export and for nothing else. Names are left out, and so are times, by
    which somebody who was in the room could tell a student.
    """
    names = [student["name"] for student in store.students()]
    random.SystemRandom().shuffle(names)
    numbers = {name: number for number, name in enumerate(names, 1)}
    rows = sorted(
        [
            *(f"student-{numbers[row['student']]:03}", row["module"], row["task"], row["tries"]),
            *("yes" if row["passed"] else "no", row["hints"], row["message"]),
        ]
        for row in store.checks()
    )
    return to_csv(["student", "module", "task", "try", "passed", "hints", "message"], rows)


def grades(store: Store, the_course: Course) -> str:
    """A line for each student and lab, with the columns of nbgrader's own export: a task passed is a point.

    Students without a check are there with 0. It holds names.
    """
    passed = {(row["student"], row["task"]) for row in store.states() if row["passed"]}
    rows = []
    for student in store.students():
        for module in the_course.ready_modules:
            done = [task.id for task in module.tasks if (student["name"], task.id) in passed]
            if module.tasks:
                rows.append([module.id, student["name"], len(done), len(module.tasks), " ".join(done)])
    return to_csv(["assignment", "student_id", "score", "max_score", "tasks_passed"], rows)


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV; a cell that a spreadsheet would run gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + text.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell

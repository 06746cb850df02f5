"""The data of the instructor's page: the students who are done or stuck, and the failing messages that most met."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from serverless_first.course import Course
from serverless_first.teach.board.store import Store

STUCK_AFTER = 3
"""A student with more tries than this, and without a pass, is stuck."""
MESSAGES = 3
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def board(store: Store, the_course: Course, module_id: str | None) -> dict[str, Any]:
    """The page of one module, as JSON can hold it.

    Args:
        module_id: the module to tell of; unless given, the one that most students have worked on.

    Raises:
        UnknownModule: the course has no such module.
    """
    modules = [module for module in the_course.ready_modules if module.tasks]
    states = store.states()
    begun: dict[str, set[str]] = defaultdict(set)
    passed: dict[str, int] = defaultdict(int)
    for state in states:
        begun[state["module"]].add(state["student"])
        passed[state["module"]] += state["passed"]
    if module_id is None:
        selected_module = max(modules, key=lambda module: len(begun[module.id]))
    else:
        selected_module = the_course.module(module_id)
    mine: dict[str, list[Any]] = defaultdict(list)
    for state in states:
        if state["module"] == selected_module.id:
            mine[state["student"]].append(state)
    students = [_student(row["name"], row["number"], mine[row["name"]]) for row in store.students()]
    failures = store.failures(selected_module.id)
    return {
        "course": the_course.title,
        "stuck_after": STUCK_AFTER,
        "modules": [
            {
                **{"id": module.id, "number": module.number, "title": module.title},
                **{"begun": len(begun[module.id]), "passed": passed[module.id], "tasks": len(module.tasks)},
            }
            for module in modules
        ],
        "module": selected_module.id,
        "tasks": [
            {
                **{"id": task.id, "title": task.title},
                "passed": sum(student["tasks"].get(task.id, {}).get("passed", False) for student in students),
                "stuck": [
                    student["number"]
                    for student in sorted(students, key=lambda student: -_tries(student, task.id))
                    if student["tasks"].get(task.id, {}).get("stuck")
                ],
                "messages": _most_frequent(row for row in failures if row["task"] == task.id),
            }
            for task in selected_module.tasks
        ],
        "students": students,
    }


def _student(name: str, number: int, states: list[Any]) -> dict[str, Any]:
    tasks = {
        state["task"]: {
            **{"passed": bool(state["passed"]), "tries": state["tries"], "hints": state["hints"]},
            "stuck": not state["passed"] and state["tries"] > STUCK_AFTER,
            **{"message": state["message"], "received_at": state["received_at"]},
        }
        for state in states
    }
    return {"name": name, "number": number, "tasks": tasks}


def _tries(student: dict[str, Any], task_id: str) -> int:
    return int(student["tasks"].get(task_id, {}).get("tries", 0))


def _most_frequent(failures: Iterable[Any]) -> list[dict[str, Any]]:
    """The messages of one task that most students have met. Messages that differ only in numbers count as one."""
    groups: dict[str, dict[str, Any]] = {}
    for row in failures:
        group = groups.setdefault(
            _NUMBER.sub("#", row["message"]), {"message": row["message"], "students": set(), "times": 0}
        )
        group["students"].add(row["student"])
        group["times"] += row["times"]
    ranked = sorted(groups.values(), key=lambda group: (-len(group["students"]), -group["times"], group["message"]))
    return [{**group, "students": len(group["students"])} for group in ranked[:MESSAGES]]

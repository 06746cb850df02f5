"""The event that a learner's notebook sends after a check: seven fields, checked one by one, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serverless_first.course import Course

LONGEST_MESSAGE = 400
MOST_TRIES = 100_000
MOST_HINTS = 3
_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = {"id", "module", "task", "passed", "tries", "hints", "message", "when"}


class BadEvent(ValueError):
    """Not what a check sends; the message names the field."""


@dataclass(frozen=True)
class Event:
    """One check.

    `id` is new for each check, so that sending it twice counts once. `message` is the one sentence of the course that
    says what is wrong, empty for a pass. `when` is the learner's clock, in UTC. Only the token says whose it is.
    """

    id: str
    module: str
    task: str
    passed: bool
    tries: int
    hints: int
    message: str
    when: str


def read(data: object, the_course: Course) -> Event:
    """The event in what was sent.

    Raises:
        BadEvent: a field is missing, unknown or of another kind, or there is no such module or task.
    """
    if not isinstance(data, dict) or set(data) != _FIELDS:
        faults = sorted(set(map(str, data)) ^ _FIELDS) if isinstance(data, dict) else ["no object"]
        raise BadEvent(
            f"An event has the fields {', '.join(sorted(_FIELDS))}. Wrong in this event: {', '.join(faults)[:200]}."
        )
    event = Event(
        id=_text(data, "id", 32),
        module=_text(data, "module", 100),
        task=_text(data, "task", 20),
        passed=_flag(data, "passed"),
        tries=_number(data, "tries", MOST_TRIES),
        hints=_number(data, "hints", MOST_HINTS),
        message=" ".join(_text(data, "message", LONGEST_MESSAGE).split()),
        when=_text(data, "when", 40),
    )
    if not _ID.fullmatch(event.id):
        raise BadEvent("id must have 32 hexadecimal digits.")
    if not any(m.id == event.module and any(t.id == event.task for t in m.tasks) for m in the_course.modules):
        raise BadEvent("The course has no such module and task.")
    try:
        datetime.fromisoformat(event.when)
    except ValueError:
        raise BadEvent("when must be a time as in 2026-11-25T14:40:00Z.") from None
    return event


def _text(data: Mapping[str, Any], field: str, longest: int) -> str:
    value = data[field]
    if not isinstance(value, str) or len(value) > longest:
        raise BadEvent(f"{field} must be a text of at most {longest} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadEvent(f"{field} has half a letter (a lone surrogate).") from None
    return value


def _flag(data: Mapping[str, Any], field: str) -> bool:
    value = data[field]
    if not isinstance(value, bool):
        raise BadEvent(f"{field} must be true or false.")
    return value


def _number(data: Mapping[str, Any], field: str, most: int) -> int:
    value = data[field]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadEvent(f"{field} must be a whole number from 0 to {most}.")
    return value

"""The names of a class of two, and the HTTP client and the browser of one of its people."""

from __future__ import annotations

import time
from typing import Any

from tools.class_load import Seat, Student

from serverless_first.teach.classroom.running import Running

NETWORK = "class.test"
"""A name as in a room with a name server: browsers take the seats' names for the same site, and trust no page of it."""
NAMES = ["佐藤 花子", "Tanaka, Ken"]


def seat(now: Running, who: int | str, limit_s: float = 240.0) -> Seat:
    """The client of a student, by the place in the list, or of anybody else, by the account.

    Args:
        now: the class.
        who: 0 for the first student; "instructor".
        limit_s: for how long it tries, in seconds.
    """
    person = now.people.students[who] if isinstance(who, int) else now.people.by_account(who)
    assert person is not None
    return Seat(now.plan.place, Student(person.account, person.code), time.monotonic() + limit_s)


def sign_in(page: Any, now: Running, code: str) -> None:
    """Opens the class's page and signs in with a card's code."""
    page.goto(now.address)
    page.get_by_label("The code of your card").fill(code)
    page.get_by_role("button", name="Sign in").click()

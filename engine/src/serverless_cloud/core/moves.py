"""Lives as tables: which state follows from a state and what moves it on. The tables stand where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)


class IllegalMove(RuntimeError):
    """The table has no such move."""


def moved(table: Mapping[tuple[State, Trigger], State], state: State, trigger: Trigger, what: str) -> State:
    """The next state. Args: what: whose it is, for the error: "An environment".

    Raises:
        IllegalMove: the table has no move for this trigger in this state.
    """
    target = table.get((state, trigger))
    if target is None:
        raise IllegalMove(f"{what} that is {state} cannot {trigger}.")
    return target

"""The life of an execution environment, as a table.

    init ----freeze----> frozen          (initialized ahead of the first call)
    init ----invoke----> busy            (the call that caused the cold start)
    busy ----freeze----> frozen          (the handler returned)
    frozen --invoke----> busy            (a warm start)
    any  ----end-------> ended           (crash, timeout, new code, idle too long, clean-up)

The table drives the code (`Life.move`), its tests and the figure in lesson 03. Rules: AWS Lambda Developer Guide,
"Understanding the Lambda execution environment lifecycle".
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

from serverless_cloud.core import clock
from serverless_cloud.core.moves import IllegalMove, moved


class State(StrEnum):
    """Where an execution environment is in its life."""

    INIT = "init"
    BUSY = "busy"
    FROZEN = "frozen"
    ENDED = "ended"


class Trigger(StrEnum):
    """An event that changes the state."""

    INVOKE = "invoke"
    FREEZE = "freeze"
    END = "end"


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.INIT, Trigger.INVOKE): State.BUSY,
    (State.INIT, Trigger.FREEZE): State.FROZEN,
    (State.INIT, Trigger.END): State.ENDED,
    (State.BUSY, Trigger.FREEZE): State.FROZEN,
    (State.BUSY, Trigger.END): State.ENDED,
    (State.FROZEN, Trigger.INVOKE): State.BUSY,
    (State.FROZEN, Trigger.END): State.ENDED,
}


@dataclass
class Life:
    """The state of one environment and every state it has been in, with the moment it began (`clock.now_s`)."""

    history: list[tuple[float, State]] = field(default_factory=lambda: [(clock.now_s(), State.INIT)])
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def state(self) -> State:
        """The state it is in now."""
        return self.history[-1][1]

    def move(self, trigger: Trigger) -> State:
        """Goes to the next state and notes the moment.

        Raises:
            IllegalMove: the table has no move for this trigger in this state.
        """
        with self._lock:
            target = moved(TRANSITIONS, self.state, trigger, "An environment")
            self.history.append((clock.now_s(), target))
            return target

    def end(self) -> bool:
        """Ends it; False if it had ended already."""
        try:
            self.move(Trigger.END)
        except IllegalMove:
            return False
        return True

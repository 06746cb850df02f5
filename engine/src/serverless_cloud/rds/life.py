"""The life of a DB instance, as a table.

Names: Amazon RDS User Guide, "Viewing Amazon RDS DB instance status" (looked up 2026-11-24).

creating --ready--> available --reboot--> rebooting --ready--> available
available --reboot--> also when PostgreSQL has ended by itself: it is started again
available --stop--> stopping --done--> stopped --start--> starting --ready--> available
any --refuse--> incompatible-parameters --reboot--> rebooting
any --break--> failed
any --delete--> deleting --done--> deleted
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """DBInstanceStatus. No call shows `deleted`; only callers that still hold the instance see it."""

    CREATING = "creating"
    AVAILABLE = "available"
    REBOOTING = "rebooting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STARTING = "starting"
    INCOMPATIBLE = "incompatible-parameters"
    FAILED = "failed"
    DELETING = "deleting"
    DELETED = "deleted"


class Trigger(StrEnum):
    """An event that changes the state."""

    READY = "ready"
    REBOOT = "reboot"
    STOP = "stop"
    START = "start"
    DONE = "done"
    REFUSE = "refuse"
    BREAK = "break"
    DELETE = "delete"


_STARTS = (State.CREATING, State.REBOOTING, State.STARTING)
_ALIVE = tuple(s for s in State if s not in (State.DELETING, State.DELETED))

TRANSITIONS: dict[tuple[State, Trigger], State] = {
    **{(state, Trigger.READY): State.AVAILABLE for state in _STARTS},
    **{(state, Trigger.REFUSE): State.INCOMPATIBLE for state in _STARTS},
    **{(state, Trigger.BREAK): State.FAILED for state in _ALIVE},
    **{(state, Trigger.DELETE): State.DELETING for state in _ALIVE},
    (State.AVAILABLE, Trigger.REBOOT): State.REBOOTING,
    (State.INCOMPATIBLE, Trigger.REBOOT): State.REBOOTING,
    (State.AVAILABLE, Trigger.STOP): State.STOPPING,
    (State.STOPPING, Trigger.DONE): State.STOPPED,
    (State.STOPPED, Trigger.START): State.STARTING,
    (State.DELETING, Trigger.DONE): State.DELETED,
}

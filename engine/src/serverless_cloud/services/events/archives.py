"""EventBridge's archives and replays.

The patches and their reasons:

- `Replay.replay_events`: moto replays all events of an archive within StartReplay, and ignores the times and rules of
  the request.
- `EventsBackend.cancel_replay`: moto cancels what is complete.
- `EventsBackend.create_archive`, `update_archive`: patterns are read as AWS reads them; moto's archive keeps the events
  of its first pattern when it is updated.
- `EventsBackend.start_replay`: the times are looked at before the archive.
- `EventsHandler.list_archives`, `list_replays`: moto ignores Limit and NextToken.
- `EventsBackend.list_archives`: AWS looks for the bus that is asked for.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.events import models
from moto.events.exceptions import IllegalStatusException, ValidationException
from moto.events.models import Archive, EventPattern, EventsBackend, Replay
from moto.events.responses import EventsHandler

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.events import entries as eventbridge_entries
from serverless_cloud.events.router import Event
from serverless_cloud.plane import DataPlane
from serverless_cloud.schedules.timer import Timer
from serverless_cloud.services.events.buses import page
from serverless_cloud.services.events.rules import parsed, view

patches = Service("events", defect="engine/tests/test_answers_events.py::test_stock_moto_still_answers_otherwise")

#: From StartReplay to the first event, on scaled time. On AWS it takes minutes; a replay can be canceled before.
REPLAY_STARTS_S = 1.0


@patches.replaces("moto.events.models:EventsBackend.create_archive")
def create_archive(
    backend: EventsBackend, name: str, source_arn: str, description: str, event_pattern: str, retention: str
) -> Archive:
    if event_pattern:
        parsed(event_pattern)
    return create_archive.original(backend, name, source_arn, description, event_pattern, retention)


@patches.replaces("moto.events.models:EventsBackend.update_archive", upstream="UpdateArchive changes what is archived.")
def update_archive(
    backend: EventsBackend, name: str, description: str, event_pattern: str, retention: str
) -> JsonObject:
    if event_pattern:
        parsed(event_pattern)
    answer = update_archive.original(backend, name, description, event_pattern, retention)
    if event_pattern and (rule := backend.archives[name].rule) is not None:
        pattern = json.loads(event_pattern) | {"replay-name": [{"exists": False}]}
        rule.event_pattern = EventPattern.load(json.dumps(pattern))
    return answer


@patches.replaces("moto.events.models:EventsBackend.start_replay", upstream="A replay ends after it starts.")
def start_replay(
    backend: EventsBackend,
    name: str,
    description: str,
    source_arn: str,
    start_time: Any,
    end_time: Any,
    destination: JsonObject,
) -> JsonObject:
    if ":event-bus/" in destination["Arn"]:  # else moto says so
        backend.describe_event_bus(destination["Arn"])
        if start_time >= end_time:
            raise ValidationException(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
    return start_replay.original(backend, name, description, source_arn, start_time, end_time, destination)


class Replays:
    """The replays that have not begun."""

    def __init__(self, plane: DataPlane) -> None:
        self._timer = Timer("replays", plane.tasks, lambda: plane.time_scale)
        plane.forgetting.append(self._timer.clear)

    def start(self, replay: Replay, archive: Archive) -> None:
        """Brings the events back after a moment; returns at once."""
        now = datetime.now(UTC)
        due = now + timedelta(seconds=REPLAY_STARTS_S)
        self._timer.set(
            replay.arn, now, lambda moment: due if moment < due else None, lambda _: _bring_back(replay, archive)
        )


def connect(plane: DataPlane) -> None:
    """Lets replays run."""
    current.parts[Replays] = Replays(plane)


@patches.replaces(
    "moto.events.models:Replay.replay_events",
    defect="engine/tests/test_event_seams.py::test_stock_moto_still_has_the_defects_that_the_seam_mends",
    upstream="A replay takes notice of its times and rules.",
)
def replay_events(replay: Replay, archive: Archive) -> None:
    current.parts[Replays].start(replay, archive)


def _bring_back(replay: Replay, archive: Archive) -> None:
    if replay.state != models.ReplayState.STARTING:  # canceled
        return
    replay.state = models.ReplayState.RUNNING
    events: list[Any] = archive.events
    for event in _in_time(events, replay.event_start_time, replay.event_end_time):
        bus = models.events_backends[replay.account_id][replay.region].describe_event_bus(archive.event_bus_name)
        for rule in list(bus.rules.values()):
            if rule.arn in (replay.destination.get("FilterArns") or [rule.arn]):
                current.plane.events.offer(view(rule), event | {"replay-name": replay.name})
    replay.state = models.ReplayState.COMPLETED
    replay.end_time = time.time()


@patches.replaces(
    "moto.events.models:EventsBackend.cancel_replay", upstream="A replay that is complete can't be canceled."
)
def cancel_replay(backend: EventsBackend, name: str) -> dict[str, str]:
    replay = backend.replays.get(name)
    if replay is not None and replay.state == models.ReplayState.COMPLETED:
        raise IllegalStatusException(f"Replay {name} is not in a valid state for this operation.")
    return cancel_replay.original(backend, name)


def _in_time(events: list[Event], start: str | float | None, end: str | float | None) -> list[Event]:
    first, last = eventbridge_entries.time_of(start) or "", eventbridge_entries.time_of(end) or "~"
    return [event for event in list(events) if first <= event["time"] <= last]


@patches.replaces("moto.events.models:EventsBackend.list_archives")
def list_archives(
    backend: EventsBackend, name_prefix: str | None, source_arn: str | None, state: str | None
) -> list[JsonObject]:
    found = list_archives.original(backend, name_prefix, source_arn, state)
    if source_arn:
        backend.describe_event_bus(source_arn)
    return found


@patches.replaces_each("moto.events.responses:EventsHandler", ("list_archives", "list_replays"), expects="self")
def _list(patch: Patch[..., Any], /, response: EventsHandler) -> Any:
    """One page of moto's list."""
    body, _ = patch.original(response)
    ((name, found),) = json.loads(body).items()
    return page(response, name, found)

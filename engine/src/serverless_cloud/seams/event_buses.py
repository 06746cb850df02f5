"""Seam: what an event bus of EventBridge can be, and its change (moto 5.2.5).

Replaced here:

- `EventsBackend.create_event_bus`, `EventsHandler.create_event_bus`: names and settings are checked; what has no effect
  here is refused before moto keeps it (KmsKeyIdentifier, DeadLetterConfig) or drops it (LogConfig).
- `EventsBackend.delete_event_bus`: moto deletes a bus with its rules.
- `EventsHandler.update_event_bus` is new: moto has none.

Worth an upstream change: UpdateEventBus, the bus with rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.utils import unix_time
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler

from serverless_cloud.refusals import STORED, NotHonoured
from serverless_cloud.seams.shape_rules import require_shape

#: Settings of a bus that the local cloud does not honour; moto's names of those that it passes on.
_NOT_HONOURED = {
    "KmsKeyIdentifier": "kms_key_identifier",
    "DeadLetterConfig": "dead_letter_config",
    "LogConfig": "log_config",
}


def install() -> None:
    """Puts these rules into moto."""
    backend: Any = EventsBackend
    handler: Any = EventsHandler
    moto_create: Callable[..., Any] = backend.create_event_bus
    moto_delete: Callable[..., Any] = backend.delete_event_bus
    moto_call: Callable[..., Any] = handler.create_event_bus

    def create_honoured_bus(self: Any, name: str, *args: Any, **given: Any) -> Any:
        require_shape("events", "CreateEventBus", {"Name": name})
        _require_honoured({setting: given.get(key) for setting, key in _NOT_HONOURED.items()})
        return moto_create(self, name, *args, **given)

    def create_event_bus(self: Any) -> Any:
        _require_honoured({setting: self._get_param(setting) for setting in _NOT_HONOURED})
        return moto_call(self)

    def update_event_bus(self: Any) -> str:
        given = {name: self._get_param(name) for name in ("Name", "Description", *_NOT_HONOURED)}
        require_shape("events", "UpdateEventBus", given)
        _require_honoured(given)
        bus = self.events_backend.describe_event_bus(given["Name"])  # without a name: the default bus
        if given["Description"] is not None:
            bus.description = given["Description"]
        bus.last_modified_time = unix_time()
        told = {"Arn": bus.arn, "Name": bus.name, "Description": bus.description}
        return json.dumps({name: value for name, value in told.items() if value is not None})

    def delete_empty_bus(self: Any, name: str) -> None:
        bus = self.event_buses.get(name)
        if name != "default" and bus is not None and bus.rules:
            raise ValidationException("EventBus can't be deleted since it has rules.")
        moto_delete(self, name)

    backend.create_event_bus, backend.delete_event_bus = create_honoured_bus, delete_empty_bus
    handler.create_event_bus, handler.update_event_bus = create_event_bus, update_event_bus


def _require_honoured(given: Mapping[str, Any]) -> None:
    for setting in _NOT_HONOURED:
        if given.get(setting):
            raise NotHonoured(
                f"{setting} of an event bus", STORED.removesuffix(" docs/fidelity.md lists what is real.")
            )

"""EventBridge's buses: their settings and tags.

The patches and their reasons:

- `EventsHandler.update_event_bus`: moto has none.
- `EventsBackend.create_event_bus`, `EventsHandler.create_event_bus`: a setting without effect here is refused before
  moto keeps it (KmsKeyIdentifier, DeadLetterConfig) or drops it (LogConfig).
- `EventsBackend.delete_event_bus`: moto deletes a bus with its rules.
- `EventsHandler.list_event_buses`: moto leaves out descriptions and times.
- `EventsBackend.list_tags_for_resource`, `tag_resource`, `untag_resource`: moto looks only at the end of the ARN, so it
  confuses rules of the same name, and calls a missing bus a rule.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.core.utils import unix_time
from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventBus, EventsBackend
from moto.events.responses import EventsHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import NotHonoured

patches = Service(
    "events", defect="engine/tests/events/test_answers_events.py::test_stock_moto_still_answers_otherwise"
)

MOST_LISTED = 100  # API reference: the largest Limit, and the default
#: Settings of a bus that the local cloud doesn't support, with moto's names for the settings that it passes on.
_NOT_HONOURED = {
    "KmsKeyIdentifier": "kms_key_identifier",
    "DeadLetterConfig": "dead_letter_config",
    "LogConfig": "log_config",
}


def page(response: EventsHandler, name: str, found: list[JsonObject]) -> str:
    """One page of a list, as its Limit and NextToken ask. Args: name: the list's in the answer."""
    start = 0
    if token := response._get_param("NextToken"):
        try:
            start = int(base64.b64decode(token, validate=True).decode().removeprefix(f"{name}-"))
        except ValueError as error:
            raise ValidationException("Parameter NextToken is not valid.") from error
    end = start + (response._get_param("Limit") or MOST_LISTED)
    answer: JsonObject = {name: found[start:end]}
    if end < len(found):
        answer["NextToken"] = base64.b64encode(f"{name}-{end}".encode()).decode()
    return json.dumps(answer)


def without_nulls(answer: JsonObject) -> JsonObject:
    """The fields of an answer that have a value."""
    return {name: value for name, value in answer.items() if value is not None}


@patches.replaces(
    "moto.events.models:EventsBackend.create_event_bus",
    expects=(
        "self, name, event_source_name=None, description=None, kms_key_identifier=None, dead_letter_config=None, "
        "tags=None"
    ),
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
)
def create_event_bus_of_backend(backend: EventsBackend, name: str, *args: object, **given: object) -> EventBus:
    _require_honoured({setting: given.get(key) for setting, key in _NOT_HONOURED.items()})
    return create_event_bus_of_backend.original(backend, name, *args, **given)


@patches.replaces(
    "moto.events.models:EventsBackend.delete_event_bus",
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
    upstream="A bus that has rules can't be deleted.",
)
def delete_event_bus(backend: EventsBackend, name: str) -> None:
    bus = backend.event_buses.get(name)
    if name != "default" and bus is not None and bus.rules:
        raise ValidationException("EventBus can't be deleted since it has rules.")
    delete_event_bus.original(backend, name)


@patches.replaces(
    "moto.events.responses:EventsHandler.create_event_bus",
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
)
def answer_create_event_bus(response: EventsHandler) -> tuple[str, JsonObject]:
    _require_honoured({setting: response._get_param(setting) for setting in _NOT_HONOURED})
    return answer_create_event_bus.original(response)


@patches.replaces(
    "moto.events.responses:EventsHandler.update_event_bus",
    expects="",
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
    upstream="UpdateEventBus exists.",
)
def update_event_bus(response: EventsHandler) -> str:
    given = {name: response._get_param(name) for name in ("Name", "Description", *_NOT_HONOURED)}
    _require_honoured(given)
    bus = response.events_backend.describe_event_bus(given["Name"])  # without a name: the default bus
    if given["Description"] is not None:
        bus.description = given["Description"]
    bus.last_modified_time = unix_time()
    return json.dumps(without_nulls({"Arn": bus.arn, "Name": bus.name, "Description": bus.description}))


@patches.replaces(
    "moto.events.responses:EventsHandler.list_event_buses", upstream="ListEventBuses tells descriptions and times."
)
def list_event_buses(response: EventsHandler) -> str:
    prefix = response._get_param("NamePrefix") or ""
    found = [
        without_nulls(
            {
                "Name": bus.name,
                "Arn": bus.arn,
                "Description": bus.description,
                "CreationTime": bus.creation_time,
                "LastModifiedTime": bus.last_modified_time,
            }
        )
        for name, bus in list(response.events_backend.event_buses.items())
        if name.startswith(prefix)
    ]
    return page(response, "EventBuses", found)


@patches.replaces_each(
    "moto.events.models:EventsBackend",
    ("list_tags_for_resource", "tag_resource", "untag_resource"),
    expects={
        "list_tags_for_resource": "self, arn",
        "tag_resource": "self, arn, tags",
        "untag_resource": "self, arn, tag_keys",
    },
)
def _tags(patch: Patch[..., object], /, backend: EventsBackend, arn: str, *given: object) -> object:
    """Reads or changes the tags that moto has for an ARN."""
    _require_taggable(backend, arn)
    tagger: Any = backend.tagger
    if patch.name == "tag_resource":
        (tags,) = given
        return tagger.tag_resource(arn, tagger.convert_dict_to_tags_input(tags))
    if patch.name == "untag_resource":
        (names,) = given
        return tagger.untag_resource_using_names(arn, names)
    return tagger.list_tags_for_resource(arn)


def _require_taggable(backend: EventsBackend, arn: str) -> None:
    """Raises, in AWS's words, unless a bus or a rule has this ARN: event-bus/NAME, rule/NAME or rule/BUS/NAME."""
    kind, _, path = arn.split(":", 5)[-1].partition("/")
    bus_name, _, name = path.rpartition("/")
    if kind == "event-bus":
        backend.describe_event_bus(path)
    elif name not in backend.describe_event_bus(bus_name or "default").rules:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus_name or 'default'}.")


def _require_honoured(given: JsonObject) -> None:
    for setting in _NOT_HONOURED:
        if given.get(setting):
            raise NotHonoured(f"{setting} of an event bus")

"""EventBridge's rules take events to their targets.

moto keeps buses, rules and targets. It sends to few targets, within PutEvents, knows no retry and no
dead-letter queue, and its patterns are not AWS's. The patches and their reasons:

- `EventsBackend.put_events`: the entries are checked as on AWS; rules are served in the background.
- `Rule.send_to_targets`: events from moto's other services go to the data plane.
- `EventsBackend.put_rule`, `put_targets`: refused before moto keeps them if AWS refuses them or they have no effect.
- `EventsBackend.describe_rule`, `enable_rule`, `disable_rule`, `list_targets_by_rule`: for a rule that is not there the
  words are not AWS's.
- the pages of `list_targets_by_rule`: moto tells targets apart by their ARN, which several may share, and then gives
  the same page for ever.
- `EventsHandler.call_action`: every request is checked against the API reference first.
- `EventsHandler.test_event_pattern`: moto has none.
- `EventsHandler.create_archive` and the others in `REFUSED`: refused by name.
- `notifications._send_safe_notification`: moto calls functions when a bucket is made, within CreateBucket and with its
  own event; AWS tells EventBridge of API calls only where CloudTrail has a trail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from moto.core.exceptions import JsonRESTError
from moto.events import models
from moto.events.exceptions import InvalidEventPatternException, ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import DATA_PLANE, Patch, Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.errors import AccessDenied
from serverless_cloud.events import entries as eventbridge_entries, rules as eventbridge_rules, targets
from serverless_cloud.events.patterns import InvalidPattern, Pattern
from serverless_cloud.events.retry import Deliveries
from serverless_cloud.events.router import Rule
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.shape_rules import answer_to_invalid

patches = Service(
    "events",
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
)

REFUSED = (
    "create_archive", "create_partner_event_source", "delete_partner_event_source", "describe_event_source",
    "describe_partner_event_source", "put_partner_events", "put_permission", "start_replay",
)  # fmt: skip
MOST_RULES = 300  # EventBridge quotas: rules of a bus
_LIMIT_EXCEEDED = ("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
#: TestEventPattern: these must be there. The API reference also names `resources`, but AWS accepts events without it.
EVENT_FIELDS = ("id", "account", "source", "time", "region", "detail-type")


def rules_of(account_id: str, region: str, bus: str) -> Sequence[Rule] | None:
    """The rules of a bus as moto has them now; None if there is no such bus."""
    try:
        found = models.events_backends[account_id][region].event_buses.get(bus)
    except KeyError:  # no such Region
        return None
    return None if found is None else [view(rule) for rule in list(found.rules.values())]


def view(rule: models.Rule) -> Rule:
    """moto's rule as the data plane sees it."""
    return Rule(
        name=rule.name,
        arn=rule.arn,
        pattern=rule.event_pattern.dump() or None,
        targets=list(rule.targets),
        is_enabled=rule.state != "DISABLED",
    )


@patches.replaces("moto.events.responses:EventsHandler.call_action", expects="self")
def call_action(response: EventsHandler) -> Any:
    return answer_to_invalid("events", response) or call_action.original(response)


def connect(plane: DataPlane) -> None:
    """Puts the data plane behind EventBridge."""
    deliveries = Deliveries(plane.tasks, lambda: plane.time_scale)
    plane.forgetting.append(deliveries.clear)
    plane.events.connect(rules_of, eventbridge_rules.RuleTargets(plane, deliveries, rules_of).run)


patches.adds("moto.events.utils:PAGINATION_MODEL.list_targets_by_rule", {"unique_attribute": "Id"})


@patches.replaces(
    "moto.events.notifications:_send_safe_notification",
    expects="source, event_name, region, resources, detail",
    defect="data plane",
)
def _send_safe_notification(*_: object) -> None:
    """AWS tells EventBridge of API calls only where CloudTrail has a trail."""


@patches.replaces("moto.events.models:EventsBackend.put_events", defect="data plane")
def put_events(backend: EventsBackend, events: list[JsonObject]) -> list[dict[str, str]]:
    try:
        entries = eventbridge_entries.read(events or [], backend.account_id, backend.region_name)
    except eventbridge_entries.InvalidRequest as error:
        raise ValidationException(str(error)) from error
    for entry in entries:
        if entry.event is not None:
            current.plane.events.publish(entry.event, entry.bus, entry.place)
    return [entry.result for entry in entries]


def check_rule(backend: EventsBackend, name: str, given: JsonObject) -> None:
    """Raises for a rule that AWS refuses. Args: given: the settings, as moto calls them."""
    if given.get("event_pattern"):
        parsed(given["event_pattern"])
    if role := given.get("role_arn"):
        try:
            current.plane.permissions.require_trust(role, eventbridge_rules.PRINCIPAL)
        except AccessDenied as error:
            raise ValidationException(
                f"Provided role '{role}' cannot be assumed by principal '{eventbridge_rules.PRINCIPAL}'."
            ) from error
    bus = backend.event_buses.get(eventbridge_entries.bus_name(given.get("event_bus_arn")))
    if bus is not None and name not in bus.rules and len(bus.rules) >= MOST_RULES:
        raise JsonRESTError(*_LIMIT_EXCEEDED)


@patches.replaces("moto.events.models:EventsBackend.put_targets", upstream="A rule has at most five targets.")
def put_targets(backend: EventsBackend, name: str, event_bus_arn: str | None, targets: list[JsonObject]) -> None:
    bus = backend.event_buses.get(eventbridge_entries.bus_name(event_bus_arn))
    rule = bus.rules.get(name) if bus else None
    if rule is not None:  # else moto says so
        _check(targets)
        if len({target["Id"] for target in [*rule.targets, *targets]}) > eventbridge_rules.MOST_TARGETS:
            raise JsonRESTError(*_LIMIT_EXCEEDED)
    put_targets.original(backend, name, event_bus_arn, targets)


@patches.replaces("moto.events.models:Rule.send_to_targets", defect="data plane")
def send_to_targets(rule: models.Rule, original_event: JsonObject, transform_input: bool = True) -> None:
    del transform_input
    current.plane.events.offer(view(rule), dict(original_event))


@patches.replaces("moto.events.responses:EventsHandler.test_event_pattern", upstream="TestEventPattern exists.")
def test_event_pattern(response: EventsHandler) -> str:
    pattern = parsed(response._get_param("EventPattern"))
    try:
        event = json.loads(response._get_param("Event"))
    except (ValueError, RecursionError) as error:
        raise ValidationException("Parameter Event is not valid.") from error
    if not isinstance(event, dict) or any(name not in event for name in EVENT_FIELDS):
        raise ValidationException("Parameter Event is not valid.")
    return json.dumps({"Result": pattern.matches(event)})


def require_rule(backend: EventsBackend, name: str, event_bus_arn: str | None) -> None:
    """Raises, in AWS's words, unless a bus has a rule."""
    bus = eventbridge_entries.bus_name(event_bus_arn)
    if name not in backend.describe_event_bus(bus).rules:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus}.")


@patches.replaces_each(
    "moto.events.models:EventsBackend",
    ("describe_rule", "list_targets_by_rule"),
    expects={"describe_rule": "self, name, event_bus_arn", "list_targets_by_rule": "self, rule_id, event_bus_arn"},
)
def _look(
    patch: Patch[..., object], /, backend: EventsBackend, name: str, event_bus_arn: str | None, **more: object
) -> object:
    require_rule(backend, name, event_bus_arn)
    return patch.original(backend, name, event_bus_arn, **more)


@patches.replaces_each("moto.events.responses:EventsHandler", REFUSED, expects="self", defect=DATA_PLANE)
def _refuse(patch: Patch[..., object], /, _: EventsHandler) -> NoReturn:
    raise NotHonoured(patch.name)


def _check(given: list[JsonObject]) -> None:
    try:
        for look in (eventbridge_rules.check_arn, eventbridge_rules.check):
            for target in given:
                look(target)
    except eventbridge_rules.InvalidTarget as error:
        raise ValidationException(str(error)) from error
    except targets.UnsupportedTarget as error:
        raise NotHonoured(str(error), "{}") from error


def parsed(text: str) -> Pattern:
    """A pattern. Raises InvalidEventPatternException, with AWS's reason, if the text isn't a pattern."""
    try:
        return Pattern.parse(text)
    except InvalidPattern as error:
        raise InvalidEventPatternException(reason=error.reason) from error

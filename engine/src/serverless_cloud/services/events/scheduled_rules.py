"""EventBridge rules with a ScheduleExpression run.

moto keeps them, and nothing ticks. The patches and their reasons:

- `EventsBackend.put_rule`: the whole expression is checked, moto looks at its first word; the schedule starts.
- `EventsBackend.enable_rule`, `disable_rule`, `delete_rule`: it starts again, and ends.

The event of a schedule: Amazon EventBridge User Guide, "Creating a rule that runs on a schedule".
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.plane import DataPlane
from serverless_cloud.schedules.expressions import InvalidExpression, parse_rule
from serverless_cloud.schedules.timer import Timer
from serverless_cloud.services.events.rules import check_rule, require_rule, view

patches = Service(
    "events",
    defect="engine/tests/events/test_event_patches.py::test_stock_moto_still_has_the_defects_that_the_patch_mends",
)


def scheduled_event(rule_arn: str, due: datetime) -> JsonObject:
    """The event that a rule's targets get when its schedule is due. `due`: the time on the schedule's clock."""
    parts = rule_arn.split(":")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": parts[4],
        "time": f"{due:%Y-%m-%dT%H:%M:%SZ}",
        "region": parts[3],
        "resources": [rule_arn],
        "detail": {},
    }


class ScheduledRules:
    """The rules with a schedule that are enabled."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._timer = Timer("scheduled rules", plane.tasks, lambda: plane.time_scale)
        plane.forgetting.append(self._timer.clear)

    def follow(self, rule: Rule) -> None:
        """The timer does what moto's rule says now."""
        if not rule.scheduled_expression or rule.state == "DISABLED":
            self._timer.cancel(rule.arn)
            return
        schedule, now = parse_rule(rule.scheduled_expression), datetime.now(UTC)

        def ring(due: datetime) -> None:
            self._plane.events.run_targets(view(rule), scheduled_event(rule.arn, due))

        # A rate is counted from now on: its first time is one interval later.
        self._timer.set(rule.arn, now, lambda moment: schedule.next_after(max(moment, now), now), ring)

    def forget(self, rule: Rule) -> None:
        """The rule was deleted."""
        self._timer.cancel(rule.arn)


def connect(plane: DataPlane) -> None:
    """Lets scheduled rules run."""
    current.parts[ScheduledRules] = ScheduledRules(plane)


@patches.replaces(
    "moto.events.models:EventsBackend.put_rule",
    expects=(
        "self, name, description=None, event_bus_arn=None, event_pattern=None, role_arn=None, "
        "scheduled_expression=None, state=None, managed_by=None, tags=None"
    ),
    upstream="PutRule checks the whole schedule expression.",
)
def put_rule(backend: EventsBackend, name: str, *args: object, **given: Any) -> Rule:
    """Checks the whole expression and the other settings, keeps the rule, and starts its schedule."""
    if expression := given.get("scheduled_expression"):
        try:
            parse_rule(expression)
        except InvalidExpression as error:
            raise ValidationException("Parameter ScheduleExpression is not valid.") from error
    check_rule(backend, name, given)
    rule = put_rule.original(backend, name, *args, **given)
    current.parts[ScheduledRules].follow(backend.describe_rule(name, given.get("event_bus_arn")))
    return rule


@patches.replaces_each(
    "moto.events.models:EventsBackend", ("enable_rule", "disable_rule"), expects="self, name, event_bus_arn"
)
def _switch(patch: Patch[..., bool], backend: EventsBackend, name: str, event_bus_arn: str | None) -> bool:
    """The schedule starts again, or ends."""
    require_rule(backend, name, event_bus_arn)
    if answer := patch.original(backend, name, event_bus_arn):
        current.parts[ScheduledRules].follow(backend.describe_rule(name, event_bus_arn))
    return answer


@patches.replaces("moto.events.models:EventsBackend.delete_rule")
def delete_rule(backend: EventsBackend, name: str, event_bus_arn: str | None) -> None:
    """The schedule ends with its rule."""
    bus = backend.event_buses.get(backend._normalize_event_bus_arn(event_bus_arn))
    rule = bus.rules.get(name) if bus else None
    answer = delete_rule.original(backend, name, event_bus_arn)
    if rule is not None:
        current.parts[ScheduledRules].forget(rule)
    return answer

"""Seam: EventBridge rules with a ScheduleExpression run (moto 5.2.5).

moto keeps them, and nothing ticks. Replaced, each to do what was there before (moto, or event_rules.py) and then more:

- `EventsBackend.put_rule`: the whole expression is checked, moto looks at its first word; the schedule starts.
- `EventsBackend.enable_rule`, `disable_rule`, `delete_rule`: it starts again, and ends.

The event of a schedule: Amazon EventBridge User Guide, "Creating a rule that runs on a schedule".
Worth an upstream change: the check.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend

from serverless_cloud.plane import DataPlane
from serverless_cloud.schedules.expressions import InvalidExpression, parse_rule
from serverless_cloud.schedules.timer import Timer
from serverless_cloud.seams.event_rules import view


def scheduled_event(rule_arn: str, due: datetime) -> dict[str, Any]:
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


def install(plane: DataPlane) -> None:
    """Lets scheduled rules run."""
    timer = Timer("scheduled rules", plane.tasks, lambda: plane.time_scale)
    plane.forgetting.append(timer.clear)
    backend: Any = EventsBackend
    put_before, delete_before = backend.put_rule, backend.delete_rule
    enable_before, disable_before = backend.enable_rule, backend.disable_rule

    def follow(rule: Any) -> None:
        """The timer does what moto's rule says now."""
        if not rule.scheduled_expression or rule.state == "DISABLED":
            timer.cancel(rule.arn)
            return
        schedule, now = parse_rule(rule.scheduled_expression), datetime.now(UTC)

        def ring(due: datetime) -> None:
            plane.events.run_targets(view(rule), scheduled_event(rule.arn, due))

        # A rate is counted from now on: its first time is one interval later.
        timer.set(rule.arn, now, lambda moment: schedule.next_after(max(moment, now), now), ring)

    def put_rule(self: Any, name: str, *args: Any, **given: Any) -> Any:
        if expression := given.get("scheduled_expression"):
            try:
                parse_rule(expression)
            except InvalidExpression as error:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from error
        answer = put_before(self, name, *args, **given)
        follow(self.describe_rule(name, given.get("event_bus_arn")))
        return answer

    def switching(before: Callable[..., Any]) -> Callable[..., Any]:
        def switch(self: Any, name: str, event_bus_arn: str | None) -> Any:
            answer = before(self, name, event_bus_arn)
            if answer:
                follow(self.describe_rule(name, event_bus_arn))
            return answer

        return switch

    def delete_rule(self: Any, name: str, event_bus_arn: str | None) -> Any:
        bus = self.event_buses.get(self._normalize_event_bus_arn(event_bus_arn))
        rule = bus.rules.get(name) if bus else None
        answer = delete_before(self, name, event_bus_arn)
        if rule is not None:
            timer.cancel(rule.arn)
        return answer

    backend.put_rule, backend.delete_rule = put_rule, delete_rule
    backend.enable_rule, backend.disable_rule = switching(enable_before), switching(disable_before)

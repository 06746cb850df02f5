"""EventBridge: an event comes to a bus, and its rules take it on. No moto; the patch `event_rules` says which rules.

Rules: Amazon EventBridge User Guide, "Events", "Event buses" and "Sending events between event buses in the same
account and Region".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from serverless_cloud.events.patterns import Pattern
from serverless_cloud.events.targets import Target, TargetFailed

Event = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule as it is now.

    Args:
        pattern: JSON text; None for a rule that has only a schedule.
        targets: as PutTargets takes them.
    """

    name: str
    arn: str
    pattern: str | None
    targets: Sequence[Mapping[str, Any]]
    is_enabled: bool = True

    @property
    def region(self) -> str:
        """Where it is."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]

    def matches(self, event: Event) -> bool:
        """Whether it takes this event."""
        return self.is_enabled and self.pattern is not None and Pattern.parse(self.pattern).matches(event)


@dataclass(frozen=True)
class Arrival:
    """An event at a bus.

    Args:
        event: with all its fields.
        ingested_at: when it came, ISO 8601.
        from_another_bus: it was sent on by a rule of another bus.
    """

    event: Event
    ingested_at: str
    from_another_bus: bool = False


#: The rules of a bus by account, Region and the bus's name; None if there is no such bus.
Rules = Callable[[str, str, str], Sequence[Rule] | None]
#: Takes an event to the targets of a rule; returns at once.
Run = Callable[[Rule, Arrival], None]


def iso(moment: datetime) -> str:
    """A time in the form of events, "2026-11-25T04:00:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Router:
    """Where events are published. Until `connect` no bus has a rule."""

    def __init__(self) -> None:
        self._rules: Rules = lambda *_: None
        self._run: Run = lambda *_: None

    def connect(self, rules: Rules, run: Run) -> None:
        """Says where the rules are, and who takes an event to their targets."""
        self._rules, self._run = rules, run

    def publish(self, event: Mapping[str, Any], bus: str = "default", place: tuple[str, str] | None = None) -> str:
        """Puts an event of a service ("aws.s3") on a bus; returns at once.

        Args:
            event: source, detail-type, account, region and detail; resources, time and id if they are known.
            bus: its name.
            place: the bus's account and Region; None: the event's.

        Returns: the event's id.
        """
        now = iso(datetime.now(UTC))
        whole: Event = {
            "version": "0",
            "id": event.get("id") or str(uuid.uuid4()),
            "detail-type": event["detail-type"],
            "source": event["source"],
            "account": event["account"],
            "time": event.get("time") or now,
            "region": event["region"],
            "resources": list(event.get("resources") or []),
            "detail": event["detail"],
        }
        account_id, region = place or (whole["account"], whole["region"])
        self._arrive(Arrival(whole, now), account_id, region, bus)
        return str(whole["id"])

    def offer(self, rule: Rule, event: Event) -> None:
        """Gives an event to one rule, which takes it if its pattern matches."""
        self._offer(rule, Arrival(event, iso(datetime.now(UTC))))

    def run_targets(self, rule: Rule, event: Event) -> None:
        """Takes an event to all targets of a rule, whatever its pattern (a schedule); returns at once."""
        self._run(rule, Arrival(event, iso(datetime.now(UTC))))

    def forward(self, target: Target) -> None:
        """Takes an event on to another bus, as a rule's target asks.

        Raises:
            TargetFailed: there is no such bus, or the event has come from another bus already.
        """
        _, _, _, region, account_id, name = target.arn.split(":", 5)
        bus = name.removeprefix("event-bus/")
        event: Event = json.loads(target.payload)  # PutTargets lets nobody change it for a bus
        if target.from_another_bus:
            raise TargetFailed(
                "THIRD_ACCOUNT_HOP_DETECTED",
                f"Event ingestion rejected for event {event['id']} because an event can be sent to an event bus target "
                "only once. This event was previously delivered to an event bus target.",
                False,
            )
        if self._rules(account_id, region, bus) is None:
            raise TargetFailed("NO_RESOURCE", f"Event bus {bus} does not exist.", False, "ResourceNotFoundException")
        if region != target.region:
            event["id"] = str(uuid.uuid4())
        self._arrive(Arrival(event, iso(datetime.now(UTC)), from_another_bus=True), account_id, region, bus)

    def _arrive(self, arrival: Arrival, account_id: str, region: str, bus: str) -> None:
        for rule in self._rules(account_id, region, bus) or ():
            self._offer(rule, arrival)

    def _offer(self, rule: Rule, arrival: Arrival) -> None:
        if rule.matches(arrival.event):
            self._run(rule, arrival)

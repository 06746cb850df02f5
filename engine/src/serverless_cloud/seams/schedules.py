"""Seam: schedules of EventBridge Scheduler invoke their targets (moto 5.2.5).

moto keeps schedules and invokes nothing. Replaced, each to do what moto does and then more:

- `EventBridgeSchedulerResponse.create_schedule`, `update_schedule`: what AWS refuses is refused, the schedule runs;
  moto's update forgets ActionAfterCompletion and leaves State empty.
- `EventBridgeSchedulerResponse.create_schedule_group`: moto overwrites a group of the same name.
- `EventBridgeSchedulerBackend.delete_schedule`, `delete_schedule_group`: what is deleted runs no more; a group that
  is not there is said to be missing.
- `ScheduleExists.code`: 409.

Worth an upstream change: all but the running.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleExists, ScheduleGroupNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.scheduler.responses import EventBridgeSchedulerResponse

from serverless_cloud.events.retry import Deliveries, Delivery, RetryPolicy
from serverless_cloud.plane import DataPlane
from serverless_cloud.schedules.expressions import Within, parse_schedule
from serverless_cloud.schedules.invocation import Invocation, Run
from serverless_cloud.schedules.timer import Timer
from serverless_cloud.seams.schedule_rules import RETRY_POLICY, checked
from serverless_cloud.seams.shape_rules import ValidationException, require_shape


@dataclass(frozen=True, eq=False)
class _Running:
    """A schedule as it was created or updated: another one after each change.

    Args:
        times: when it invokes its target.
        since: when it was created or updated.
        window: the length of its flexible time window, or None.
        delete: deletes it, for ActionAfterCompletion; None: it stays.
    """

    arn: str
    times: Within
    since: datetime
    target: Mapping[str, Any]
    window: timedelta | None
    delete: Callable[[], None] | None

    def next_after(self, moment: datetime) -> datetime | None:
        return self.times.next_after(moment, self.since)


class RunningSchedules:
    """The schedules that are enabled."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._timer = Timer("schedules", plane.tasks, lambda: plane.time_scale)
        self._deliveries = Deliveries(plane.tasks, lambda: plane.time_scale)
        self._running: dict[str, _Running] = {}

    def set(self, schedule: Any, delete: Callable[[], None]) -> None:
        """A schedule was created or updated.

        Args:
            schedule: moto's.
            delete: deletes it, for ActionAfterCompletion.
        """
        if schedule.state != "ENABLED":
            self.forget(schedule.arn)
            return
        minutes = schedule.flexible_time_window.get("MaximumWindowInMinutes")
        running = self._running[schedule.arn] = _Running(
            arn=schedule.arn,
            times=_times(schedule),
            since=datetime.now(UTC),
            target=copy.deepcopy(schedule.target),
            window=None if minutes is None else timedelta(minutes=minutes),
            delete=delete if schedule.action_after_completion == "DELETE" else None,
        )
        self._timer.set(running.arn, running.since, running.next_after, lambda due: self._ring(running, due))

    def _ring(self, running: _Running, due: datetime) -> None:
        def is_wanted() -> bool:
            return self._running.get(running.arn) is running

        def done() -> None:
            if running.delete and running.next_after(due) is None and is_wanted():
                running.delete()

        run = Run(self._plane, Invocation(running.arn, running.target, due), done)
        policy = RetryPolicy.of(running.target["RetryPolicy"])
        delivery = Delivery(run.send, run.give_up, policy, is_wanted)
        late = due + random.random() * (running.window or timedelta())
        self._timer.set(
            (running.arn, due),
            due,
            lambda moment: late if moment < late else None,
            lambda _: self._deliveries.submit(delivery),
        )

    def forget(self, arn: str) -> None:
        """A schedule was deleted or disabled."""
        self._running.pop(arn, None)
        self._timer.cancel(arn)

    def clear(self) -> None:
        """The cloud is emptied."""
        self._running.clear()
        self._timer.clear()
        self._deliveries.clear()


def _times(schedule: Any) -> Within:
    """API reference: StartDate and EndDate are ignored for a one-time schedule."""
    when = parse_schedule(schedule.schedule_expression, schedule.schedule_expression_timezone)
    if schedule.schedule_expression.startswith("at("):
        return Within(when)
    return Within(when, _moment(schedule.start_date), _moment(schedule.end_date))


def _moment(epoch_s: Any) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(float(epoch_s), UTC)


class _GroupExists(JsonRESTError):
    code = 409

    def __init__(self, name: str) -> None:
        super().__init__("ConflictException", f"Schedule group {name} already exists.")


def install(plane: DataPlane) -> None:
    """Lets schedules run."""
    running = RunningSchedules(plane)
    plane.forgetting.append(running.clear)
    backend: Any = EventBridgeSchedulerBackend
    response: Any = EventBridgeSchedulerResponse
    moto_create, moto_update = response.create_schedule, response.update_schedule
    moto_create_group = response.create_schedule_group
    moto_delete, moto_delete_group = backend.delete_schedule, backend.delete_schedule_group
    ScheduleExists.code = 409

    def asked(self: Any) -> dict[str, Any]:
        given: dict[str, Any] = json.loads(self.body or "{}")
        return {"Name": unquote(self.uri.split("?")[0].split("/")[-1])} | given

    def settle(self: Any, given: dict[str, Any]) -> None:
        moto = self.scheduler_backend
        schedule = moto.get_schedule(given.get("GroupName"), given["Name"])
        schedule.state = given.get("State") or "ENABLED"
        schedule.action_after_completion = given.get("ActionAfterCompletion") or "NONE"
        schedule.target["RetryPolicy"] = RETRY_POLICY | (given["Target"].get("RetryPolicy") or {})
        running.set(schedule, lambda: moto.delete_schedule(given.get("GroupName"), given["Name"]))

    def create(self: Any) -> Any:
        given = asked(self)
        checked(plane, "CreateSchedule", given)
        self.scheduler_backend.get_schedule_group(given.get("GroupName"))
        answer = moto_create(self)
        settle(self, given)
        return answer

    def update(self: Any) -> Any:
        given = asked(self)
        checked(plane, "UpdateSchedule", given)
        answer = moto_update(self)
        settle(self, given)
        return answer

    def create_group(self: Any) -> Any:
        given = asked(self)
        require_shape("scheduler", "CreateScheduleGroup", given)
        if given["Name"] in self.scheduler_backend.schedule_groups:
            raise _GroupExists(given["Name"])
        return moto_create_group(self)

    def delete(self: Any, group_name: str | None, name: str) -> None:
        schedule = self.get_schedule(group_name, name)
        moto_delete(self, group_name, name)
        running.forget(schedule.arn)

    def delete_group(self: Any, name: str | None) -> None:
        if name not in self.schedule_groups:
            raise ScheduleGroupNotFound(name or "default")
        if name == "default":
            raise ValidationException("The default schedule group cannot be deleted.")
        group = self.schedule_groups[name]
        moto_delete_group(self, name)
        for schedule in list(group.schedules.values()):
            running.forget(schedule.arn)

    response.create_schedule, response.update_schedule = create, update
    response.create_schedule_group = create_group
    backend.delete_schedule, backend.delete_schedule_group = delete, delete_group

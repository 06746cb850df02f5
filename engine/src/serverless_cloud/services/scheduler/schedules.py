"""Schedules of EventBridge Scheduler invoke their targets.

moto keeps schedules and invokes nothing. The patches and their reasons:

- `EventBridgeSchedulerResponse.call_action`: every request is checked against the API reference first, and errors have
  a Message, as AWS writes it.
- `EventBridgeSchedulerResponse.create_schedule`, `update_schedule`: refuse what AWS refuses or the local
  cloud doesn't support; the schedule runs; moto's update forgets ActionAfterCompletion and leaves State empty.
- `EventBridgeSchedulerResponse.create_schedule_group`: moto overwrites a group of the same name.
- `EventBridgeSchedulerResponse.list_schedules`: a missing group is reported.
- `EventBridgeSchedulerBackend.delete_schedule`, `delete_schedule_group`: a deleted schedule no longer runs; a
  missing group is reported.
- `EventBridgeSchedulerBackend.list_tags_for_resource`, `tag_resource`, `untag_resource`: so it is there.
- `ScheduleExists.code`: 409.

Rules: EventBridge Scheduler API reference and User Guide. Words marked "ours" are not AWS's: it documents none.
"""

from __future__ import annotations

import copy
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule, ScheduleGroup
from moto.scheduler.responses import EventBridgeSchedulerResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import INSTEAD, NotHonoured
from serverless_cloud.errors import AccessDenied
from serverless_cloud.events.retry import Deliveries, Delivery, RetryPolicy
from serverless_cloud.events.targets import UnsupportedTarget, service_of
from serverless_cloud.plane import DataPlane
from serverless_cloud.schedules.expressions import InvalidExpression, Within, parse_schedule, time_zone
from serverless_cloud.schedules.invocation import Invocation, Run
from serverless_cloud.schedules.timer import Timer
from serverless_cloud.services.shape_rules import ValidationException, answer_to_invalid, asked_by_path

patches = Service(
    "scheduler", defect="engine/tests/schedules/test_schedule_patches.py::test_stock_moto_still_has_the_defects"
)

RETRY_POLICY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}  # API reference: RetryPolicy
_LATEST_START_S = 300.0
#: Templated targets that AWS has and the local cloud has not.
_TEMPLATED = ("codebuild", "codepipeline", "ecs", "firehose", "inspector", "sagemaker")
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
_JSON_TARGETS = ("lambda", "states", "events")
#: Parameters that a templated target must have, and parameters of targets that the local cloud doesn't support.
_REQUIRED = {"events": "EventBridgeParameters", "kinesis": "KinesisParameters"}
_REFUSED = ("EcsParameters", "SageMakerPipelineParameters", "EventBridgePutEventsV2Parameters",
            "EventBridgePutRawEventsParameters")  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Running:
    """A schedule as it was created or updated, a new object after each change.

    Args:
        times: when it invokes its target.
        since: when it was created or updated.
        window: the length of its flexible time window, or None.
        delete: deletes it, for ActionAfterCompletion; None: it stays.
    """

    arn: str
    times: Within
    since: datetime
    target: JsonObject
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

    def set(self, schedule: Schedule, delete: Callable[[], None]) -> None:
        """A schedule was created or updated. Args: delete: deletes it, for ActionAfterCompletion."""
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


def _times(schedule: Schedule) -> Within:
    """API reference: StartDate and EndDate are ignored for a one-time schedule."""
    when = parse_schedule(schedule.schedule_expression, schedule.schedule_expression_timezone)
    if schedule.schedule_expression.startswith("at("):
        return Within(when)
    return Within(when, _moment(schedule.start_date), _moment(schedule.end_date))


def _moment(epoch_s: str | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(float(epoch_s), UTC)


class _GroupExists(JsonRESTError):
    code = 409

    def __init__(self, name: str) -> None:
        super().__init__("ConflictException", f"Schedule group {name} already exists.")


def connect(plane: DataPlane) -> None:
    """Lets schedules run."""
    current.parts[RunningSchedules] = running = RunningSchedules(plane)
    plane.forgetting.append(running.clear)


patches.sets("moto.scheduler.exceptions:ScheduleExists.code", 409)


@patches.replaces(
    "moto.scheduler.responses:EventBridgeSchedulerResponse.call_action",
    expects="self",
    defect="engine/tests/schedules/test_answers_scheduler.py::test_stock_moto_still_answers_otherwise",
    upstream="Errors have a Message.",
)
def call_action(response: EventBridgeSchedulerResponse) -> Any:
    status, headers, body = answer_to_invalid("scheduler", response) or call_action.original(response)
    if int(status) >= 400 and isinstance(told := json.loads(body or "{}"), dict) and "message" in told:
        body = json.dumps({"Message": told["message"]})
    return status, headers, body


@patches.replaces("moto.scheduler.responses:EventBridgeSchedulerResponse.create_schedule")
def create_schedule(response: EventBridgeSchedulerResponse) -> str:
    given = asked_by_path(response)
    _check(current.plane, given)
    group = response.scheduler_backend.get_schedule_group(given.get("GroupName"))
    if _is_repeated(group.schedules.get(given["Name"]), given):
        return json.dumps({"ScheduleArn": group.schedules[given["Name"]].arn})
    answer = create_schedule.original(response)
    _settle(response.scheduler_backend, given)
    vars(group.schedules[given["Name"]])["request"] = given
    return answer


def _is_repeated(there: Schedule | ScheduleGroup | None, given: JsonObject) -> bool:
    """Whether a call that creates something is the call that has created it, with the same ClientToken."""
    return bool(there is not None and given.get("ClientToken") and vars(there).get("request") == given)


@patches.replaces(
    "moto.scheduler.responses:EventBridgeSchedulerResponse.update_schedule",
    upstream="UpdateSchedule keeps ActionAfterCompletion, and State has its default.",
)
def update_schedule(response: EventBridgeSchedulerResponse) -> str:
    given = asked_by_path(response)
    _check(current.plane, given)
    answer = update_schedule.original(response)
    _settle(response.scheduler_backend, given)
    return answer


@patches.replaces(
    "moto.scheduler.responses:EventBridgeSchedulerResponse.create_schedule_group",
    upstream="A schedule group isn't overwritten.",
)
def create_schedule_group(response: EventBridgeSchedulerResponse) -> str:
    given, groups = asked_by_path(response), response.scheduler_backend.schedule_groups
    if (old := groups.get(given["Name"])) is not None:
        if _is_repeated(old, given):
            return json.dumps({"ScheduleGroupArn": old.arn})
        raise _GroupExists(given["Name"])
    answer = create_schedule_group.original(response)
    vars(groups[given["Name"]])["request"] = given
    return answer


@patches.replaces(
    "moto.scheduler.responses:EventBridgeSchedulerResponse.list_schedules",
    upstream="ListSchedules reports a missing schedule group.",
)
def list_schedules(response: EventBridgeSchedulerResponse) -> str:
    for name in response.querystring.get("ScheduleGroup", []):
        response.scheduler_backend.get_schedule_group(name)
    return list_schedules.original(response)


def _settle(backend: EventBridgeSchedulerBackend, given: JsonObject) -> None:
    """A schedule was created or updated: moto drops some of its settings."""
    schedule = backend.get_schedule(given.get("GroupName"), given["Name"])
    schedule.state = given.get("State") or "ENABLED"
    schedule.action_after_completion = given.get("ActionAfterCompletion") or "NONE"
    schedule.target["RetryPolicy"] = RETRY_POLICY | (given["Target"].get("RetryPolicy") or {})
    current.parts[RunningSchedules].set(
        schedule, lambda: backend.delete_schedule(given.get("GroupName"), given["Name"])
    )


@patches.replaces("moto.scheduler.models:EventBridgeSchedulerBackend.delete_schedule")
def delete_schedule(backend: EventBridgeSchedulerBackend, group_name: str | None, name: str) -> None:
    schedule = backend.get_schedule(group_name, name)
    delete_schedule.original(backend, group_name, name)
    current.parts[RunningSchedules].forget(schedule.arn)


@patches.replaces(
    "moto.scheduler.models:EventBridgeSchedulerBackend.delete_schedule_group",
    upstream="A missing schedule group is reported.",
)
def delete_schedule_group(backend: EventBridgeSchedulerBackend, name: str | None) -> None:
    if name not in backend.schedule_groups:
        raise ScheduleGroupNotFound(name or "default")
    if name == "default":
        raise ValidationException("The default schedule group cannot be deleted.")
    group = backend.schedule_groups[name]
    delete_schedule_group.original(backend, name)
    for schedule in list(group.schedules.values()):
        current.parts[RunningSchedules].forget(schedule.arn)


@patches.replaces_each(
    "moto.scheduler.models:EventBridgeSchedulerBackend",
    ("list_tags_for_resource", "tag_resource", "untag_resource"),
    expects={
        "list_tags_for_resource": "self, resource_arn",
        "tag_resource": "self, resource_arn, tags",
        "untag_resource": "self, resource_arn, tag_keys",
    },
    defect="engine/tests/schedules/test_answers_scheduler.py::test_stock_moto_still_answers_otherwise",
    upstream="Tags belong to a group that exists.",
)
def _tags(
    patch: Patch[..., object], /, backend: EventBridgeSchedulerBackend, resource_arn: str, *given: object
) -> object:
    """The tags of a group that exists."""
    backend.get_schedule_group(resource_arn.rpartition("/")[2])
    return patch.original(backend, resource_arn, *given)


# ---- what is refused


def _check(plane: DataPlane, given: JsonObject) -> None:
    """Raises ValidationException for a CreateSchedule or UpdateSchedule as AWS does, NotHonoured where AWS takes it."""
    if given.get("KmsKeyArn"):
        raise NotHonoured("KmsKeyArn in schedules")
    _when(given)
    _window(given["FlexibleTimeWindow"])
    _target(given["Target"])
    try:
        plane.permissions.require_trust(given["Target"]["RoleArn"], "scheduler.amazonaws.com")
    except AccessDenied as error:
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        ) from error


def _when(given: JsonObject) -> None:
    expression, zone = given["ScheduleExpression"], given.get("ScheduleExpressionTimezone") or "UTC"
    try:
        time_zone(zone)
    except InvalidExpression as error:
        raise ValidationException(f"Invalid ScheduleExpressionTimezone {zone}. {error}") from error  # ours
    try:
        parse_schedule(expression, zone)
    except InvalidExpression as error:
        raise ValidationException(f"Invalid Schedule Expression {expression}.") from error
    start, end = given.get("StartDate"), given.get("EndDate")
    if expression.startswith("at("):
        return  # API reference: both are ignored for a one-time schedule
    if start is not None and start < time.time() - _LATEST_START_S:
        raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= max(time.time(), start or 0.0):
        raise ValidationException("The EndDate you specify must be in the future and after the StartDate.")  # ours


def _window(window: JsonObject) -> None:
    minutes = window.get("MaximumWindowInMinutes")
    if (window["Mode"] == "FLEXIBLE") != (minutes is not None):  # ours
        raise ValidationException("MaximumWindowInMinutes must be set for the mode FLEXIBLE, and only for that mode.")


def _target(target: JsonObject) -> None:
    arn = target["Arn"]
    if not re.fullmatch(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", arn):
        raise ValidationException("Provided Arn is not in correct format.")
    for name in _REFUSED:
        if target.get(name):
            raise NotHonoured(f"{name} in schedules")
    if arn.startswith(_UNIVERSAL):
        raise NotHonoured(
            f"universal targets of schedules, such as {arn}",
            INSTEAD.format("{}", "Give the ARN of a templated target, such as a function or a queue."),
        )
    service = arn.split(":")[2]
    try:
        service_of(arn)
    except UnsupportedTarget as error:
        if service in _TEMPLATED:
            raise NotHonoured(f"schedules with the target {arn}") from error
        raise ValidationException(f"{service} is not a supported service for a target.") from error
    if service == "logs":
        raise ValidationException("logs is not a supported service for a target.")
    if (required := _REQUIRED.get(service)) and not target.get(required):
        raise ValidationException(f"Parameter {required} must be specified for the target {arn}.")  # ours
    if arn.endswith(".fifo") and service == "sqs" and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise ValidationException(
            f"Parameter SqsParameters with a MessageGroupId must be specified for the target {arn}."
        )  # ours
    if service in _JSON_TARGETS and "Input" in target:
        _json(target["Input"])


def _json(text: str) -> None:
    """Context attributes may stand where JSON has a number."""
    try:
        json.loads(re.sub(r"<aws\.scheduler\.[a-z-]+>", "0", text))
    except (ValueError, RecursionError) as error:
        raise ValidationException(f"The Input of this target must be well-formed JSON: {error}") from error  # ours

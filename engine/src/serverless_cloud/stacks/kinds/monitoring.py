"""CloudWatch: alarms and dashboards."""

# ruff: noqa: ARG002 - the methods of all kinds have the same signature
from __future__ import annotations

from typing import Any

from serverless_cloud.stacks.errors import ResourceFailed
from serverless_cloud.stacks.kinds.base import Kind, Made, Place, Properties, call_if_there


class Alarm(Kind):
    """AWS::CloudWatch::Alarm. It is kept and shown; the local cloud evaluates no alarm (docs/fidelity.md)."""

    type, name, name_limit = "AWS::CloudWatch::Alarm", "AlarmName", 255
    refused = ("ActionConfiguration", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow",
               "WarmUpConfiguration")  # fmt: skip
    _of_one_metric = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        made = Made(name, {"Arn": at.arn("cloudwatch", f"alarm:{name}")})
        self._put(at, name, given)
        self._tag(at, made, {}, given)
        return made

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        """The call sets all of an alarm, what it leaves out too."""
        self._put(at, made.physical_id, given)
        self._tag(at, made, old, given)
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "cloudwatch", "DeleteAlarms", AlarmNames=[made.physical_id])

    def _put(self, at: Place, name: str, given: Properties) -> None:
        # What PutMetricAlarm refuses (API reference, "PutMetricAlarm"); the words are from memory.
        if ("Metrics" in given) == ("MetricName" in given):
            raise ResourceFailed("Exactly one of MetricName and Metrics must be given for an alarm.")
        if "Metrics" in given and (more := [name for name in self._of_one_metric if name in given]):
            raise ResourceFailed(f"{', '.join(more)} cannot be given beside Metrics for an alarm.")
        if "MetricName" in given:
            if missing := [name for name in ("Namespace", "Period", "Threshold") if name not in given]:
                raise ResourceFailed(f"An alarm on a metric needs {', '.join(missing)}.")
            if ("Statistic" in given) == ("ExtendedStatistic" in given):
                raise ResourceFailed("Exactly one of Statistic and ExtendedStatistic must be given for an alarm.")
        wanted = {key: value for key, value in given.items() if key not in ("AlarmName", "Tags")}
        at.call("cloudwatch", "PutMetricAlarm", AlarmName=name, **({"ActionsEnabled": True} | wanted))

    @staticmethod
    def _tag(at: Place, made: Made, old: Properties, given: Properties) -> None:
        arn = made.attributes["Arn"]
        had, has = ({tag["Key"]: tag["Value"] for tag in each.get("Tags") or []} for each in (old, given))
        if gone := sorted(set(had) - set(has)):
            at.call("cloudwatch", "UntagResource", ResourceARN=arn, TagKeys=gone)
        if has and has != had:
            at.call("cloudwatch", "TagResource", ResourceARN=arn, Tags=given["Tags"])


class Dashboard(Kind):
    """AWS::CloudWatch::Dashboard."""

    type, name, name_limit = "AWS::CloudWatch::Dashboard", "DashboardName", 255
    refused = ("Tags",)

    def create(self, at: Place, given: dict[str, Any]) -> Made:
        name = self.named(at, given)
        at.call("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=given["DashboardBody"])
        return Made(name)

    def update(self, at: Place, made: Made, old: Properties, given: dict[str, Any]) -> Made:
        at.call("cloudwatch", "PutDashboard", DashboardName=made.physical_id, DashboardBody=given["DashboardBody"])
        return made

    def delete(self, at: Place, made: Made, given: Properties) -> None:
        call_if_there(at, "cloudwatch", "DeleteDashboards", DashboardNames=[made.physical_id])


KINDS: tuple[Kind, ...] = (Alarm(), Dashboard())

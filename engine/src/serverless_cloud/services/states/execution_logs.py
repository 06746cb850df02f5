"""Writes executions to CloudWatch Logs. Replaces nothing of moto, whose own session writes where nobody can read.

The form of an event: Step Functions Developer Guide, "Using CloudWatch Logs to log execution history"; the name of the
stream is [recalled, not verified].
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from types import SimpleNamespace

from moto.stepfunctions.models import StateMachineInstance
from moto.stepfunctions.parser.api import HistoryEventType, LogLevel
from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.logs import write_events
from serverless_cloud.workflows.parameter_names import compact


class _Session:
    """The session that moto's event manager asks for each event. `level`: ALL, ERROR or FATAL."""

    def __init__(self, level: str, includes_data: bool, execution_arn: str, group_arn: str, stream: str) -> None:
        self.execution_arn = execution_arn
        self.configuration = SimpleNamespace(include_execution_data=includes_data)
        self._level, self._stream = level, stream
        _, _, _, self._region, self._account, _, self._group = group_arn.removesuffix(":*").split(":", 6)

    def log_level_filter(self, history_event_type: HistoryEventType) -> bool:
        """Whether events of this type are written."""
        return bool(is_logging_enabled_for(LogLevel(self._level), history_event_type=history_event_type))

    def publish_history_log(self, history_log: JsonObject) -> None:
        """Writes an event."""
        at = history_log["event_timestamp"]
        at_ms = int((at if isinstance(at, datetime) else datetime.fromisoformat(at)).timestamp() * 1000)
        kind = history_log["type"]
        told = {
            "id": history_log["id"],
            "type": str(getattr(kind, "value", kind)),
            "details": history_log.get("details") or {},
            "redrive_count": "0",
            "previous_event_id": history_log["previous_event_id"],
            "event_timestamp": str(at_ms),
            "execution_arn": self.execution_arn,
        }
        event = {"timestamp": at_ms, "message": compact(told)}
        write_events(self._account, self._region, self._group, self._stream, [event])


def logging_session(instance: StateMachineInstance, name: str, execution_arn: str) -> _Session | None:
    """Writes the events of an execution; None if its machine has no logging. Args: name: of the machine."""
    given = instance.loggingConfiguration or {}
    level, destinations = given.get("level") or "OFF", given.get("destinations") or []
    if level == "OFF" or not destinations:
        return None
    stream = f"states/{name}/{time.strftime('%Y-%m-%d-%H-%M', time.gmtime())}/{uuid.uuid4().hex[:8]}"
    group = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    return _Session(level, bool(given.get("includeExecutionData")), execution_arn, group, stream)

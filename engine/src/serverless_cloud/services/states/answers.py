"""Requests and answers of Step Functions: checks, lists in pages, and what is told of an execution, to EventBridge too.

Nothing of moto is replaced.

moto's serialiser looks up each member of botocore's model in each event, 70 for one: ten times what the rest takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from serverless_cloud.services.shape_rules import require_shape

USUAL = 100


def asked(responder: Any, operation: str) -> dict[str, Any]:
    """A request to moto's StepFunctionResponse, by boto3's names.

    Raises:
        ValidationException: it is not as the API reference says of the operation.
    """
    given: dict[str, Any] = json.loads(responder.body)
    require_shape("stepfunctions", operation, given)
    return given


def page(items: Sequence[Any], given: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """The items of one page, and the token of the next one or None.

    Args:
        items: all of them, in order.
        given: the request: maxResults (0 or none: 100; API reference), nextToken.

    Raises:
        AWSError: InvalidToken.
    """
    first = 0
    if token := given.get("nextToken"):
        try:
            first = int(base64.b64decode(token, validate=True).decode().removeprefix("from-"))
        except ValueError:
            raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken") from None
    size = given.get("maxResults") or USUAL
    following = first + size
    token = base64.b64encode(f"from-{following}".encode()).decode() if following < len(items) else None
    return list(items[first:following]), token


#: What a call of moto's response class returns.
Answer = ActionResult | tuple[str, dict[str, str]]


def answer(responder: Any, result: Mapping[str, Any]) -> Answer:
    """The return value of a method of moto's StepFunctionResponse.

    Args:
        responder: the StepFunctionResponse.
        result: the answer by boto3's names; values that are None are left out, at the top.
    """
    told = {name: value for name, value in result.items() if value is not None}
    if "json" not in responder.headers.get("Content-Type", ""):
        return ActionResult(told)
    return json.dumps(told, default=_plain, ensure_ascii=False), {"Content-Type": "application/x-amz-json-1.0"}


def _plain(value: Any) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"JSON can't represent {value!r}")


def described(execution: Any, *, with_data: bool = True) -> dict[str, Any]:
    """All about an execution as it is now, as DescribeExecution answers.

    Args:
        execution: a RunningExecution, at work or ended.
        with_data: whether input and output are told.
    """
    status = execution.status
    told = item_of(execution, status)
    if with_data:
        told |= data_of(execution, status)
    told |= errors_of(execution) if status != "RUNNING" else {}
    reason = execution.why_not_redrivable
    told["redriveStatus"] = "REDRIVABLE" if reason is None else "NOT_REDRIVABLE"
    if reason is not None:
        told["redriveStatusReason"] = reason
    return told


def item_of(execution: Any, status: str) -> dict[str, Any]:
    """An execution in a list. Args: status: its status, looked up once because it may change meanwhile."""
    found = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date if status != "RUNNING" else None,
        "mapRunArn": execution.map_run_arn,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
    }
    return {name: value for name, value in found.items() if value is not None}


def data_of(execution: Any, status: str) -> dict[str, Any]:
    """Its input, and its output if it has succeeded."""
    told = {"input": execution.execution_input, "inputDetails": {"included": True}}
    if status == "SUCCEEDED":
        text = to_json_str(execution.output, separators=(",", ":"))
        told |= {"output": text, "outputDetails": {"included": True}}
    return told


def errors_of(execution: Any) -> dict[str, Any]:
    """Error and cause of an execution that has ended, and its trace header."""
    found = {"error": execution.error, "cause": execution.cause, "traceHeader": execution.trace_header}
    return {name: value for name, value in found.items() if value is not None}


def stamp(moment: datetime) -> str:
    """A time as the context object has it: UTC, in milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

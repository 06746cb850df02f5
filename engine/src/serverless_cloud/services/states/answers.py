"""Requests and answers of Step Functions: checks, lists in pages, and what is told of an execution, to EventBridge too.

Nothing of moto is replaced.

moto's serialiser looks up each member of botocore's model in each event, 70 for one: ten times what the rest takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core import constraints
from serverless_cloud.core.jackson import exception_of, loads
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.shape_rules import MOST_SHOWN, ValidationException, require_shape
from serverless_cloud.workflows.variables import references

if TYPE_CHECKING:
    from serverless_cloud.services.states.running import RunningExecution

_Item = TypeVar("_Item")

USUAL = 100
LARGEST = 262_144  # bytes of input or output; API reference
#: The revision of a machine that was never changed, which no answer names.
FIRST_REVISION = "INITIAL"


def asked(responder: StepFunctionResponse, operation: str) -> JsonObject:
    """A request to moto's StepFunctionResponse, by boto3's names.

    Raises:
        ValidationException: it is not as the API reference says of the operation.
    """
    given: JsonObject = json.loads(responder.body)
    require_shape("stepfunctions", operation, given)
    require_bytes(given)
    return given


def require_bytes(given: JsonObject) -> None:
    """Raises ValidationException if data is too large: its limit is in bytes, whatever the characters."""
    for name in ("input", "output"):
        if isinstance(text := given.get(name), str) and len(text.encode()) > LARGEST:
            rule = f"Member must have length less than or equal to {LARGEST}"
            raise ValidationException(constraints.violation_message(name, rule, f"{text[:MOST_SHOWN]}..."))


def json_of(text: str, words: str, code: str) -> object:
    """The value of a text in JSON, which has no NaN.

    Args:
        words, code: of the error.

    Raises:
        AWSError: it isn't JSON.
    """
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        raise AWSError(f"{words}: '{exception_of(error)}'", code) from None
    except RecursionError as error:
        raise AWSError(f"{words}: '{error}'", code) from None


def page(items: Sequence[_Item], given: JsonObject) -> tuple[list[_Item], str | None]:
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


#: The return value of a call of moto's response class.
Answer = ActionResult | tuple[str, dict[str, str]]


def answer(responder: StepFunctionResponse, result: JsonObject) -> Answer:
    """The return value of a method of moto's StepFunctionResponse.

    Args:
        result: the answer by boto3's names; values that are None are left out, at the top.
    """
    told = {name: value for name, value in result.items() if value is not None}
    if "json" not in responder.headers.get("Content-Type", ""):
        return ActionResult(told)
    return json.dumps(told, default=_plain, ensure_ascii=False), {"Content-Type": "application/x-amz-json-1.0"}


def _plain(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"JSON can't represent {value!r}")


def described(execution: RunningExecution, *, with_data: bool = True) -> JsonObject:
    """All about an execution as it is now, as DescribeExecution answers. Args: with_data: tells input and output."""
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


def item_of(execution: RunningExecution, status: str) -> JsonObject:
    """An execution in a list. Args: status: its status, looked up once because it may change meanwhile."""
    found = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date if status != "RUNNING" else None,
        "mapRunArn": execution.map_run_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
    }
    return {name: value for name, value in found.items() if value is not None}


def data_of(execution: RunningExecution, status: str) -> JsonObject:
    """Its input, and its output if it has succeeded."""
    told = {"input": execution.execution_input, "inputDetails": {"included": True}}
    if status == "SUCCEEDED":
        text = to_json_str(execution.output, separators=(",", ":"))
        told |= {"output": text, "outputDetails": {"included": True}}
    return told


def settings_of(machine: Any) -> JsonObject:
    """The settings of a machine or an execution's machine, as they are described."""
    found = {
        "name": machine.name,
        "definition": machine.definition,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False} | (machine.loggingConfiguration or {}),
        "tracingConfiguration": machine.tracingConfiguration,
        "encryptionConfiguration": machine.encryptionConfiguration,
        "variableReferences": references(machine.definition),
        "revisionId": vars(machine).get("revision_id"),
    }
    return {name: value for name, value in found.items() if value not in (None, FIRST_REVISION, {})}


def errors_of(execution: RunningExecution) -> JsonObject:
    """Error and cause of an execution that has ended, and its trace header."""
    found = {"error": execution.error, "cause": execution.cause, "traceHeader": execution.trace_header}
    return {name: value for name, value in found.items() if value is not None}


def stamp(moment: datetime) -> str:
    """A time as the context object has it: UTC, in milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What is told of an execution: by DescribeExecution, in lists, to EventBridge. Nothing of moto is replaced."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.utils.encoding import to_json_str


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
    told |= errors_of(execution, trace=True) if status != "RUNNING" else {}
    reason = execution.why_not_redrivable
    told["redriveStatus"] = "REDRIVABLE" if reason is None else "NOT_REDRIVABLE"
    if reason is not None:
        told["redriveStatusReason"] = reason
    return told


def item_of(execution: Any, status: str) -> dict[str, Any]:
    """An execution in a list. Args: status: what is told as its status; looked up once, it may change meanwhile."""
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
        told |= {"output": output_of(execution), "outputDetails": {"included": True}}
    return told


def output_of(execution: Any) -> str:
    """The output of an execution that has succeeded, as JSON text."""
    text: str = to_json_str(execution.output, separators=(",", ":"))
    return text


def errors_of(execution: Any, *, trace: bool = False) -> dict[str, Any]:
    """Error and cause of an execution that has ended, and its trace header if that is wanted."""
    found = {
        "error": execution.error,
        "cause": execution.cause,
        "traceHeader": execution.trace_header if trace else None,
    }
    return {name: value for name, value in found.items() if value is not None}

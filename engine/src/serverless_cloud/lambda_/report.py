"""The lines that Lambda adds to a function's log: START, END, REPORT, and what it says of failures.

Formats: AWS Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions" (text) and "Configuring JSON and
plain text log formats" (JSON). Init counts as billed time, as on AWS since 1 August 2025.
"""

from __future__ import annotations

import json
import math
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from serverless_cloud.lambda_.function import FunctionSpec, Outcome


@dataclass(frozen=True)
class InitPhase:
    """One run of Init.

    Args:
        duration_ms: how long it took.
        status: "success", "error" or "timeout".
        phase: "init"; "invoke" when it ran again within the call; "provisioned" when it ran long before it.
        error_type: what the runtime reported, for instance "Runtime.ImportModuleError".
        log: what was printed meanwhile.
    """

    duration_ms: float
    status: str = "success"
    phase: str = "init"
    error_type: str = ""
    log: str = ""


@dataclass(frozen=True)
class _Ended:
    """How one invocation ended, as the log tells it; `message`: Lambda's own line about it, or empty."""

    spec: FunctionSpec
    request_id: str
    outcome: Outcome
    inits: list[InitPhase]
    status: str
    error_type: str
    message: str

    @property
    def duration_ms(self) -> float:
        """The handler's time, plus the time of an Init that ran again within the call."""
        return duration_ms(self.outcome, self.inits)

    @property
    def billed_ms(self) -> int:
        before_the_call = sum(init.duration_ms for init in self.inits if init.phase == "init")
        return math.ceil(self.duration_ms + before_the_call)

    @property
    def init_ms(self) -> float | None:
        """How long Init took, if it ended well ahead of the call that caused it."""
        ended_well = [init for init in self.inits if (init.phase, init.status) == ("init", "success")]
        return ended_well[0].duration_ms if ended_well else None


def duration_ms(outcome: Outcome, inits: list[InitPhase]) -> float:
    """The handler's time, plus the time of an Init that ran again within the call, in ms."""
    return outcome.duration_ms + sum(init.duration_ms for init in inits if init.phase == "invoke")


def compose(
    spec: FunctionSpec, request_id: str, outcome: Outcome, inits: list[InitPhase], exit_status: int | None
) -> tuple[bytes, str | None, str]:
    """The payload, the function error (or None) and the log text of one invocation.

    Args:
        inits: the runs of Init that this call caused; none for a warm start.
        exit_status: the process's exit status if it ended.
    """
    payload, error = outcome.payload, None if outcome.kind == "response" else "Unhandled"
    status, kind, message = "success" if error is None else "error", "", ""
    if outcome.kind == "timeout":
        text = f"Task timed out after {spec.timeout_s:.2f} seconds"
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status, kind, message = "timeout", "Sandbox.Timedout", f"{moment} {request_id} {text}"
        payload = failure(kind, f"RequestId: {request_id} Error: {text}")
    elif outcome.kind == "exit":
        text = f"RequestId: {request_id} Error: Runtime exited {how_it_exited(exit_status)}"
        kind, message = "Runtime.ExitError", text
        payload = failure(kind, text)
    elif outcome.kind == "init":  # Init failed twice: the handler was not called
        kind = inits[-1].error_type
    ended = _Ended(spec, request_id, outcome, inits, status, kind, message)
    return payload, error, _as_json(ended) if spec.logging.format == "JSON" else _as_text(ended)


def _as_text(ended: _Ended) -> str:
    start = f"START RequestId: {ended.request_id} Version: {ended.spec.version}"
    lines: list[str] = []
    for init in ended.inits:
        if init.phase == "invoke":
            lines.append(start)
        lines += init.log.split("\n")[:-1]
        if init.status != "success":
            kind = f"\tError Type: {init.error_type}" if init.status == "error" else ""
            lines.append(
                f"INIT_REPORT Init Duration: {init.duration_ms:.2f} ms\tPhase: {init.phase}\t"
                f"Status: {init.status}{kind}"
            )
    if start not in lines:
        lines.append(start)
    lines += ended.outcome.log.split("\n")[:-1]
    lines += [ended.message] if ended.message else []
    lines.append(f"END RequestId: {ended.request_id}")
    init_ms = "" if ended.init_ms is None else f"\tInit Duration: {ended.init_ms:.2f} ms"
    # A handler that raises leaves its environment in order: its REPORT line has no status.
    status = f"\tStatus: {ended.status}" if ended.error_type else ""
    status += f"\tError Type: {ended.error_type}" if status and ended.status == "error" else ""
    lines.append(
        f"REPORT RequestId: {ended.request_id}\tDuration: {ended.duration_ms:.2f} ms\t"
        f"Billed Duration: {ended.billed_ms} ms\tMemory Size: {ended.spec.memory_mb} MB\t"
        f"Max Memory Used: {ended.outcome.peak_memory_mb} MB{init_ms}{status}\t"
    )
    return "\n".join(lines) + "\n"


def _as_json(ended: _Ended) -> str:
    level = ended.spec.logging.system_level
    kind = {"errorType": ended.error_type} if ended.error_type else {}
    lines: list[str] = []
    record: dict[str, Any]
    for init in ended.inits:
        lines += init.log.split("\n")[:-1]
        if init.status != "success" or level == "DEBUG":
            record = {"phase": init.phase, "status": init.status}
            record |= {"errorType": init.error_type} if init.error_type else {}
            record["metrics"] = {"durationMs": round(init.duration_ms, 3)}
            lines.append(_event("platform.initReport", record))
    if level != "WARN":
        record = {"requestId": ended.request_id, "version": ended.spec.version}
        lines.append(_event("platform.start", record, ago_ms=ended.duration_ms))
    lines += ended.outcome.log.split("\n")[:-1]
    metrics: dict[str, Any] = {
        "durationMs": round(ended.duration_ms, 3),
        "billedDurationMs": ended.billed_ms,
        "memorySizeMB": ended.spec.memory_mb,
        "maxMemoryUsedMB": ended.outcome.peak_memory_mb,
    }
    if ended.init_ms is not None:
        metrics["initDurationMs"] = round(ended.init_ms, 3)
    if level != "WARN" or ended.error_type:
        record = {"requestId": ended.request_id, "metrics": metrics, "status": ended.status}
        lines.append(_event("platform.report", record | kind))
    return "\n".join(lines) + "\n" if lines else ""


def _event(kind: str, record: dict[str, Any], ago_ms: float = 0.0) -> str:
    at = datetime.now(UTC) - timedelta(milliseconds=ago_ms)
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": stamp, "type": kind, "record": record})


def failure(kind: str, message: str) -> bytes:
    """An error as Lambda returns it: {"errorType", "errorMessage"}, JSON."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def of_error(payload: bytes, name: str) -> str:
    """The errorType or errorMessage (`name`) in an error's JSON; empty if there is none."""
    try:
        return str(json.loads(payload)[name])
    except (ValueError, KeyError, TypeError):
        return ""


def how_it_exited(exit_status: int | None) -> str:
    """Lambda's words for a process's exit status; negative: the signal that ended it."""
    if not exit_status:
        return "without providing a reason"
    if exit_status < 0:
        return f"with error: signal: {(signal.strsignal(-exit_status) or str(-exit_status)).lower()}"
    return f"with error: exit status {exit_status}"

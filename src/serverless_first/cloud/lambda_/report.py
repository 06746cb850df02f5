"""The lines that Lambda adds to a function's log: START, END, REPORT, and what it says of failures.

Format: AWS Lambda Developer Guide, "Viewing CloudWatch logs for Lambda functions". Init counts as billed time, as on
AWS since 1 August 2025.
"""

from __future__ import annotations

import json
import math
import signal
import time

from serverless_first.cloud.lambda_.function import FunctionSpec, Outcome


def compose(
    spec: FunctionSpec, request_id: str, outcome: Outcome, init_ms: float | None, exit_status: int | None
) -> tuple[bytes, str | None, str]:
    """The payload, the function error (or None) and the log text of one invocation.

    Args:
        init_ms: how long Init took if this call caused it, in milliseconds; None for a warm start.
        exit_status: the process's exit status if it ended.
    """
    payload, error = outcome.payload, None if outcome.kind == "response" else "Unhandled"
    lines = [f"START RequestId: {request_id} Version: {spec.version}"]
    lines += outcome.log.split("\n")[:-1]
    suffix = ""
    if outcome.kind == "timeout":
        text = f"Task timed out after {spec.timeout_s:.2f} seconds"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines.append(f"{stamp} {request_id} {text}")
        payload = failure("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}")
        suffix = "\tStatus: timeout"
    elif outcome.kind == "exit":
        text = f"Runtime exited {how_it_exited(exit_status)}"
        lines.append(f"RequestId: {request_id} Error: {text}")
        payload = failure("Runtime.ExitError", f"RequestId: {request_id} Error: {text}")
        suffix = "\tStatus: error\tError Type: Runtime.ExitError"
    lines.append(f"END RequestId: {request_id}")
    init = f"\tInit Duration: {init_ms:.2f} ms" if init_ms is not None else ""
    billed_ms = math.ceil(outcome.duration_ms + (init_ms or 0.0))
    lines.append(
        f"REPORT RequestId: {request_id}\tDuration: {outcome.duration_ms:.2f} ms\t"
        f"Billed Duration: {billed_ms} ms\tMemory Size: {spec.memory_mb} MB\t"
        f"Max Memory Used: {outcome.peak_memory_mb} MB{init}{suffix}\t"
    )
    return payload, error, "\n".join(lines) + "\n"


def failed_init(spec: FunctionSpec, request_id: str, log: str, init_ms: float, status: str) -> str:
    """The log text of an invocation whose Init failed; `status` is "error" or "timeout"."""
    return "\n".join(
        [
            *log.split("\n")[:-1],
            f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: {status}",
            f"START RequestId: {request_id} Version: {spec.version}",
            f"END RequestId: {request_id}",
            f"REPORT RequestId: {request_id}\tDuration: 0.00 ms\tBilled Duration: {math.ceil(init_ms)} ms\t"
            f"Memory Size: {spec.memory_mb} MB\tMax Memory Used: 0 MB\tStatus: {status}\t\n",
        ]
    )


def failure(kind: str, message: str) -> bytes:
    """An error as Lambda returns it: {"errorType", "errorMessage"}, JSON."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def how_it_exited(exit_status: int | None) -> str:
    """Lambda's words for a process's exit status; negative: the signal that ended it."""
    if not exit_status:
        return "without providing a reason"
    if exit_status < 0:
        return f"with error: signal: {(signal.strsignal(-exit_status) or str(-exit_status)).lower()}"
    return f"with error: exit status {exit_status}"

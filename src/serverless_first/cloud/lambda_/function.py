"""What the data plane needs to know of a function, and what comes back from it. No moto, no I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function, as it is configured at the moment of a call.

    Args:
        timeout_s: the function's timeout in seconds.
        memory_mb: its memory size in MB.
        code: the deployment package, a zip.
    """

    account_id: str
    region: str
    name: str
    arn: str
    version: str
    runtime: str
    handler: str
    timeout_s: float
    memory_mb: int
    environment: Mapping[str, str]
    code_sha256: str
    code: bytes = field(repr=False, default=b"")

    @property
    def log_group(self) -> str:
        """Where CloudWatch Logs keeps what it prints."""
        return f"/aws/lambda/{self.name}"

    @cached_property
    def key(self) -> str:
        """Equal for two calls exactly when the same environment may serve both: same code, same configuration."""
        parts: list[Any] = [
            self.arn, self.version, self.runtime, self.handler, self.timeout_s, self.memory_mb,
            sorted(self.environment.items()), self.code_sha256,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Invocation:
    """One event on its way into an environment; `deadline_s` is Unix time in seconds."""

    request_id: str
    event: bytes
    function_arn: str
    deadline_s: float


@dataclass(frozen=True)
class Outcome:
    """How one invocation ended.

    Args:
        kind: "response", "error" (the handler raised), "timeout", "exit" (the process ended).
        payload: what the handler returned or raised, as JSON; empty for timeout and exit.
        log: what was printed meanwhile.
        duration_ms: from the event's delivery until the environment was ready for the next one.
        peak_memory_mb: the most resident memory that its process has held so far.
    """

    kind: str
    payload: bytes
    log: str
    duration_ms: float
    peak_memory_mb: int


@dataclass(frozen=True)
class Reply:
    """What Invoke answers: payload, the X-Amz-Function-Error value (or None), and the whole log of the call."""

    payload: bytes
    function_error: str | None
    log: str
    version: str

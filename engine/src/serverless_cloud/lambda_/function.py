"""A function as the data plane knows it, and its replies. No moto, no I/O."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from serverless_cloud.network.interfaces import VpcSettings


@dataclass(frozen=True)
class Layer:
    """One layer version: the zip that is unpacked over those before it."""

    arn: str
    code_sha256: str
    code: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Logging:
    """A function's LoggingConfig.

    Args:
        format: "Text" or "JSON".
        level: the least level of the handler's own log records that is kept; JSON only.
        system_level: the same for Lambda's own lines, "DEBUG", "INFO" or "WARN"; JSON only.
        group: the log group, or None for /aws/lambda/<name>.
    """

    format: str = "Text"
    level: str = "INFO"
    system_level: str = "INFO"
    group: str | None = None


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function, as it is configured at the moment of a call.

    Args:
        arn: of the function, without a version or an alias.
        timeout_s: the function's timeout in seconds.
        memory_mb: its memory size in MB.
        code: the deployment package, a zip.
        layers: in the order in which they are unpacked.
        revision: another number after each change of code or configuration, whatever has changed.
        role_arn: of the execution role.
        vpc: its VpcConfig, or None.
        state: "Active", or why it cannot be invoked: "Pending", "Failed".
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
    layers: tuple[Layer, ...] = ()
    logging: Logging = Logging()
    revision: int = 0
    role_arn: str = ""
    vpc: VpcSettings | None = None
    state: str = "Active"

    @property
    def log_group(self) -> str:
        """Where CloudWatch Logs keeps what it prints."""
        return self.logging.group or f"/aws/lambda/{self.name}"

    @cached_property
    def key(self) -> str:
        """Equal for two calls exactly when the same environment may serve both: same code, same configuration."""
        parts: list[Any] = [
            self.arn, self.version, self.runtime, self.handler, self.timeout_s, self.memory_mb,
            sorted(self.environment.items()), self.code_sha256, [layer.arn for layer in self.layers],
            [layer.code_sha256 for layer in self.layers], str(self.logging), self.revision,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def without_packages(self) -> FunctionSpec:
        """The configuration and its key, without the packages, for environments that remain listed after they end."""
        return replace(self, code=b"", layers=tuple(replace(layer, code=b"") for layer in self.layers))


@dataclass(frozen=True)
class Call:
    """One event for a function.

    Args:
        event: JSON.
        function_arn: as the caller named the function: with the version or alias, if the caller gave one.
        client_context: what the caller sent as ClientContext, JSON; empty if nothing.
        lineage: how often each function is in the chain of calls that led here, this one included.
        request_id: stays the same when Lambda tries an asynchronous event again.
    """

    event: bytes
    function_arn: str
    client_context: str = ""
    lineage: Mapping[str, int] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Invocation:
    """A call on its way into an environment; `deadline_s` is Unix time in seconds."""

    call: Call
    deadline_s: float

    @cached_property
    def trace_id(self) -> str:
        """A trace header as X-Ray's, not sampled; boto3 in the handler sends it along."""
        chance = os.urandom(20).hex()
        root = f"Root=1-{int(time.time()):08x}-{chance[:24]};Parent={chance[24:]};Sampled=0"
        lineage = "|".join(f"{function}:{count}" for function, count in self.call.lineage.items())
        return f"{root};Lineage={lineage}" if lineage else root


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
    """The answer of Invoke: payload, the X-Amz-Function-Error value (or None), and the whole log of the call.

    `request_id` is the call's.
    """

    payload: bytes
    function_error: str | None
    log: str
    version: str
    request_id: str = ""

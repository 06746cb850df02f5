"""The data plane of Lambda: invoke a function, write its log."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from serverless_first.cloud.lambda_ import report
from serverless_first.cloud.lambda_.environment import InitFailed
from serverless_first.cloud.lambda_.fleet import Fleet
from serverless_first.cloud.lambda_.function import FunctionSpec, Reply
from serverless_first.cloud.lambda_.lifecycle import State

#: Writes lines to CloudWatch Logs: function, log stream, text.
LogWriter = Callable[[FunctionSpec, str, str], None]


class LambdaService:
    """Invokes functions in the environments of `fleet` and hands their logs to `write_log`."""

    def __init__(self, fleet: Fleet, write_log: LogWriter) -> None:
        self.fleet = fleet
        self._write_log = write_log

    def invoke(self, spec: FunctionSpec, event: bytes) -> Reply:
        """One synchronous invocation.

        Args:
            event: JSON.

        Raises:
            TooManyRequests: a concurrency limit is reached.
        """
        request_id, begun = str(uuid.uuid4()), time.perf_counter()
        try:
            environment, cold = self.fleet.acquire(spec)
        except InitFailed as failed:
            init_ms = (time.perf_counter() - begun) * 1000
            text = report.failed_init(spec, request_id, failed.log, init_ms, failed.status)
            stream = time.strftime(f"%Y/%m/%d/[{spec.version}]", time.gmtime()) + request_id.replace("-", "")
            self._write_log(spec, stream, text)
            return Reply(failed.payload, "Unhandled", text, spec.version)
        try:
            outcome = environment.invoke(event, request_id)
        finally:
            self.fleet.release(environment)
        ended = environment.state is State.ENDED
        payload, error, text = report.compose(
            spec,
            request_id,
            outcome,
            environment.init_ms if cold else None,
            environment.exit_status() if ended else None,
        )
        self._write_log(spec, environment.log_stream, text)
        return Reply(payload, error, text, spec.version)

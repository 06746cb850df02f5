"""The data plane of Lambda: invoke a function, write its log."""

from __future__ import annotations

import time
from collections.abc import Callable

from serverless_cloud.errors import FunctionNotActive, TooManyRequests
from serverless_cloud.lambda_ import report
from serverless_cloud.lambda_.fleet import Fleet, Placement
from serverless_cloud.lambda_.function import Call, FunctionSpec, Outcome, Reply
from serverless_cloud.lambda_.gathering import Gathering
from serverless_cloud.lambda_.lifecycle import State
from serverless_cloud.lambda_.metrics import Metrics

#: Writes lines to CloudWatch Logs: function, log stream, text.
LogWriter = Callable[[FunctionSpec, str, str], None]


class LambdaService:
    """Invokes functions in the environments of `fleet`, hands their logs to `write_log`, counts in `metrics`."""

    def __init__(self, fleet: Fleet, write_log: LogWriter) -> None:
        self.fleet = fleet
        self._write_log = write_log
        self.metrics = Metrics()

    def invoke(self, spec: FunctionSpec, call: Call, gathering: Gathering | None = None) -> Reply:
        """One invocation; returns when it has ended.

        Args:
            gathering: the calls to meet, once there is an environment.

        Raises:
            NotNow: a concurrency limit is reached, no subnet has a free address, or the function is not active.
        """
        counted = self.metrics.of(spec.account_id, spec.region, spec.name)
        try:
            if spec.state != "Active":
                raise FunctionNotActive(spec.state)
            place = self.fleet.acquire(spec, counted.begin)
        except BaseException as refusal:
            if isinstance(refusal, TooManyRequests):
                counted.throttled()
            counted.give_up()
            if gathering is not None:
                gathering.count()
            raise
        try:
            if gathering is not None:
                gathering.meet()
            environment = place.environment
            outcome = environment.invoke(call, place.left_s) if environment else _init_failed(place)
        except BaseException:
            counted.give_up()
            raise
        finally:
            self.fleet.release(place, spec)
        status = environment.exit_status() if environment and environment.state is State.ENDED else None
        payload, error, text = report.compose(spec, call.request_id, outcome, place.inits, status)
        counted.end(report.duration_ms(outcome, place.inits), failed=error is not None)
        stream = environment.log_stream if environment else _stream_of_a_failed_init(spec, call)
        if not self.fleet.is_over(place.generation):  # else the cloud has been emptied meanwhile
            self._write_log(spec, stream, text)
        return Reply(payload, error, text, spec.version, call.request_id)


def _init_failed(place: Placement) -> Outcome:
    """Init ran twice in vain, the second time within the call."""
    kind = "init" if place.error else "timeout"
    return Outcome(kind, place.error, "", 0.0, place.peak_memory_mb)  # its time is the Init's


def _stream_of_a_failed_init(spec: FunctionSpec, call: Call) -> str:
    return time.strftime(f"%Y/%m/%d/[{spec.version}]", time.gmtime()) + call.request_id.replace("-", "")

"""Polling a job against waiting for its end in Step Functions, as on slide 34 of the deck.

On the left of the slide, a state machine submits a job with a function, waits, checks the job's status with another
function, and waits again. On the right, one state submits the job and continues when the job has ended
(`batch:submitJob.sync`). Both send a message at the end. The cost of the job is the same both ways and is left out.

AWS bills Standard workflows by state transitions, one for each execution of a step (AWS Step Functions pricing). AWS's
examples also count the nodes Start and End in the picture. This model counts the states that are entered, as in the
history.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.facts.prices import Prices
from serverless_first.simulate import inputs
from serverless_first.simulate.cost import MEMORY_MB, Bill, lambda_month
from serverless_first.simulate.inputs import Floats

Integers = NDArray[np.int64]

#: Maximum number of events in an execution's history. Beyond it, the execution fails (AWS Step Functions quotas).
HISTORY_EVENTS = 25_000
#: Events of a state in the history. A Task with a function or a service is entered, scheduled, started, succeeded and
#: exited. Wait and Choice are entered and exited. `.sync` adds an event for the submission of the job.
_TASK_EVENTS, _PLAIN_EVENTS, _SUBMITTED_EVENTS = 5, 2, 1
_EXECUTION_EVENTS = 2  # started, succeeded
_LOOK_STATES = 3  # Wait, the function that checks the status, Choice
_LOOK_EVENTS = _TASK_EVENTS + 2 * _PLAIN_EVENTS


@dataclass(frozen=True, eq=False)
class WorkflowResult:
    """The result of one execution for each job; all arrays have the shape of the jobs.

    Attributes:
        job_s: seconds from the submission of the job to its end.
        delay_s: seconds from the job's end until the state machine notices it; infinite if the history was full before.
        transitions: number of states that were entered.
        invocations: number of function calls.
        function_s: total running time of the functions, in seconds.
        events: number of events in the history.
        messages: number of messages sent at the end.
    """

    job_s: Floats
    delay_s: Floats
    transitions: Integers
    invocations: Integers
    function_s: Floats
    events: Integers
    messages: Integers

    @property
    def history_full(self) -> NDArray[np.bool_]:
        """Whether each execution failed because its history was full."""
        return np.isinf(self.delay_s)

    def bill(self, prices: Prices) -> Bill:
        """The bill for all these executions with 128-MB functions, without the jobs and the free tier.

        transitions x price + requests and GB-seconds of the functions + messages x price.

        >>> from serverless_first.facts import prices
        >>> polled, waited = polling(600, 60), waiting(600)
        >>> [round(run.bill(prices.of("us-east-1")).usd * 1e6) for run in (polled, waited)]  # for a million jobs
        [830, 50]

        Args:
            prices: prices of one Region.

        Raises:
            UnknownPrice: the Region has no such price in the table.
        """
        count = int(self.invocations.sum())
        functions = Bill({"requests": 0.0, "duration": 0.0})
        if count:
            each_ms = float(self.function_s.sum()) / count * 1000
            functions = lambda_month(count, each_ms, MEMORY_MB[0], prices, step_ms=0)
        own = Bill(
            {
                "transitions": int(self.transitions.sum()) * prices.each_usd("step-functions-transitions"),
                "messages": int(self.messages.sum()) * prices.each_usd("sns-publish"),
            }
        )
        return own + functions


def polling(job_s: ArrayLike, wait_s: float = 60.0, *, function_s: float = 0.1) -> WorkflowResult:
    """The left state machine: submit, then wait, check the status, choose, and wait again until the job has ended.

    Check k begins at k x wait + (k - 1) x function. The first check that finds the job ended is
    k = max(1, ceil((job + function) / (wait + function))). The machine notices the end when this check's function is
    done, so delay = k (wait + function) - job. There are 1 + 3 k transitions, and a function and a message after the
    last check. For jobs much longer than the wait, the delay is spread evenly from `function_s` to
    wait + 2 x function_s.

    In the example, a job of ten minutes with a check every minute has 33 transitions and 12 invocations.

    >>> run = polling(600, 60, function_s=0.001)
    >>> run.transitions.item(), run.invocations.item(), round(run.delay_s.item(), 2)
    (33, 12, 0.01)

    Source: Step Functions Developer Guide, sample project "Job Poller"; slide 34 ends with a function and a message.

    Args:
        job_s: seconds from the submission of each job to its end, above 0; one number, or an array.
        wait_s: time of the Wait state, in seconds, from 1, because Step Functions waits whole seconds.
        function_s: how long each function runs, in seconds, above 0.

    Raises:
        ValueError: an argument is out of its range.
    """
    jobs = inputs.above_zero("job_s", job_s)
    wait = inputs.number("wait_s", wait_s, least=1)
    function = inputs.number("function_s", function_s, above=0)
    before = _EXECUTION_EVENTS + _TASK_EVENTS
    after = 2 * _TASK_EVENTS  # a function and a message
    most = (HISTORY_EVENTS - before - after) // _LOOK_EVENTS
    # The small subtraction is for a job that ends at the instant of a check, because floats may be slightly too large.
    checks = np.maximum(1, np.ceil((jobs + function) / (wait + function) - 1e-9))
    full = checks > most
    looks = np.minimum(checks, most + 1).astype(np.int64)
    delay = np.where(full, math.inf, np.maximum(looks * (wait + function) - jobs, 0.0))
    done = np.where(full, 0, 1)
    invocations = 1 + looks + done
    return WorkflowResult(
        job_s=jobs,
        delay_s=delay,
        transitions=1 + _LOOK_STATES * looks + 2 * done,
        invocations=invocations,
        function_s=np.multiply(invocations, function, dtype=np.float64),
        events=np.where(full, HISTORY_EVENTS, before + looks * _LOOK_EVENTS + after),
        messages=done,
    )


def waiting(job_s: ArrayLike) -> WorkflowResult:
    """The right state machine: one state submits the job and waits for its end, and another sends a message.

    However long the job runs, there are 2 transitions and no function calls. In this model, Step Functions notices the
    job's end immediately; AWS doesn't say how soon.

    >>> run = waiting([60, 86_400])
    >>> run.transitions.tolist(), run.invocations.tolist(), run.delay_s.tolist()
    ([2, 2], [0, 0], [0.0, 0.0])

    Source: Step Functions Developer Guide, sample project "Manage a batch job".

    Args:
        job_s: seconds from the submission of each job to its end, above 0; one number, or an array.

    Raises:
        ValueError: an argument is out of its range.
    """
    jobs = inputs.above_zero("job_s", job_s)
    ones = np.ones(jobs.shape, dtype=np.int64)
    return WorkflowResult(
        job_s=jobs,
        delay_s=np.zeros(jobs.shape),
        transitions=ones * 2,
        invocations=ones * 0,
        function_s=np.zeros(jobs.shape),
        events=ones * (_EXECUTION_EVENTS + _TASK_EVENTS * 2 + _SUBMITTED_EVENTS),
        messages=ones,
    )

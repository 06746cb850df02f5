"""One attempt of a job from its start to its end: output, timeout, termination.

Rules: AWS Batch User Guide, "Job timeouts": counted from startedAt of the attempt, SIGTERM, then SIGKILL after 30 s; an
attempt that ended this way is not tried again.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from serverless_cloud.batch.errors import CannotStart
from serverless_cloud.batch.job import ESSENTIAL_EXITED, FAILED_TO_START, TIMED_OUT, Attempt, Job
from serverless_cloud.batch.job_process import JobProcess
from serverless_cloud.batch.job_queues import Control

GRACE_S = 30.0  # between SIGTERM and SIGKILL, in AWS's seconds
_LEAST_GRACE_S = 0.2  # or a program would have no time to say good-bye, however fast time goes
_LOOK_S = 0.1  # between two looks at the output


def run_attempt(
    job: Job,
    attempt: Attempt,
    *,
    start: Callable[[], JobProcess],
    started: Callable[[JobProcess], bool],
    counts: Callable[[], bool],
    control: Control,
) -> str | None:
    """Runs it and writes into `attempt` how it has ended; why it was ended from outside, None if it was not.

    Args:
        job: whose `stop_reason` asks it to end.
        start: makes its processes.
        started: told when they run; False if nobody wants them any more.
        counts: whether the cloud has not been emptied since.
        control: where its output goes, and what time is divided by.
    """
    if job.stop_reason is not None:
        attempt.status_reason = job.stop_reason
        return job.stop_reason
    try:
        process = start()
    except CannotStart as error:
        attempt.reason = None if error.is_of_task else str(error)
        attempt.status_reason = str(error) if error.is_of_task else FAILED_TO_START
        return None
    except Exception as error:
        traceback.print_exc()
        attempt.reason, attempt.status_reason = f"The local cloud failed with {error!r}", FAILED_TO_START
        return None
    forced = None
    try:
        if started(process):
            forced = _watch(job, attempt, process, counts, control)
            attempt.exit_code = process.exit_code
            attempt.status_reason = forced or ESSENTIAL_EXITED
            _write(job, attempt, process, counts, control)
    finally:
        process.end()
        process.remove()
    return forced


def _watch(job: Job, attempt: Attempt, process: JobProcess, counts: Callable[[], bool], control: Control) -> str | None:
    """Waits for the end and sees to it that it comes; why it was brought about, None if it came by itself."""
    scale = control.time_scale()
    limit_s = None if job.timeout_s is None else time.monotonic() + job.timeout_s / scale
    kill_s: float | None = None
    forced: str | None = None
    while not process.wait(
        _LOOK_S if limit_s is None else min(_LOOK_S, max(0.0, limit_s - time.monotonic()) or _LOOK_S)
    ):
        _write(job, attempt, process, counts, control)
        now_s = time.monotonic()
        if kill_s is not None:
            if now_s >= kill_s:
                process.end()
        elif job.stop_reason is not None or (limit_s is not None and now_s >= limit_s):
            forced = job.stop_reason or TIMED_OUT
            process.ask_to_end()
            kill_s = now_s + max(_LEAST_GRACE_S, GRACE_S / scale)
    return forced


def _write(job: Job, attempt: Attempt, process: JobProcess, counts: Callable[[], bool], control: Control) -> None:
    if (lines := process.new_lines()) and counts():
        control.write_log(job, attempt.log_stream, lines)

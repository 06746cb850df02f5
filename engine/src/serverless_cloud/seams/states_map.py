"""Seam: inline Map states (moto 5.2.5).

moto starts a thread for every item, works through them by recursion, so that a thousand items one after the other are
a RecursionError, and lets the other iterations go on when one has failed. Replaced: `IterationWorker.eval`,
`InlineIterationComponent._eval_body`.

`ItemsPath._eval_body`: items that aren't an array fail the state with States.Runtime and AWS's words [recalled, not
verified]; in moto with the error of JSONata, and the name of a class of Python.

Rules: Step Functions Developer Guide, "Using Map state in Inline mode": at most 40 iterations at once; one that fails
fails the state, and the others are stopped.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.path.items_path import ItemsPath
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
    InlineIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool

from serverless_cloud.seams.states_history import failure

MOST_ITERATIONS = 40  # at once
_STOPPING_S = 2.0


def install() -> None:
    """Lets inline Map states work as on AWS."""
    worker: Any = IterationWorker
    component: Any = InlineIterationComponent
    worker.eval = _work
    component._eval_body = _evaluate
    path: Any = ItemsPath
    moto_look = path._eval_body

    def look(self: Any, env: Any) -> None:
        moto_look(self, env)
        if not isinstance(env.stack[-1], list):
            cause = f'Reference path "{self.string_sampler.literal_value}" must point to array.'
            raise failure(env, "States.Runtime", cause)

    path._eval_body = look


def _work(self: Any) -> None:
    """Iterates as long as there are items."""
    frame = self._env.open_frame()
    job = self._job_pool.next_job()
    if job is None:
        self._env.close_frame(frame)
    while job is not None:
        inner = frame.open_inner_frame()
        self._eval_job(env=inner, job=job)
        frame.close_frame(inner)
        has_failed = isinstance(job.job_output, Exception)
        next_job = None if has_failed or not frame.is_running() else self._job_pool.next_job()
        if next_job is None:
            if not has_failed:
                frame.event_history_context.source_event_id = inner.event_history_context.last_published_event_id
            self._env.close_frame(frame)  # before the job: the state goes on when the last job is closed
        self._job_pool.close_job(job)
        job = next_job


def _evaluate(self: Any, env: Any) -> None:
    given = env.stack.pop()
    pool = JobPool(job_program=self._get_iteration_program(), job_inputs=given.input_items)
    untyped: Any = pool
    untyped._termination_event = env.open_frame().program_state_event  # also set when the execution ends
    at_once = min(given.max_concurrency or MOST_ITERATIONS, MOST_ITERATIONS, len(given.input_items))
    workers = [self._create_worker(env=env, eval_input=given, job_pool=pool) for _ in range(at_once)]
    threads = [threading.Thread(target=worker.eval, name=given.state_name, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    pool.await_jobs()
    if (error := pool.get_worker_exception()) is not None:
        for frame in list(env._frames):
            frame.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)
        end_s = time.monotonic() + _STOPPING_S
        for thread in threads:  # their last events come before the state's
            thread.join(max(0.0, end_s - time.monotonic()))
        raise error
    env.stack.append([job.job_output for job in pool.get_closed_jobs()])

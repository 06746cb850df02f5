"""Inline Map states.

moto starts a thread for every item, works through them by recursion, so that a thousand items one after the other are
a RecursionError, and lets the other iterations go on when one has failed.

Rules: Step Functions Developer Guide, "Using Map state in Inline mode": at most 40 iterations at once; one that fails
fails the state, and the others are stopped.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from moto.stepfunctions.parser.asl.component.common.path.items_path import ItemsPath
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
    InlineIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool

from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import failure

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_works_through_items_by_recursion",
)

MOST_ITERATIONS = 40  # at once
_STOPPING_S = 2.0


_ASL = "moto.stepfunctions.parser.asl.component"
_ITERATION = f"{_ASL}.state.exec.state_map.iteration"


@patches.replaces(
    f"{_ASL}.common.path.items_path:ItemsPath._eval_body", upstream="Items that aren't an array fail the state."
)
def _look_up_items(path: ItemsPath, env: Frame) -> None:
    """Items that aren't an array fail the state with States.Runtime and AWS's words [recalled, not verified].

    In moto the state fails with the error of JSONata, and the name of a class of Python.
    """
    _look_up_items.original(path, env)
    if not isinstance(env.stack[-1], list):
        cause = f'Reference path "{path.string_sampler.literal_value}" must point to array.'
        raise failure(env, "States.Runtime", cause)


@patches.replaces(
    f"{_ITERATION}.iteration_worker:IterationWorker.eval",
    upstream="A Map state with a thousand items doesn't raise RecursionError.",
)
def _work(worker: IterationWorker) -> None:
    """Iterates as long as there are items."""
    frame = worker._env.open_frame()
    job = worker._job_pool.next_job()
    if job is None:
        worker._env.close_frame(frame)
    while job is not None:
        inner = frame.open_inner_frame()
        worker._eval_job(env=inner, job=job)
        frame.close_frame(inner)
        has_failed = isinstance(job.job_output, Exception)
        next_job = None if has_failed or not frame.is_running() else worker._job_pool.next_job()
        if next_job is None:
            if not has_failed:
                frame.event_history_context.source_event_id = inner.event_history_context.last_published_event_id
            worker._env.close_frame(frame)  # before the job: the state goes on when the last job is closed
        worker._job_pool.close_job(job)
        job = next_job


@patches.replaces(f"{_ITERATION}.inline_iteration_component:InlineIterationComponent._eval_body")
def _evaluate(component: InlineIterationComponent, env: Frame) -> None:
    given = env.stack.pop()
    pool = JobPool(job_program=component._get_iteration_program(), job_inputs=given.input_items)
    vars(pool)["_termination_event"] = env.open_frame().program_state_event  # also set when the execution ends
    at_once = min(given.max_concurrency or MOST_ITERATIONS, MOST_ITERATIONS, len(given.input_items))
    workers = [component._create_worker(env=env, eval_input=given, job_pool=pool) for _ in range(at_once)]
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

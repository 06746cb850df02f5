"""All jobs of a local cloud: which wait, which run where, what is told of them.

A job that may run takes its vCPUs from the first compute environment of its queue that has them free. Queues come in
the order of their priority, the jobs of a queue in the order in which they became RUNNABLE; one that does not fit holds
up those behind it. Rules: AWS Batch User Guide, "Job states", "Job queues".
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from serverless_cloud.batch.attempt import run_attempt
from serverless_cloud.batch.images import Images
from serverless_cloud.batch.job import Attempt, Job, Key, Status, now_ms
from serverless_cloud.batch.job_process import JobProcess
from serverless_cloud.batch.job_queues import ComputeEnvironment, Control, Queue
from serverless_cloud.lambda_.environment import Surroundings

TOO_LARGE = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the resource "
    "requirement of the job."
)


class Jobs:
    """The jobs of all accounts and Regions.

    Args:
        around: what jobs share with the functions of this cloud.
    """

    def __init__(self, around: Surroundings) -> None:
        self.images = Images(around.folder / "images")
        self._around = around
        self._control: Control | None = None
        self._lock = threading.RLock()
        self._jobs: dict[Key, dict[str, Job]] = {}
        self._runnable: list[Job] = []
        self._used: dict[str, float] = {}  # vCPUs, by the ARN of the compute environment
        self._running: dict[str, JobProcess] = {}  # by the id of the job
        self._threads: set[threading.Thread] = set()
        self._generation = 0
        self._news: deque[tuple[int, dict[str, Any]]] = deque()
        self._telling = threading.Lock()

    def connect(self, control: Control) -> None:
        """Says where queues are and who is told; before that no job can be submitted."""
        self._control = control

    @property
    def control(self) -> Control:
        """The control that `connect` was given."""
        assert self._control is not None, "the patch batch_jobs is not installed"
        return self._control

    # ---- what is asked

    def get(self, key: Key, job_id: str) -> Job | None:
        """A job by its id or ARN."""
        with self._lock:
            return self._jobs.get(key, {}).get(job_id.rpartition(":job/")[2] if job_id.startswith("arn:") else job_id)

    def of_queue(self, key: Key, queue_arn: str) -> list[Job]:
        """The jobs of a queue, the newest first."""
        with self._lock:
            jobs = [job for job in self._jobs.get(key, {}).values() if job.queue_arn == queue_arn]
        return jobs[::-1]

    def detail(self, job: Job) -> dict[str, Any]:
        """JobDetail of a job as it is now."""
        with self._lock:
            return job.detail(self.control.tags(job))

    # ---- what is done

    def submit(self, job: Job) -> None:
        """Takes a job."""
        with self._lock:
            self._jobs.setdefault(job.key, {})[job.id] = job
            self._runnable.append(job)
            self.move(job, Status.RUNNABLE)
        self.look()

    def cancel(self, job: Job, reason: str) -> None:
        """Fails a job of which nothing has started; the others go on."""
        with self._lock:
            if job.status is Status.RUNNABLE:
                job.is_cancelled = True
                self._fail(job, reason)
        self.look()

    def terminate(self, job: Job, reason: str) -> None:
        """Ends a job, whatever it does."""
        with self._lock:
            if not job.status.is_end and job.stop_reason is None:
                job.stop_reason, job.is_terminated = reason, True
                if job.status is Status.RUNNABLE:
                    self._fail(job, reason)
        self.look()

    def look(self) -> None:
        """Moves on whatever can move on: after a change of a job, a queue or a compute environment."""
        with self._lock:
            self._start_what_fits()
        self._tell()

    def clear(self) -> None:
        """Ends every job at once and forgets all of them."""
        with self._lock:
            self._generation += 1
            running, threads = list(self._running.values()), set(self._threads)
            self._jobs.clear()
            self._runnable.clear()
            self._used.clear()
            self._running.clear()
            self._threads.clear()
            self._news.clear()
        for process in running:
            process.ask_to_end_now()
        for process in running:
            process.end()
        for thread in threads:
            thread.join(5.0)
        self.images.clear()

    # ---- inside the lock

    def move(self, job: Job, status: Status, reason: str | None = None) -> None:
        """A job's state changes; EventBridge hears of it."""
        job.status = status
        if reason is not None:
            job.status_reason = reason
        if status.is_end:
            job.stopped_ms = job.stopped_ms or now_ms()
        account_id, region = job.key
        event = {
            "source": "aws.batch",
            "detail-type": "Batch Job State Change",
            "account": account_id,
            "region": region,
            "resources": [job.arn],
            "detail": job.detail(self.control.tags(job)),
        }
        self._news.append((self._generation, event))

    def _fail(self, job: Job, reason: str) -> None:
        self._runnable.remove(job)
        self.move(job, Status.FAILED, reason)

    def _start_what_fits(self) -> None:
        queues = self._queues()
        for queue in sorted(queues.values(), key=lambda item: -item.priority):
            for job in [candidate for candidate in self._runnable if candidate.queue_arn == queue.arn]:
                place = self._place_for(job, queue)
                if place is None:
                    break
                self._runnable.remove(job)
                self._used[place.arn] = self._used.get(place.arn, 0.0) + job.work.vcpus
                self._start(job, place, queue)

    def _queues(self) -> dict[str, Queue]:
        """The queues of all that waits; jobs whose queue is gone end here."""
        queues: dict[str, Queue] = {}
        for job in list(self._runnable):
            if job.queue_arn not in queues:
                queue = self.control.queue(job.key, job.queue_arn)
                if queue is None:
                    self._fail(job, "Job queue was deleted")  # recalled, not verified
                    continue
                queues[job.queue_arn] = queue
        return queues

    def _place_for(self, job: Job, queue: Queue) -> ComputeEnvironment | None:
        usable = [environment for environment in queue.environments if environment.is_enabled]
        if usable and all(job.work.vcpus > environment.max_vcpus for environment in usable):
            job.status_reason = TOO_LARGE
        fitting = (
            environment
            for environment in usable
            if self._used.get(environment.arn, 0.0) + job.work.vcpus <= environment.max_vcpus + 1e-9
        )
        return next(fitting, None)

    def _start(self, job: Job, place: ComputeEnvironment, queue: Queue) -> None:
        attempt = Attempt(len(job.attempts) + 1, place.cluster, place.name)
        attempt.log_stream = f"{job.work.log_prefix}/default/{attempt.task_id}"
        job.attempts.append(attempt)
        job.status_reason = None
        self.move(job, Status.STARTING)
        generation = self._generation
        thread = threading.Thread(
            target=self._run, args=(job, attempt, place, queue.name, generation), name=f"job-{job.id}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    # ---- one attempt, in its own thread

    def _run(self, job: Job, attempt: Attempt, place: ComputeEnvironment, queue_name: str, generation: int) -> None:
        def while_it_counts(change: Callable[[], None]) -> bool:
            """Makes a change and tells of it, unless the cloud was emptied meanwhile."""
            with self._lock:
                if generation != self._generation:
                    return False
                change()
            self._tell()
            return True

        def started(process: JobProcess) -> None:
            self._running[job.id] = process
            attempt.started_ms = job.started_ms = now_ms()
            self.move(job, Status.RUNNING)

        def ended(forced: str | None) -> None:
            self._running.pop(job.id, None)
            self._used[place.arn] -= job.work.vcpus
            attempt.stopped_ms = now_ms()
            failed = attempt.exit_code != 0 or forced is not None
            stopped = forced or (job.stop_reason if failed else None)
            if failed and stopped is None and attempt.number < job.most_attempts:
                self._runnable.append(job)
                self.move(job, Status.RUNNABLE, attempt.status_reason)
                return
            job.stopped_ms = attempt.stopped_ms
            self.move(job, Status.FAILED if failed else Status.SUCCEEDED, stopped or attempt.status_reason)

        forced = run_attempt(
            job,
            attempt,
            start=lambda: JobProcess(job, attempt, self._around, self.images, self.control, queue_name),
            started=lambda process: while_it_counts(lambda: started(process)),
            counts=lambda: generation == self._generation,
            control=self.control,
        )
        if while_it_counts(lambda: ended(forced)):
            self.look()
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _tell(self) -> None:
        """Publishes what has happened, in its order, outside the lock of the jobs."""
        with self._telling:
            while True:
                with self._lock:
                    if not self._news:
                        return
                    generation, event = self._news.popleft()
                    is_over = generation != self._generation
                if not is_over:
                    self.control.publish(event)

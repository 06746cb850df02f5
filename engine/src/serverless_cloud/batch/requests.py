"""SubmitJob: turns a request into a job, or refuses it.

Rules: AWS Batch API Reference, "SubmitJob", "JobDependency", "ArrayProperties", "JobTimeout",
"RetryStrategy".
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_cloud.batch.control import Queue
from serverless_cloud.batch.job import Job, Key
from serverless_cloud.batch.refused import ClientException
from serverless_cloud.batch.work import work_of
from serverless_cloud.refusals import NotHonoured

LEAST_TIMEOUT_S = 60
MOST_ATTEMPTS = 10
SMALLEST_ARRAY, LARGEST_ARRAY = 2, 10_000
MOST_DEPENDENCIES = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_REFUSED = ("eksPropertiesOverride", "ecsPropertiesOverride", "nodeOverrides", "shareIdentifier",
            "schedulingPriorityOverride", "consumableResourcePropertiesOverride")  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """A revision of a job definition.

    Args:
        properties: containerProperties.
        parameters: defaults.
        retry_strategy, timeout: as RegisterJobDefinition takes them.
        platforms: platformCapabilities.
        propagates_tags: propagateTags.
    """

    arn: str
    name: str
    properties: Mapping[str, Any]
    parameters: Mapping[str, str]
    retry_strategy: Mapping[str, Any] | None
    timeout: Mapping[str, Any] | None
    platforms: Sequence[str]
    propagates_tags: bool

    @property
    def is_fargate(self) -> bool:
        """Whether Fargate's rules hold for it."""
        return "FARGATE" in self.platforms


def timeout_of(given: Mapping[str, Any] | None) -> int | None:
    """attemptDurationSeconds of a request; None if there is none.

    Raises:
        ClientException: it is less than a minute (AWS's words recalled, not verified).
    """
    seconds = (given or {}).get("attemptDurationSeconds")
    if seconds is None:
        return None
    if not isinstance(seconds, int) or seconds < LEAST_TIMEOUT_S:
        raise ClientException(f"attemptDurationSeconds must be at least {LEAST_TIMEOUT_S} seconds. It is {seconds}.")
    return seconds


def attempts_of(given: Mapping[str, Any] | None) -> int | None:
    """attempts of a retryStrategy of a request; None if there is none.

    Raises:
        ClientException: Batch doesn't take this number (AWS's words recalled, not verified).
        NotHonoured: the strategy has evaluateOnExit.
    """
    if not given:
        return None
    if given.get("evaluateOnExit"):
        raise NotHonoured("evaluateOnExit in retryStrategy")
    attempts = given.get("attempts")
    if attempts is not None and (not isinstance(attempts, int) or not 1 <= attempts <= MOST_ATTEMPTS):
        raise ClientException(f"attempts must be between 1 and {MOST_ATTEMPTS}.")
    return attempts or 1


def job_of(
    key: Key, given: Mapping[str, Any], queue: Queue, definition: Definition, find: Callable[[str], Job | None]
) -> Job:
    """The job of a request.

    Args:
        given: the request, by the names of the API.

    Raises:
        ClientException: Batch would not accept it.
        NotHonoured: the local cloud doesn't support a setting.
    """
    _check(given, queue, definition)
    parameters = {**definition.parameters, **{k: str(v) for k, v in (given.get("parameters") or {}).items()}}
    work = work_of(
        definition.name,
        definition.properties,
        given.get("containerOverrides") or {},
        parameters,
        is_fargate=definition.is_fargate,
    )
    size = _size(given.get("arrayProperties"))
    depends_on = [dict(each) for each in given.get("dependsOn") or []]
    in_order, waits_for = _dependencies(depends_on, size, find)
    shared: dict[str, Any] = {
        "key": key,
        "name": str(given["jobName"]),
        "queue_arn": queue.arn,
        "definition_arn": definition.arn,
        "work": work,
        "most_attempts": attempts_of(given.get("retryStrategy")) or attempts_of(definition.retry_strategy) or 1,
        "timeout_s": timeout_of(given.get("timeout")) or timeout_of(definition.timeout),
        "parameters": parameters,
        "depends_on": depends_on,
        "told": {
            "propagateTags": bool(given.get("propagateTags", definition.propagates_tags)),
            "platformCapabilities": list(definition.platforms),
        },
    }
    job = Job(id=str(uuid.uuid4()), size=size, waits_for=tuple(waits_for), **shared)
    for index in range(size or 0):
        own = [f"{job.id}:{index - 1}"] if in_order and index else []
        own += [f"{each['jobId']}:{index}" for each in depends_on if each.get("type") == "N_TO_N"]
        child = Job(id=f"{job.id}:{index}", index=index, parent=job.id, waits_for=(*waits_for, *own), **shared)
        job.children.append(child)
    return job


def _check(given: Mapping[str, Any], queue: Queue, definition: Definition) -> None:
    for name in _REFUSED:
        if given.get(name):
            raise NotHonoured(f"{name} in SubmitJob")
    if _NAME.fullmatch(str(given.get("jobName") or "")) is None:
        raise ClientException("Job name should match valid pattern")
    if not queue.is_enabled:  # recalled, not verified
        raise ClientException(f"Job Queue {queue.arn} is not in the ENABLED state and takes no jobs.")
    if definition.is_fargate not in {each.is_fargate for each in queue.environments}:
        wanted = "Fargate" if definition.is_fargate else "EC2"
        raise ClientException(
            f"The job definition needs {wanted} (platformCapabilities), but the compute environments of job queue "
            f"{queue.name} are of another kind."
        )


def _size(given: Mapping[str, Any] | None) -> int | None:
    if not given or given.get("size") is None:
        return None
    size = given["size"]
    if not isinstance(size, int) or not SMALLEST_ARRAY <= size <= LARGEST_ARRAY:
        raise ClientException(f"Array size must be between {SMALLEST_ARRAY} and {LARGEST_ARRAY}. It is {size}.")
    return size


def _dependencies(
    depends_on: list[dict[str, str]], size: int | None, find: Callable[[str], Job | None]
) -> tuple[bool, list[str]]:
    """Whether the children of an array run one after the other, and the jobs that all of them wait for."""
    if len(depends_on) > MOST_DEPENDENCIES:
        raise ClientException(f"A job can depend on at most {MOST_DEPENDENCIES} jobs.")
    in_order, waits_for = False, []
    for each in depends_on:
        other_id, kind = each.get("jobId"), each.get("type")
        if kind not in (None, "SEQUENTIAL", "N_TO_N"):
            raise ClientException(f"The type in dependsOn is {kind}. It must be N_TO_N or SEQUENTIAL.")
        if kind is not None and size is None:
            raise ClientException(f"A dependency of the type {kind} works only for array jobs.")
        if not other_id:
            if kind != "SEQUENTIAL":
                raise ClientException(
                    "dependsOn needs a jobId. Only a SEQUENTIAL dependency of an array job works without it."
                )
            in_order = True
            continue
        other = find(other_id)
        if other is None:
            raise ClientException(f"Job {other_id} in dependsOn does not exist.")
        if kind != "N_TO_N":
            waits_for.append(other.id)
        elif other.size != size:
            raise ClientException(
                f"Job {other_id} of an N_TO_N dependency must be an array job with the same size, {size}."
            )
        each["jobId"] = other.id
    return in_order, waits_for

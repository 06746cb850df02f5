"""SubmitJob: turns a request into a job, or refuses it.

Rules: AWS Batch API Reference, "SubmitJob", "JobTimeout", "RetryStrategy".
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_cloud.batch.errors import ClientException
from serverless_cloud.batch.job import Job, Key
from serverless_cloud.batch.job_queues import Queue
from serverless_cloud.batch.work import work_of
from serverless_cloud.core.refusals import NotHonoured

LEAST_TIMEOUT_S = 60
MOST_ATTEMPTS = 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_REFUSED = ("arrayProperties", "dependsOn", "eksPropertiesOverride", "ecsPropertiesOverride", "nodeOverrides",
            "shareIdentifier", "schedulingPriorityOverride", "consumableResourcePropertiesOverride")  # fmt: skip


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


def timeout_of(timeout: Mapping[str, Any] | None) -> int | None:
    """attemptDurationSeconds of a request; None if there is none.

    Raises:
        ClientException: it is less than a minute (AWS's words recalled, not verified).
    """
    seconds = (timeout or {}).get("attemptDurationSeconds")
    if seconds is None:
        return None
    if not isinstance(seconds, int) or seconds < LEAST_TIMEOUT_S:
        raise ClientException(f"attemptDurationSeconds must be at least {LEAST_TIMEOUT_S} seconds. It is {seconds}.")
    return seconds


def attempts_of(strategy: Mapping[str, Any] | None) -> int | None:
    """attempts of a retryStrategy of a request; None if there is none.

    Raises:
        ClientException: Batch doesn't take this number (AWS's words recalled, not verified).
        NotHonoured: the strategy has evaluateOnExit.
    """
    if not strategy:
        return None
    if strategy.get("evaluateOnExit"):
        raise NotHonoured("evaluateOnExit in retryStrategy")
    attempts = strategy.get("attempts")
    if attempts is not None and (not isinstance(attempts, int) or not 1 <= attempts <= MOST_ATTEMPTS):
        raise ClientException(f"attempts must be between 1 and {MOST_ATTEMPTS}.")
    return attempts or 1


def job_of(key: Key, request: Mapping[str, Any], queue: Queue, definition: Definition) -> Job:
    """The job of a request.

    Args:
        request: by the names of the API.

    Raises:
        ClientException: Batch would not accept it.
        NotHonoured: the local cloud doesn't support a setting.
    """
    _check(request, queue, definition)
    parameters = {**definition.parameters, **{k: str(v) for k, v in (request.get("parameters") or {}).items()}}
    work = work_of(
        definition.name,
        definition.properties,
        request.get("containerOverrides") or {},
        parameters,
        is_fargate=definition.is_fargate,
    )
    return Job(
        key=key,
        id=str(uuid.uuid4()),
        name=str(request["jobName"]),
        queue_arn=queue.arn,
        definition_arn=definition.arn,
        work=work,
        most_attempts=attempts_of(request.get("retryStrategy")) or attempts_of(definition.retry_strategy) or 1,
        timeout_s=timeout_of(request.get("timeout")) or timeout_of(definition.timeout),
        parameters=parameters,
        detail_fields={
            "propagateTags": bool(request.get("propagateTags", definition.propagates_tags)),
            "platformCapabilities": list(definition.platforms),
        },
    )


def _check(request: Mapping[str, Any], queue: Queue, definition: Definition) -> None:
    for name in _REFUSED:
        if request.get(name):
            raise NotHonoured(f"{name} in SubmitJob")
    if _NAME.fullmatch(str(request.get("jobName") or "")) is None:
        raise ClientException("Job name should match valid pattern")
    if not queue.is_enabled:  # recalled, not verified
        raise ClientException(f"Job Queue {queue.arn} is not in the ENABLED state and takes no jobs.")
    if definition.is_fargate not in {environment.is_fargate for environment in queue.environments}:
        platform = "Fargate" if definition.is_fargate else "EC2"
        raise ClientException(
            f"The job definition needs {platform} (platformCapabilities), but the compute environments of job queue "
            f"{queue.name} are of another kind."
        )

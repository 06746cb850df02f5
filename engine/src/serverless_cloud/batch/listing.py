"""ListJobs: which jobs it names.

Rules: AWS Batch API Reference, "ListJobs": without a status the RUNNING ones; a filter stands for jobs of any status,
compares names without regard to case, and takes an asterisk at the end; times are in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serverless_cloud.batch.job import Job, Status
from serverless_cloud.batch.refused import NotHonoured, Refused

_TIMES = ("BEFORE_CREATED_AT", "AFTER_CREATED_AT")
_FILTERS = ("JOB_NAME", "JOB_DEFINITION", *_TIMES)


def selected(jobs: Sequence[Job], status: str | None, filters: Sequence[Mapping[str, Any]]) -> list[Job]:
    """Those of a queue or an array that a request names, in their order.

    Args:
        jobs: all of them.
        status: jobStatus of the request.
        filters: its filters; with one the status does not count.

    Raises:
        Refused: a status or a filter that there is not.
        NotHonoured: a filter that the local cloud does not honour.
    """
    if status and status not in list(Status):
        raise Refused(f"Job status {status} is not one of {' | '.join(Status)}")
    if not filters:
        return [job for job in jobs if job.status == (status or Status.RUNNING)]
    if len(filters) > 1:  # "Only one filter can be used at a time."
        raise Refused("Only one filter can be used at a time.")
    (given,) = filters
    name, values = given.get("name"), [str(value) for value in given.get("values") or []]
    if name not in _FILTERS:
        raise NotHonoured(f"the filter {name} of ListJobs")
    if name in _TIMES and not all(value.isdigit() for value in values):
        raise Refused(f"The values of the filter {name} must be times in milliseconds.")
    return [job for job in jobs if any(_matches(job, name, value) for value in values)]


def _matches(job: Job, name: str, value: str) -> bool:
    if name == "BEFORE_CREATED_AT":
        return job.created_ms < int(value)
    if name == "AFTER_CREATED_AT":
        return job.created_ms > int(value)
    texts = [job.name] if name == "JOB_NAME" else _names_of_definition(job.definition_arn)
    return any(_is_like(text.lower(), value.lower()) for text in texts)


def _names_of_definition(arn: str) -> list[str]:
    """A definition can be named by its name, its name and revision, or its ARN."""
    revision = arn.rpartition("/")[2]
    return [revision.rpartition(":")[0], revision, arn]


def _is_like(text: str, pattern: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern

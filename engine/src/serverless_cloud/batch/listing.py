"""ListJobs: which jobs it names; and the pages in which Batch lists its other resources.

Rules: AWS Batch API Reference, "ListJobs": without a status the RUNNING ones; a filter stands for jobs of any status,
compares names without regard to case, and takes an asterisk at the end; times are in milliseconds.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from serverless_cloud.batch.errors import ClientException
from serverless_cloud.batch.job import Job, Status
from serverless_cloud.core.refusals import NotHonoured

_TIMES = ("BEFORE_CREATED_AT", "AFTER_CREATED_AT")
_FILTERS = ("JOB_NAME", "JOB_DEFINITION", *_TIMES)


def selected(jobs: Sequence[Job], status: str | None, filters: Sequence[Mapping[str, Any]]) -> list[Job]:
    """The jobs of a queue that a request names, in their order.

    Args:
        status: jobStatus of the request.
        filters: its filters; with one the status does not count.

    Raises:
        ClientException: the status or the filter doesn't exist.
        NotHonoured: the local cloud doesn't support the filter.
    """
    if status and status not in list(Status):
        raise ClientException(f"Job status {status} is not one of {' | '.join(Status)}")
    if not filters:
        return [job for job in jobs if job.status == (status or Status.RUNNING)]
    if len(filters) > 1:  # "Only one filter can be used at a time."
        raise ClientException("Only one filter can be used at a time.")
    (condition,) = filters
    name, values = condition.get("name"), [str(value) for value in condition.get("values") or []]
    if name not in _FILTERS:
        raise NotHonoured(f"the filter {name} of ListJobs")
    if name in _TIMES and not all(value.isdigit() for value in values):
        raise ClientException(f"The values of the filter {name} must be times in milliseconds.")
    return [job for job in jobs if any(_matches(job, name, value) for value in values)]


def _matches(job: Job, name: str, value: str) -> bool:
    if name == "BEFORE_CREATED_AT":
        return job.created_ms < int(value)
    if name == "AFTER_CREATED_AT":
        return job.created_ms > int(value)
    texts = [job.name] if name == "JOB_NAME" else _names_of_definition(job.definition_arn)
    return any(_fits(value.lower(), text.lower()) for text in texts)


def _fits(pattern: str, text: str) -> bool:
    """Whether a text fits; an asterisk at the end of the pattern stands for anything."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _names_of_definition(arn: str) -> list[str]:
    """A definition can be named by its name, its name and revision, or its ARN."""
    revision = arn.rpartition("/")[2]
    return [revision.rpartition(":")[0], revision, arn]


def page(key: str, items: list[Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """One page of an answer; the token is the place where the next one begins.

    Args:
        key: the name of the list in the answer.
        items: all of it.
        request: with maxResults and nextToken.

    Raises:
        ClientException: a token that no answer has given.
    """
    size = request.get("maxResults") or len(items)
    first = 0
    if token := request.get("nextToken"):
        try:
            first = int(base64.urlsafe_b64decode(token))
        except ValueError:
            raise ClientException("The nextToken is not valid.") from None
    answer: dict[str, Any] = {key: items[first : first + size]}
    if first + size < len(items):
        answer["nextToken"] = base64.urlsafe_b64encode(str(first + size).encode()).decode()
    return answer

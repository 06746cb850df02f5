"""Batch's jobs run as processes.

moto has two models of Batch: one runs Docker, the other lets every job succeed at once. Both drop retryStrategy of
SubmitJob, limits of compute environments, priorities and the state of queues; ListJobs shows jobs of every state.
moto keeps compute environments, queues, definitions and tags; `rules.py` says what those may be.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence

from moto.batch import models
from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse

from serverless_cloud.batch.errors import CannotStart, ClientException
from serverless_cloud.batch.job import Job, Key
from serverless_cloud.batch.job_queues import ComputeEnvironment, Queue
from serverless_cloud.batch.listing import selected
from serverless_cloud.batch.submission import Definition, job_of
from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.errors import AccessDenied
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.batch import validation as batch_rules
from serverless_cloud.services.logs import write_events

patches = Service("batch", defect="engine/tests/batch/test_batch_patches.py::test_stock_moto_still_has_the_defects")

MOST_DESCRIBED = 100
LARGEST_PAGE = 1000


class MotoControl:
    """moto's queues and tags, and the rest of this cloud; see `batch.job_queues.Control`."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def queue(self, key: Key, arn: str) -> Queue | None:
        found = backend_of(key).get_job_queue_by_arn(arn)
        return None if found is None else queue_of(found)

    def tags(self, job: Job) -> Mapping[str, str]:
        return dict(backend_of(job.key).tagger.get_tag_dict_for_resource(job.arn))

    def credentials(self, job: Job) -> Mapping[str, str]:
        self._require_roles(job)
        name = job.id.replace(":", "-")
        return self._plane.permissions.identities.role_credentials(job.work.job_role_arn, name, job.key[1])

    def _require_roles(self, job: Job) -> None:
        """With enforce_iam: ECS assumes both roles, and the execution role of a job on Fargate writes the log.

        ECS Developer Guide, "Stopped tasks error messages"; its sentences are recalled, not verified.
        """
        permissions = self._plane.permissions
        execution_role = str(job.work.container.get("executionRoleArn") or "")
        for role in filter(None, (job.work.job_role_arn, execution_role)):
            try:
                permissions.require_trust(role, "ecs-tasks.amazonaws.com")
            except AccessDenied:
                raise CannotStart(
                    f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that "
                    "the role being passed has the proper trust relationship and permissions and that your IAM user "
                    "has permissions to pass this role.",
                    is_of_task=True,
                ) from None
        if execution_role:
            group = f"arn:aws:logs:{job.key[1]}:{job.key[0]}:log-group:{job.work.log_group}:log-stream:"
            try:
                for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                    permissions.require(execution_role, action, f"{group}{job.attempts[-1].log_stream}")
            except AccessDenied as error:
                raise CannotStart(
                    "ResourceInitializationError: failed to validate logger args: failed to create Cloudwatch log "
                    f"stream: AccessDeniedException: {error}",
                    is_of_task=True,
                ) from None

    def write_log(self, job: Job, stream: str, lines: Sequence[str]) -> None:
        now_ms = int(time.time() * 1000)
        write_events(*job.key, job.work.log_group, stream, [{"timestamp": now_ms, "message": line} for line in lines])

    def publish(self, event: Mapping[str, object]) -> None:
        self._plane.events.publish(event)

    def time_scale(self) -> float:
        return self._plane.time_scale


def backend_of(key: Key) -> BatchBackend:
    """moto's Batch of an account and Region."""
    return models.batch_backends[key[0]][key[1]]


def queue_of(queue: models.JobQueue) -> Queue:
    """A queue of moto's, as jobs see it."""
    return Queue(
        arn=queue.arn,
        name=queue.name,
        priority=int(queue.priority),
        is_enabled=queue.state == "ENABLED",
        environments=[_environment_of(each) for each in queue.environments],
    )


def _environment_of(environment: models.ComputeEnvironment) -> ComputeEnvironment:
    resources = environment.compute_resources or {}
    is_managed = environment.env_type == "MANAGED"
    return ComputeEnvironment(
        arn=environment.arn,
        name=environment.name,
        cluster=environment.ecs_name,
        max_vcpus=float(resources["maxvCpus"]) if is_managed else float("inf"),
        is_enabled=environment.state == "ENABLED",
        is_fargate=batch_rules.is_fargate(resources),
    )


def definition_of(backend: BatchBackend, name: str) -> Definition:
    """A job definition by its name (its newest active revision), name and revision, or ARN.

    Raises:
        ClientException: there is none, or it was deregistered.
    """
    bare = name.rpartition("job-definition/")[2] if name.startswith("arn:") else name
    base, _, revision = bare.partition(":")
    found = [
        each
        for each in backend._job_definitions.values()
        if each.name == base and each.status == "ACTIVE" and revision in ("", str(each.revision))
    ]
    if not found:
        raise ClientException(f"Job definition {name} does not exist")
    newest = max(found, key=lambda each: int(each.revision))
    return Definition(
        arn=newest.arn,
        name=newest.name,
        properties=newest.container_properties or {},
        parameters=newest.parameters,
        retry_strategy=newest.retry_strategy,
        timeout=newest.timeout,
        platforms=newest.platform_capabilities or ["EC2"],
        propagates_tags=bool(newest.propagate_tags),
    )


def connect(plane: DataPlane) -> None:
    """Puts the jobs of the data plane behind moto's Batch."""
    plane.batch.connect(MotoControl(plane))


@patches.replaces("moto.batch.responses:BatchResponse.submitjob")
@batch_rules.refusals()
def submitjob(response: BatchResponse) -> str:
    given, key = json.loads(response.body), (response.current_account, response.region)
    backend, jobs = backend_of(key), current.plane.batch
    definition = definition_of(backend, str(given.get("jobDefinition", "")))
    queue = backend.get_job_queue(str(given.get("jobQueue", "")))
    if queue is None:
        raise ClientException(f"Job queue {given.get('jobQueue')} does not exist")
    job = job_of(key, given, queue_of(queue), definition)
    tags = dict(given.get("tags") or {})
    if errors := backend.tagger.validate_tags(backend.tagger.convert_dict_to_tags_input(tags), 50):
        raise ClientException(errors)
    backend.tag_resource(job.arn, tags)
    jobs.submit(job)
    return json.dumps({"jobArn": job.arn, "jobName": job.name, "jobId": job.id})


@patches.replaces("moto.batch.responses:BatchResponse.describejobs")
@batch_rules.refusals()
def describejobs(response: BatchResponse) -> str:
    wanted, key = json.loads(response.body).get("jobs") or [], (response.current_account, response.region)
    if len(wanted) > MOST_DESCRIBED:
        raise ClientException(f"A maximum of {MOST_DESCRIBED} jobs can be described at once.")
    jobs = current.plane.batch
    found = [job for each in dict.fromkeys(wanted) if (job := jobs.get(key, each)) is not None]
    return json.dumps({"jobs": [jobs.detail(job) for job in found]})


@patches.replaces("moto.batch.responses:BatchResponse.listjobs")
@batch_rules.refusals()
def listjobs(response: BatchResponse) -> str:
    given, key = json.loads(response.body or "{}"), (response.current_account, response.region)
    return json.dumps(_page(_listed(current.plane, key, given), given))


@patches.replaces("moto.batch.responses:BatchResponse.terminatejob")
@batch_rules.refusals()
def terminatejob(response: BatchResponse) -> str:
    return _end(response, current.plane.batch.terminate)


@patches.replaces("moto.batch.responses:BatchResponse.canceljob")
@batch_rules.refusals()
def canceljob(response: BatchResponse) -> str:
    return _end(response, current.plane.batch.cancel)


def _end(response: BatchResponse, act: Callable[[Job, str], None]) -> str:
    given = json.loads(response.body)
    for name in ("jobId", "reason"):
        if not given.get(name):
            raise ClientException(f"'{name}' is a required field (cannot be an empty string)")
    job = current.plane.batch.get((response.current_account, response.region), given["jobId"])
    if job is not None:  # for one that is not there AWS says nothing either (recalled, not verified)
        act(job, given["reason"])
    return "{}"


def _listed(plane: DataPlane, key: Key, given: JsonObject) -> list[Job]:
    """The jobs that ListJobs names."""
    if given.get("multiNodeJobId"):
        raise NotHonoured("multi-node parallel jobs")
    if given.get("arrayJobId"):
        raise NotHonoured("array jobs")
    if not given.get("jobQueue"):
        raise ClientException("Exactly one of jobQueue and arrayJobId must be given.")
    queue = backend_of(key).get_job_queue(given["jobQueue"])
    if queue is None:
        raise ClientException(f"Job queue {given['jobQueue']} does not exist")
    jobs = plane.batch.of_queue(key, queue.arn)
    return selected(jobs, given.get("jobStatus"), given.get("filters") or [])


def _page(found: list[Job], given: JsonObject) -> JsonObject:
    """One page; the token names the last job of the one before."""
    size = given.get("maxResults") or LARGEST_PAGE
    if not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        raise ClientException(f"maxResults must be between 1 and {LARGEST_PAGE}.")
    first = 0
    if token := given.get("nextToken"):
        try:
            last = base64.urlsafe_b64decode(token).decode()
        except ValueError:
            raise ClientException("The nextToken is not valid.") from None
        first = next((number + 1 for number, each in enumerate(found) if each.id == last), len(found))
    page = found[first : first + size]
    answer: JsonObject = {"jobSummaryList": [each.summary() for each in page]}
    if first + size < len(found):
        answer["nextToken"] = base64.urlsafe_b64encode(page[-1].id.encode()).decode()
    return answer

"""The rules for compute environments, job queues and job definitions of Batch.

moto wants longer names, asks for a serviceRole and a state that AWS sets itself, keeps the
resources of UpdateComputeEnvironment nowhere, deletes what is in use, lets a new revision of a definition inherit from
the one before, and takes and drops what it does not know. moto's backend is called.

Rules: AWS Batch API Reference, each call by its name. Batch knows one error for all requests: ClientException. The
sentences of AWS are used where public reports show them (found: the one for a compute environment with a queue).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from moto.batch import models
from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse
from moto.core.exceptions import AWSError

from serverless_cloud.batch import work
from serverless_cloud.batch.errors import ClientException
from serverless_cloud.batch.listing import page
from serverless_cloud.batch.submission import attempts_of, timeout_of
from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import NotHonoured

patches = Service("batch", defect="engine/tests/batch/test_batch_patches.py::test_stock_moto_still_has_the_defects")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_ENVIRONMENT_NAME = re.compile(rf"{_NAME.pattern}$")
MOST_ENVIRONMENTS = 3
_OF_FARGATE = frozenset(("type", "maxvCpus", "subnets", "securityGroupIds"))
_CHANGEABLE = frozenset(("minvCpus", "maxvCpus", "desiredvCpus", "subnets", "securityGroupIds", "instanceTypes"))
_SERVICE = "batch.amazonaws.com"


def is_fargate(resources: JsonObject) -> bool:
    """Whether computeResources are of Fargate."""
    return str(resources.get("type", "")).startswith("FARGATE")


# ---- compute environments


def _create_environment(backend: BatchBackend, given: JsonObject) -> dict[str, str]:
    _refuse(given, "CreateComputeEnvironment", "eksConfiguration", "unmanagedvCpus", "ecsSettings")
    if given.get("type") == "UNMANAGED":
        raise NotHonoured("compute environments of the type UNMANAGED")
    resources = dict(given.get("computeResources") or {})
    for name in ("type", "maxvCpus", "subnets"):
        if not resources.get(name):
            raise ClientException(f"computeResources needs {name}.")
    if is_fargate(resources):
        if other := sorted(name for name in set(resources) - _OF_FARGATE if resources[name]):
            raise ClientException(f"{', '.join(other)} in computeResources cannot be given for Fargate. Leave it out.")
        if not resources.get("securityGroupIds"):
            raise ClientException("computeResources needs securityGroupIds for Fargate.")
    else:
        resources.setdefault("securityGroupIds", [])
        resources.setdefault("minvCpus", 0)
        resources.setdefault("instanceTypes", ["optimal"])
    environment = backend.create_compute_environment(
        compute_environment_name=str(given.get("computeEnvironmentName") or ""),
        _type=given.get("type"),  # type: ignore[arg-type]  # ours may be missing
        state=given.get("state") or "ENABLED",
        compute_resources=resources,
        service_role=given.get("serviceRole") or _service_linked_role(backend),
        tags=given.get("tags"),
    )
    return _named("computeEnvironment", environment)


def _service_linked_role(backend: BatchBackend) -> str:
    """The role that Batch makes for itself in an account that has none."""
    iam, name, path = backend.iam_backend, "AWSServiceRoleForBatch", f"/aws-service-role/{_SERVICE}/"
    if not any(role.name == name for role in iam.get_roles()):
        trust = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": _SERVICE}}
        iam.create_role(
            name,
            json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            path,
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
            linked_service=_SERVICE,
        )
    return f"arn:aws:iam::{backend.account_id}:role{path}{name}"


def _update_environment(backend: BatchBackend, given: JsonObject) -> dict[str, str]:
    environment = _environment(backend, str(given.get("computeEnvironment") or ""))
    _refuse(given, "UpdateComputeEnvironment", "unmanagedvCpus", "updatePolicy", "ecsSettings", "eksConfiguration")
    changes = dict(given.get("computeResources") or {})
    if other := sorted(set(changes) - _CHANGEABLE):
        raise NotHonoured(f"{', '.join(other)} in UpdateComputeEnvironment")
    changed = {**environment.compute_resources, **changes}
    backend._validate_compute_resources(changed)
    backend.update_compute_environment(
        environment.name, state=given.get("state"), compute_resources=None, service_role=given.get("serviceRole")
    )
    environment.compute_resources = changed
    return _named("computeEnvironment", environment)


def _delete_environment(backend: BatchBackend, given: JsonObject) -> None:
    """Deletes a compute environment; one that is not there is none to delete."""
    environment = backend.get_compute_environment(str(given.get("computeEnvironment") or ""))
    if environment is None:
        return
    if environment.state != "DISABLED":  # recalled, not verified
        raise ClientException("Cannot delete, the compute environment must be DISABLED first.")
    if any(environment in queue.environments for queue in backend._job_queues.values()):
        raise ClientException("Cannot delete, found existing JobQueue relationship.")
    backend.delete_compute_environment(environment.name)


def _environment(backend: BatchBackend, name: str) -> models.ComputeEnvironment:
    found = backend.get_compute_environment(name)
    if found is None:
        raise ClientException(f"Compute environment {name} does not exist")
    return found


# ---- job queues


def _create_queue(backend: BatchBackend, given: JsonObject) -> dict[str, str]:
    name = str(given.get("jobQueueName") or "")
    if _NAME.fullmatch(name) is None:
        raise ClientException("Job queue name should match valid pattern")
    _refuse_of_queues(given, "CreateJobQueue")
    order = _order(backend, given.get("computeEnvironmentOrder") or [])
    queue = backend.create_job_queue(
        queue_name=name,
        priority=_priority(given),  # type: ignore[arg-type]  # moto says it is a text
        schedule_policy=None,
        state=given.get("state") or "ENABLED",
        compute_env_order=order,
        tags=given.get("tags"),
    )
    return _named("jobQueue", queue)


def _update_queue(backend: BatchBackend, given: JsonObject) -> dict[str, str]:
    queue = backend.get_job_queue(str(given.get("jobQueue") or ""))
    if queue is None:
        raise ClientException(f"Job queue {given.get('jobQueue')} does not exist")
    _refuse_of_queues(given, "UpdateJobQueue")
    order = given.get("computeEnvironmentOrder")
    backend.update_job_queue(
        queue.name,
        priority=None if given.get("priority") is None else _priority(given),  # type: ignore[arg-type]
        state=given.get("state"),
        compute_env_order=None if order is None else _order(backend, order),
        schedule_policy=None,
    )
    return _named("jobQueue", queue)


def _delete_queue(backend: BatchBackend, given: JsonObject) -> None:
    """Deletes a job queue; one that is not there is none to delete. Its jobs end when `changed` is called."""
    queue = backend.get_job_queue(str(given.get("jobQueue") or ""))
    if queue is None:
        return
    if queue.state != "DISABLED":  # recalled, not verified
        raise ClientException("Cannot delete, the job queue must be DISABLED first.")
    backend.delete_job_queue(queue.name)


def _refuse_of_queues(given: JsonObject, call: str) -> None:
    _refuse(given, call, "schedulingPolicyArn", "serviceEnvironmentOrder", "jobStateTimeLimitActions")
    if given.get("jobQueueType") not in (None, "ECS", "ECS_FARGATE"):
        raise NotHonoured(f"jobQueueType {given['jobQueueType']}")


def _priority(given: JsonObject) -> int:
    priority = given.get("priority")
    if not isinstance(priority, int) or priority < 0:
        raise ClientException("priority must be a whole number, at least 0.")
    return priority


def _order(backend: BatchBackend, order: list[JsonObject]) -> list[JsonObject]:
    """computeEnvironmentOrder with the ARNs of what it names."""
    if not 1 <= len(order) <= MOST_ENVIRONMENTS:
        raise ClientException(f"A job queue needs 1 to {MOST_ENVIRONMENTS} compute environments.")
    found = [(each, _environment(backend, str(each.get("computeEnvironment")))) for each in order]
    if len({is_fargate(environment.compute_resources or {}) for _, environment in found}) > 1:
        raise ClientException("The compute environments of a job queue must all be EC2, or all Fargate.")
    return [{"order": int(each["order"]), "computeEnvironment": environment.arn} for each, environment in found]


# ---- job definitions


def _register(backend: BatchBackend, given: JsonObject) -> JsonObject:
    """Registers a revision of a job definition."""
    name = str(given.get("jobDefinitionName") or "")
    if _NAME.fullmatch(name) is None:
        raise ClientException("Job definition name should match valid pattern")
    _refuse(given, "RegisterJobDefinition", "nodeProperties", "eksProperties", "ecsProperties", "schedulingPriority",
            "consumableResourceProperties")  # fmt: skip
    if given.get("type") != "container":
        if given.get("type") == "multinode":
            raise NotHonoured("multi-node parallel jobs (type multinode)")
        raise ClientException(
            f"The job definition has the type {given.get('type')}. It must be container or multinode."
        )
    platforms = list(given.get("platformCapabilities") or ["EC2"])
    if unknown := set(platforms) - {"EC2", "FARGATE"}:
        raise NotHonoured(f"platformCapabilities {', '.join(sorted(unknown))}")
    properties = json.loads(json.dumps(dict(given.get("containerProperties") or {})))  # moto changes what it is given
    work.check_properties(properties, is_fargate="FARGATE" in platforms)
    strategy = dict(given.get("retryStrategy") or {}) or None
    attempts_of(strategy)
    timeout_of(given.get("timeout"))
    before = backend.get_job_definition_by_name(name)
    definition_class: Any = models.JobDefinition  # mypy takes it for abstract
    definition = definition_class(
        name,
        {key: str(value) for key, value in (given.get("parameters") or {}).items()},
        "container",
        properties,
        None,
        None,
        dict(given.get("tags") or {}),
        strategy,
        dict(given.get("timeout") or {}),
        backend,
        platforms,
        bool(given.get("propagateTags")),
        revision=before.revision if before else 0,
    )
    backend._job_definitions[definition.arn] = definition
    return _named("jobDefinition", definition) | {"revision": definition.revision}


def _deregister(backend: BatchBackend, given: JsonObject) -> None:
    """Makes a revision INACTIVE; one that is not there is none to deregister."""
    name = str(given.get("jobDefinition") or "")
    for definition in backend._job_definitions.values():
        if name in (definition.arn, f"{definition.name}:{definition.revision}"):
            definition.deregister()


def _definitions(backend: BatchBackend, given: JsonObject) -> list[JsonObject]:
    wanted, name, status = given.get("jobDefinitions"), given.get("jobDefinitionName"), given.get("status")
    return [
        each.describe()
        for each in backend._job_definitions.values()
        if (not wanted or {each.arn, each.name, f"{each.name}:{each.revision}"} & set(wanted))
        and name in (None, each.name)
        and status in (None, each.status)
    ]


def _refuse(given: JsonObject, call: str, *names: str) -> None:
    for name in names:
        if given.get(name):
            raise NotHonoured(f"{name} in {call}")


# ---- the calls


def _refuse_policies(*_: object) -> NoReturn:
    raise NotHonoured("scheduling policies (fair share)")


_CALLS: dict[str, Callable[[BatchBackend, JsonObject], Mapping[str, object] | None]] = {
    "createcomputeenvironment": _create_environment,
    "updatecomputeenvironment": _update_environment,
    "deletecomputeenvironment": _delete_environment,
    "createjobqueue": _create_queue,
    "updatejobqueue": _update_queue,
    "deletejobqueue": _delete_queue,
    "registerjobdefinition": _register,
    "deregisterjobdefinition": _deregister,
    "describejobdefinitions": lambda backend, given: page("jobDefinitions", _definitions(backend, given), given),
    "describejobqueues": lambda backend, given: page(
        "jobQueues", backend.describe_job_queues(given.get("jobQueues")), given
    ),
    "describecomputeenvironments": lambda backend, given: page(
        "computeEnvironments", backend.describe_compute_environments(given.get("computeEnvironments")), given
    ),
    "createschedulingpolicy": _refuse_policies,
}


def _named(kind: str, found: models.ComputeEnvironment | models.JobQueue | models.JobDefinition) -> dict[str, str]:
    """The answer of a call that has created or changed something."""
    return {f"{kind}Name": found.name, f"{kind}Arn": found.arn}


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turns moto's refusals into Batch's one error."""
    try:
        yield
    except AWSError as error:
        raise ClientException(error.message) from error


patches.sets("moto.batch.models:COMPUTE_ENVIRONMENT_NAME_REGEX", _ENVIRONMENT_NAME)  # moto's wants three characters


@patches.replaces_each("moto.batch.responses:BatchResponse", _CALLS, expects="self")
@refusals()
def _answer(patch: Patch[..., str], response: BatchResponse) -> str:
    backend = models.batch_backends[response.current_account][response.region]
    found = _CALLS[patch.name](backend, json.loads(response.body or "{}"))
    current.plane.batch.look()  # jobs can move on, or end
    return json.dumps(found or {})

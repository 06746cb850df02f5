"""Seam: Batch in CloudFormation stacks (moto 5.2.5).

Replaced here, of `ComputeEnvironment`, `JobQueue` and `JobDefinition`: `create_from_cloudformation_json` (moto asks for
a ServiceRole and a RetryStrategy, drops Timeout, PlatformCapabilities and PropagateTags, turns the first letter of
parameters' names into a small one, and knows no type but its own), and added `update_from_cloudformation_json`,
`delete` (moto leaves all three behind), `get_cfn_attribute` and `has_cfn_attr`.

Properties are read by botocore's description of the call that makes the resource, whose names they have but for the
first letter. Source: CloudFormation Template Reference, AWS::Batch::*.

Worth an upstream change: all of these.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.batch import models
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.exceptions import JsonRESTError

from serverless_first.cloud.batch.refused import NotHonoured, Refused
from serverless_first.cloud.plane import DataPlane
from serverless_first.cloud.seams import batch_rules

#: Properties that only stacks have, and that change nothing here.
_OF_STACKS = frozenset(("replaceComputeEnvironment", "updatePolicy"))


def install(plane: DataPlane) -> None:
    """Lets stacks make, change and delete what Batch needs."""
    _install(
        models.ComputeEnvironment, "CreateComputeEnvironment", "computeEnvironmentName", "ComputeEnvironmentArn",
        batch_rules.create_environment, _update_environment, _delete_environment, plane.batch.look,
    )  # fmt: skip
    _install(
        models.JobQueue, "CreateJobQueue", "jobQueueName", "JobQueueArn",
        batch_rules.create_queue, _update_queue, _delete_queue, plane.batch.look,
    )  # fmt: skip
    _install(
        models.JobDefinition, "RegisterJobDefinition", "jobDefinitionName", "JobDefinitionArn",
        batch_rules.register, _update_definition, _delete_definition, plane.batch.look,
    )  # fmt: skip


def _install(
    model: Any,
    operation: str,
    name_member: str,
    attribute: str,
    make: Callable[[Any, Mapping[str, Any]], Any],
    change: Callable[[Any, Any, dict[str, Any]], Any],
    remove: Callable[[Any, Any], None],
    changed: Callable[[], None],
) -> None:
    def create(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        del cls
        backend = models.batch_backends[account_id][region_name]
        with _refusals():
            given = request_of(operation, cloudformation_json["Properties"])
            return make(backend, {**given, name_member: resource_name})

    def update(
        cls: Any,
        /,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        del cls
        backend = models.batch_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        with _refusals():
            given = request_of(operation, properties)
            if name_member in given and given[name_member] != original_resource.name:
                raise NotHonoured(f"a new name for {original_resource.name} of a stack ({new_resource_name})")
            found = change(backend, original_resource, given)
        changed()
        return found

    def delete(self: Any, account_id: str, region_name: str) -> None:
        with _refusals():
            remove(models.batch_backends[account_id][region_name], self)
        changed()

    def get_attribute(self: Any, attribute_name: str) -> Any:
        if attribute_name != attribute:
            raise UnformattedGetAttTemplateException()
        return self.arn

    model.create_from_cloudformation_json = classmethod(create)
    model.update_from_cloudformation_json = classmethod(update)
    model.delete = delete
    model.get_cfn_attribute = get_attribute
    model.has_cfn_attr = classmethod(lambda _, attr: attr == attribute)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Turns refusals into those of CloudFormation, which answers in XML."""
    try:
        with batch_rules.refusals():
            yield
    except JsonRESTError as error:
        raise ValidationError(message=str(error.message)) from error


# ---- changes and deletions


def _update_environment(backend: Any, environment: Any, given: dict[str, Any]) -> Any:
    resources = dict(given.get("computeResources") or {})
    for name in ("type", "instanceRole", "allocationStrategy"):
        if name in resources and resources[name] == environment.compute_resources.get(name):
            del resources[name]
    request: dict[str, Any] = {"computeEnvironment": environment.name, "state": given.get("state") or "ENABLED"}
    return batch_rules.update_environment(
        backend, {**request, "computeResources": resources, "serviceRole": given.get("serviceRole")}
    )


def _delete_environment(backend: Any, environment: Any) -> None:
    if backend.get_compute_environment(environment.arn) is not None:  # else somebody has deleted it by hand
        backend.update_compute_environment(environment.name, "DISABLED", None, None)
        batch_rules.delete_environment(backend, environment.arn)


def _update_queue(backend: Any, queue: Any, given: dict[str, Any]) -> Any:
    kept = {name: value for name, value in given.items() if name not in ("jobQueueName", "tags")}
    return batch_rules.update_queue(backend, {"state": "ENABLED", **kept, "jobQueue": queue.name})


def _delete_queue(backend: Any, queue: Any) -> None:
    if backend.get_job_queue(queue.arn) is not None:
        backend.update_job_queue(queue.name, None, "DISABLED", None, None)
        batch_rules.delete_queue(backend, queue.arn)


def _update_definition(backend: Any, definition: Any, given: dict[str, Any]) -> Any:
    """A new revision; CloudFormation deregisters the one before it."""
    found = batch_rules.register(backend, {**given, "jobDefinitionName": definition.name})
    batch_rules.deregister(backend, definition.arn)
    return found


def _delete_definition(backend: Any, definition: Any) -> None:
    batch_rules.deregister(backend, definition.arn)


# ---- properties


def request_of(operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The request that a resource's properties stand for.

    Args:
        operation: the call of Batch that makes the resource.
        properties: as in the template, references put in.

    Raises:
        NotHonoured: a property that the call does not have.
        Refused: a value of the wrong kind.
    """
    request: dict[str, Any] = _read(_input(operation), properties, "")
    return request


@functools.cache
def _input(operation: str) -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model("batch").operation_model(operation).input_shape


def _read(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure":
        if not isinstance(value, Mapping):
            raise Refused(f"{path or 'Properties'} must be an object.")
        names = {name.lower(): name for name in shape.members}
        found = {}
        for given, inner in value.items():
            name = names.get(given.lower())
            if name is not None:
                found[name] = _read(shape.members[name], inner, f"{path}.{given}" if path else given)
            elif given[:1].lower() + given[1:] not in _OF_STACKS:
                raise NotHonoured(f"the property {path + '.' if path else ''}{given}")
        return found
    if shape.type_name == "list":
        items = value if isinstance(value, list) else [value]
        return [_read(shape.member, each, path) for each in items]
    if shape.type_name == "map":
        return {str(name): _read(shape.value, each, path) for name, each in value.items()}
    return _scalar(shape, value, path)


def _scalar(shape: Any, value: Any, path: str) -> Any:
    """Templates may write numbers and truth as texts, and texts as numbers."""
    text = str(value)
    if shape.type_name in ("integer", "long"):
        if not text.lstrip("-").isdigit():
            raise Refused(f"{path} is {text!r}; it must be a whole number.")
        return int(text)
    if shape.type_name == "boolean":
        if text.lower() not in ("true", "false"):
            raise Refused(f"{path} is {text!r}; it must be true or false.")
        return text.lower() == "true"
    return text

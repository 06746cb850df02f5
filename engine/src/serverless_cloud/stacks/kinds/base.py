"""How a type of resource is made, changed and deleted: by the calls of its service."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import string
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.stacks import schemas
from serverless_cloud.stacks.errors import ResourceFailed, StackError, UnsupportedResource

Properties = Mapping[str, Any]

#: Error codes that say that what is to be deleted has gone already, by another hand.
_GONE = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|\.NotFound$")


@dataclass(frozen=True)
class Place:
    """Where a resource is made.

    Args:
        region, account_id, stack_id, stack_name: of the stack.
        logical_id: of the resource in its template.
        time_scale: divides AWS's own waits.
        stopped: whether the work is to end: the cloud is being emptied.
    """

    region: str
    account_id: str
    stack_id: str
    stack_name: str
    logical_id: str
    time_scale: float = 1.0
    stopped: Callable[[], bool] = lambda: False

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Makes a call of a service, as anybody would.

        Raises:
            ResourceFailed: the service refuses it, in its words.
        """
        try:
            answer: dict[str, Any] = getattr(client(service, self.region), xform_name(operation))(**parameters)
        except ClientError as error:
            raise HandlerError(service, error) from error
        except (BotoCoreError, ValueError, TypeError) as error:
            raise ResourceFailed(f"{operation}: {error}") from error
        return answer

    def generated_name(self, limit: int = 64) -> str:
        """A name for a resource that has none in its template: STACK-LOGICALID-RANDOM."""
        suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        room = limit - len(suffix) - 1
        stack, logical = self.stack_name, self.logical_id
        if len(stack) + 1 + len(logical) > room:
            logical = logical[: max(room // 2, room - 1 - len(stack))]
            stack = stack[: room - 1 - len(logical)]
        return f"{stack}-{logical}-{suffix}"

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def wait(self, ready: Callable[[], bool], what: str, limit_s: float = 120.0) -> None:
        """Waits until something is as it must be.

        Raises:
            ResourceFailed: it is not after `limit_s` seconds, or the cloud is being emptied.
        """
        end_s, pause_s = time.monotonic() + limit_s, 0.01
        while not ready():
            if time.monotonic() > end_s or self.stopped():
                raise ResourceFailed(f"Exceeded attempts to wait: {what}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.5)


class HandlerError(ResourceFailed):
    """A service has refused a call."""

    def __init__(self, service: str, error: ClientError) -> None:
        details, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        self.code = str(details.get("Code", ""))
        super().__init__(
            f'Resource handler returned message: "{details.get("Message", "")} (Service: {service.title()}, Status '
            f'Code: {meta.get("HTTPStatusCode")}, Request ID: {meta.get("RequestId") or uuid.uuid4()})" (RequestToken: '
            f"{uuid.uuid4()}, HandlerErrorCode: {self.handler_code})"
        )

    @property
    def handler_code(self) -> str:
        """As CloudFormation sorts errors."""
        if self.is_gone:
            return "NotFound"
        if re.search(r"AlreadyExist|InUse|Conflict|AlreadyOwned", self.code):
            return "AlreadyExists"
        return "AccessDenied" if "AccessDenied" in self.code else "InvalidRequest"

    @property
    def is_gone(self) -> bool:
        """Whether there is no such resource."""
        return bool(_GONE.search(self.code))


@dataclass
class Made:
    """A resource that was made.

    Args:
        physical_id: what `Ref` gives.
        attributes: what `Fn::GetAtt` gives, by name ("Endpoint.Address"); a value may be a call that finds it out.
        own: what a kind must know later on; no template sees it.
    """

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)


class Kind:
    """A type of resource. The classes below make it, each its own way."""

    type: ClassVar[str]
    name: ClassVar[str | None] = None  # the property that names it
    name_limit: ClassVar[int] = 64
    lower_case: ClassVar[bool] = False  # whether its name has small letters only
    custom_name_may_stay: ClassVar[bool] = False  # a new one may have the name of the one whose place it takes
    refused: ClassVar[tuple[str, ...]] = ()  # properties that would have no effect here
    honoured: ClassVar[frozenset[str] | None] = None  # the only ones that have an effect; None: all but `refused`
    replaced_by: ClassVar[frozenset[str]] = frozenset()  # properties that make a new one, besides the schema's
    changed_by: ClassVar[frozenset[str]] = frozenset()  # properties that the schema is wrong about
    #: What deletes it: service, operation, and the parameter that takes its id; without one `Made.own` says which.
    deleted_with: ClassVar[tuple[str, ...]]

    def __init__(self, **settings: Any) -> None:
        """A type without its own code is made of settings: the attributes of its class, by name."""
        vars(self).update(settings)

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        """Makes it.

        Raises:
            ResourceFailed: it could not be made, and nothing is left of it.
        """
        raise NotImplementedError

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        """Changes it in place; by default a new one takes its place.

        Raises:
            ResourceFailed: it could not be changed.
        """
        raise NotImplementedError

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        """Deletes it. It is not an error if it has gone already.

        Raises:
            ResourceFailed: it could not be deleted.
        """
        del properties
        service, operation, *parameter = self.deleted_with
        call_if_there(at, service, operation, **(dict.fromkeys(parameter, resource.physical_id) or resource.own))

    @property
    def can_update(self) -> bool:
        """Whether it can be changed in place."""
        return self.__class__.update is not Kind.update

    def is_replaced(self, old: Properties, new: Properties) -> bool:
        """Whether a change makes a new resource."""
        if not self.can_update:
            return True
        schema = schemas.of(self.type)
        paths = ((schema.create_only if schema else frozenset()) | self.replaced_by) - self.changed_by
        return any(_at(old, path) != _at(new, path) for path in paths)

    def checked(self, properties: Properties) -> dict[str, Any]:
        """The properties, of the right kinds.

        Raises:
            ResourceFailed: some are wrong, or would have no effect.
        """
        schema = schemas.of(self.type)
        checked = schema.checked(properties) if schema else dict(properties)
        for path in self.refused:
            if _at(checked, path) not in (None, False, [], {}, "", "None"):
                raise UnsupportedResource(f"{path} of {self.type}")
        if self.honoured is not None and (more := sorted(set(checked) - self.honoured)):
            raise UnsupportedResource(f"{', '.join(more)} of {self.type}")
        return checked

    @contextlib.contextmanager
    def whole_or_gone(self, at: Place, resource: Made, properties: Properties) -> Iterator[None]:
        """Deletes what has been made so far if the rest of its creation fails."""
        try:
            yield
        except ResourceFailed:
            self.delete(at, resource, properties)
            raise

    def named(self, at: Place, properties: Properties) -> str:
        """Its name: the template's, or a generated one."""
        name = (
            str(properties[self.name])
            if self.name and properties.get(self.name)
            else at.generated_name(self.name_limit)
        )
        return name.lower() if self.lower_case else name


class ByCalls(Kind):
    """A type whose properties are the parameters of its service's calls.

    `created_by`, `updated_by`, `deleted_by` are operations; without `updated_by` a change makes a new resource. `ids`
    are the parameters of the others that say which resource is meant: the name of a property, or what `own` has.
    """

    service: ClassVar[str]
    created_by: ClassVar[str]
    updated_by: ClassVar[str | None] = None
    deleted_by: ClassVar[str]
    described_by: ClassVar[str | None] = None  # asked after the deletion until it finds nothing
    ids: ClassVar[Mapping[str, str]]  # parameter -> property, or key of the answer to creation
    ref: ClassVar[str]  # as in `ids`: the value of Ref
    gives: ClassVar[Mapping[str, str]] = {}  # attribute -> as in `ids`
    renamed: ClassVar[Mapping[str, str]] = {}  # property -> parameter
    tags_as_map: ClassVar[bool] = False
    whole: ClassVar[bool] = False  # whether an update sets also what it leaves out

    def create(self, at: Place, properties: dict[str, Any]) -> Made:
        if self.name:
            properties = properties | {self.name: self.named(at, properties)}
        answer = at.call(self.service, self.created_by, **self.parameters(at, self.created_by, properties))
        answer.pop("ResponseMetadata", None)
        own = {**properties, **_flat(answer)}
        return self.resource(at, own)

    def resource(self, at: Place, own: dict[str, Any]) -> Made:
        """The made resource, from its properties and the service's answer."""
        del at
        values = {key: own[key] for key in {*self.ids.values(), self.ref, *self.gives.values()} if key in own}
        return Made(str(own[self.ref]), {name: own[key] for name, key in self.gives.items() if key in own}, values)

    def update(self, at: Place, resource: Made, old: Properties, properties: dict[str, Any]) -> Made:
        assert self.updated_by is not None
        self.require_effect(old, properties)
        which = {parameter: resource.own[key] for parameter, key in self.ids.items()}
        if self.name:
            properties = properties | {self.name: resource.own.get(self.name, resource.physical_id)}
        parameters = self.parameters(at, self.updated_by, properties, strict=False) | which
        answer = at.call(self.service, self.updated_by, **parameters)
        answer.pop("ResponseMetadata", None)
        return self.resource(at, {**resource.own, **properties, **_flat(answer)})

    def require_effect(self, old: Properties, properties: Properties) -> None:
        """Raises UnsupportedResource for a change that the call for updates would pass over."""
        omissions = sorted(set(old) - set(properties) - {"Tags"})
        if omissions and not self.whole:
            raise UnsupportedResource(f"an update that leaves out {', '.join(omissions)} of {self.type}")
        if properties.get("Tags") != old.get("Tags"):
            raise UnsupportedResource(f"a change of Tags of {self.type}")

    def delete(self, at: Place, resource: Made, properties: Properties) -> None:
        del properties
        which = {parameter: resource.own[key] for parameter, key in self.ids.items()}
        call_if_there(at, self.service, self.deleted_by, **which)
        if operation := self.described_by:
            what = f"{resource.physical_id} is deleted"
            at.wait(lambda: not call_if_there(at, self.service, operation, **which), what)

    @property
    def can_update(self) -> bool:
        return self.updated_by is not None or self.__class__.update is not ByCalls.update

    def parameters(self, at: Place, operation: str, properties: Properties, *, strict: bool = True) -> dict[str, Any]:
        """A call's parameters for properties.

        Args:
            strict: whether a property that the call has not is refused; else left out, for creation has had it.

        Raises:
            UnsupportedResource: see `strict`.
        """
        properties = {self.renamed.get(name, name): value for name, value in properties.items()}
        for key in ("Tags", "tags"):
            if self.tags_as_map and isinstance(properties.get(key), list):
                properties[key] = {tag["Key"]: tag["Value"] for tag in properties[key]}
        shape = client(self.service, at.region).meta.service_model.operation_model(operation).input_shape
        return dict(fitted(shape, properties, self.type, strict=strict))


def fitted(shape: Any, value: Any, path: str, *, strict: bool = True) -> Any:
    """A value as a call takes it: members by their names whatever their case, texts for what texts must be.

    Raises:
        UnsupportedResource: a structure has a member that the call has not; with `strict` only, else it is left out.
    """
    if shape.type_name == "structure" and isinstance(value, Mapping):
        members = {name.lower(): name for name in shape.members}
        structure = {}
        for name, member in value.items():
            known = members.get(name.lower())
            if known is not None:
                structure[known] = fitted(shape.members[known], member, f"{path}.{name}", strict=strict)
            elif strict:
                raise UnsupportedResource(path if path.endswith(f".{name}") else f"{path}.{name}")
        return structure
    if shape.type_name == "list" and isinstance(value, list):
        return [fitted(shape.member, item, path, strict=strict) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {str(name): fitted(shape.value, member, path, strict=strict) for name, member in value.items()}
    if shape.type_name == "string" and not isinstance(value, str):
        return as_text(value)
    if shape.type_name in ("integer", "long") and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if shape.type_name in ("float", "double") and isinstance(value, str):
        return float(value)
    if shape.type_name == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def as_text(value: Any) -> str:
    """A policy or a setting as a text: JSON, unless it is one."""
    return value if isinstance(value, str) else json.dumps(value)


def call_if_there(at: Place, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Makes a call about a resource that may have gone by another hand; {} then."""
    try:
        return at.call(service, operation, **parameters)
    except HandlerError as error:
        if error.is_gone:
            return {}
        raise


def tags_of(properties: Properties) -> dict[str, str]:
    """The tags of a resource by their keys."""
    tags = properties.get("Tags") or {}
    return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}


def set_tags(
    at: Place,
    service: str,
    old: Properties,
    properties: Properties,
    *,
    verbs: tuple[str, str] = ("UntagResource", "TagResource"),
    as_map: bool = False,
    **which: str,
) -> None:
    """Gives a resource the tags that it is to have now.

    Args:
        verbs: the operations that take tags away, and give them.
        as_map: whether the service takes {key: value}, not a list of Key and Value.
        which: the parameters that say which resource is meant.
    """
    had, has = tags_of(old), tags_of(properties)
    if old_keys := sorted(set(had) - set(has)):
        at.call(service, verbs[0], TagKeys=old_keys, **which)
    if has and has != had:
        at.call(service, verbs[1], Tags=has if as_map else properties["Tags"], **which)


def unsupported(logical_id: str, attribute: str) -> StackError:
    """For Fn::GetAtt of what there is not."""
    return StackError(
        f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
    )


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer's values, and the values of a single structure in it ({"Table": {...}})."""
    flat = {}
    for name, value in answer.items():
        flat[name] = value
        if isinstance(value, Mapping) and len(answer) == 1:
            flat |= value
    return flat

"""A stack as the local cloud knows it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from serverless_cloud.stacks import kinds
from serverless_cloud.stacks.template import Template, is_custom


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Resource:
    """A resource of a stack.

    Args:
        logical_id, type: in the template.
        definition: the resource in the template, not worked out.
        properties: worked out.
        physical_resource: what was made; None if nothing was.
        needs: the logical ids that it needs.
        event_properties: the properties as events tell them, in JSON.
        status, reason, changed: as DescribeStackResources has them.
    """

    logical_id: str
    type: str
    definition: dict[str, Any]
    properties: dict[str, Any] = field(default_factory=dict)
    physical_resource: kinds.Made | None = None
    needs: frozenset[str] = frozenset()
    event_properties: str = ""
    status: str = "CREATE_IN_PROGRESS"
    reason: str | None = None
    changed: datetime = field(default_factory=now)

    @property
    def physical_id(self) -> str:
        """The value of `Ref`."""
        return self.physical_resource.physical_id if self.physical_resource else ""

    def attribute(self, name: str) -> Any:
        """The value of `Fn::GetAtt`.

        Raises:
            StackError: the type has no such attribute, or the local cloud does not know it.
        """
        attributes = self.physical_resource.attributes if self.physical_resource else {}
        if name in attributes:
            return attributes[name]
        if is_custom(self.type) and "." in name:  # Data may hold objects
            here: Any = attributes
            for part in name.split("."):
                here = here.get(part) if isinstance(here, dict) else None
            if here is not None:
                return here
        if name in self.properties:  # AWS returns what the template set, such as a topic's DisplayName
            return self.properties[name]
        raise kinds.unsupported(self.logical_id, name)


@dataclass(frozen=True)
class StackSpec:
    """The planned state of a stack.

    Args:
        template: without SAM.
        original: the text as it was given.
        values, texts: of parameters, as `parameters.resolve` gives them.
    """

    template: Template
    original: str
    values: dict[str, Any]
    texts: dict[str, str]
    tags: dict[str, str]

    def same_as(self, other: StackSpec | None) -> bool:
        """Whether nothing would change."""
        sections = ("Resources", "Outputs", "Conditions", "Mappings")
        return other is not None and (
            all(self.template.section(name) == other.template.section(name) for name in sections)
            and (self.values, self.tags) == (other.values, other.tags)
        )


@dataclass
class Stack:
    """A stack, its resources and its history."""

    id: str
    name: str
    region: str
    account_id: str
    status: str
    plan: StackSpec | None = None
    reason: str | None = None
    created: datetime = field(default_factory=now)
    updated: datetime | None = None
    deleted: datetime | None = None
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    timeout_minutes: int | None = None
    disable_rollback: bool = False
    termination_protection: bool = False
    change_set_id: str | None = None
    #: The ClientRequestToken of the call whose work goes on, for its events.
    token: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    #: The resources that were deleted with the stack, or because its creation failed.
    former_resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Held by the thread that works on it.
    busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def exports(self) -> dict[str, str]:
        """Exported values by name."""
        return {output["ExportName"]: output["OutputValue"] for output in self.outputs if "ExportName" in output}

    @property
    def visible_resources(self) -> dict[str, Resource]:
        """The resources that calls show by logical id: a stack that was rolled back or deleted shows what it had."""
        return self.former_resources | self.resources

    @property
    def is_there(self) -> bool:
        """Whether it is found by its name."""
        return self.status != "DELETE_COMPLETE"

    def become(self, status: str, reason: str | None = None) -> None:
        """Changes its status, and notes it."""
        self.status, self.reason = status, reason
        self._note(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)

    def note(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """Changes a resource's status, and notes it."""
        resource.status, resource.reason, resource.changed = status, reason, now()
        self._note(resource.logical_id, resource.physical_id, resource.type, status, reason, resource.event_properties)

    def _note(
        self, logical_id: str, physical_id: str, type: str, status: str, reason: str | None, event_properties: str = ""
    ) -> None:
        is_stack = physical_id == self.id
        moment = now()
        if self.events:  # tools sort by time, which is shown in milliseconds
            moment = max(moment, self.events[-1]["Timestamp"] + timedelta(milliseconds=1))
        event = {
            "StackId": self.id, "StackName": self.name, "LogicalResourceId": logical_id, "ResourceType": type,
            "EventId": str(uuid.uuid4()) if is_stack else f"{logical_id}-{status}-{uuid.uuid4()}",
            "PhysicalResourceId": physical_id, "Timestamp": moment, "ResourceStatus": status,
        }  # fmt: skip
        optional = {
            "ResourceStatusReason": reason,
            "ResourceProperties": event_properties,
            "ClientRequestToken": self.token,
        }
        event |= {name: value for name, value in optional.items() if value}
        self.events.append(event)


@dataclass
class ChangeSet:
    """The changes that an update, or a new stack, would make; `request` is the call that made it."""

    id: str
    name: str
    stack: Stack
    kind: str
    plan: StackSpec | None
    capabilities: list[str]
    changes: list[dict[str, Any]]
    request: Mapping[str, Any]
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"
    description: str | None = None
    parameters: list[dict[str, str]] = field(default_factory=list)
    on_failure: str | None = None
    created: datetime = field(default_factory=now)

    @property
    def executed(self) -> bool:
        """Whether it has been executed: then it is only found by its ARN, or by its name until that is used again."""
        return self.execution == "EXECUTE_COMPLETE"

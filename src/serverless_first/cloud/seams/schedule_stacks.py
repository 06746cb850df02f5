"""Seam: schedules of EventBridge Scheduler, their groups, and pipes in CloudFormation stacks (moto 5.2.5).

moto makes none of the three and says nothing. Nothing of it is replaced: the classes here are found by moto as its own
are. They make a resource by the same calls as anybody, so what the service refuses the stack refuses in the same words.

Rules: CloudFormation Template Reference, AWS::Scheduler::Schedule, AWS::Scheduler::ScheduleGroup, AWS::Pipes::Pipe;
their properties are the parameters of the calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.common_models import CloudFormationModel

from serverless_first.cloud.clients import client


class _ByCalls:
    """A resource that a stack makes, changes and deletes by calls of its service.

    Args:
        name: of the resource; what `Ref` gives.
        region: where it is.
        properties: as the template has them.
        arn: what the service calls it.
    """

    service: ClassVar[str]  # boto3's name
    kind: ClassVar[str]  # CreateKIND, UpdateKIND, DeleteKIND
    group: ClassVar[str | None] = None  # the parameter that belongs to the name

    def __init__(self, name: str, region: str, properties: Mapping[str, Any], arn: str) -> None:
        self.name, self.region, self.properties, self.arn = name, region, dict(properties), arn

    @property
    def physical_resource_id(self) -> str:
        return self.name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @classmethod
    def cloudformation_type(cls) -> str:
        return f"AWS::{cls.service.capitalize()}::{cls.kind}"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if attribute_name != "Arn":
            from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

            raise UnformattedGetAttTemplateException
        return self.arn

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        del account_id
        properties = cloudformation_json.get("Properties") or {}
        answer = cls._call(region_name, "Create", {**properties, "Name": resource_name})
        made = cls(resource_name, region_name, properties, answer[cls._arn_in_answers()])
        made.require_begun()
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        """What an update cannot change makes a new resource; moto gives one without a Name a new name each time."""
        old, new = original_resource.properties, cloudformation_json.get("Properties") or {}
        can_change = _parameters(cls.service, f"Update{cls.kind}") - {"Name", cls.group}
        if any(old.get(name) != new.get(name) for name in {*old, *new} - can_change - {"Tags"}):
            original_resource.delete(account_id, region_name)
            return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        if can_change:
            cls._call(region_name, "Update", {**new, "Name": original_resource.name})
        original_resource.properties = dict(new)
        original_resource.require_begun()
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        del account_id
        of_group = {self.group: self.properties[self.group]} if self.group in self.properties else {}
        self._call(region_name, "Delete", {"Name": self.name, **of_group})

    def require_begun(self) -> None:
        """Raises if the service has taken it and then found that it cannot work."""

    @classmethod
    def _arn_in_answers(cls) -> str:
        return f"{cls.kind}Arn"

    @classmethod
    def _call(cls, region: str, verb: str, given: Mapping[str, Any]) -> dict[str, Any]:
        api, operation = client(cls.service, region), f"{verb}{cls.kind}"
        try:
            shape, all_of_it = (
                api.meta.service_model.operation_model(name).input_shape for name in (operation, f"Create{cls.kind}")
            )
            parameters = _typed(shape, _without_fixed(shape, all_of_it, given))
            answer: dict[str, Any] = getattr(api, xform_name(operation))(**parameters)
        except ClientError as error:
            if verb == "Delete" and "NotFound" in error.response["Error"]["Code"]:
                return {}  # it has gone already: with its group, or by another hand
            raise _refusal(error.response["Error"]["Message"]) from error
        except (BotoCoreError, ValueError) as error:  # a property that there is not, or of another type
            raise _refusal(f"{cls.cloudformation_type()}: {error}") from error
        return answer


def _refusal(message: str) -> Exception:
    from moto.cloudformation.exceptions import ValidationError  # slow to import; it is there when a stack is

    return ValidationError(message=message)


def _parameters(service: str, operation: str) -> set[str | None]:
    """The parameters of a call; none if there is no such call."""
    model = client(service, "").meta.service_model
    return set(model.operation_model(operation).input_shape.members) if operation in model.operation_names else set()


def _without_fixed(shape: Any, all_of_it: Any, value: Any) -> Any:
    """Leaves out what a call does not take because only creation does, StartingPosition for one."""
    if shape.type_name != "structure" or not isinstance(value, Mapping):
        return value
    known, fixed = shape.members, set(all_of_it.members) - set(shape.members)
    return {
        name: _without_fixed(known[name], all_of_it.members[name], each) if name in known else each
        for name, each in value.items()
        if name not in fixed
    }


def _typed(shape: Any, value: Any) -> Any:
    """CloudFormation takes numbers and truth values as texts, too."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        members = shape.members
        return {name: _typed(members[name], each) if name in members else each for name, each in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, each) for each in value]
    if shape.type_name in ("integer", "long") and isinstance(value, str):
        return int(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value


class Schedule(_ByCalls, CloudFormationModel):
    """AWS::Scheduler::Schedule."""

    service, kind, group = "scheduler", "Schedule", "GroupName"


class ScheduleGroup(_ByCalls, CloudFormationModel):
    """AWS::Scheduler::ScheduleGroup."""

    service, kind = "scheduler", "ScheduleGroup"


class Pipe(_ByCalls, CloudFormationModel):
    """AWS::Pipes::Pipe."""

    service, kind = "pipes", "Pipe"

    @classmethod
    def _arn_in_answers(cls) -> str:
        return "Arn"

    def require_begun(self) -> None:
        """See `_ByCalls.require_begun`; AWS says that such a pipe did not stabilize."""
        found = client("pipes", self.region).describe_pipe(Name=self.name)
        if found["CurrentState"].endswith("_FAILED"):
            raise _refusal(
                f"Resource of type 'AWS::Pipes::Pipe' with identifier '{self.name}' did not stabilize. Status Reason "
                f"is {found['StateReason']}"
            )

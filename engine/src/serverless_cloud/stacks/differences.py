"""The contents of a change set: the resources to add, change, replace and remove, and why.

It is made before anything is done, so a change that depends on another change is "Conditional", as on AWS.
Source: CloudFormation API Reference, "ResourceChange", "ResourceChangeDetail", "ResourceTargetDefinition".
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.stacks import intrinsics, kinds, schemas
from serverless_cloud.stacks.preview import LATER, Preview
from serverless_cloud.stacks.stack import Resource, Stack, StackSpec

#: Attributes of a template's resource whose change leaves the resource itself as it is.
_ATTRIBUTES = ("Metadata", "DeletionPolicy", "UpdateReplacePolicy")
_VALUES = ("BeforeContext", "AfterContext")
_TARGET_VALUES = ("Path", "BeforeValue", "AfterValue", "AttributeChangeType")

Definition = Mapping[str, Any]


def between(stack: Stack, plan: StackSpec) -> list[dict[str, Any]]:
    """The changes that a plan makes to a stack, with the values of properties.

    Raises:
        StackError: a value of the plan cannot be worked out.
    """
    return list(_Comparison(stack, plan).changes())


def without_values(change: dict[str, Any]) -> dict[str, Any]:
    """A change as DescribeChangeSet shows it unless the caller asks for the values of properties."""
    of_it = change["ResourceChange"]
    details = [
        detail | {"Target": {name: value for name, value in detail["Target"].items() if name not in _TARGET_VALUES}}
        for detail in of_it["Details"]
    ]
    resource_change = {name: value for name, value in of_it.items() if name not in _VALUES} | {
        "Details": _distinct(details)
    }
    return change | {"ResourceChange": resource_change}


@dataclass
class _Touched:
    """The change of a resource, for the resources that refer to it.

    Args:
        replaced: "True", "False" or "Conditional".
        properties: the ones that change.
    """

    replaced: str
    properties: frozenset[str] = frozenset()


class _Comparison:
    def __init__(self, stack: Stack, plan: StackSpec) -> None:
        self._stack, self._plan, self._before = stack, plan, stack.plan
        self._after = Preview(stack, plan, secret=True)
        self._touched: dict[str, _Touched] = {}
        self._was: Preview | None = None
        had: Mapping[str, Any] = {}
        if self._before is not None:
            had, self._was = self._before.values, Preview(stack, self._before, secret=True)
            for logical_id, resource in stack.resources.items():
                self._was.settle(logical_id, resource)
        self._changed_values = {name for name, value in plan.values.items() if had.get(name) != value}

    def changes(self) -> Iterator[dict[str, Any]]:
        for logical_id in self._after.order:
            new, old = self._plan.template.resources[logical_id], self._stack.resources.get(logical_id)
            if old is None:
                self._touched[logical_id] = _Touched("True")
                yield _change("Add", logical_id, new["Type"], AfterContext=self._context(self._after, new))
            elif (change := self._modified(logical_id, new, old)) is None:
                self._after.settle(logical_id, old)
            else:
                yield change
        for logical_id, old in self._stack.resources.items():
            if logical_id not in self._after.order:
                policy = old.definition.get("DeletionPolicy", "Delete")
                yield _change(
                    "Remove", logical_id, old.type, PhysicalResourceId=old.physical_id,
                    PolicyAction="Delete" if policy == "Delete" else "Retain",
                    BeforeContext=self._context(self._was, old.definition),
                )  # fmt: skip

    def _modified(self, logical_id: str, new: Definition, old: Resource) -> dict[str, Any] | None:
        new_properties, old_properties = new.get("Properties") or {}, old.definition.get("Properties") or {}
        details = [
            detail
            for name in sorted({*new_properties, *old_properties})
            for detail in self._details(old.type, name, new_properties.get(name), old_properties.get(name))
        ]
        properties = frozenset(detail["Target"].get("Name", "Tags") for detail in details)
        if self._before is not None and self._before.tags != self._plan.tags:
            details.append(_detail({"Attribute": "Tags", "RequiresRecreation": "Never"}, "Static"))
        details += [
            _detail({"Attribute": name, "RequiresRecreation": "Never", "Path": f"/{name}"}, "Static")
            for name in _ATTRIBUTES
            if new.get(name) != old.definition.get(name)
        ]
        if not details:
            return None
        replaced = _replaced(old.type, details)
        if properties:
            self._touched[logical_id] = _Touched(replaced, properties)
        keeps = new.get("UpdateReplacePolicy", "Delete") == "Retain"
        return _change(
            "Modify", logical_id, new["Type"], details, PhysicalResourceId=old.physical_id, Replacement=replaced,
            PolicyAction=("ReplaceAndRetain" if keeps else "ReplaceAndDelete") if replaced != "False" else None,
            BeforeContext=self._context(self._was, old.definition), AfterContext=self._context(self._after, new),
        )  # fmt: skip

    def _details(self, type: str, name: str, new_value: Any, old_value: Any) -> Iterator[dict[str, Any]]:
        """Why a property of a resource changes, value by value; nothing if it doesn't."""
        place = {"Attribute": "Tags"} if name == "Tags" else {"Attribute": "Properties", "Name": name}
        place |= {"RequiresRecreation": _recreation(type, name)}
        before, after = self._value(self._was, old_value), self._value(self._after, new_value)
        leaves = list(_differences(before, after, ()))
        if not leaves and (new_value != old_value or any(self._causes(new_value))):
            leaves = [((), before, after)]  # a secret, or another way to write the same value
        for path, was, will_be in leaves:
            part = _at(new_value, path)
            causes = list(self._causes(part)) if part is not None else []
            if part == _at(old_value, path) and not causes and LATER in str(will_be):
                continue  # it's only known later, and nothing that it depends on changes
            target = place | _change_of("/".join(("/Properties", name, *map(str, path))), was, will_be)
            if part != _at(old_value, path) or not causes:  # or a mapping or a condition of the template has changed
                yield _detail(target, "Static")
                continue
            yield _detail(target, "Dynamic")
            for source, entity, evaluation in causes:
                yield _detail(target, evaluation, source, entity)

    def _causes(self, value: Any) -> Iterator[tuple[str, str, str]]:
        """Changes elsewhere that change a property: (ChangeSource, CausingEntity, Evaluation)."""
        for name in dict.fromkeys(intrinsics.names_in(value)):
            if name in self._changed_values:
                yield "ParameterReference", name, "Static"
        calls = list(intrinsics.calls_in([value]))
        attributes = [
            argument.split(".", 1) if isinstance(argument, str) else argument
            for f, argument in calls
            if f == "Fn::GetAtt"
        ]
        for name, attribute in attributes:
            touched = self._touched.get(name)
            if touched and (touched.replaced != "False" or str(attribute).split(".")[0] in touched.properties):
                yield "ResourceAttribute", f"{name}.{attribute}", "Dynamic"
        resource_names = {name for name, _ in attributes}
        for name in dict.fromkeys(intrinsics.names_in(value)):
            touched = self._touched.get(name)
            if name not in resource_names and touched and touched.replaced != "False":
                yield "ResourceReference", name, "Static" if touched.replaced == "True" else "Dynamic"

    @staticmethod
    def _value(preview: Preview | None, template_value: Any) -> Any:
        """A property's value with texts only; None if there is none."""
        value = None if template_value is None or preview is None else preview.value(template_value)
        return None if value is None or value is intrinsics.NO_VALUE else intrinsics.texts(value)

    @staticmethod
    def _context(preview: Preview | None, definition: Definition) -> str | None:
        if preview is None:
            return None
        context = {"Properties": preview.value(definition.get("Properties") or {})}
        context |= {name: definition[name] for name in _ATTRIBUTES if name in definition}
        return intrinsics.compact(context)


def _differences(
    before: Any, after: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    """The paths inside a property at which two values differ, with both values; None stands for a missing one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (old, new) in enumerate(itertools.zip_longest(before, after)):
            yield from _differences(old, new, (*path, number))
    elif before != after:
        yield path, before, after


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    """The part of a property of a template that its value at a path comes from; None if there is none."""
    for part in path:
        if isinstance(value, Mapping) and not any(name == "Ref" or name.startswith("Fn::") for name in value):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            return value
    return value


def _change_of(path: str, before: Any, after: Any) -> dict[str, str]:
    """One value before and after, as a change set shows it."""
    values = {"BeforeValue": before, "AfterValue": after}
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value is not None
    }
    kind = "Add" if before is None else "Remove" if after is None else "Modify"
    return {"Path": path} | texts | {"AttributeChangeType": kind}


def _distinct(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [detail for number, detail in enumerate(details) if detail not in details[:number]]


def _recreation(type: str, name: str) -> str:
    kind, schema = kinds.of(type), schemas.of(type)
    if kind is None:
        return "Never"
    if not kind.can_update or name in {path.split(".")[0] for path in kind.replaced_by}:
        return "Always"
    fixed = {path.split(".")[0] for path in schema.create_only - kind.changed_by} if schema else set()
    return "Always" if name in fixed else "Never"


def _replaced(type: str, details: list[dict[str, Any]]) -> str:
    always = [detail for detail in details if detail["Target"]["RequiresRecreation"] == "Always"]
    if any(detail["Evaluation"] == "Static" for detail in always):
        return "True"
    kind = kinds.of(type)
    tags_replace = kind is not None and not kind.can_update and any(_is_tags(detail) for detail in details)
    return "Conditional" if always or tags_replace else "False"


def _is_tags(detail: Mapping[str, Any]) -> bool:
    return bool(detail["Target"]["Attribute"] == "Tags")


def _detail(
    target: dict[str, Any], evaluation: str, source: str = "DirectModification", entity: str | None = None
) -> dict[str, Any]:
    detail = {"ChangeSource": source, "Evaluation": evaluation, "Target": target}
    return detail | ({"CausingEntity": entity} if entity else {})


def _change(
    action: str, logical_id: str, type: str, details: list[dict[str, Any]] | None = None, **more: str | None
) -> dict[str, Any]:
    details = details or []
    change = {
        "Action": action, "LogicalResourceId": logical_id, "ResourceType": type, "Details": details,
        "Scope": list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details)),
    }  # fmt: skip
    return {"Type": "Resource", "ResourceChange": change | {name: value for name, value in more.items() if value}}

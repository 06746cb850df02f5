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
from serverless_cloud.stacks.records import Resource, Stack, StackSpec

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
        each | {"Target": {name: value for name, value in each["Target"].items() if name not in _TARGET_VALUES}}
        for each in of_it["Details"]
    ]
    shown = {name: value for name, value in of_it.items() if name not in _VALUES} | {"Details": _distinct(details)}
    return change | {"ResourceChange": shown}


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
        given, had = new.get("Properties") or {}, old.definition.get("Properties") or {}
        details = [
            detail
            for name in sorted({*given, *had})
            for detail in self._details(old.type, name, given.get(name), had.get(name))
        ]
        properties = frozenset(each["Target"].get("Name", "Tags") for each in details)
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

    def _details(self, type: str, name: str, given: Any, had: Any) -> Iterator[dict[str, Any]]:
        """Why a property of a resource changes, value by value; nothing if it doesn't."""
        place = {"Attribute": "Tags"} if name == "Tags" else {"Attribute": "Properties", "Name": name}
        place |= {"RequiresRecreation": _recreation(type, name)}
        before, after = self._value(self._was, had), self._value(self._after, given)
        leaves = list(_differences(before, after, ()))
        if not leaves and (given != had or any(self._causes(given))):
            leaves = [((), before, after)]  # a secret, or another way to write the same value
        for path, was, will_be in leaves:
            part = _at(given, path)
            causes = list(self._causes(part)) if part is not None else []
            if part == _at(had, path) and not causes and LATER in str(will_be):
                continue  # it's only known later, and nothing that it depends on changes
            target = place | _change_of("/".join(("/Properties", name, *map(str, path))), was, will_be)
            if part != _at(had, path) or not causes:  # or a mapping or a condition of the template has changed
                yield _detail(target, "Static")
                continue
            yield _detail(target, "Dynamic")
            for source, entity, evaluation in causes:
                yield _detail(target, evaluation, source, entity)

    def _causes(self, given: Any) -> Iterator[tuple[str, str, str]]:
        """Changes elsewhere that change a property: (ChangeSource, CausingEntity, Evaluation)."""
        for name in dict.fromkeys(intrinsics.names_in(given)):
            if name in self._changed_values:
                yield "ParameterReference", name, "Static"
        calls = list(intrinsics.calls_in([given]))
        attributes = [each.split(".", 1) if isinstance(each, str) else each for f, each in calls if f == "Fn::GetAtt"]
        for name, attribute in attributes:
            touched = self._touched.get(name)
            if touched and (touched.replaced != "False" or str(attribute).split(".")[0] in touched.properties):
                yield "ResourceAttribute", f"{name}.{attribute}", "Dynamic"
        asked = {name for name, _ in attributes}
        for name in dict.fromkeys(intrinsics.names_in(given)):
            touched = self._touched.get(name)
            if name not in asked and touched and touched.replaced != "False":
                yield "ResourceReference", name, "Static" if touched.replaced == "True" else "Dynamic"

    @staticmethod
    def _value(preview: Preview | None, given: Any) -> Any:
        """A property's value with texts only; None if there is none."""
        value = None if given is None or preview is None else preview.value(given)
        return None if value is None or value is intrinsics.NO_VALUE else intrinsics.texts(value)

    @staticmethod
    def _context(preview: Preview | None, definition: Definition) -> str | None:
        if preview is None:
            return None
        shown = {"Properties": preview.value(definition.get("Properties") or {})}
        shown |= {name: definition[name] for name in _ATTRIBUTES if name in definition}
        return intrinsics.compact(shown)


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


def _at(given: Any, path: tuple[str | int, ...]) -> Any:
    """The part of a property of a template that its value at a path comes from; None if there is none."""
    for part in path:
        if isinstance(given, Mapping) and not any(name == "Ref" or name.startswith("Fn::") for name in given):
            given = given.get(part)
        elif isinstance(given, list) and isinstance(part, int):
            given = given[part] if part < len(given) else None
        else:
            return given
    return given


def _change_of(path: str, before: Any, after: Any) -> dict[str, str]:
    """One value before and after, as a change set shows it."""
    values = {"BeforeValue": before, "AfterValue": after}
    shown = {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in values.items() if each is not None
    }
    kind = "Add" if before is None else "Remove" if after is None else "Modify"
    return {"Path": path} | shown | {"AttributeChangeType": kind}


def _distinct(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for number, each in enumerate(details) if each not in details[:number]]


def _recreation(type: str, name: str) -> str:
    kind, schema = kinds.of(type), schemas.of(type)
    if kind is None:
        return "Never"
    if not kind.can_update or name in {path.split(".")[0] for path in kind.replaced_by}:
        return "Always"
    fixed = {path.split(".")[0] for path in schema.create_only - kind.changed_by} if schema else set()
    return "Always" if name in fixed else "Never"


def _replaced(type: str, details: list[dict[str, Any]]) -> str:
    always = [each for each in details if each["Target"]["RequiresRecreation"] == "Always"]
    if any(each["Evaluation"] == "Static" for each in always):
        return "True"
    kind = kinds.of(type)
    tags_replace = kind is not None and not kind.can_update and any(_is_tags(each) for each in details)
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
        "Scope": list(dict.fromkeys(each["Target"]["Attribute"] for each in details)),
    }  # fmt: skip
    return {"Type": "Resource", "ResourceChange": change | {name: value for name, value in more.items() if value}}

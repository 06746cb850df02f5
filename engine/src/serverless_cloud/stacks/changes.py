"""The contents of a change set: the resources to add, change, replace and remove.

It is made before anything is done, so a change that depends on another change is "Conditional", as on AWS.
"""

from __future__ import annotations

from typing import Any

from serverless_cloud.stacks import intrinsics, kinds, schemas
from serverless_cloud.stacks.records import Stack, StackSpec


def between(stack: Stack, plan: StackSpec) -> list[dict[str, Any]]:
    """The changes that a plan makes to a stack.

    Raises:
        StackError: a condition of the plan cannot be worked out.
    """
    before = stack.plan
    scope = intrinsics.Scope(
        intrinsics.pseudo_parameters(stack.region, stack.account_id, stack.id, stack.name) | plan.values,
        plan.template.section("Mappings"), plan.template.section("Conditions"), {}, lambda name: name,
    )  # fmt: skip
    order = plan.template.order(scope.condition)
    changed_values = {name for name in plan.values if before is None or before.values.get(name) != plan.values[name]}
    found, touched = [], set[str]()
    for logical_id in order:
        new = plan.template.resources[logical_id]
        old = stack.resources.get(logical_id)
        if old is None:
            found.append(_change("Add", logical_id, new["Type"]))
            touched.add(logical_id)
            continue
        names = set(intrinsics.names_in(new.get("Properties")))
        given, had = new.get("Properties") or {}, old.definition.get("Properties") or {}
        direct = {name for name in {*given, *had} if given.get(name) != had.get(name)}
        indirect = {name for name, value in given.items() if changed_values & set(intrinsics.names_in(value))}
        tags = before is not None and before.tags != plan.tags
        if direct | indirect or tags or names & touched:
            replaces = _replaces(new["Type"], direct | indirect)
            found.append(_change("Modify", logical_id, new["Type"], old.physical_id, replaces))
            if replaces != "False":
                touched.add(logical_id)
    for logical_id, resource in stack.resources.items():
        if logical_id not in order:
            found.append(_change("Remove", logical_id, resource.type, resource.physical_id))
    return found


def _replaces(type: str, changed: set[str]) -> str:
    kind, schema = kinds.of(type), schemas.of(type)
    if kind is None or not changed:
        return "Conditional" if kind and not kind.can_update else "False"
    if not kind.can_update or (kind.replaced_by & changed):
        return "True"
    fixed = {path.split(".")[0] for path in schema.create_only - kind.changed_by} if schema else set()
    return "True" if fixed & changed else "False"


def _change(action: str, logical_id: str, type: str, physical_id: str = "", replaces: str = "") -> dict[str, Any]:
    change = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": type, "Scope": [], "Details": []}
    if physical_id:
        change["PhysicalResourceId"] = physical_id
    if replaces:
        change |= {"Replacement": replaces, "Scope": ["Properties"]}
    return {"Type": "Resource", "ResourceChange": change}

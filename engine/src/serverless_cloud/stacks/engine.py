"""Makes, changes, rolls back and deletes the resources of a stack, one after the other.

Source: CloudFormation User Guide, "Stack status codes", "Update behaviors of stack resources", "DeletionPolicy".
"""

from __future__ import annotations

import contextlib
import re
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from serverless_cloud.stacks import kinds, schemas
from serverless_cloud.stacks.checks import refuse_policies
from serverless_cloud.stacks.errors import InvalidProperties, ResourceFailed, StackError, UnsupportedResource
from serverless_cloud.stacks.intrinsics import Scope, compact, plain, pseudo_parameters
from serverless_cloud.stacks.parameters import hidden
from serverless_cloud.stacks.records import Resource, Stack, StackSpec, now
from serverless_cloud.stacks.references import dereferenced

_ROLLBACK = "Rollback requested by user."


class Failed(Exception):
    """Work on a stack has come to an end; the text names the resources."""


class Engine:
    """Works on one stack.

    Args:
        stack: its record; the caller holds `stack.busy`.
        exporter: the stack that exports a name; None if none does.
        importers: the names of the stacks that import a name.
        time_scale: divides AWS's own waits.
        stopped: whether the work is to end.
    """

    def __init__(
        self,
        stack: Stack,
        exporter: Callable[[str], Stack | None],
        importers: Callable[[str], list[str]],
        time_scale: float,
        stopped: Callable[[], bool],
    ) -> None:
        self._stack, self._exporter, self._importers = stack, exporter, importers
        self._scale, self._stopped = time_scale, stopped
        self._imports: set[str] = set()
        self._deadline_s: float | None = None
        self._dropped: list[Resource] = []

    # ---- what a caller asks for

    def create(self, plan: StackSpec, on_failure: str) -> None:
        """Makes all resources; if one fails, what `on_failure` says: ROLLBACK, DELETE or DO_NOTHING."""
        stack = self._stack
        stack.plan = plan
        scope = self._scope(plan)
        if stack.timeout_minutes:
            self._deadline_s = time.monotonic() + stack.timeout_minutes * 60 / self._scale
        try:
            for logical_id in plan.template.order(scope.condition):
                self._make(plan, scope, logical_id)
            self._publish(plan, scope)
        except (Failed, StackError) as error:
            self._deadline_s = None
            reason = f"{error} {_ROLLBACK}" if on_failure != "DO_NOTHING" else str(error)
            if on_failure == "DO_NOTHING":
                stack.become("CREATE_FAILED", reason)
            elif on_failure == "DELETE":
                stack.become("DELETE_IN_PROGRESS", reason)
                self._end_delete(self._remove(list(stack.resources.values()), new=True))
            else:
                stack.become("ROLLBACK_IN_PROGRESS", reason)
                failed = self._remove(list(stack.resources.values()), new=True)
                stack.become("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", _failed_to("delete", failed))
            return
        stack.become("CREATE_COMPLETE")

    def update(self, plan: StackSpec, *, disable_rollback: bool) -> None:
        """Changes the resources to what the plan says; if that fails, all is put back."""
        stack, before, outputs, imports = self._stack, self._stack.plan, self._stack.outputs, self._stack.imports
        scope, undo, leftover = self._scope(plan), list[Callable[[], None]](), list[Resource]()
        try:
            order = plan.template.order(scope.condition)
            for logical_id in order:
                self._change(plan, scope, logical_id, undo, leftover)
            self._publish(plan, scope)
        except (Failed, StackError) as error:
            if disable_rollback:
                stack.become("UPDATE_FAILED", str(error))
                return
            stack.become("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
            failed = _undone(undo)
            stack.plan, stack.outputs, stack.imports = before, outputs, imports
            if failed:
                stack.become("UPDATE_ROLLBACK_FAILED", _failed_to("update", failed))
                return
            stack.become("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            for resource in self._dropped:
                self._delete(resource, new=True)
            stack.become("UPDATE_ROLLBACK_COMPLETE")
            return
        stack.plan = plan
        stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        gone = [stack.resources.pop(name) for name in list(stack.resources) if name not in order]
        self._remove([*leftover, *gone])  # resources that cannot be deleted stay behind, which isn't a failure
        stack.become("UPDATE_COMPLETE")

    def delete(self, retained: Iterable[str]) -> None:
        """Deletes all resources except the retained resources."""
        for logical_id in retained:
            if resource := self._stack.resources.pop(logical_id, None):
                self._stack.note(resource, "DELETE_SKIPPED")
        self._end_delete(self._remove(list(self._stack.resources.values())))

    # ---- one resource

    def _make(self, plan: StackSpec, scope: Scope, logical_id: str) -> Resource:
        definition = plan.template.resources[logical_id]
        resource = Resource(
            logical_id, definition["Type"], definition, needs=frozenset(plan.template.needs(logical_id))
        )
        resource.told = self._told(plan, definition)
        self._stack.resources.pop(logical_id, None)
        self._stack.resources[logical_id] = resource
        with self._reporting(resource, "CREATE"):
            kind = _kind(resource.type)
            refuse_policies(resource.type, definition)
            resource.properties = self._properties(plan, scope, kind, definition)
            resource.made = kind.create(self._place(logical_id), dict(resource.properties))
        return resource

    def _change(
        self, plan: StackSpec, scope: Scope, logical_id: str, undo: list[Callable[[], None]], leftover: list[Resource]
    ) -> None:
        old = self._stack.resources.get(logical_id)
        definition = plan.template.resources[logical_id]
        if old is None or old.made is None:
            undo.append(lambda: self._drop(logical_id))
            self._make(plan, scope, logical_id)
            return
        kind = _kind(old.type)
        holder = replace(old)  # as it was, for an undo
        try:
            refuse_policies(old.type, definition)
            wanted = self._properties(plan, scope, kind, definition)
        except (ResourceFailed, StackError) as error:
            with self._reporting(old, "UPDATE"):
                raise error
        old.definition, old.needs = definition, frozenset(plan.template.needs(logical_id))
        old.told = self._told(plan, definition)
        if wanted == old.properties:
            undo.append(lambda: self._stack.resources.__setitem__(logical_id, holder))
            return
        if kind.is_replaced(old.properties, wanted):
            name = wanted.get(kind.name) if kind.name and not kind.custom_name_may_stay else None
            if name is not None and name == old.properties.get(kind.name or ""):
                with self._reporting(old, "UPDATE"):
                    raise ResourceFailed(
                        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                        f"{name} and update the stack again."
                    )
            undo.append(lambda: self._restore(holder))
            self._stack.note(
                old,
                "UPDATE_IN_PROGRESS",
                "Requested update requires the creation of a new physical resource; hence creating one.",
            )
            self._make_in_place(plan, logical_id, definition, wanted)
            leftover.append(replace(holder, definition=definition))  # the new template says what becomes of it
            return
        undo.append(lambda: self._put_back(holder, wanted))
        with self._reporting(old, "UPDATE"):
            old.made = kind.update(self._place(logical_id), old.made, holder.properties, dict(wanted))
            old.properties = wanted

    def _make_in_place(self, plan: StackSpec, logical_id: str, definition: Any, wanted: dict[str, Any]) -> None:
        """Makes the new resource that takes the place of the old one."""
        needs = frozenset(plan.template.needs(logical_id))
        new = Resource(logical_id, definition["Type"], definition, wanted, None, needs, self._told(plan, definition))
        self._stack.resources[logical_id] = new
        with self._reporting(new, "UPDATE", quiet=True):
            new.made = _kind(new.type).create(self._place(logical_id), dict(wanted))

    # ---- putting back

    def _drop(self, logical_id: str) -> None:
        """Puts a new resource aside, to be deleted when everything else is as it was."""
        if resource := self._stack.resources.pop(logical_id, None):
            self._dropped.append(resource)

    def _restore(self, old: Resource) -> None:
        self._drop(old.logical_id)
        self._stack.resources[old.logical_id] = old
        self._stack.note(old, "UPDATE_COMPLETE")

    def _put_back(self, old: Resource, tried: dict[str, Any]) -> None:
        now_there = self._stack.resources[old.logical_id]
        assert now_there.made is not None
        with self._reporting(now_there, "UPDATE"):
            kind = _kind(old.type)
            with contextlib.suppress(UnsupportedResource):  # as the change was, so it has changed nothing
                now_there.made = kind.update(self._place(old.logical_id), now_there.made, tried, dict(old.properties))
            now_there.properties = old.properties
            now_there.definition, now_there.needs, now_there.told = old.definition, old.needs, old.told

    # ---- deleting

    def _remove(self, resources: list[Resource], *, new: bool = False) -> list[str]:
        """Deletes resources, first the ones that nothing else needs. Returns the logical ids of the failures."""
        left, failed = list(resources), list[Resource]()
        while left:
            needed = {name for each in (*left, *failed) for name in each.needs - {each.logical_id}}
            free = [each for each in left if each.logical_id not in needed] or left[-1:]
            for resource in reversed(free):
                left.remove(resource)
                if not self._delete(resource, new=new):
                    failed.append(resource)
            if all(any(each.logical_id in other.needs for other in failed) for each in left):
                break  # the rest is needed by what could not be deleted
        return [resource.logical_id for resource in failed]

    def _delete(self, resource: Resource, *, new: bool) -> bool:
        is_current = self._stack.resources.get(resource.logical_id) is resource
        policy = resource.definition.get("DeletionPolicy" if is_current or new else "UpdateReplacePolicy", "Delete")
        if not is_current and not new and resource.logical_id not in self._stack.resources:
            policy = resource.definition.get("DeletionPolicy", "Delete")  # taken out of the template
        keeps = policy == "Retain" or (policy == "RetainExceptOnCreate" and not new)
        if resource.made is not None and keeps and not (new and policy != "Retain"):
            self._stack.note(resource, "DELETE_SKIPPED")
        elif resource.made is not None:
            try:
                self._erase(resource)
            except Failed:
                return False
        elif resource.status == "CREATE_FAILED":
            self._stack.note(resource, "DELETE_COMPLETE")
        if is_current:
            del self._stack.resources[resource.logical_id]
            self._stack.gone[resource.logical_id] = resource
        return True

    def _erase(self, resource: Resource) -> None:
        assert resource.made is not None
        with self._reporting(resource, "DELETE"):
            _kind(resource.type).delete(self._place(resource.logical_id), resource.made, resource.properties)

    def _end_delete(self, failed: list[str]) -> None:
        if failed:
            self._stack.become("DELETE_FAILED", _failed_to("delete", failed))
            return
        self._stack.outputs, self._stack.imports, self._stack.deleted = [], set(), now()
        self._stack.become("DELETE_COMPLETE")

    # ---- around

    def _over(self) -> str:
        """Why the work must end; "" if it may go on."""
        if self._stopped():
            return "The work was canceled."
        is_late = self._deadline_s is not None and time.monotonic() > self._deadline_s
        return "Stack creation time exceeded the specified timeout." if is_late else ""

    def _is_over(self) -> bool:
        return bool(self._over())

    def _reporting(self, resource: Resource, verb: str, *, quiet: bool = False) -> _Reporting:
        return _Reporting(self._stack, resource, verb, self._over, quiet=quiet)

    def _place(self, logical_id: str) -> kinds.Place:
        stack = self._stack
        return kinds.Place(stack.region, stack.account_id, stack.id, stack.name, logical_id, self._scale, self._is_over)

    def _told(self, plan: StackSpec, definition: Any) -> str:
        """The properties of a resource as its events tell them; "" if they cannot be worked out."""
        with contextlib.suppress(StackError):
            return compact(self._scope(plan, secret=True).resolve(definition.get("Properties") or {}))
        return ""

    def _scope(self, plan: StackSpec, *, secret: bool = False) -> Scope:
        """The scope that gives a template's values; if `secret`, without values of parameters with NoEcho."""

        def exported(name: str) -> str:
            owner = self._exporter(name)
            if owner is None:
                raise StackError(f"No export named {name} found.")
            self._imports.add(name)
            return owner.exports[name]

        stack = self._stack
        pseudo = pseudo_parameters(stack.region, stack.account_id, stack.id, stack.name)
        sections = plan.template.section
        return Scope(
            pseudo | plan.values | (hidden(sections("Parameters")) if secret else {}),
            sections("Mappings"), sections("Conditions"), stack.resources, exported,
        )  # fmt: skip

    def _properties(self, plan: StackSpec, scope: Scope, kind: kinds.Kind, definition: Any) -> dict[str, Any]:
        given = scope.resolve(definition.get("Properties") or {})
        given = dereferenced(given, self._place("").call)
        schema = schemas.of(kind.type)
        described = (schema.document["properties"].get("Tags") if schema else None) or {}
        if plan.tags and described and "Tags" not in kind.refused:
            if "array" in str(described.get("type")) or "items" in described:
                own = list(given.get("Tags") or [])
                names = {tag["Key"] for tag in own}
                of_stack = [{"Key": key, "Value": value} for key, value in plan.tags.items() if key not in names]
                given = given | {"Tags": own + of_stack}
            else:
                given = given | {"Tags": plan.tags | dict(given.get("Tags") or {})}
        return kind.checked(given)

    def _publish(self, plan: StackSpec, scope: Scope) -> None:
        """Works out the outputs."""
        outputs, names = [], set()
        scope.block = "Outputs"
        for key, given in plan.template.section("Outputs").items():
            if "Condition" in given and not scope.condition(given["Condition"]):
                continue
            output = {"OutputKey": key, "OutputValue": plain(scope.resolve(given["Value"]))}
            if "Description" in given:
                output["Description"] = given["Description"]
            if "Export" in given:
                name = output["ExportName"] = str(scope.resolve(given["Export"]["Name"]))
                owner = self._exporter(name)
                if name in names or (owner is not None and owner.name != self._stack.name):
                    told = owner.name if owner else None
                    raise StackError(f"Export with name {name} is already exported by stack {told}.")
                changes = self._stack.exports.get(name, output["OutputValue"]) != output["OutputValue"]
                if changes and (users := self._importers(name)):
                    raise StackError(f"Export {name} cannot be updated as it is in use by {', '.join(users)}")
                names.add(name)
            outputs.append(output)
        self._stack.outputs, self._stack.imports = outputs, self._imports


def _undone(steps: list[Callable[[], None]]) -> list[str]:
    """Puts back a half-done update, the last step first; the logical ids of what could not be put back."""
    failed = []
    for step in reversed(steps):
        try:
            step()
        except Failed as error:
            failed += re.findall(r"\[(\w+)\]", str(error))
    return failed


class _Reporting:
    """Notes a resource's events around the work on it; its failure ends the work on the stack."""

    def __init__(self, stack: Stack, resource: Resource, verb: str, over: Callable[[], str], *, quiet: bool) -> None:
        self._stack, self._resource, self._verb, self._over, self._quiet = stack, resource, verb, over, quiet

    def __enter__(self) -> None:
        if reason := self._over():
            raise Failed(reason)
        if not self._quiet:
            self._stack.note(self._resource, f"{self._verb}_IN_PROGRESS")

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if error is None:
            if self._verb == "CREATE" or self._quiet:  # a replacement is also a creation
                self._stack.note(self._resource, f"{self._verb}_IN_PROGRESS", "Resource creation Initiated")
            self._stack.note(self._resource, f"{self._verb}_COMPLETE")
            return
        if not isinstance(error, Exception):
            return
        if not isinstance(error, (ResourceFailed, StackError)):  # a defect of ours: the stack fails, the server goes on
            traceback.print_exception(error)
            told = f"The local cloud failed with {type(error).__name__}: {error}"
        else:
            of = self._resource.logical_id
            told = error.told_of(of) if isinstance(error, InvalidProperties) else str(error)
        self._stack.note(self._resource, f"{self._verb}_FAILED", told)
        raise Failed(_failed_to(self._verb.lower(), [self._resource.logical_id]) or "") from error


def _failed_to(verb: str, logical_ids: list[str]) -> str | None:
    if not logical_ids:
        return None
    return f"The following resource(s) failed to {verb}: [{', '.join(logical_ids)}]."


def _kind(type: str) -> kinds.Kind:
    kind = kinds.of(type)
    if kind is None:
        raise UnsupportedResource(f"the resource type {type}")
    return kind

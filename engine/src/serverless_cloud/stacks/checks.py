"""Refuses malformed sections of a template, each check with AWS's words.

Source: CloudFormation Template Reference, "Template sections", "Resource attributes"; most words are [recalled, not
verified], except for words from its troubleshooting guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from serverless_cloud.stacks import intrinsics
from serverless_cloud.stacks.errors import ResourceFailed, StackError, UnsupportedResource

_OF_RESOURCE = frozenset({
    "Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata", "UpdatePolicy",
    "CreationPolicy", "Version",
})  # fmt: skip
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
_IN_SUB = re.compile(r"\$\{([^!}][^}]*)\}")


def _malformed(message: str) -> StackError:
    return StackError(f"Template format error: {message}")


def no_nulls(value: Any, path: str = "") -> None:
    """Raises StackError for a null, which YAML makes of a key without a value."""
    if value is None:
        raise _malformed(f"[{path}] 'null' values are not allowed in templates")
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, member in inner:
        no_nulls(member, f"{path}/{name}")


def mappings(section: Mapping[str, Any]) -> None:
    """Raises StackError unless each mapping has two levels of keys, then a text or a list."""
    for name, levels in section.items():
        if not isinstance(levels, Mapping):
            raise _malformed(f"Every Mappings member {name} must be a map")
        for key, values in levels.items():
            if not isinstance(values, Mapping):
                raise _malformed(f"Every Mappings member {key} must be a map")
            if any(isinstance(value, Mapping) for value in values.values()):
                raise _malformed("Every Mappings attribute must be a String or a List.")


def outputs(section: Mapping[str, Any]) -> None:
    """Raises StackError unless each output has a value."""
    for name, output in section.items():
        if not re.fullmatch(r"[A-Za-z0-9]{1,255}", str(name)):
            raise _malformed(f"Outputs name '{name}' is non alphanumeric.")
        if not isinstance(output, Mapping) or "Value" not in output:
            raise _malformed("Every Outputs member must contain a Value object")
        if unknown := sorted(set(map(str, output)) - {"Value", "Description", "Export", "Condition"}):
            raise StackError(f"Invalid template output property '{unknown[0]}'")
        if "Export" in output and (not isinstance(output["Export"], Mapping) or "Name" not in output["Export"]):
            raise _malformed(f"Export of output {name} must contain a Name.")
        if isinstance(output["Value"], list):
            raise _malformed("The Value field of every Outputs member must evaluate to a String and not a List.")


def resource(logical_id: str, definition: Any) -> None:
    """Raises StackError unless a resource is written as it must be; a function as a policy is worked out later."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", str(logical_id)):
        raise _malformed(f"Resource name {logical_id} is non alphanumeric.")
    if not isinstance(definition, Mapping):
        raise _malformed("Any Resources member must be an object.")
    if not isinstance(definition.get("Type"), str):
        raise _malformed(f"[/Resources/{logical_id}] Every Resources object must contain a Type member.")
    if unknown := sorted(set(map(str, definition)) - _OF_RESOURCE):
        raise StackError(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(definition.get("Properties", {}), Mapping):
        raise _malformed(f"[/Resources/{logical_id}/Properties] 'Properties' must be an object")
    after = definition.get("DependsOn", [])
    if not all(isinstance(dependency, str) for dependency in (after if isinstance(after, list) else [after])):
        raise _malformed("DependsOn must be a string or list of strings.")
    for name, allowed in _POLICIES.items():
        policy = definition.get(name, "Delete")
        if not isinstance(policy, (str, Mapping)):
            raise _malformed(f"Every {name} member must be a string.")
        if isinstance(policy, str) and policy not in allowed:
            raise _malformed(f"Unrecognized {name} {policy} for resource {logical_id}")


def conditions(document: Mapping[str, Any]) -> None:
    """Raises StackError for a condition that doesn't exist, or that cannot be worked out."""
    declared = document.get("Conditions") or {}
    known = {*(document.get("Parameters") or {})}
    if any(name == "Fn::ImportValue" for name, _ in intrinsics.calls_in(declared)):
        raise StackError("Template error: Cannot use Fn::ImportValue in Conditions.")
    if missing := sorted({name for name in intrinsics.names_in(declared) if not name.startswith("AWS::")} - known):
        raise _malformed(
            f"Unresolved dependencies [{', '.join(missing)}]. Cannot reference resources in the Conditions block of "
            "the template"
        )
    for block in ("Conditions", "Resources", "Outputs"):
        for member in (document.get(block) or {}).values():
            own = [member["Condition"]] if block != "Conditions" and "Condition" in member else []
            for name in own or (_conditions_in(member) if block == "Conditions" else ()):
                if not isinstance(name, str):
                    raise _malformed("Every Condition member must be a string.")
                if name not in declared:
                    raise _malformed(f"Unresolved condition dependency {name} in the {block} block of the template")
        for function, argument in intrinsics.calls_in(document.get(block) or {}):
            name = argument[0] if function == "Fn::If" and isinstance(argument, list) and argument else None
            if isinstance(name, str) and name not in declared:
                raise StackError(f"Template error: unresolved condition dependency {name} in Fn::If")
    _no_circles({name: set(_conditions_in(rule)) for name, rule in declared.items()})


def _conditions_in(rule: Any) -> Iterator[Any]:
    """The names of the conditions in a condition."""
    inner = rule.values() if isinstance(rule, Mapping) else rule if isinstance(rule, list) else ()
    if isinstance(rule, Mapping) and len(rule) == 1 and not isinstance(rule.get("Condition", {}), Mapping):
        yield rule["Condition"]
        return
    for part in inner:
        yield from _conditions_in(part)


def _no_circles(needs: dict[str, set[str]]) -> None:
    left = dict(needs)
    while left:
        free = [name for name, needed in left.items() if not needed & left.keys()]
        if not free:
            raise StackError(f"Template error: Found circular condition dependency between {' and '.join(left)}")
        for name in free:
            del left[name]


def functions(block: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    """Raises StackError for a function that names an attribute of a resource that doesn't exist."""
    for function, argument in intrinsics.calls_in(list(block.values())):
        if function == "Fn::GetAtt":
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            fits = isinstance(parts, list) and len(parts) == 2 and all(parts)
            if not fits or not isinstance(parts[0], str):
                raise StackError(intrinsics.EXPECTED["Fn::GetAtt"])
            if parts[0] not in resources:
                raise StackError(f"Template error: instance of Fn::GetAtt references undefined resource {parts[0]}")
        if function == "Fn::Sub":
            text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
            for name in _IN_SUB.findall(text) if isinstance(text, str) else ():
                if "." in name and name.strip() not in own and name.strip().split(".")[0] not in resources:
                    raise StackError(
                        f"Template error: instance of Fn::Sub references invalid resource attribute {name.strip()}"
                    )


def attributes_in(value: Any) -> Iterator[tuple[str, str]]:
    """The pairs (logical id, attribute) of Fn::GetAtt where both are plain texts."""
    for function, argument in intrinsics.calls_in(value):
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if function == "Fn::GetAtt" and all(isinstance(part, str) for part in parts):
            yield parts[0], parts[1]


def refuse_policies(type: str, definition: Any) -> None:
    """Raises ResourceFailed for policies of a resource that would have no effect here."""
    for name in ("UpdatePolicy", "CreationPolicy"):
        if definition.get(name):
            raise UnsupportedResource(f"{name} ({', '.join(definition[name])}) of {type}")
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        if definition.get(name) == "Snapshot":
            raise ResourceFailed(
                f"The local cloud doesn't take snapshots, but the {name} of {type} asks for a snapshot. Write "
                f"{name}: Delete."
            )

"""Templates as texts: JSON, or YAML with CloudFormation's short forms (`!Ref`, `!Sub`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import EXPECTED


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: the date in `Version: 2012-10-17` stays a text, and no key comes twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in keys:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found duplicate key {key.value}", key.start_mark
                    )
                keys.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse(text: str) -> dict[str, Any]:
    """A template from its text, the short forms of functions written out.

    Raises:
        StackError: it is neither JSON nor YAML, or no object.
    """
    try:
        document = read(text)
    except ValueError:  # YAML's flow style begins with a brace as well
        try:
            document = yaml.load(text, _Loader)
        except yaml.YAMLError as error:
            raise StackError(f"Template format error: JSON not well-formed. {_place(error)}".strip()) from error
    except yaml.YAMLError as error:
        raise StackError(f"Template format error: YAML not well-formed. {_place(error)}".strip()) from error
    if not isinstance(document, dict):
        raise StackError("Template format error: unsupported structure.")
    _check_members(document)
    _check_references(document)
    return document


def read(text: str) -> Any:
    """The content of a text in JSON or YAML, with the short forms of functions written out.

    Raises:
        ValueError, yaml.YAMLError: it is neither.
    """
    return json.loads(text) if text.lstrip()[:1] == "{" else yaml.load(text, _Loader)


def _check_references(value: Any) -> None:
    """Raises StackError for a function that names what it refers to in another way than CloudFormation reads."""
    if isinstance(value, list):
        for item in value:
            _check_references(item)
    for name, member in value.items() if isinstance(value, Mapping) else ():
        if (
            name == "Fn::Sub"
            and not isinstance(member, str)
            and not (
                isinstance(member, list)
                and len(member) == 2
                and isinstance(member[0], str)
                and isinstance(member[1], Mapping)
            )
        ):
            raise StackError(EXPECTED["Fn::Sub"])
        if name == "Fn::GetAtt" and not (isinstance(member, (str, list)) and len(member) > 1):
            raise StackError(EXPECTED["Fn::GetAtt"])
        _check_references(member)


def _check_members(document: Mapping[str, Any]) -> None:
    """Raises StackError unless each member of a section is an object, and each resource and parameter has a type."""
    try:
        json.dumps(document, default=str, skipkeys=True)
    except (ValueError, RecursionError) as error:
        raise StackError("Template format error: the aliases of the YAML lead in a circle.") from error
    if not isinstance(document.get("Transform") or [], (str, list, Mapping)):
        raise StackError("Template format error: [/Transform] must be a string or a list.")
    for section in ("Resources", "Parameters", "Outputs", "Mappings"):
        members = document.get(section)
        if section == "Parameters" and section in document and not isinstance(members, Mapping):
            raise StackError(f"Template format error: [/{section}] must be an object; 'null' values are not allowed")
        for name, member in members.items() if isinstance(members, Mapping) else ():
            if str(name).startswith("Fn::ForEach::"):
                raise StackError(
                    "The local cloud doesn't support Fn::ForEach (docs/fidelity.md). Write out what the loop makes."
                )
            if str(name).startswith("Fn::Transform"):  # makes members
                continue
            where = f"Template format error: [/{section}/{name}]"
            is_object = isinstance(member, Mapping)
            if section in ("Resources", "Parameters") and not (is_object and isinstance(member.get("Type"), str)):
                place = where if section == "Resources" else "Template format error:"  # AWS doesn't name the parameter
                raise StackError(f"{place} Every {section} object must contain a Type member.")
            if not is_object:
                raise StackError(f"{where} Every {section} member must be an object.")
            if not isinstance(member.get("AllowedValues", []), list):
                raise StackError(f"{where} AllowedValues must be a list.")


def dump(document: Any) -> str:
    """A template as the text that is stored and sent: JSON."""
    return json.dumps(document, indent=1, default=str)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or ""
    return f"(line {mark.line + 1}, column {mark.column + 1}) {problem}".strip() if mark else str(error)

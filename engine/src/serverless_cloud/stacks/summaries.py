"""Summaries of templates, for GetTemplateSummary and ValidateTemplate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks import documents, parameters, schemas
from serverless_cloud.stacks.intrinsics import plain
from serverless_cloud.stacks.template import IAM_NAMES, Template, check_shape, transforms_of

#: Types whose identifiers AWS leaves out, because they cannot be imported into a stack.
_NOT_IMPORTED = frozenset({"AWS::SSM::Parameter", "AWS::IAM::Policy"})


def summary_of(text: str) -> dict[str, Any]:
    """A template's declarations, without transforming it.

    Raises:
        StackError: it is not a template.
    """
    document = documents.parse(text)
    check_shape(document)
    template = Template(document)
    declared = template.section("Parameters")
    parameters.check(declared)
    types = [str(resource.get("Type")) for resource in template.resources.values() if isinstance(resource, Mapping)]
    needed, why = list(template.capabilities), ""
    if needed:
        iam = sorted({name for name in types if name in IAM_NAMES})
        why = f"The following resource(s) require capabilities: [{', '.join(iam)}]"
    if transforms := transforms_of(document):
        needed, why = ["CAPABILITY_AUTO_EXPAND", *needed], (
            f"The following transform(s) require capabilities: [{', '.join(transforms)}]"
        )  # fmt: skip
    summary: dict[str, Any] = {
        "Parameters": [_parameter(name, of_it) for name, of_it in declared.items()],
        "ResourceTypes": types,
        "ResourceIdentifierSummaries": _identifiers(template),
    }
    optional = {
        "Description": document.get("Description"),
        "Metadata": json.dumps(document["Metadata"], default=str) if document.get("Metadata") else None,
        "Version": document.get("AWSTemplateFormatVersion", "2010-09-09"),
        "DeclaredTransforms": transforms,
        "Capabilities": needed,
        "CapabilitiesReason": why,
    }
    return summary | {name: value for name, value in optional.items() if value}


def _parameter(name: str, of_it: Mapping[str, Any]) -> dict[str, Any]:
    declaration: dict[str, Any] = {"ParameterKey": name, "ParameterType": of_it.get("Type", "String")}
    declaration["NoEcho"] = parameters.is_secret(of_it)
    if "Default" in of_it:
        declaration["DefaultValue"] = plain(of_it["Default"])
    if "Description" in of_it:
        declaration["Description"] = of_it["Description"]
    allowed = [plain(value) for value in of_it.get("AllowedValues", [])]
    declaration["ParameterConstraints"] = {"AllowedValues": allowed} if allowed else {}
    return declaration


def _identifiers(template: Template) -> list[dict[str, Any]]:
    """The properties that identify each type's resources."""
    summaries: dict[str, dict[str, Any]] = {}
    for logical_id, resource in template.resources.items():
        type = str(resource.get("Type")) if isinstance(resource, Mapping) else ""
        schema = schemas.of(type)
        if schema is None:
            continue
        summary = summaries.setdefault(type, {"ResourceType": type, "LogicalResourceIds": []})
        summary["LogicalResourceIds"].append(logical_id)
        if type not in _NOT_IMPORTED:
            summary["ResourceIdentifiers"] = list(schema.identifiers)
    return list(summaries.values())

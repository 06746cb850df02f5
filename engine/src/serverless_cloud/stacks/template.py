"""Checks the form of a template, and orders the creation of its resources.

Source: CloudFormation Template Reference, "Template sections", "Resource attributes"; the words of refusals are
[recalled, not verified], except for words from its troubleshooting guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.stacks import checks, intrinsics, parameters, schemas
from serverless_cloud.stacks.errors import StackError

SERVERLESS = "AWS::Serverless-2016-10-31"
_LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
_SECTIONS = frozenset({
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Transform",
    "Resources", "Outputs", "Rules", "Hooks",
})  # fmt: skip
#: Types that a caller must acknowledge, and the property that names each.
IAM_NAMES = {
    "AWS::IAM::Group": "GroupName", "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName",
    "AWS::IAM::Policy": "", "AWS::IAM::AccessKey": "", "AWS::IAM::UserToGroupAddition": "",
}  # fmt: skip
_NESTED = "AWS::CloudFormation::Stack"
#: The CDK adds it to count its users. CloudFormation makes nothing for it.
CDK_METADATA = "AWS::CDK::Metadata"


@dataclass(frozen=True)
class Template:
    """A template that can be worked with: no SAM in it any more."""

    document: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Any]:
        return self.section("Resources")

    def section(self, name: str) -> Mapping[str, Any]:
        """A section by its name; empty if it is not there."""
        members: Mapping[str, Any] = self.document.get(name) or {}
        return members

    @property
    def capabilities(self) -> list[str]:
        """The capabilities that a caller must acknowledge for its resources."""
        # Fn::Transform isn't a resource.
        resources = [resource for resource in self.resources.values() if isinstance(resource, Mapping)]
        kinds = [(resource.get("Type"), resource.get("Properties") or {}) for resource in resources]
        named = any((name := IAM_NAMES.get(str(kind))) and name in properties for kind, properties in kinds)
        if named:
            return ["CAPABILITY_NAMED_IAM"]
        return ["CAPABILITY_IAM"] if any(kind in IAM_NAMES for kind, _ in kinds) else []

    def check(self) -> None:
        """Raises StackError for what CloudFormation refuses before it makes anything."""
        check_shape(self.document)
        checks.no_nulls(self.document)
        parameters.check(self.section("Parameters"))
        checks.mappings(self.section("Mappings"))
        for logical_id, resource in self.resources.items():
            checks.resource(logical_id, resource)
        checks.outputs(self.section("Outputs"))
        checks.conditions(self.document)
        known = {*self.resources, *self.section("Parameters")}
        for block, contents in (("Resources", self.resources), ("Outputs", self.section("Outputs"))):
            self._check_names(block, contents, known)
        unknown = {resource["Type"] for resource in self.resources.values() if not _is_type(resource["Type"])}
        if unknown:
            raise StackError(f"Template format error: Unrecognized resource types: [{', '.join(sorted(unknown))}]")
        self.order(lambda _: True)

    def order(self, holds: Callable[[str], bool]) -> list[str]:
        """The logical ids of the resources whose condition holds, each behind what it needs.

        Raises:
            StackError: they need each other in a circle.
        """
        resources = {
            name: resource
            for name, resource in self.resources.items()
            if "Condition" not in resource or holds(resource["Condition"])
        }
        needs = {name: self._needs(resource) & resources.keys() for name, resource in resources.items()}
        ordered: list[str] = []
        while len(ordered) < len(resources):
            free = [name for name in resources if name not in ordered and needs[name] <= set(ordered)]
            if not free:
                left = sorted(set(resources) - set(ordered))
                raise StackError(f"Circular dependency between resources: [{', '.join(left)}]")
            ordered += free
        return ordered

    def needs(self, logical_id: str) -> set[str]:
        """The logical ids that a resource refers to or waits for."""
        return self._needs(self.resources[logical_id])

    @staticmethod
    def _needs(resource: Mapping[str, Any]) -> set[str]:
        after = resource.get("DependsOn", [])
        return {*intrinsics.names_in(resource.get("Properties")), *([after] if isinstance(after, str) else after)}

    def _check_names(self, block: str, contents: Mapping[str, Any], known: set[str]) -> None:
        checks.functions(contents, self.resources)
        named = {name for member in contents.values() for name in intrinsics.names_in(member)}
        for resource in contents.values() if block == "Resources" else ():
            named |= self._needs(resource)
        if missing := sorted(name for name in named - known if not name.startswith("AWS::")):
            raise StackError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} block "
                "of the template"
            )
        for logical_id, attribute in checks.attributes_in(list(contents.values())):
            schema = schemas.of(self.resources[logical_id]["Type"]) if logical_id in self.resources else None
            # A settable property may be asked for as well, a VPC's CidrBlock for one.
            parts = attribute.split(".")
            if schema and parts[0] not in {path.split(".")[0] for path in schema.read_only} | schema.properties:
                if self.resources[logical_id]["Type"] == _NESTED and parts[0] == "Outputs":
                    continue
                raise StackError(
                    f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
                )


def check_shape(document: Mapping[str, Any]) -> None:
    """Raises StackError unless the sections are a template's. SAM's sections are allowed."""
    allowed = _SECTIONS | {"Globals"} if SERVERLESS in transforms_of(document) else _SECTIONS
    if unknown := sorted(set(map(str, document)) - allowed):
        raise StackError(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = str(document.get("AWSTemplateFormatVersion", "2010-09-09"))
    if version != "2010-09-09":
        raise StackError(f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion.")
    if document.get("Hooks"):
        raise StackError(
            "The local cloud doesn't support the section Hooks in a template (docs/fidelity.md). Leave it out."
        )
    if _LANGUAGE_EXTENSIONS in transforms_of(document):
        raise StackError(
            f"The local cloud doesn't support the transform {_LANGUAGE_EXTENSIONS} (docs/fidelity.md). Leave it out."
        )
    if not isinstance(document.get("Resources"), Mapping) or not document["Resources"]:
        raise StackError("Template format error: At least one Resources member must be defined.")
    for name in ("Parameters", "Mappings", "Conditions", "Outputs", "Rules"):
        if name in document and not isinstance(document[name], Mapping):
            raise StackError(f"Template format error: [/{name}] must be an object; 'null' values are not allowed")


def transforms_of(document: Mapping[str, Any]) -> list[str]:
    """The transforms that a template declares."""
    transforms = document.get("Transform") or []
    names = transforms if isinstance(transforms, list) else [transforms]
    return [str(transform.get("Name")) if isinstance(transform, Mapping) else str(transform) for transform in names]


def is_custom(type: str) -> bool:
    """Whether a type is a custom resource: a function of yours makes it."""
    return type.startswith("Custom::") or type == "AWS::CloudFormation::CustomResource"


def _is_type(type: str) -> bool:
    return is_custom(type) or type == CDK_METADATA or schemas.is_known(type)

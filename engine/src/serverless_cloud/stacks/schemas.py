"""The registry of CloudFormation for a type: its properties, and which of them replace the resource when changed.

The tests' `listings/type_schemas.py` writes the file.
Source of the rules: CloudFormation CLI User Guide, "Resource type schema" (createOnlyProperties, readOnlyProperties).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serverless_cloud.stacks.errors import InvalidProperties
from serverless_cloud.stacks.intrinsics import plain

#: The names of all types, and the schemas of the types that the local cloud makes.
FILE = Path(__file__).with_name("schemas.json")
_PREFIX = "/properties/"


@dataclass(frozen=True)
class Schema:
    """A type's schema.

    Args:
        type: "AWS::SQS::Queue".
        document: as the registry has it.
    """

    type: str
    document: Mapping[str, Any]

    @property
    def properties(self) -> frozenset[str]:
        """All properties, including the read-only ones."""
        return frozenset(self.document["properties"])

    @property
    def read_only(self) -> frozenset[str]:
        """Properties that Fn::GetAtt may ask for and a template may not give: "Arn", "Endpoint.Address"."""
        return _paths(self.document, "readOnlyProperties")

    @property
    def identifiers(self) -> list[str]:
        """The properties that together identify a resource of the type."""
        return [path.removeprefix(_PREFIX) for path in self.document.get("primaryIdentifier", ())]

    @property
    def create_only(self) -> frozenset[str]:
        """Changed, they make a new resource: "Name", "SourceParameters.KinesisStreamParameters.StartingPosition".

        They include properties for which the registry says that it depends. A kind may know better.
        """
        names = ("createOnlyProperties", "conditionalCreateOnlyProperties")
        return _paths(self.document, names[0]) | _paths(self.document, names[1])

    def checked(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The properties of a resource with proper numbers and truth values, because templates may also write texts.

        Raises:
            InvalidProperties: properties that there are not, or that are missing, or of the wrong kind; in AWS's words.
        """
        faults: list[str] = []
        checked = _checked(self.document, self.document, properties, "#", faults)
        top = {name for name in self.read_only if "." not in name}
        faults += [
            f"#: extraneous key [{name}] is not permitted" for name in sorted(top & set(properties) - self._settings)
        ]
        if faults:
            raise InvalidProperties("\n".join(faults))
        return dict(checked)

    @property
    def _settings(self) -> frozenset[str]:
        """Read-only properties that a template may give nevertheless: their parts are settings."""
        return frozenset(path.split(".")[0] for path in self.read_only if "." in path)


def of(type: str) -> Schema | None:
    """The schema of a type that the local cloud makes; None for any other type."""
    document = _registry()["types"].get(type)
    return Schema(type, document) if document else None


def is_known(type: str) -> bool:
    """Whether CloudFormation's registry has a type of this name."""
    return type in _registry()["names"]


@functools.cache
def _registry() -> dict[str, Any]:
    registry: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return {"names": frozenset(registry["names"]), "types": registry["types"]}


def _paths(document: Mapping[str, Any], kind: str) -> frozenset[str]:
    return frozenset(path.removeprefix(_PREFIX).replace("/", ".") for path in document.get(kind, ()))


def _checked(root: Mapping[str, Any], schema: Any, value: Any, path: str, faults: list[str]) -> Any:
    schema = _resolved(root, schema)
    type_names = schema.get("type", [])
    kinds = [type_names] if isinstance(type_names, str) else list(type_names)
    if isinstance(value, Mapping) and ("object" in kinds or "properties" in schema):
        return _object(root, schema, value, path, faults)
    if isinstance(value, list) and ("array" in kinds or "items" in schema):
        return [_checked(root, schema.get("items", {}), item, f"{path}/{n}", faults) for n, item in enumerate(value)]
    if not kinds:
        return value
    if not isinstance(value, (Mapping, list)):
        for kind in kinds:
            fits, scalar = _scalar(kind, value)
            if fits:
                if "enum" in schema and scalar not in schema["enum"]:
                    faults.append(f"{path}: {scalar} is not a valid enum value")
                return scalar
    faults.append(f"{path}: expected type: {_title(kinds[0])}, found: {_name(value)}")
    return value


def _object(root: Any, schema: Any, value: Mapping[str, Any], path: str, faults: list[str]) -> dict[str, Any]:
    known = schema.get("properties", {})
    if known and schema.get("additionalProperties") is False:
        faults += [f"{path}: extraneous key [{name}] is not permitted" for name in value if name not in known]
    faults += [f"{path}: required key [{name}] not found" for name in schema.get("required", ()) if name not in value]
    more: Any = next(iter(schema.get("patternProperties", {}).values()), {})
    return {
        name: _checked(root, known.get(name, more), member, f"{path}/{name}", faults) for name, member in value.items()
    }


def _resolved(root: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    while isinstance(schema, Mapping) and "$ref" in schema:
        here: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            here = here[part]
        schema = here
    return schema if isinstance(schema, Mapping) else {}


def _scalar(kind: str, value: Any) -> tuple[bool, Any]:
    """Whether a value can be one of this kind, and as what it is then."""
    text = plain(value)
    if kind == "string":
        return True, text
    if kind == "boolean":
        return text.lower() in ("true", "false"), text.lower() == "true"
    if isinstance(value, bool) or kind not in ("integer", "number"):
        return False, value
    try:
        number = float(text)
    except ValueError:
        return False, value
    if kind == "integer":
        return number.is_integer(), int(number) if number.is_integer() else value
    return True, int(number) if number.is_integer() and "." not in text else number


def _title(kind: str) -> str:
    return {"array": "JSONArray", "object": "JSONObject"}.get(kind, kind.title())


def _name(value: Any) -> str:
    kinds = {bool: "Boolean", int: "Integer", float: "Number", str: "String", list: "JSONArray", dict: "JSONObject"}
    return kinds.get(value.__class__, "Null")

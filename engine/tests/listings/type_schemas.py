"""Writes CloudFormation's registry, as far as stacks need it, to engine/src/serverless_cloud/stacks/schemas.json.

    python engine/tests/listings/type_schemas.py

The registry's schemas come with cfn-lint (MIT-0), which the tests need and learners don't. The file has the names of
all types and, of the types that the local cloud makes, what `stacks/schemas.py` reads.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from serverless_cloud.stacks import kinds, schemas

#: The entries that `Schema` reads: of a type, then of each property.
_OF_TYPES = (
    *("properties", "definitions", "required", "additionalProperties", "patternProperties", "primaryIdentifier"),
    *("readOnlyProperties", "createOnlyProperties", "conditionalCreateOnlyProperties"),
)
_OF_PROPERTIES = (
    *("type", "enum", "items", "$ref", "properties", "required", "additionalProperties", "patternProperties"),
)
_MAPS = ("properties", "definitions", "patternProperties")


def text() -> str:
    """The text of the file: a line for the names of all types, and a line for each type that the local cloud makes.

    Raises:
        ModuleNotFoundError: cfn-lint isn't installed.
    """
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("cfn-lint isn't installed. It has the schemas: make env")
    folder = Path(spec.origin).parent / "data" / "schemas"
    files: dict[str, str] = json.loads((folder / "providers" / "us-east-1.json").read_text("utf-8"))
    types = []
    for name in sorted(set(kinds.KINDS) & set(files)):
        document = json.loads((folder / "resources" / f"{files[name]}.json").read_text("utf-8"))
        types.append(f'"{name}": {json.dumps(_shortened(document, _OF_TYPES), sort_keys=True)}')
    return f'{{"names": {json.dumps(sorted(files))},\n"types": {{\n' + ",\n".join(types) + "\n}}\n"


def _shortened(schema: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(schema, dict):
        return schema
    short = {}
    for key in keys:
        if key in schema:
            value = schema[key]
            if key in _MAPS:
                value = {name: _shortened(of_name, _OF_PROPERTIES) for name, of_name in value.items()}
            short[key] = _shortened(value, _OF_PROPERTIES) if key == "items" else value
    return short


def main() -> int:
    """Writes the file."""
    schemas.FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Types for JSON: requests, definitions, templates and events."""

from collections.abc import Mapping, Sequence
from typing import Any

# A JSON object as it comes in from a caller: its values are checked where they're used.
JsonObject = dict[str, Any]

# A value whose type the code checks before it uses it.
JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

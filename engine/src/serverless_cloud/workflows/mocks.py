"""Checks mocked results against the API of the service that they replace, as TestState does. No moto.

Rules: Step Functions API Reference, MockInput; the texts of what is refused are ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.model import Shape

from serverless_cloud.workflows import task_resources
from serverless_cloud.workflows.parameter_names import pascal

#: By the kind of a shape: the types of its values in JSON, and their name.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
    "list": ((list,), "an array"),
    "string": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int,), "a number"),
    "long": ((int,), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}
#: Members that optimized integrations add to a result, or whose value may be anything.
_FREE = ("SdkHttpMetadata", "SdkResponseMetadata", "Payload")


def problems(resource: str, result: object, mode: str) -> list[str]:
    """Why a result can't be what a Task's Resource answers; empty if it can.

    Args:
        mode: STRICT, PRESENT or NONE.
    """
    call = task_resources.call_of(resource)
    if call is None or call.pattern or mode == "NONE" or task_resources.resource_problem(resource):
        return []
    shape = task_resources.model(call.boto_service).operation_model(call.operation).output_shape
    if shape is None:
        return []
    return list(_problems(result, shape, "", is_sdk=call.is_sdk, is_strict=mode == "STRICT"))


def _problems(value: object, shape: Shape, place: str, *, is_sdk: bool, is_strict: bool) -> Iterator[str]:
    kinds, name = _TYPES.get(shape.type_name, ((object,), ""))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds and kinds != (object,)):
        yield f"Field '{place or '/'}' must be {name}"
        return
    inner = {"is_sdk": is_sdk, "is_strict": is_strict}
    if isinstance(value, dict) and shape.type_name == "structure":
        names = {pascal(member) if is_sdk else member[:1].upper() + member[1:]: member for member in shape.members}
        for field, item in value.items():
            if field in names:
                yield from _problems(item, shape.members[names[field]], f"{place}/{field}", **inner)
            elif field not in _FREE:
                yield f"Field '{place}/{field}' is not in the API of the service"
        for field, own in names.items():
            if is_strict and own in shape.required_members and field not in value:
                yield f"Field '{place}/{field}' is required"
    elif isinstance(value, dict) and shape.type_name == "map":
        for field, item in value.items():
            yield from _problems(item, shape.value, f"{place}/{field}", **inner)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _problems(item, shape.member, f"{place}[{number}]", **inner)

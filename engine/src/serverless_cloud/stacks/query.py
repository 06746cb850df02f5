"""AWS's query protocol: parameters come as a form, answers go as XML, after botocore's description of the service.

Source: Smithy, "AWS query protocol". CloudFormation alone speaks it here without moto.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.stacks.errors import StackError

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
#: ResourceIdentifier is a map, which `parse` does not read.
_DIALECT = constraints.Dialect(most_shown=256, unseen=frozenset({"ResourceIdentifier"}))


def parse(shape: Shape, form: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a call in a form.

    Args:
        shape: the operation's input.
        form: names and values as they came.

    Raises:
        StackError: parameters are missing, or aren't as the API reference says.
    """
    request: dict[str, Any] = _parsed(shape, form, "")
    if violations := constraints.violations(_DIALECT, shape, request):
        raise StackError(constraints.sentence(violations))
    return request


def _parsed(shape: Shape, form: Mapping[str, str], prefix: str) -> Any:
    """The value of a shape whose names begin with a prefix; None if it is not there."""
    if shape.type_name == "structure":
        structure = {}
        for name, member in shape.members.items():
            value = _parsed(member, form, f"{prefix}.{name}" if prefix else name)
            if value is not None:
                structure[name] = value
        return structure if structure or not prefix else None
    if shape.type_name == "list":
        if form.get(prefix) == "":
            return []
        values: list[object] = []
        while (value := _parsed(shape.member, form, f"{prefix}.member.{len(values) + 1}")) is not None:
            values.append(value)
        return values or None
    text = form.get(prefix)
    if text is None:
        return None
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text


def answer(operation: OperationModel, value: JsonObject, request_id: str) -> bytes:
    """The XML of an answer. Args: value: of the operation's output."""
    shape = operation.output_shape
    inner = _xml(shape, value) if shape is not None else ""
    wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result") if shape is not None else ""
    result = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else ""
    return (
        f'<{operation.name}Response xmlns="{_NAMESPACE}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation.name}Response>"
    ).encode()


def error(code: str, message: str, request_id: str) -> bytes:
    """The XML of a refusal."""
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _xml(shape: Shape, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(
            f"<{name}>{_xml(member, value[name])}</{name}>"
            for name, member in shape.members.items()
            if value.get(name) is not None
        )
    if shape.type_name == "list":
        return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value)).replace("\r", "&#13;")

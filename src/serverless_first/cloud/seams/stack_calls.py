"""What a stack needs to make a resource by calls of its service, as anybody else makes one.

So what the service refuses the stack refuses in the same words, and what a call makes real is real in a stack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from serverless_first.cloud.clients import client


def call(service: str, region: str, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A call of boto3's, with what a template has for its parameters.

    Args:
        operation: "create_route".
        given: by name; upper and lower case do not matter, numbers and truth values may be texts.

    Raises:
        moto's ValidationError: the service refuses it, or there is no such parameter.
    """
    api = client(service, region)
    model = api.meta.service_model.operation_model(api.meta.method_to_api_mapping[operation])
    try:
        answer: dict[str, Any] = getattr(api, operation)(**_typed(model.input_shape, given))
    except ClientError as error:
        raise refusal(error.response["Error"]["Message"]) from error
    except (BotoCoreError, ValueError) as error:  # a property that there is not, or of another type
        raise refusal(f"{operation}: {error}") from error
    return answer


def call_unless_gone(service: str, region: str, operation: str, **given: Any) -> None:
    """A call that deletes; what is not there any more is as good as deleted. Raises: as for `call`."""
    try:
        call(service, region, operation, given)
    except Exception as error:
        cause = error.__cause__
        if not (isinstance(cause, ClientError) and "NotFound" in cause.response["Error"]["Code"]):
            raise


def refusal(message: str) -> Exception:
    """The error that makes a stack fail with this message."""
    from moto.cloudformation.exceptions import ValidationError  # slow to import; it is there when a stack is

    return ValidationError(message=message)


def _typed(shape: Any, value: Any) -> Any:
    """A template's value as a call takes it."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        names = {name.lower(): name for name in shape.members}
        known = {names.get(name.lower(), name): each for name, each in value.items() if each is not None}
        return {
            name: _typed(shape.members[name], each) if name in shape.members else each for name, each in known.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_typed(shape.member, each) for each in value]
    if kind == "map" and isinstance(value, Mapping):
        return {name: _typed(shape.value, each) for name, each in value.items()}
    if kind == "map" and isinstance(value, list):  # Tags
        return {str(each["Key"]): str(each["Value"]) for each in value}
    if kind in ("integer", "long") and isinstance(value, str):
        return int(value)
    if kind in ("double", "float") and isinstance(value, str):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind == "string" and isinstance(value, Mapping):  # a model's schema
        return json.dumps(value)
    return value

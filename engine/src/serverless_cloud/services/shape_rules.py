"""Requests checked against AWS's own description of an API, which botocore brings along. Nothing of moto is replaced.

moto checks few of the lengths, values and patterns that the API references state. `answer_to_invalid` checks a whole
request before moto sees it, for a service whose patch of `call_action` calls it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import botocore.session

from serverless_cloud.core.constraints import Dialect, of_type, sentence, violations
from serverless_cloud.core.once import once
from serverless_cloud.core.refusals import Refusal

MOST_SHOWN = 8_192  # characters of a value in a message


_USUAL = Dialect(most_shown=MOST_SHOWN, mistyped=of_type)
#: The newer services write a pattern from ^ to $, the others as the API reference has it.
_NEWER = Dialect(most_shown=MOST_SHOWN, mistyped=of_type, pattern="^{}$")


class ValidationException(Refusal):
    """A request that is not as the API reference says, in AWS's words."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def answer_to_invalid(service: str, responder: Any) -> tuple[int, dict[str, Any], str] | None:
    """The answer to a request that isn't as the API reference says: status, headers, body. None if it is.

    Args:
        service: boto3's name, "events".
        responder: a response object of moto, with its request.
    """
    operation = responder._get_action()
    if operation not in _model(service).operation_names:
        return None
    try:
        require_shape(service, operation, asked(service, operation, responder))
    except ValidationException as refusal:
        return refusal.code or 400, dict(refusal.get_headers()), refusal.get_body()
    except ValueError as error:  # the body is not JSON
        refused = Refusal("SerializationException", str(error))
        return 400, dict(refused.get_headers()), refused.get_body()
    return None


def require_shape(service: str, operation: str, given: Mapping[str, Any]) -> None:
    """Raises unless a request is as the API reference says.

    Args:
        service: boto3's name, "scheduler".
        operation: "CreateSchedule".
        given: all parameters, including the path's.

    Raises:
        ValidationException: one or more parameters are missing, too short, too long, of another pattern or not allowed.
    """
    dialect = _NEWER if service in ("scheduler", "pipes") else _USUAL
    if found := violations(dialect, _input(service, operation), given):
        raise ValidationException(sentence(found))


def asked(service: str, operation: str, responder: Any) -> dict[str, Any]:
    """The parameters of a request to moto, by their names in the API reference: of its path, its query and its JSON.

    Raises:
        ValueError: the body is not JSON.
    """
    given: dict[str, Any] = json.loads(responder.body or "{}")
    for name, member in _input(service, operation).members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            given[name] = unquote(responder.uri_match[key])
        elif place == "querystring" and (texts := responder.querystring.get(key)):
            given[name] = texts if member.type_name == "list" else _typed(member, texts[0])
    return given


def asked_by_path(responder: Any) -> dict[str, Any]:
    """The request to a response object of moto: its JSON, and the Name that its path ends with."""
    given: dict[str, Any] = json.loads(responder.body or "{}")
    return {"Name": unquote(responder.uri.split("?")[0].split("/")[-1])} | given


def _typed(shape: Any, text: str) -> Any:
    return int(text) if shape.type_name == "integer" and text.lstrip("-").isdigit() else text


@once()
def _model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


@once()
def _input(service: str, operation: str) -> Any:
    return _model(service).operation_model(operation).input_shape

"""What a request that moto couldn't answer asked for, and whether the request itself is to blame.

moto reads parameters without a look at them, so it fails in its own code on a request that AWS would refuse. Only a
request that failed is looked at here: the others cost nothing. Nothing of moto is replaced.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from serverless_cloud.services import model_rules

#: boto3's names, by the name in a signature, where they differ.
_NAMES = {"states": ("stepfunctions",), "monitoring": ("cloudwatch",), "apigateway": ("apigateway", "apigatewayv2"),
          "dynamodb": ("dynamodb", "dynamodbstreams"), "email": ("ses",), "elasticloadbalancing": ("elbv2", "elb"),
          "execute-api": ("apigatewaymanagementapi",), "ses": ("sesv2", "ses")}  # fmt: skip
#: The codes of a request that the model forbids; ValidationError for XML, ValidationException for JSON otherwise.
_INVALID = {
    "apigateway": "BadRequestException", "apigatewayv2": "BadRequestException", "athena": "InvalidRequestException",
    "batch": "ClientException", "cognito-idp": "InvalidParameterException", "ec2": "InvalidParameterValue",
    "ecr": "InvalidParameterException", "ecs": "InvalidParameterException", "logs": "InvalidParameterException",
    "rds": "InvalidParameterValue", "s3": "InvalidArgument", "sns": "InvalidParameter", "sqs": "InvalidParameterValue",
}  # fmt: skip
#: What moto raises if it doesn't have a call, and if AWS doesn't have it.
NO_SUCH_CALL = (NotImplementedError, OperationNotFoundError)
_ABSENT = re.compile("NotFound|NotExist|NoSuch|DoesNot|UnknownResource|NonExistent")
_NO_SHAPE = "The request body can't be read: {}"


@dataclass(frozen=True)
class Mistake:
    """Why the client is to blame. Args: status: of HTTP."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True)
class Asked:
    """An operation of a service, as boto3 names it. Args: protocol: botocore's name."""

    service: str
    operation: Any
    labels: dict[str, Any]
    protocol: str
    request: Request

    @property
    def name(self) -> str:
        """The operation's name, "SendMessage"."""
        return str(self.operation.name)


def asked(environ: WSGIEnvironment, service: str) -> Asked | None:
    """The operation that a request asks for; None if AWS has none.

    Args:
        service: as in the request's signature.
    """
    for name in _NAMES.get(service, (service,)):
        request = _request(environ)
        try:
            router = get_service_router(name)
            operation, labels = router.match(request)
        except NotFound:
            continue
        except Exception:  # a service that botocore doesn't know, a form that isn't one
            return None
        protocol = determine_request_protocol(router._service_model, request.content_type)
        return Asked(name, operation, labels, protocol, request)
    return None


def mistake(found: Asked, error: Exception) -> Mistake | None:
    """What is wrong with a request; None if the model allows it.

    Args:
        error: with which moto failed on it.
    """
    shape = found.operation.input_shape
    if "json" in found.protocol and (problem := _unreadable(found, shape)):
        return Mistake("SerializationException", problem)
    if shape is None:
        return None
    try:
        given = _parameters(found)
    except Exception as problem:
        return _malformed(found, problem)
    return _invalid(found, list(model_rules.violations(shape, given))) or _absent(found, given, error)


def action_of(environ: WSGIEnvironment) -> str:
    """The action that a form or a URL names; "" if it names none."""
    return str(_request(environ).values.get("Action", ""))


def _request(environ: WSGIEnvironment) -> Request:
    body = environ["wsgi.input"]
    content = body.getvalue() if isinstance(body, io.BytesIO) else b""
    return Request({**environ, "wsgi.input": io.BytesIO(content), "werkzeug.request": None})


def _unreadable(found: Asked, shape: Any) -> str:
    """Why the JSON of a request can't be read; "" if it can."""
    is_rest = found.protocol.startswith("rest")
    payload = shape.serialization.get("payload") if shape is not None else None
    if is_rest and payload:
        shape = shape.members[payload]
        if shape.type_name in ("blob", "string"):
            return ""
    try:
        body = json.loads(found.request.data or b"{}")
    except ValueError as error:
        return _NO_SHAPE.format(error)
    return model_rules.serialization_problem(shape, body) if shape is not None else ""


def _parameters(found: Asked) -> dict[str, Any]:
    request = found.request
    parsed = PROTOCOL_PARSERS[found.protocol](found.operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": found.labels,
        }
    )
    return dict(parsed or {})


def _malformed(found: Asked, problem: Exception) -> Mistake:
    if found.protocol == "rest-xml":
        return Mistake(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    if "json" in found.protocol:
        return Mistake("SerializationException", _NO_SHAPE.format(problem))
    code = _INVALID.get(found.service, "MalformedInput")
    return Mistake(code, f"Invalid value for a parameter: {problem}")


def _invalid(found: Asked, problems: list[str]) -> Mistake | None:
    if not problems:
        return None
    service, message = found.service, model_rules.sentence(problems)
    missing = next((text.split("'")[1] for text in problems if text.startswith("Value null")), "")
    if missing and service in ("ec2", "rds", "sqs"):
        name = missing if service == "ec2" else missing[0].upper() + missing[1:]
        return Mistake("MissingParameter", f"The request must contain the parameter {name}")
    usual = "ValidationException" if "json" in found.protocol else "ValidationError"
    return Mistake(_INVALID.get(service, usual), message)


# ---- resources that aren't there


def _absent(found: Asked, given: dict[str, Any], error: Exception) -> Mistake | None:
    """moto looked for what the request names in one of its dictionaries, and it isn't there."""
    if not isinstance(error, KeyError) or not error.args or not isinstance(error.args[0], str):
        return None
    name = error.args[0]
    for member, shape, value in _texts(found.operation.input_shape, given, ""):
        if name and (value == name or value.endswith((f"/{name}", f":{name}"))):
            if getattr(shape, "enum", None):
                raise NotImplementedError(f"{found.name} with {member} {value!r}")
            return _no_such(found, member, value)
    return None


def _texts(shape: Any, value: Any, name: str) -> Iterator[tuple[str, Any, str]]:
    """The strings in a request: member's name, shape, value."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for inner, member in shape.members.items():
            yield from _texts(member, value.get(inner), inner)
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from _texts(shape.member, item, name)
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield name, shape.key, str(key)
            yield from _texts(shape.value, item, name)
    elif shape.type_name == "string" and isinstance(value, str):
        yield name, shape, value


def _no_such(found: Asked, member: str, value: str) -> Mistake:
    """The operation's own error for what isn't there, or the usual one of its service."""
    if found.service == "ec2":
        kind = re.sub("(Id|Ids|s)$", "", member)
        return Mistake(f"Invalid{kind}ID.NotFound", f"The {kind[0].lower()}{kind[1:]} ID '{value}' does not exist")
    shapes = [shape for shape in found.operation.error_shapes if _ABSENT.search(shape.name)]
    message = f"{member} {value} not found."
    if not shapes:
        return Mistake("ResourceNotFoundException", message, 404 if found.protocol.startswith("rest") else 400)
    shape = max(shapes, key=lambda one: _common(one.name, member))
    stated = shape.metadata.get("error", {})
    return Mistake(str(stated.get("code", shape.name)), message, int(stated.get("httpStatusCode", 400)))


def _common(first: str, second: str) -> int:
    """The number of letters with which two names begin alike."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))

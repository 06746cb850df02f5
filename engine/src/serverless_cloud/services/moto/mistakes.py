"""Finds out which call a failed request makes, and whether the request itself is to blame.

moto doesn't check parameters, so it fails in its own code on a request that AWS would refuse. Most requests are checked
here only after they failed, so the others cost nothing. Nothing of moto is replaced.
"""

from __future__ import annotations

import binascii
import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment
from xml.parsers.expat import ExpatError

from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound
from yaml import YAMLError

from serverless_cloud.core import constraints
from serverless_cloud.core.service import Provider
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
_GRANTEE = re.compile('[^=]+="?[^"]+"?$')
_COUNTS = ("Count", "Capacity", "Quantity")
MOST_AT_ONCE = 1_000  # instances, addresses or hosts in one call, the RunInstances reference's most
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[^:]*:[^:]*:.")
#: The errors of parsers: moto and the local cloud parse texts that came from the client.
_OF_PARSERS = (json.JSONDecodeError, UnicodeDecodeError, ExpatError, YAMLError, binascii.Error)
_Text = tuple[str, Any, str]  # member, shape, value
_NO_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
NO_XML = "The XML you provided was not well-formed or did not validate against our published schema"
_NO_SHAPE = "The request body can't be read: {}"


@dataclass(frozen=True)
class Mistake:
    """An error that is the client's fault: AWS's code and message. Args: status: of HTTP."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True)
class Call:
    """A request for an operation of a service.

    Args:
        service: boto3's name.
        operation: of botocore's model.
        labels: the parts of the path that are parameters.
        protocol: botocore's name.
    """

    service: str
    operation: Any
    labels: dict[str, Any]
    protocol: str
    request: Request

    @property
    def name(self) -> str:
        """The operation's name, "SendMessage"."""
        return str(self.operation.name)


def call_of(environ: WSGIEnvironment, service: str) -> Call | None:
    """The call that a request makes; None if AWS has no such call.

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
        return Call(name, operation, labels, protocol, request)
    return None


def mistake(call: Call, error: Exception) -> Mistake | None:
    """The error with which AWS refuses a request; None if its model allows the request.

    Args:
        error: with which moto or the local cloud failed on it.
    """
    shape = call.operation.input_shape
    if (wrong := taken_wrongly(call)) is not None:
        return wrong
    if shape is None:
        return _malformed(call, error) if isinstance(error, _OF_PARSERS) else None
    try:
        parameters = _parameters(call)
    except Exception as problem:
        return _malformed(call, problem)
    texts = list(_texts(shape, parameters, ""))
    return (
        _invalid(call, constraints.violations(Provider.dialect, shape, parameters))
        or (_empty_value(shape, parameters) if call.service == "dynamodb" else None)
        or (_malformed(call, error) if isinstance(error, _OF_PARSERS) else None)
        or (_absent(call, parameters, texts, error) if isinstance(error, KeyError) else None)
        or (_quoted(call, texts, error) if isinstance(error, ValueError) else None)
        or _broken_arn(call, texts)
        or (_grant(texts) if call.service == "s3" else None)
        or (_none_there(call, parameters) if _is_of_lookup(error) else None)
    )


def taken_wrongly(call: Call) -> Mistake | None:
    """The error of a request that moto accepts and AWS refuses.

    Its JSON has other types than its API, or it asks EC2 for so many things that moto never finishes.
    """
    if "json" in call.protocol and (problem := _unreadable(call, call.operation.input_shape)):
        return Mistake("SerializationException", problem)
    for name, value in call.request.values.items() if call.service == "ec2" else ():
        if name.endswith(_COUNTS) and value.isdigit() and int(value) > MOST_AT_ONCE:
            return Mistake("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid.")
    return None


def unreadable(error: Exception) -> Mistake | None:
    """The error of a request that doesn't even name its operation, because nobody can read it."""
    return Mistake("MalformedQueryString", _NO_SHAPE.format(error)) if isinstance(error, UnicodeDecodeError) else None


def form_of(environ: WSGIEnvironment) -> dict[str, str]:
    """The parameters that a form or a URL names."""
    return dict(_request(environ).values.items())


def _request(environ: WSGIEnvironment) -> Request:
    body = environ["wsgi.input"]
    content = body.getvalue() if isinstance(body, io.BytesIO) else b""
    return Request({**environ, "wsgi.input": io.BytesIO(content), "werkzeug.request": None})


def _unreadable(call: Call, shape: Any) -> str:
    """Why the JSON of a request can't be read; "" if it can."""
    is_rest = call.protocol.startswith("rest")
    payload = shape.serialization.get("payload") if shape is not None else None
    if is_rest and payload:
        shape = shape.members[payload]
        if shape.type_name in ("blob", "string"):
            return ""
    try:
        body = json.loads(call.request.data or b"{}")
        return model_rules.serialization_problem(shape, body) if shape is not None else ""
    except (ValueError, RecursionError) as error:  # RecursionError: it is nested too deeply
        return _NO_SHAPE.format(error)


def _parameters(call: Call) -> dict[str, Any]:
    request = call.request
    parsed = PROTOCOL_PARSERS[call.protocol](call.operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": call.labels,
        }
    )
    return dict(parsed or {})


def _malformed(call: Call, problem: Exception) -> Mistake:
    if call.protocol == "rest-xml":
        if not call.request.data:
            return Mistake("MissingRequestBodyError", "Request Body is empty")
        return Mistake("MalformedXML", NO_XML)
    if "json" in call.protocol:
        return Mistake("SerializationException", _NO_SHAPE.format(problem))
    return Mistake(_INVALID.get(call.service, "MalformedInput"), f"Invalid value for a parameter: {problem}")


def _invalid(call: Call, problems: list[str]) -> Mistake | None:
    if not problems:
        return None
    service, message = call.service, constraints.sentence(problems)
    missing = next((text.split("'")[1] for text in problems if text.startswith("Value null")), "")
    if missing and service in ("ec2", "rds", "sqs"):
        name = missing if service == "ec2" else missing[0].upper() + missing[1:]
        return Mistake("MissingParameter", f"The request must contain the parameter {name}")
    return _bad(call, message)


# ---- values that the model allows


def _absent(call: Call, parameters: dict[str, Any], texts: list[_Text], error: KeyError) -> Mistake | None:
    """Something looked into a part of the request for a member, or for a resource that the request names."""
    name = error.args[0] if error.args else None
    if not name or not isinstance(name, str):
        return None
    for member, shape, value in texts:
        if name in (value, quote(value, safe="")) or value.endswith((f"/{name}", f":{name}")):
            if getattr(shape, "enum", None):
                raise NotImplementedError(f"{call.name} with {member} {value!r}")
            return _no_such(call, member, value)
    missing = next(model_rules.places_without(call.operation.input_shape, parameters, name), "")
    return _invalid(call, [constraints.NULL.format(missing)]) if missing else None


def _quoted(call: Call, texts: list[_Text], error: ValueError) -> Mistake | None:
    """Python can't read a value of the request, and quotes it."""
    for member, _, value in texts:
        if value and repr(value) in str(error):
            return _bad(call, f"Value '{value}' at '{member}' is not valid: {error}")
    return None


def _broken_arn(call: Call, texts: list[_Text]) -> Mistake | None:
    for member, _, value in texts:
        if member.lower().endswith("arn") and not _ARN.match(value):
            codes = [shape.name for shape in call.operation.error_shapes if shape.name == "InvalidArn"]
            message = f"Invalid Arn: '{value}' at '{member}'"
            return Mistake(codes[0], message) if codes else _bad(call, message)
    return None


def _grant(texts: list[_Text]) -> Mistake | None:
    """S3's answer to a permission in a header that names nobody."""
    for member, _, value in texts:
        if member.startswith("Grant") and not all(_GRANTEE.match(part.strip()) for part in value.split(",")):
            return Mistake("InvalidArgument", "Argument format not recognized")
    return None


def _bad(call: Call, message: str) -> Mistake:
    usual = "ValidationException" if "json" in call.protocol else "ValidationError"
    return Mistake(_INVALID.get(call.service, usual), message)


def _is_of_lookup(error: Exception) -> bool:
    """Whether moto looked for something, found None, and used it like one of its objects, not like a text or a list."""
    if isinstance(error, StopIteration):
        return True
    if not isinstance(error, AttributeError) or error.obj is not None:
        return False
    return not any(hasattr(kind, error.name or "") for kind in (str, bytes, dict, list, re.Match))


def _none_there(call: Call, parameters: dict[str, Any]) -> Mistake | None:
    """The error of a request that names something which isn't there; moto doesn't say what."""
    shape = call.operation.input_shape
    members = shape.required_members or parameters
    names = {name: parameters[name] for name in members if isinstance(parameters.get(name), str)}
    if not names:
        return None
    *others, (member, value) = names.items()
    return _no_such(call, member, ", ".join([value, *(f"{name} {text}" for name, text in others)]))


def _empty_value(shape: Any, value: Any) -> Mistake | None:
    """DynamoDB's answer to an attribute without a value."""
    if shape.name == "AttributeValue" and value == {}:
        return Mistake("ValidationException", _NO_VALUE)
    inner: list[tuple[Any, Any]] = []
    if shape.type_name == "structure" and isinstance(value, dict):
        inner = [(member, value[name]) for name, member in shape.members.items() if name in value]
    elif shape.type_name == "list" and isinstance(value, list):
        inner = [(shape.member, item) for item in value]
    elif shape.type_name == "map" and isinstance(value, dict):
        inner = [(shape.value, item) for item in value.values()]
    return next(filter(None, (_empty_value(*part) for part in inner)), None)


def _texts(shape: Any, value: Any, name: str) -> Iterator[_Text]:
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


def _no_such(call: Call, member: str, value: str) -> Mistake:
    """The operation's own error for what isn't there, or the usual one of its service."""
    if call.service == "ec2":
        kind = re.sub("(Id|Ids|s)$", "", member)
        return Mistake(f"Invalid{kind}ID.NotFound", f"The {kind[0].lower()}{kind[1:]} ID '{value}' does not exist")
    shapes = [shape for shape in call.operation.error_shapes if _ABSENT.search(shape.name)]
    message = f"{member} {value} not found."
    if not shapes and call.service in _INVALID:
        return _bad(call, message)
    if not shapes:
        return Mistake("ResourceNotFoundException", message, 404 if call.protocol.startswith("rest") else 400)
    shape = max(shapes, key=lambda one: _common(one.name, member))
    error = shape.metadata.get("error", {})
    return Mistake(str(error.get("code", shape.name)), message, int(error.get("httpStatusCode", 400)))


def _common(first: str, second: str) -> int:
    """The number of letters with which two names begin alike."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))

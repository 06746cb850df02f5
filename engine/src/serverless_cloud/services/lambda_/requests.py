"""Every call of Lambda: the form of its request, the names of functions, its status and its errors.

moto checks no request, takes ARNs in few forms, also ARNs of other Regions, answers with other statuses than the API
reference says, and its errors lack `Type` and `Message`.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any
from urllib.parse import quote, unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import DATA_PLANE, Service
from serverless_cloud.services.lambda_ import shapes
from serverless_cloud.services.lambda_.functions import NotReachable

patches = Service(
    "lambda",
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[errors_lack_a_type]",
)

patches.adds(
    "moto.awslambda.urls:url_paths",
    {
        r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>.+)$": (
            "moto.awslambda.responses:LambdaResponse.dispatch"
        )
    },
    defect="engine/tests/lambda_/test_lambda_patches.py::test_stock_moto_still_has_the_defect[a_name_with_a_wrong_character_has_no_address]",
    upstream="A function's name may be any text in a path, so that Lambda can say what is wrong with it.",
)

_NAME = re.compile(  # API reference: the pattern of FunctionName, with names for its parts
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((?P<region>[a-z]{2,4}(-[a-z]+)+-\d):)?((?P<account>\d{12}):)?(function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(:(?P<qualifier>[$a-zA-Z0-9-_.]+))?"
)
_FUNCTION_IN_PATH = re.compile(r"(/[^/]+/functions/)([^/]+)(.*)")
NAME_LETTERS = 64  # API reference: CreateFunction; its pattern allows ARNs of 140
REQUEST_BYTES = 70_167_211  # of a request, its package as base64
#: These set their own status.
_OWN_STATUS = frozenset({"Invoke", "DeleteFunction"})
_NAMED_IN_BODY = frozenset({"CreateFunction", "CreateEventSourceMapping", "UpdateEventSourceMapping"})
#: AWS refuses a version or an alias in the name of the function.
_WHOLE = frozenset({"CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion",
                    "PutFunctionConcurrency", "DeleteFunctionConcurrency"})  # fmt: skip


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.call_action",
    upstream="Lambda's errors have Type and Message, and its answers the status of the API reference.",
)
def call_action(response: LambdaResponse) -> TYPE_RESPONSE:
    """Every call of Lambda."""
    try:
        name = response._get_action()
        if name == "Invoke":
            asked = response.querystring.get("Qualifier")
            response.path = _invoked(
                response.path, asked[0] if asked else None, response.region, response.current_account
            )
        elif name:
            _check(response, name)
        else:
            shapes.refuse(shapes.missing_in_query(response.method, response.path, response.querystring))
    except LambdaClientError as error:
        return _error(error.code, dict(error.get_headers()), error.description)
    status, headers, body = call_action.original(response)
    if status >= 400:
        return _error(status, headers, body)
    if name and name not in _OWN_STATUS and status != (wanted := int(shapes.operation(name).http["responseCode"])):
        headers["status"], status = str(wanted), wanted
    return status, headers, body


@patches.replaces("moto.awslambda.responses:LambdaResponse._get_action", defect=DATA_PLANE)
def _get_action(response: LambdaResponse) -> str:
    """The operation. Invoke, which must be quick, is known without moto's search through all paths."""
    if response.method == "POST" and response.path.endswith("/invocations"):
        return "Invoke"
    return _get_action.original(response)


def _error(status: int, headers: dict[str, Any], body: str | bytes) -> TYPE_RESPONSE:
    """An error with the members of AWS's errors; boto3 reads `Message` for some and `message` for others."""
    try:
        given: JsonObject = json.loads(body)
    except ValueError:
        return status, headers, body
    text = given.get("message") or given.get("Message")
    if text is None:
        return status, headers, body
    return (
        status,
        headers | {"status": str(status)},
        json.dumps({"Type": "User" if status < 500 else "Service"} | given | {"Message": text, "message": text}),
    )


@functools.lru_cache(maxsize=4096)
def _invoked(path: str, qualifier: str | None, region: str, account_id: str) -> str:
    """The path of an Invoke, with the function's plain name."""
    given: JsonObject = {"FunctionName": unquote(path.split("/")[3])}
    if qualifier is not None:
        given["Qualifier"] = qualifier
    shapes.refuse(shapes.violations("Invoke", given))
    return _with_name(path, _plain(given, region, account_id))


class TooLarge(LambdaClientError):
    """The request has too many bytes."""

    code = 413

    def __init__(self, operation: str) -> None:
        text = f"Request must be smaller than {REQUEST_BYTES} bytes for the {operation} operation"
        super().__init__("RequestEntityTooLargeException", text)


def _check(response: LambdaResponse, name: str) -> None:
    """Raises unless a request is as the API reference says, and puts the plain name of its function into it."""
    if len(response.body or "") >= REQUEST_BYTES:
        raise TooLarge(name)
    given = _parameters(response, name)
    found = shapes.violations(name, given)
    named = given.get("FunctionName")
    if name == "CreateFunction" and isinstance(named, str) and ":" not in named and len(named) > NAME_LETTERS:
        about = f"Value '{named}' at 'functionName' failed to satisfy constraint: Member must"
        found = [each for each in found if not each.startswith(f"{about} have length")]
        found.append(f"{about} have length less than or equal to {NAME_LETTERS}")
    shapes.refuse(found)
    if not isinstance(named, str) or ":" not in named:
        return
    plain = _plain(given, response.region, response.current_account)
    if name in _WHOLE and ":" in plain:
        raise InvalidParameterValueException(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    if _FUNCTION_IN_PATH.match(response.path):
        response.path = _with_name(response.path, plain)
    elif name in _NAMED_IN_BODY:
        response.body = json.dumps(response.json_body | {"FunctionName": plain})


def _parameters(response: LambdaResponse, name: str) -> JsonObject:
    """All parameters of a request by their names in the API reference."""
    given: JsonObject = {}
    if response.body:
        try:
            body = json.loads(response.body)
        except ValueError:
            body = None
        given = dict(body) if isinstance(body, dict) else {}
    shape = shapes.operation(name).input_shape
    for member, its in (shape.members if shape else {}).items():
        location, key = its.serialization.get("location"), its.serialization.get("name", member)
        if location == "uri":
            given[member] = _read(unquote(str(response.uri_match.get(key, ""))), its.type_name)
        elif location == "querystring" and key in response.querystring:
            values = response.querystring[key]
            given[member] = values if its.type_name == "list" else _read(values[0], its.type_name)
    return given


def _read(text: str, type_name: str) -> object:
    """A value of the path or the query. A text that isn't of the type stays a text."""
    if type_name in ("integer", "long") and text.lstrip("-").isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if type_name == "boolean" else text


def _plain(given: JsonObject, region: str, account_id: str) -> str:
    """The function's name, with the version or alias that its ARN or name ends with.

    Raises:
        NotReachable: the ARN belongs to another Region or account.
        InvalidParameterValueException: `Qualifier` names another version or alias.
    """
    name = str(given["FunctionName"])
    parts = _NAME.fullmatch(name)
    if parts is None:
        return name
    if parts["region"] not in (None, region):
        text = f"Functions from '{parts['region']}' are not reachable in this region ('{region}')"
        raise NotReachable(text)
    if parts["account"] not in (None, account_id):
        raise NotReachable(f"Function not found: {name}")
    own, asked = parts["qualifier"], given.get("Qualifier")
    if own and asked and own != asked:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return f"{parts['name']}:{own}" if own else str(parts["name"])


def _with_name(path: str, name: str) -> str:
    return _FUNCTION_IN_PATH.sub(lambda found: f"{found[1]}{quote(name, safe='$:')}{found[3]}", path)

"""Parameter mapping of HTTP APIs, which changes requests and answers on their way, and the parameters of services.

Source: API Gateway Developer Guide, "Transform API requests and responses for HTTP APIs".
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from serverless_cloud.http.proxy_events import Arrival, http_event_2_0
from serverless_cloud.http.request import Request, Response

_KEY = re.compile(r"(append|overwrite|remove):(header|querystring)\.(.+)|overwrite:(path|statuscode)")
_VARIABLE = re.compile(r"\$\{([^}]+)\}|(\$(?:request|response|context|stageVariables)\.[\w.$\[\]-]+)")

#: Headers that AWS lets nobody change.
RESERVED = re.compile(
    r"access-control-.*|apigw-.*|authorization|connection|content-.*|expect|forwarded|via|host|origin|proxy-.*|te|"
    r"trailers|transfer-encoding|upgrade|x-amz-.*|x-amzn-.*|x-apigw-api-id|x-forwarded-.*|www-authenticate"
)


def check_keys(parameters: Mapping[str, str], *, response: bool) -> None:
    """Raises unless the local cloud supports each key of a parameter mapping.

    Raises:
        ValueError: with what is allowed.
    """
    whole, place = ("statuscode", "header") if response else ("path", None)
    for key in parameters:
        match = _KEY.fullmatch(key)
        if not match or match[4] not in (None, whole) or (match[2] and place not in (None, match[2])):
            places = "header.NAME, or overwrite:statuscode" if response else "header.NAME, querystring.NAME or path"
            raise ValueError(
                f"Invalid mapping expression specified: {key!r}. Write append, overwrite or remove:{places}."
            )
        if match[2] == "header" and RESERVED.fullmatch(match[3].lower()):
            raise ValueError(f"Operations on header {match[3]} are restricted")


class Values:
    """Looks up what mapping expressions stand for.

    Args:
        path: without the stage.
        arrival: where it has arrived: path parameters, stage variables, context.
        response: of the integration, when answers are mapped.
    """

    def __init__(self, request: Request, path: str, arrival: Arrival, response: Response | None = None) -> None:
        self._request, self._path, self._arrival, self._response = request, path, arrival, response

    def of(self, expression: str) -> str:
        """An expression with its variables replaced; one that has no value is empty."""
        return _VARIABLE.sub(lambda match: self._look_up((match[1] or match[2]).removeprefix("$")), expression)

    def _look_up(self, name: str) -> str:
        kind, _, rest = name.partition(".")
        if kind == "stageVariables":
            return self._arrival.stage_variables.get(rest, "")
        if kind == "context":
            return _text(_within(http_event_2_0(self._request, self._arrival)["requestContext"], rest))
        place, _, what = rest.partition(".")
        if kind == "response":
            return self._of_response(place, what)
        if place == "header":
            return ",".join(self._request.all_headers(what))
        if place == "querystring":
            query = parse_qsl(self._request.raw_query, keep_blank_values=True)
            return ",".join(value for key, value in query if key == what)
        if place == "path":
            return self._arrival.path_parameters.get(what, "") if what else self._path
        return _of_body(self._request.body, what) if place == "body" else ""

    def _of_response(self, place: str, what: str) -> str:
        response = self._response
        if response is None:
            return ""
        if place == "header":
            return ",".join(value for name, value in response.headers if name.lower() == what.lower())
        return _of_body(response.body, what) if place == "body" else ""


def _of_body(body: bytes, path: str) -> str:
    """$request.body is the whole; $request.body.order.id a part of it, a simple path into JSON."""
    text = body.decode("utf-8", "replace")
    if not path:
        return text
    try:
        return _text(_within(json.loads(text), path))
    except ValueError:
        return ""


def _within(value: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def map_request(request: Request, parameters: Mapping[str, str], values: Values) -> tuple[Request, str | None]:
    """The request for the integration, and the path that replaces its own path, if the mapping sets it."""
    headers, path = list(request.headers), None
    query = parse_qsl(request.raw_query, keep_blank_values=True)
    changed = False
    for key, expression in parameters.items():
        match = _KEY.fullmatch(key)
        assert match is not None
        if match[4] == "path":
            path = quote(values.of(expression), safe="/:@!$&'()*+,;=~")
        elif match[2] == "header":
            headers = _changed(headers, match[1], match[3], values.of(expression), any_case=True)
        else:
            query, changed = _changed(query, match[1], match[3], values.of(expression), any_case=False), True
    raw_query = urlencode(query) if changed else request.raw_query
    return dataclasses.replace(request, headers=tuple(headers), raw_query=raw_query), path


def map_response(response: Response, parameters: Mapping[str, Mapping[str, str]], values: Values) -> Response:
    """The answer as the client gets it."""
    headers, status = list(response.headers), response.status
    for key, expression in parameters.get(str(response.status), {}).items():
        match = _KEY.fullmatch(key)
        assert match is not None
        if match[4] == "statuscode":
            text = values.of(expression)
            status = int(text) if text.isdigit() and 200 <= int(text) <= 599 else status
        else:
            headers = _changed(headers, match[1], match[3], values.of(expression), any_case=True)
    return Response(status, tuple(headers), response.body)


def _changed(
    pairs: list[tuple[str, str]], operation: str, name: str, value: str, *, any_case: bool
) -> list[tuple[str, str]]:
    def same(other: str) -> bool:
        return other.lower() == name.lower() if any_case else other == name

    others = pairs if operation == "append" else [pair for pair in pairs if not same(pair[0])]
    return others if operation == "remove" else [*others, (name, value)]

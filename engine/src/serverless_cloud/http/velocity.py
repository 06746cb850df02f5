"""Mapping templates of REST APIs: the Velocity Template Language with API Gateway's variables.

The language itself is `airspeed-ext`, a Velocity engine whose behavior was compared with API Gateway's. Here are the
variables: $input, $util, $context, $stageVariables. Source: Amazon API Gateway Developer Guide, "Variables for data
transformations for API Gateway".
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed
from airspeed import operators
from jsonpath_ng.ext.parser import parse as parse_path


class TemplateFailed(Exception):
    """A template that cannot be read or worked out; on AWS the caller sees an internal server error."""


@dataclass(frozen=True)
class Rendered:
    """A template's text, and the values that it set in $context.requestOverride and $context.responseOverride."""

    text: str
    request_override: Mapping[str, Any]
    response_override: Mapping[str, Any]


class _Map(dict[str, Any]):
    """A Java map: its methods, and its text {key=value}, whose lists are JSON."""

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={_text(value)}" for key, value in self.items()) + "}"

    def keySet(self) -> list[str]:
        return _List(self)

    def entrySet(self) -> list[Any]:
        return _List(_Map(key=key, value=value) for key, value in self.items())

    def containsKey(self, key: str) -> bool:
        return key in self

    def size(self) -> int:
        return len(self)

    def isEmpty(self) -> bool:
        return not self

    def put(self, key: str, value: Any) -> Any:
        before = self.get(key)
        self[key] = value
        return before

    def putAll(self, more: Mapping[str, Any]) -> None:
        self.update(more)

    def toString(self) -> str:
        return str(self)


class _Group(_Map):
    """A part of $context that has parts itself, such as identity: its text is empty, as recorded on AWS."""

    def __str__(self) -> str:
        return ""


class _List(list[Any]):
    """A Java list: its methods; its text is JSON."""

    def __str__(self) -> str:
        return compact(self)

    def size(self) -> int:
        return len(self)

    def isEmpty(self) -> bool:
        return not self

    def get(self, index: int) -> Any:
        return self[index]

    def contains(self, value: Any) -> bool:
        return value in self

    def add(self, value: Any) -> bool:
        self.append(value)
        return True

    def toString(self) -> str:
        return str(self)


#: Methods of Java's strings that the engine does not have: it looks them up in its own table, this one.
_STRING_METHODS: dict[str, Any] = {
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
    "isEmpty": lambda text: text == "",
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "endsWith": str.endswith,
    "indexOf": str.find,
    "lastIndexOf": str.rfind,
    "charAt": lambda text, index: text[index],
    "concat": lambda text, other: text + other,
    "toString": str,
}
operators.__additional_methods__[str].update(_STRING_METHODS)


def compact(value: Any) -> str:
    """JSON as API Gateway writes it: without spaces, characters as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def java(value: Any) -> Any:
    """A value from JSON with maps and lists as templates see them."""
    if isinstance(value, Mapping):
        return _Map({key: java(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return _List(java(item) for item in value)
    return value


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


_path = functools.lru_cache(maxsize=512)(parse_path)


def find(document: Any, path: str) -> Any:
    """The value that a JSONPath expression finds in a document, a list if it may find several, or None.

    Raises:
        TemplateFailed: the expression is wrong.
    """
    if path in ("", "$"):
        return document
    try:
        values = [match.value for match in _path(path).find(document)]
    except Exception as error:
        raise TemplateFailed(f"Invalid JSON path {path!r}: {error}") from error
    several = any(mark in path for mark in ("..", "*", "?", ":"))
    return values if several else (values[0] if values else None)


class _Input:
    """$input.

    Args:
        text: the body; of the request, or of the integration's response.
        params: by "path", "querystring" and "header".
    """

    def __init__(self, text: str, params: Mapping[str, Mapping[str, str]]) -> None:
        self.body = text or "{}"  # on AWS too
        self._params = java({kind: params.get(kind, {}) for kind in ("path", "querystring", "header")})

    @functools.cached_property
    def _document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def json(self, path: str = "$") -> str:
        """JSON text of what the path finds; an empty string of JSON if it finds nothing."""
        value = find(self._document, path) if self._document is not None else None
        return '""' if value is None else compact(value)

    def path(self, path: str = "$") -> Any:
        """The value itself, for $x.y, #foreach and so on."""
        return java(find(self._document, path)) if self._document is not None else None

    def params(self, name: str | None = None) -> Any:
        """A parameter by its name, looked for in path, query string and headers; without a name all of them."""
        if name is None:
            return self._params
        return next((values[name] for values in self._params.values() if name in values), "")


_ESCAPES = {"'": "\\'", '"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES |= {"\b": "\\b", "\f": "\\f"}


class _Util:
    """$util."""

    @staticmethod
    def escapeJavaScript(value: Any) -> str:
        """Escaped for a string of JavaScript; ' becomes \\', which JSON does not know: AWS's guide says so too."""
        return "".join(_ESCAPES.get(c, c if " " <= c <= "~" else _units(c)) for c in _text(value))

    @staticmethod
    def parseJson(text: str) -> Any:
        return java(json.loads(text))

    @staticmethod
    def urlEncode(value: Any) -> str:
        return quote_plus(_text(value), safe="*").replace("~", "%7E")

    @staticmethod
    def urlDecode(value: Any) -> str:
        return unquote_plus(_text(value))

    @staticmethod
    def base64Encode(value: Any) -> str:
        return base64.b64encode(_text(value).encode()).decode()

    @staticmethod
    def base64Decode(value: Any) -> str:
        return base64.b64decode(_text(value)).decode("utf-8", "replace")


def _units(character: str) -> str:
    """The UTF-16 units of a character as \\uXXXX."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i] * 256 + units[i + 1]:04X}" for i in range(0, len(units), 2))


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> Any:
    template = airspeed.Template(text)
    template.ensure_compiled()
    return template


def render(
    template: str,
    *,
    body: str,
    params: Mapping[str, Mapping[str, str]],
    context: Mapping[str, Any],
    stage_variables: Mapping[str, str],
    request_override: Mapping[str, Any] | None = None,
    response_override: Mapping[str, Any] | None = None,
) -> Rendered:
    """Works out a mapping template.

    Args:
        template: VTL.
        body: what $input stands for.
        params: the request's parameters by "path", "querystring", "header".
        context: $context as in a proxy event's requestContext.
        request_override, response_override: what an earlier template of this request set.

    Raises:
        TemplateFailed: the template is wrong, or what it does is.
    """
    variables = _Map({name: _Group(java(v)) if isinstance(v, Mapping) else java(v) for name, v in context.items()})
    empty: dict[str, Any] = {"header": {}, "path": {}, "querystring": {}}
    variables["requestOverride"] = _Group(java(empty | dict(request_override or {})))
    variables["responseOverride"] = _Group(java({"header": {}} | dict(response_override or {})))
    names = {"input": _Input(body, params), "util": _Util(), "context": variables}
    try:
        text = _compiled(template.strip()).merge(names | {"stageVariables": java(stage_variables)})
    except TemplateFailed:
        raise
    except Exception as error:  # the engine lets errors of any kind through
        raise TemplateFailed(f"{type(error).__name__}: {error}") from error
    return Rendered(text, variables["requestOverride"], variables["responseOverride"])

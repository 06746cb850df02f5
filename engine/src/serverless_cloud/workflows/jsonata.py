"""JSONata with the functions that Step Functions adds (Developer Guide, "Transforming data with JSONata")."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

_LONGEST_MS = 5000
_DEEPEST = 250
_MOST_ITEMS = 131_072  # at two bytes each they are the 256 KiB that a state may have

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class JsonataError(ValueError):
    """An expression cannot be read, or fails; the text says why."""


class Undefined(JsonataError):
    """An expression has no value."""


def is_expression(text: Any) -> bool:
    """Whether a text of a definition is an expression: {% ... %} from its first to its last character."""
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def inner(text: str) -> str:
    """The text between {% and %}."""
    return text[2:-2].strip()


def _partition(values: Any = None, size: Any = None) -> Any:
    if values is None:
        return None
    items = values if isinstance(values, list) else [values]
    if not isinstance(size, int | float) or math.floor(size) < 1:
        raise JsonataError("Argument 2 of function $partition must be a positive number")
    step = math.floor(size)
    return [items[start : start + step] for start in range(0, len(items), step)]


def _range(first: Any = None, last: Any = None, step: Any = None) -> Any:
    if (
        any(not isinstance(argument, int | float) or isinstance(argument, bool) for argument in (first, last, step))
        or step == 0
    ):
        raise JsonataError("$range takes three numbers, and the third can't be 0")
    count = math.floor((last - first) / step) + 1
    if count > 1_000_000:
        raise JsonataError("$range would have more than 1,000,000 items")
    return [first + number * step for number in range(max(0, count))]


def _hash(data: Any = None, algorithm: Any = None) -> Any:
    if data is None:
        return None
    if algorithm not in _HASHES:
        raise JsonataError(f"$hash takes one of {', '.join(_HASHES)}, not {algorithm!r}")
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()


def _parse(text: Any = None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise JsonataError(f"The argument of $parse is not JSON: {error}") from error


def _no_eval(*_: Any) -> Any:
    raise JsonataError("Function $eval is not supported; use $parse")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": _parse,
    "eval": _no_eval,
}


def _library() -> Any:
    import jsonata  # one in a lesson's cloud that needs it

    return jsonata


def check(expression: str) -> str | None:
    """The problem with an expression as it is written; None if it can be read."""
    try:
        _library().Jsonata(expression)
    except Exception as error:
        return _message(error)
    return None


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression, as JSON has it.

    Args:
        expression: without {% %}.
        variables: by their names without $; "states" among them.

    Raises:
        Undefined: it has none.
        JsonataError: it cannot be read, or fails, or its value is a function.
    """
    library = _library()
    try:
        compiled = library.Jsonata(expression, timeout=_LONGEST_MS, stack=_DEEPEST)
        compiled.set_output_convert_nulls(False)
        null = library.utils.Utils.NULL_VALUE
        bound = {name: library.Jsonata.JLambda(function) for name, function in FUNCTIONS.items()}
        bound |= {name: null if value is None else value for name, value in variables.items()}
        result = compiled.evaluate(None, bound)
    except JsonataError:
        raise
    except Exception as error:
        raise JsonataError(_coded(error)) from error
    if result is None:
        raise Undefined("returned nothing (undefined).")
    if _is_range(compiled.ast) and len(result) == 1:
        return result[0]  # AWS unwraps [1..1]
    return _plain(result, null)


def _is_range(node: Any) -> bool:
    """Whether an expression is an array with one range in it, [a..b]."""
    parts: Any = node.expressions if getattr(node, "type", None) == "unary" and node.value == "[" else ()
    return len(parts) == 1 and getattr(parts[0], "value", None) == ".."


def _plain(value: Any, null: Any) -> Any:
    """A value without the library's own kinds, and nothing of it shared with the variables."""
    if value is None or value is null:
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise JsonataError("returned a number that JSON can't represent.")
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, list | tuple | range):
        if len(value) > _MOST_ITEMS:
            raise JsonataError(f"returned {len(value)} items, more than a state's largest payload can hold.")
        return [_plain(item, null) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item, null) for name, item in value.items()}
    try:
        return [_plain(item, null) for item in iter(value)]  # a range that the library keeps short
    except TypeError:
        raise JsonataError("returned an unsupported result type.") from None


def _message(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__


def _coded(error: Any) -> str:
    """The words of JSONata's own errors, with their code: 'T2001: The left side of the "-" ...'."""
    code = getattr(error, "error", None)
    template = _library().jexception.JException.error_codes.get(code)
    values = [value for value in (getattr(error, name, None) for name in _VALUES) if value is not None]
    if template is None or len(re.findall(r"\{+\w+\}+", template)) > len(values):
        return f"{code}: {_message(error)}" if template else _message(error)
    message, left = template.replace("Object", "function"), iter(values)
    message = re.sub(r"(\{+)\w+\}+", lambda match: _text(next(left), is_plain=len(match[1]) == 3), message)
    return f"{code}: {message}"


#: The attributes of an error of the library that fill the places in its message.
_VALUES = ("current", "expected", "extra")
_TYPES = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}


def _text(value: object, *, is_plain: bool) -> str:
    if isinstance(value, str):
        text = _TYPES.get(value, value)
        return text if is_plain else json.dumps(text, ensure_ascii=False)
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def top_level_references(expression: str) -> list[str]:
    """Names that an expression reads from an input document: Step Functions gives it none.

    Args:
        expression: one that can be read.
    """
    names: dict[str, None] = {}
    _references(_library().Jsonata(expression).ast, names)
    return list(names)


#: Where the library keeps the parts of an expression; lhs_object has the pairs of an object.
_PARTS = ("lhs", "rhs", "expression", "expressions", "arguments", "condition", "then", "_else", "lhs_object")


def _references(node: Any, names: dict[str, None]) -> None:
    """Notes what a part of an expression reads; parts with their own input are not looked into."""
    kind = getattr(node, "type", None)
    if kind == "path":
        _references(node.steps[0], names)
    elif kind == "name":
        names[str(node.value)] = None
    elif kind == "variable" and node.value in ("", "$"):
        names["$" + node.value] = None
    elif kind in ("wildcard", "descendant", "parent"):
        names[{"wildcard": "*", "descendant": "**", "parent": "%"}[kind]] = None
    elif kind == "lambda":
        return
    elif kind is not None:
        for name in _PARTS:
            _inner_references(getattr(node, name, None), names)


def _inner_references(part: Any, names: dict[str, None]) -> None:
    if isinstance(part, list | tuple):
        for item in part:
            _inner_references(item, names)
    elif part is not None:
        _references(part, names)

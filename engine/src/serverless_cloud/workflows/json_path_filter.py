"""Filters of JSONPath, the contents of [?( )], after Jayway's README."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

#: Whether an item, in a document, is wanted.
Filter = Callable[[Any, Any], bool]
#: A value that an operand has, for an item in a document.
Operand = Callable[[Any, Any], Any]


class FilterError(ValueError):
    """The text is not a filter."""


#: The value of a path that leads nowhere.
MISSING = object()

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    | (?P<regex>/(?:\\.|[^/\\])+/[imsx]*)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<path>[@$](?:\.\.?(?:[\w-]+|\*)(?:\(\))?|\[[^\]]*\])*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|=~|<|>|!|\(|\)|\[|\]|,)
    | (?P<word>[A-Za-z_]\w*)
    )""",
    re.VERBOSE,
)


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(left: Any, right: Any) -> bool:
        for kinds in ((int, float), (str,)):
            if all(isinstance(each, kinds) and not isinstance(each, bool) for each in (left, right)):
                return compare(left, right)
        return False

    return test


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": lambda left, right: isinstance(left, str) and right.fullmatch(left) is not None,
    "in": lambda left, right: isinstance(right, list) and any(_same(left, each) for each in right),
    "nin": lambda left, right: isinstance(right, list) and not any(_same(left, each) for each in right),
    "contains": lambda left, right: isinstance(left, list | str) and right in left,
    "size": lambda left, right: isinstance(left, list | str) and len(left) == right,
    "empty": lambda left, right: isinstance(left, list | str) and (len(left) == 0) == right,
}


class _Parser:
    """Reads a filter from left to right."""

    def __init__(self, text: str, parse_path: Callable[[str], Any]) -> None:
        self._text, self._parse_path = text, parse_path
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise FilterError(f"the filter {text!r} cannot be read at {text[at:]!r}")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup)))
            at = found.end()

    def read(self) -> Filter:
        wanted = self._either()
        if self._tokens:
            raise FilterError(f"the filter {self._text!r} has an unexpected {self._tokens[0][1]!r}")
        return wanted

    def _take(self, *wanted: str) -> bool:
        if self._tokens and self._tokens[0][1] in wanted and self._tokens[0][0] in ("sign", "word"):
            self._tokens.pop(0)
            return True
        return False

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return lambda item, root: any(part(item, root) for part in parts)

    def _both(self) -> Filter:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda item, root: all(part(item, root) for part in parts)

    def _one(self) -> Filter:
        if self._take("!"):
            inner = self._one()
            return lambda item, root: not inner(item, root)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise FilterError(f"the filter {self._text!r} has a ( that is not closed")
            return inner
        left = self._operand()
        if self._tokens and self._tokens[0][1] in _COMPARE:
            compare = _COMPARE[self._tokens.pop(0)[1]]
            right = self._operand()
            return lambda item, root: compare(left(item, root), right(item, root))
        return lambda item, root: left(item, root) is not MISSING

    def _operand(self) -> Operand:
        if not self._tokens:
            raise FilterError(f"the filter {self._text!r} ends too early")
        kind, text = self._tokens.pop(0)
        if kind == "path":
            return _path_operand(text, self._parse_path)
        if (kind, text) == ("sign", "["):
            items = [self._operand()] if self._tokens and self._tokens[0][1] != "]" else []
            while self._take(","):
                items.append(self._operand())
            if not self._take("]"):
                raise FilterError(f"the filter {self._text!r} has a [ that is not closed")
            return lambda item, root: [each(item, root) for each in items]
        value = self._literal(kind, text)
        return lambda *_: value

    def _literal(self, kind: str, text: str) -> Any:
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return json.loads(text)
        if kind == "regex":
            pattern, flags = text[1:].rsplit("/", 1)
            return re.compile(pattern, sum(getattr(re, flag.upper()) for flag in flags))
        if kind == "word" and text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if kind == "word":
            return text  # AWS reads a word without quotes as a text
        raise FilterError(f"the filter {self._text!r} has {text!r} instead of a value")


def _path_operand(text: str, parse_path: Callable[[str], Any]) -> Operand:
    path = parse_path("$" + text[1:])

    def operand(item: Any, root: Any) -> Any:
        try:
            return path.find(item if text[0] == "@" else root)
        except LookupError:
            return MISSING

    return operand


def parse_filter(text: str, parse_path: Callable[[str], Any]) -> Filter:
    """A filter.

    Args:
        text: what stands after the question mark, with its parentheses.
        parse_path: reads paths that begin with $.

    Raises:
        FilterError: it is none.
    """
    return _Parser(text, parse_path).read()

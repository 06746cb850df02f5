"""Errors of JSON in the words of Jackson, the parser that AWS uses, with their place. No moto, no I/O.

Python's parser finds the same errors and words them differently. Errors that are not here keep Python's words.
Words: Jackson's ReaderBasedJsonParser, ParserBase and ParserMinimalBase, and public reports of AWS's messages.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_MOST_SHOWN = 500  # characters of the text in an error
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|[][{}]|NaN|-?Infinity', re.DOTALL)
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_NAME, _VALUE = "Expecting property name enclosed in double quotes", "Expecting value"
_COLON = "Expecting ':' delimiter"
_CONSTANT, _UNCLOSED = "Non-standard token", ": was expecting closing quote for a string value"
#: The end of an error by Python's words for it.
_EXPECTED = {
    _NAME: "was expecting double-quote to start field name",
    _VALUE: f"expected a valid value {_VALUES}",
    _COLON: "was expecting a colon to separate field name and value",
}
_PARSE = "com.fasterxml.jackson.core.JsonParseException"
_END = "com.fasterxml.jackson.core.io.JsonEOFException"
_EMPTY = "com.fasterxml.jackson.databind.exc.MismatchedInputException"


class _Constant(Exception):
    """The text has a number that JSON doesn't have."""


@dataclass(frozen=True)
class _Mistake:
    """Jackson's words for an error.

    Args:
        words: without the place.
        end: the number of characters that were read.
        kind: Jackson's exception.
    """

    words: str
    end: int
    kind: str = _PARSE


def loads(text: str, **options: Any) -> Any:
    """As json.loads, but NaN and Infinity are errors.

    Raises:
        json.JSONDecodeError: the text is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse, **options)
    except _Constant:
        place = next(match.start() for match in _TOKEN.finditer(text) if match[0][-1] in "Ny")
        raise json.JSONDecodeError(_CONSTANT, text, place) from None


def _refuse(_: str) -> None:
    raise _Constant


def reason_of(error: json.JSONDecodeError) -> str:
    """The words for an error, without its place: "Unrecognized token 'lamp': was expecting ..."."""
    mistake = _mistake(error)
    return mistake.words if mistake else str(error)


def place_of(error: json.JSONDecodeError) -> str:
    """The place of an error: '[Source: (String)"lamp"; line: 1, column: 5]'."""
    mistake = _mistake(error)
    return _source(error.doc, mistake.end if mistake else error.pos)


def words_of(error: json.JSONDecodeError) -> str:
    """The words for an error, with its place."""
    mistake = _mistake(error)
    return f"{mistake.words}\n at {_source(error.doc, mistake.end)}" if mistake else str(error)


def exception_of(error: json.JSONDecodeError) -> str:
    """The words for an error, with its place and the name of Jackson's exception before them."""
    mistake = _mistake(error)
    return f"{mistake.kind}: {words_of(error)}" if mistake else str(error)


def _mistake(error: json.JSONDecodeError) -> _Mistake | None:
    """An error as Jackson sees it; None if only Python's words are known."""
    text, place, message = error.doc, error.pos, error.msg
    if not text.strip():
        return _Mistake("No content to map due to end-of-input", -1, _EMPTY)
    if message.startswith("Illegal trailing comma"):  # Jackson sees the bracket
        place = len(text) - len(text[place + 1 :].lstrip())
        message = _NAME if message.endswith("object") else _VALUE
    if message.startswith("Unterminated") or place >= len(text):
        return _Mistake(_end_of_input(text, place, message), len(text), _END)
    sign = text[place]
    if message == _CONSTANT:
        name = _TOKEN.match(text, place)[0]  # type: ignore[index]
        words = f"{message} '{name}': enable JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS to allow"
        return _Mistake(words, place + len(name))
    if message == _VALUE and (word := _WORD.match(text, place)):
        return _Mistake(f"Unrecognized token '{word[0]}': was expecting {_VALUES}", word.end())
    if message.startswith("Invalid control character"):
        words = f"Illegal unquoted character ((CTRL-CHAR, code {ord(sign)})): has to be escaped using backslash to be "
        return _Mistake(f"{words}included in string value", place + 1)
    if message == "Expecting ',' delimiter":
        expected = f"was expecting comma to separate {_around(text[:place])[0]} entries"
    elif message in _EXPECTED:
        expected = _EXPECTED[message]
    else:
        return None
    return _Mistake(f"Unexpected character ('{sign}' (code {ord(sign)})): {expected}", place + 1)


def _end_of_input(text: str, place: int, message: str) -> str:
    kind, start = _around(text[:place])
    before = text[:place].rstrip()[-1:]
    if message.startswith("Unterminated"):
        is_name = before == "{" or (before == "," and kind == "Object")
        return f"Unexpected end-of-input{' in field name' if is_name else _UNCLOSED}"
    if message == _COLON or before in (",", ":"):
        return f"Unexpected end-of-input within/between {kind} entries"
    return f"Unexpected end-of-input: expected close marker for {kind} (start marker at {_source(text, start)})"


def _around(text: str) -> tuple[str, int]:
    """The kind and the beginning of the object or array that the end of a text is in."""
    brackets: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            brackets.append((token[0], token.start()))
        elif token[0] in ("}", "]"):
            del brackets[-1:]
    bracket, start = brackets[-1] if brackets else ("{", 0)
    return "Object" if bracket == "{" else "Array", start


def _source(text: str, end: int) -> str:
    """The text and the place behind some of its characters. Args: end: their number."""
    line, column = text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)
    left = len(text) - _MOST_SHOWN
    excerpt = f'"{text}"' if left <= 0 else f'"{text[:_MOST_SHOWN]}"[truncated {left} chars]'
    return f"[Source: (String){excerpt}; line: {line}, column: {column}]"

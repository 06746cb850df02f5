"""Descriptions of texts that are not JSON, in the words of Jackson, AWS's parser. No moto.

Only the commonest mistakes are told in Jackson's words, as public reports show them; the others in Python's.
"""

from __future__ import annotations

import re

_PACKAGE = "com.fasterxml.jackson"
_WORD = re.compile(r"\s*([A-Za-z_$][\w$]*)", re.ASCII)
_FIELD = re.compile(r"\s*\{\s*([^\"\s}])")
_MOST_SHOWN = 500  # characters of the text
_KNOWN = ("null", "true", "false")
_NUMBERS = ("NaN", "Infinity")


def told(text: str, error: ValueError) -> str:
    """The description of an error. Args: text: which is not JSON; error: of Python's parser."""
    if not text.strip():
        what = f"{_PACKAGE}.databind.exc.MismatchedInputException: No content to map due to end-of-input"
        return _at(what, text, 0)
    if (word := _WORD.match(text)) and word[1] in _NUMBERS:
        what = f"Non-standard token '{word[1]}': enable JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS to allow"
        return _at(f"{_PACKAGE}.core.JsonParseException: {what}", text, word.end() + 1)
    if word and word[1] not in _KNOWN:
        expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        what = f"Unrecognized token '{word[1]}': {expected}"
        return _at(f"{_PACKAGE}.core.JsonParseException: {what}", text, word.end() + 1)
    if found := _FIELD.match(text):
        sign = found[1]
        what = f"Unexpected character ('{sign}' (code {ord(sign)})): was expecting double-quote to start field name"
        return _at(f"{_PACKAGE}.core.JsonParseException: {what}", text, found.end() + 1)
    return str(error)


def _at(what: str, text: str, column: int) -> str:
    """With the place. Args: column: counted from the text's beginning; line ends before it start a new line."""
    before = text[: max(column - 1, 0)]
    line, start = before.count("\n") + 1, before.rfind("\n") + 1
    left = len(text) - _MOST_SHOWN
    shown = f'"{text}"' if left <= 0 else f'"{text[:_MOST_SHOWN]}"[truncated {left} chars]'
    return f"{what}\n at [Source: (String){shown}; line: {line}, column: {column - start}]"

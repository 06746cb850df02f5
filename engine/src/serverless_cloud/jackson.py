"""Errors of JSON in the words of Jackson, the parser that AWS uses. No moto, no I/O.

Python's parser finds the same errors and words them differently. Errors that are not here keep Python's words.
"""

from __future__ import annotations

import json
import re

_MOST_SHOWN = 500  # characters of the text in an error
_WORD = re.compile(r"\w+")
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
#: The end of Jackson's words, by Python's words for the error.
_EXPECTED = {
    "Expecting value": f"expected a valid value {_VALUES}",
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate Object entries",
}


def unrecognized(token: str) -> str:
    """The words for a token that is not a value of JSON."""
    return f"Unrecognized token '{token}': was expecting {_VALUES}"


def unexpected(character: str, expected: str) -> str:
    """The words for a character that can't be at its place. Args: expected: "was expecting ..."."""
    return f"Unexpected character ('{character}' (code {ord(character)})): {expected}"


def reason(error: json.JSONDecodeError) -> tuple[str, int] | None:
    """The words for an error, and where in the text Jackson stops reading; None if they are not known."""
    text, place = error.doc, error.pos
    if error.msg not in _EXPECTED or place >= len(text):
        return None
    if error.msg == "Expecting value" and (word := _WORD.match(text, place)):
        return unrecognized(word[0]), word.end()
    return unexpected(text[place], _EXPECTED[error.msg]), place + 1


def with_place(words: str, text: str, column: int) -> str:
    """The words for an error, with the text and the place in it.

    Args:
        column: of the whole text, as if it had one line. The lines before it are subtracted.
    """
    before = text[: max(column - 1, 0)]
    line, start = before.count("\n") + 1, before.rfind("\n") + 1
    left = len(text) - _MOST_SHOWN
    shown = f'"{text}"' if left <= 0 else f'"{text[:_MOST_SHOWN]}"[truncated {left} chars]'
    return f"{words}\n at [Source: (String){shown}; line: {line}, column: {column - start}]"

"""Errors of JSON in the words of the parser that AWS uses, with their place. No moto, no I/O.

Python's parser finds the same errors and words them differently. Errors that are not here keep Python's words.
"""

from __future__ import annotations

import json
import re

_MOST_SHOWN = 500  # characters of the text in an error
_WORD = re.compile(r"\w+")
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
#: The end of an error by Python's words for it.
_EXPECTED = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting value": f"expected a valid value {_VALUES}",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
}


def words_of(error: json.JSONDecodeError) -> str:
    """The words for an error: "Unrecognized token 'lamp': was expecting ... at [Source: ...; line: 1, column: 5]"."""
    text, place = error.doc, error.pos
    expected = _EXPECTED.get(error.msg)
    if expected is None or place >= len(text):
        return str(error)
    word = _WORD.match(text, place) if error.msg == "Expecting value" else None
    if word:
        said, end = f"Unrecognized token '{word.group()}': was expecting {_VALUES}", word.end()
    else:
        said, end = f"Unexpected character ('{text[place]}' (code {ord(text[place])})): {expected}", place + 1
    line, column = text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)
    shown = text if len(text) <= _MOST_SHOWN else f'{text[:_MOST_SHOWN]}"[truncated {len(text) - _MOST_SHOWN} chars]'
    quote = '"' if len(text) <= _MOST_SHOWN else ""
    return f'{said}\n at [Source: (String)"{shown}{quote}; line: {line}, column: {column}]'

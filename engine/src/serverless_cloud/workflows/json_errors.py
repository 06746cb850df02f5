"""Descriptions of texts that are not JSON, in the words of Jackson, AWS's parser. No moto.

Only the most common mistakes are in Jackson's words, as public reports show them. The others are in Python's.
"""

from __future__ import annotations

import re

from serverless_cloud.jackson import unexpected, unrecognized, with_place

_PACKAGE = "com.fasterxml.jackson"
_WORD = re.compile(r"\s*([A-Za-z_$][\w$]*)", re.ASCII)
_FIELD = re.compile(r"\s*\{\s*([^\"\s}])")
_KNOWN = ("null", "true", "false")
_NUMBERS = ("NaN", "Infinity")


def told(text: str, error: Exception) -> str:
    """The description of an error. Args: text: which is not JSON; error: of Python's parser."""
    if not text.strip():
        what = f"{_PACKAGE}.databind.exc.MismatchedInputException: No content to map due to end-of-input"
        return with_place(what, text, 0)
    if (word := _WORD.match(text)) and word[1] in _NUMBERS:
        what = f"Non-standard token '{word[1]}': enable JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS to allow"
        return with_place(f"{_PACKAGE}.core.JsonParseException: {what}", text, word.end() + 1)
    if word and word[1] not in _KNOWN:
        what = f"{_PACKAGE}.core.JsonParseException: {unrecognized(word[1])}"
        return with_place(what, text, word.end() + 1)
    if found := _FIELD.match(text):
        what = unexpected(found[1], "was expecting double-quote to start field name")
        return with_place(f"{_PACKAGE}.core.JsonParseException: {what}", text, found.end() + 1)
    return str(error)

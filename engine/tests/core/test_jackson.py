"""Errors of JSON in Jackson's words, without a cloud."""

from __future__ import annotations

import json

import pytest

from serverless_cloud.core import jackson

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
PARSE = "com.fasterxml.jackson.core.JsonParseException"
END = "com.fasterxml.jackson.core.io.JsonEOFException"
NONE = "Unexpected end-of-input"
#: Text, words, and the place behind the mistake.
MISTAKES: list[tuple[str, str, str]] = [
    ("env:dev", f"Unrecognized token 'env': was expecting {VALUES}", "line: 1, column: 4"),
    ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
     "line: 1, column: 3"),
    ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
     "line: 1, column: 7"),
    ('{"a": }', f"Unexpected character ('}}' (code 125)): expected a valid value {VALUES}", "line: 1, column: 8"),
    ('{"a": 1 "b"}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
     "line: 1, column: 10"),
    ('{"a":\n[1 2]}', "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
     "line: 2, column: 5"),
    ("[1, ]", f"Unexpected character (']' (code 93)): expected a valid value {VALUES}", "line: 1, column: 6"),
    ('{"a": 1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
     "line: 1, column: 10"),
    ('["NaN", NaN]', "Non-standard token 'NaN': enable JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS to allow",
     "line: 1, column: 12"),
    ('["\t"]', "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash to be included in "
     "string value", "line: 1, column: 4"),
]  # fmt: skip
ENDS: list[tuple[str, str]] = [
    ("{", f'{NONE}: expected close marker for Object (start marker at [Source: (String)"{{"; line: 1, column: 1])'),
    ("[1", f'{NONE}: expected close marker for Array (start marker at [Source: (String)"[1"; line: 1, column: 1])'),
    ("[1,", f"{NONE} within/between Array entries"),
    ('{"a"', f"{NONE} within/between Object entries"),
    ('{"a":', f"{NONE} within/between Object entries"),
    ('"lamp', f"{NONE}: was expecting closing quote for a string value"),
    ('{"lamp', f"{NONE} in field name"),
]


def _error(text: str) -> json.JSONDecodeError:
    with pytest.raises(json.JSONDecodeError) as caught:
        jackson.loads(text)
    return caught.value


@pytest.mark.parametrize(("text", "words", "place"), MISTAKES)
def test_a_mistake_has_words_and_a_place(text: str, words: str, place: str) -> None:
    error, source = _error(text), f'[Source: (String)"{text}"; {place}]'
    assert (jackson.reason_of(error), jackson.place_of(error)) == (words, source)
    assert jackson.exception_of(error) == f"{PARSE}: {words}\n at {source}"


@pytest.mark.parametrize(("text", "words"), ENDS)
def test_a_text_that_ends_too_soon(text: str, words: str) -> None:
    place = f'[Source: (String)"{text}"; line: 1, column: {len(text) + 1}]'
    assert jackson.exception_of(_error(text)) == f"{END}: {words}\n at {place}"


def test_a_long_text_is_cut() -> None:
    text = f'["{"a" * 600}" 1]'
    assert jackson.place_of(_error(text)) == (
        f'[Source: (String)"{text[:500]}"[truncated {len(text) - 500} chars]; line: 1, column: 606]'
    )


def test_other_mistakes_keep_pythons_words() -> None:
    error = _error("{} {}")
    assert jackson.words_of(error) == str(error)

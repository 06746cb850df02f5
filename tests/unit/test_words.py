from __future__ import annotations

import pytest

from serverless_first.course.words import count, listed


@pytest.mark.parametrize(
    ("number", "nouns", "words"),
    [
        (0, ("order",), "0 orders"),
        (1, ("order",), "1 order"),
        (2000, ("order",), "2,000 orders"),
        (1, ("query", "queries"), "1 query"),
        (3, ("query", "queries"), "3 queries"),
    ],
)
def test_a_number_of_things(number: int, nouns: tuple[str, ...], words: str) -> None:
    assert count(number, *nouns) == words


@pytest.mark.parametrize(
    ("items", "words"),
    [([], ""), (["lamps"], "lamps"), (["lamps", "bulbs"], "lamps and bulbs"), (["a", "b", "c"], "a, b and c")],
)
def test_items_as_in_a_sentence(items: list[str], words: str) -> None:
    assert listed(items) == words

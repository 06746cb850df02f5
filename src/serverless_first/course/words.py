"""Words that several parts of the course put together."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, one: str, many: str = "") -> str:
    """A number of things, in words: "1 order", "2,000 orders", "3 queries".

    Args:
        number: how many.
        one: what one of them is called.
        many: what more of them are called, where it is not `one` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """The items as in a sentence: "a, b and c"; "" for none."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""

"""Wildcards of event patterns that are too complex, which EventBridge refuses. No moto, no I/O.

EventBridge reads a value one character at a time and remembers each place in each wildcard where it may be, as Event
Ruler does. The complexity is the largest number of places that any value can lead to. Each asterisk that has been
passed is a place for the rest of the value, and a text after an asterisk is one while the value may be inside it. So
asterisks add up, and the same text after several asterisks counts several times. Rules: Amazon EventBridge User Guide,
"Event pattern complexity when using wildcards", which states no limit.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

#: Derived from a public report: three wildcards like *:stack/shop/* make 9 places and are accepted, four make 12 and
#: are refused.
LIMIT = 10
_MOST_STATES = 500  # that are examined, the most complex ones first
_STAR, _END, _OTHER = "*", "end", "other"

#: A place: the number of the wildcard, the number of its tokens that were read, whether the last one is an asterisk.
_Place = tuple[int, int, bool]


def is_too_complex(wildcards: Iterable[Sequence[str]]) -> bool:
    """Whether EventBridge refuses the wildcards for one field.

    Args:
        wildcards: the texts between the asterisks of each wildcard.
    """
    tokens = [_tokens(parts) for parts in wildcards]
    characters = {token for wildcard in tokens for token in wildcard if token != _STAR} | {_OTHER}
    start = frozenset((number, 0, False) for number in range(len(tokens)))
    seen, waiting = {start}, [(0, 0, start)]
    while waiting and len(seen) < _MOST_STATES:
        _, _, places = heapq.heappop(waiting)
        for character in characters:
            reached = frozenset(_read(places, character, tokens))
            if reached in seen:
                continue
            size = _size(reached, tokens)
            if size >= LIMIT:
                return True
            seen.add(reached)
            heapq.heappush(waiting, (-size, len(seen), reached))
    return False


def _tokens(parts: Sequence[str]) -> list[str]:
    """Characters and asterisks."""
    first, *others = parts
    return [*first, *(token for part in others for token in (_STAR, *part)), _END]


def _read(places: Iterable[_Place], character: str, tokens: list[list[str]]) -> Iterable[_Place]:
    for number, read, in_star in places:
        mine = tokens[number]
        if in_star:
            yield number, read, True
        elif read < len(mine) and mine[read] == _STAR:
            read += 1
            yield number, read, True
        if read < len(mine) and mine[read] == character:
            yield number, read + 1, False


def _size(places: Iterable[_Place], tokens: list[list[str]]) -> int:
    """The number of places behind an asterisk, and of asterisks that may begin here."""
    counted = {place for place in places if _STAR in tokens[place[0]][: place[1]]}
    for number, read, in_star in places:
        if not in_star and read < len(tokens[number]) and tokens[number][read] == _STAR:
            counted.add((number, read + 1, True))
    return len(counted)

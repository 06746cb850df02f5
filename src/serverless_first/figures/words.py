"""Figures in words: their alt text, written from their data, and titles whose numbers are in the data.

A figure function ends with

    return add_alt_text(figure, title, f"{connected} of {environments} environments hold a connection.", numbers=[...])

`figures.show` then needs no alt text from the author.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from weakref import WeakKeyDictionary

from matplotlib.figure import Figure

#: Around a number that differs from run to run, so that tests compare the words without it.
_BEGIN, _END = "\ue000", "\ue001"
_MEASURED = re.compile(f"{_BEGIN}(.*?){_END}")
_NUMBER = re.compile(
    r"(?<![\w.$-])(\d[\d,]*(?:\.\d+)?)(?: ?(%|percent|thousand|million|billion)(?!\w))?(?![\w]|[.-]\w)"
)
_TIMES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}

_words: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


class WrongTitle(ValueError):
    """The title states what the figure's data don't show."""


def add_alt_text(
    figure: Figure,
    title: str,
    *sentences: str,
    numbers: Iterable[float] = (),
    shares: Iterable[float] = (),
    claims: Mapping[str, bool] | None = None,
    varies: bool = False,
) -> Figure:
    """Gives a figure its alt text, and checks its title against the data.

    Args:
        figure: as it will be shown.
        title: the finding, as a sentence. It comes first in the alt text. "" if a slide's heading says it.
        sentences: what a reader who can't see the figure needs to know, whole sentences; empty ones are left out. Put
            what differs from run to run into `measured`.
        numbers: every number of the data that a title may state, such as counts. A title with other numbers is refused.
        shares: from 0 to 1, what a title may state in percent.
        claims: words that a title may have -> whether the data show what they say.
        varies: the numbers in the title differ from run to run.

    Returns:
        the figure.

    Raises:
        WrongTitle: the title states a number that is neither in `numbers` nor in `shares`, or a claim that isn't true.
    """
    check_title(title, numbers, shares)
    for word, holds in (claims or {}).items():
        if not holds and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", title, re.IGNORECASE):
            raise WrongTitle(f"The title says {word!r}, but the data don't show it. Correct the title: {title}")
    closed = title if not title or title.endswith((".", "?")) else f"{title}."
    closed = _NUMBER.sub(lambda number: measured(number[0]), closed) if varies else closed
    _words[figure] = " ".join(filter(None, [closed, *sentences]))
    return figure


def check_title(title: str, numbers: Iterable[float], shares: Iterable[float] = ()) -> None:
    """Compares the numbers of a title with the data, as far as the title rounds them.

    Names such as db.t4g.small and prices aren't numbers of the data and are left alone.

    Raises:
        WrongTitle: with the number and what the data have.
    """
    known, percents = list(numbers), [share * 100 for share in shares]
    for match in _NUMBER.finditer(title):
        digits, unit = match[1].replace(",", ""), match[2] or ""
        scale = _TIMES.get(unit, 1.0)
        rounding = 0.5 * 10.0 ** -len(digits.partition(".")[2]) * 1.0001
        have = percents if unit in ("%", "percent") else [number / scale for number in known]
        if not any(abs(float(digits) - number) <= rounding for number in have):
            listing = ", ".join(f"{number:g}" for number in dict.fromkeys(have)) or "no such numbers"
            raise WrongTitle(
                f"The title says {match[0]!r}, but the data don't: they have {listing}. Take the number from the data, "
                f"as in an f-string, or state the finding without it. Title: {title}"
            )


def numbers_in(texts: Iterable[str]) -> list[float]:
    """The numbers in names of the data, such as the 2 of "version 2", which a title may repeat."""
    return [float(match[1].replace(",", "")) for text in texts for match in _NUMBER.finditer(text)]


def measured(text: str) -> str:
    """A number with its unit that differs from run to run, as in `measured("5.4 ms")`, for the alt text."""
    return f"{_BEGIN}{text}{_END}"


def alt_text(figure: Figure) -> str:
    """The words that a figure function wrote for its figure; "" if it wrote none."""
    return _MEASURED.sub(r"\1", _words.get(figure, ""))


def marked_words(figure: Figure) -> str:
    """`alt_text` with each measured number between marks; `without_measured` and `as_html` read them."""
    return _words.get(figure, "")


def without_measured(words: str) -> str:
    """The words with an ellipsis for each measured number: the same text in each run."""
    return _MEASURED.sub("…", words)


def as_html(escaped_words: str) -> str:
    """The words with each measured number in a `<span class="measured">`, which tests leave out when they compare."""
    return _MEASURED.sub(r'<span class="measured">\1</span>', escaped_words)

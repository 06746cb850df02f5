"""Two ways compared: a bar and its number for each measure and each way."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle

from serverless_first import figures

NAMES = ("polls", "waits")


def test_each_measure_has_both_bars_and_their_numbers() -> None:
    figure = figures.two_ways({"transitions": (63, 2), "cost, in cents": (0.163, 0.005)}, names=NAMES, title="Two")
    first, second, empty = figure.axes
    assert [bar.get_width() for bar in first.patches if isinstance(bar, Rectangle)] == [63, 2]
    assert [text.get_text() for text in first.texts] == ["63", "2"]
    assert [text.get_text() for text in second.texts] == ["0.16", "0.005"]
    assert [label.get_text() for label in first.get_yticklabels()] == list(NAMES)
    assert (first.get_title(loc="left"), empty.axison) == ("transitions", False)


def test_nothing_at_all_is_still_a_bar_of_no_length() -> None:
    figure = figures.two_ways({"functions": (0, 0)}, names=NAMES, title="None")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "0"]


@pytest.mark.parametrize(
    ("measures", "names", "words"),
    [
        ({}, NAMES, "nothing to compare"),
        ({"transitions": (1, 2, 3)}, NAMES, "one number for each"),
        ({"transitions": (1, -2)}, NAMES, "none below 0"),
        ({"transitions": (1, 2)}, ("polls",), "two ways"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    measures: dict[str, tuple[float, ...]], names: tuple[str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        figures.two_ways(measures, names=names, title="No")

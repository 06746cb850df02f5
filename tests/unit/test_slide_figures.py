"""Figures that place their own parts leave room for large letters on a slide."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from tests.unit.figure_reading import check_apart, texts

from serverless_first import facts, figures
from serverless_first.figures import Between, Step
from serverless_first.figures.style import ON_SLIDE

#: The room for a figure on a slide of 1280 by 720 pixels, below a title of one line.
ROOM_PX = (1164, 581)
THEMES = ("limits", "networking", "packaging", "operations")
STEPS = [
    Step("Lambda", "a limit you can name (time, memory, protocol, hardware) or a steady load with a number",
         [Between("Web Functions", "a web server in Node.js, not Python"), Between("MicroVMs", "an hours-long session"),
          Between("Lambda Managed Instances", "functions on EC2: steady load, longer runs, GPUs")]),
    Step("Fargate", "a GPU, a daemon, your own machine image", [Between("ECS Managed Instances", "any EC2")]),
    Step("EC2"),
]  # fmt: skip
FIGURES: dict[str, Callable[[], Figure]] = {
    "decision path": lambda: figures.decision_path(STEPS, title=""),
    "history": lambda: figures.history([one for one in facts.releases() if one.theme in THEMES], title=""),
    "life cycle": lambda: figures.lifecycle(title=""),
    "seats": lambda: figures.seats(environments=60, connected=17, title=""),
    "seats with a proxy": lambda: figures.seats(environments=60, connected=60, proxy=10, title=""),
    "spectrum now": lambda: figures.spectrum(title=""),
    "spectrum of the deck": lambda: figures.spectrum(title="", when="then"),
    "two VPCs": lambda: figures.two_vpcs(model="hyperplane", environments=30, interfaces=1, title=""),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_last_row_can_read_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(ON_SLIDE, "1")
    monkeypatch.setattr(figures.style, "display", lambda *_data, **_options: None)
    figure = FIGURES[name]()
    figures.show(figure)
    inch_px = min(room / length for room, length in zip(ROOM_PX, figure.get_size_inches(), strict=True))
    sizes_px = {text.get_text(): float(text.get_fontsize()) * inch_px / 72 for text in texts(figure)}
    assert {words: px for words, px in sizes_px.items() if px < 20} == {}
    figure.set_dpi(2 * figure.get_dpi())  # as in the picture, because the widths of letters depend on it
    check_apart(figure, "")

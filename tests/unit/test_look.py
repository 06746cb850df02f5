"""The colors of the course in both themes: text can be read, and readers who are color-blind tell things apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from tests.unit.color_sight import SIGHT, contrast, distance, filtered

from serverless_first.course import jupyter, look
from serverless_first.figures import style

COURSE = Path(jupyter.__file__).parents[1]
THEMES = ("light", "dark")
TEXT = [
    *itertools.product(("ink", "muted", "pass", "fail", "note", "fold", "right", "wrong"), ("paper",)),
    *itertools.product(("ink",), ("raised", "pass_paper", "fail_paper", "note_paper")),
    *itertools.product(("muted",), ("raised", "pass_paper", "fail_paper", "note_paper")),
    *((name, f"{name}_paper") for name in ("pass", "fail", "note")),
    *itertools.product(("paper",), ("pass", "fail", "note", "right", "wrong")),
    *itertools.product(("on_band",), ("band",)),
]
BORDERS = [*itertools.product(("rule", "line"), ("paper", "raised", "pass_paper", "fail_paper", "note_paper"))]

PALETTE = {
    name: getattr(style, name) for name in ["BLUE", "ORANGE", "GREEN", "VERMILION", "SKY", "PURPLE", "YELLOW", "GREY"]
}
WHITE, BLACK = "#ffffff", "#000000"


def dark(color: str) -> str:
    """What a figure's color becomes in a dark theme."""
    return filtered(color, look.DARK_FIGURE)


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_borders_have_enough_contrast(theme: str) -> None:
    def ratio(one: str, two: str) -> float:
        return round(contrast(*(getattr(look.COLORS[name], theme) for name in (one, two))), 1)

    assert {pair: ratio(*pair) for pair in TEXT if ratio(*pair) < 4.5} == {}
    assert {pair: ratio(*pair) for pair in BORDERS if ratio(*pair) < 3} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_passed_failed_and_note_differ_for_every_sight(theme: str) -> None:
    kinds = {name: getattr(look.COLORS[name], theme) for name in ("pass", "fail", "note")}
    pairs = itertools.product(itertools.combinations(kinds, 2), SIGHT)
    apart = {(*pair, sight): distance(kinds[pair[0]], kinds[pair[1]], sight) for pair, sight in pairs}
    assert {pair: round(far) for pair, far in apart.items() if far < 10} == {}


def test_a_dark_figure_is_at_least_as_clear_as_the_light_one() -> None:
    assert dark(WHITE) in ("#0d0d0d", "#0c0c0c")  # as dark as JupyterLab's page
    assert contrast(dark(BLACK), dark(WHITE)) > 15
    for name, color in PALETTE.items():
        assert contrast(dark(color), dark(WHITE)) >= min(3.0, contrast(color, WHITE)), name


def test_words_on_the_fills_that_carry_black_words_can_be_read_in_a_dark_theme() -> None:
    ratios = {name: contrast(dark(PALETTE[name]), dark(BLACK)) for name in ("ORANGE", "SKY", "YELLOW")}
    assert {name: round(ratio, 2) for name, ratio in ratios.items() if ratio < 4.5} == {}
    assert contrast(dark(style.BLUE), dark(WHITE)) > 4.5  # white words


@pytest.mark.parametrize("sight", SIGHT)
def test_the_colors_of_a_figure_stay_apart_in_a_dark_theme(sight: str) -> None:
    closer = {}
    for one, two in itertools.combinations({**PALETTE, "black": BLACK}.items(), 2):
        light_far = distance(one[1], two[1], sight)
        dark_far = distance(dark(one[1]), dark(two[1]), sight)
        if dark_far < 0.8 * min(light_far, 20):
            closer[one[0], two[0]] = (round(light_far), round(dark_far))
    assert closer == {}


def test_a_color_has_a_fallback_for_pages_that_know_no_theme() -> None:
    assert look.color("pass_paper") == "var(--course-pass-paper, #e3f4ec)"
    with pytest.raises(ValueError, match=r"no color 'green'.*pass"):
        look.color("green")


@pytest.mark.parametrize("css", [look.jupyterlab_css(), look.site_css()])
def test_a_style_sheet_has_every_color_for_each_theme(css: str) -> None:
    known = {name.replace("_", "-") for name in look.COLORS} | {"figure-filter"}
    for block in re.findall(r"\{\n(  --[^}]+)\}", css):
        assert set(re.findall(r"--course-([\w-]+):", block)) == known
    assert css.count("{") == css.count("}")


def test_every_color_that_a_page_names_exists() -> None:
    named = {
        name: file.name
        for file in COURSE.rglob("*.css")
        for name in re.findall(r"var\(--course-([\w-]+)", file.read_text(encoding="utf-8"))
    }
    known = {name.replace("_", "-") for name in look.COLORS} | {"figure-filter"}
    assert {name: file for name, file in named.items() if name not in known} == {}


def test_slides_keep_the_light_look() -> None:
    for file in (COURSE / "authoring" / "templates" / "deck").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "--course-" not in text, file.name
        assert "prefers-color-scheme" not in text, file.name

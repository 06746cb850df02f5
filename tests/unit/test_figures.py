"""Figures: what they show, in pictures and in words."""

from __future__ import annotations

import base64
import io
import itertools
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.unit.figure_reading import texts

from serverless_cloud import Interval
from serverless_first import figures
from serverless_first.figures import style
from serverless_first.figures.style import LEAST_PT, ON_SLIDE, SLIDE_IN, on_slide

LIFE = [
    Interval("a", 11, "init", 0.0, 0.1),
    Interval("a", 11, "invoke", 0.1, 0.4),
    Interval("a", 11, "frozen", 0.4, 2.0),
    Interval("b", 12, "init", 0.5, 0.6),
    Interval("b", 12, "invoke", 0.6, 2.0),
]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """What `figures.show` gives to the notebook: data and options of each output."""
    outputs: list[tuple[dict[str, str], dict[str, Any]]] = []
    monkeypatch.setattr(style, "display", lambda data, **options: outputs.append((data, options)))
    return outputs


def test_a_figure_is_shown_as_a_picture_with_alt_text_and_in_words(shown: list[Any]) -> None:
    figures.show(figures.timeline(LIFE, title="Two at once need two"), alt="Two bars  <overlap>.")
    (picture, options), (words, _) = shown
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"] == {"image/png": {"alt": "Two bars <overlap>."}}
    assert "Two bars &lt;overlap&gt;." in words["text/html"]
    assert words["text/plain"] == "Two bars <overlap>."


def test_two_dollar_signs_in_the_words_are_no_formula(shown: list[Any]) -> None:
    figures.show(figures.timeline(LIFE, title="t"), alt="$5 against $2")
    figures.show(figures.timeline(LIFE, title="t"), alt="two cents")
    assert "mathjax_ignore" in shown[1][0]["text/html"]
    assert "mathjax_ignore" not in shown[3][0]["text/html"]


def test_the_same_figure_is_the_same_bytes(shown: list[Any]) -> None:
    for _ in range(2):
        figures.show(figures.timeline(LIFE, title="t"), alt="a")
    assert shown[0][0] == shown[2][0]


def test_a_picture_has_a_palette_of_at_most_256_colours_and_looks_the_same(shown: list[Any]) -> None:
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    axes.imshow([[x * y for x in range(40)] for y in range(30)], interpolation="bilinear")  # thousands of colours
    axes.set_title("Ähnlich", color="#0072B2")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    figures.show(figure, alt="a field")
    stored = base64.b64decode(shown[0][0]["image/png"])
    with Image.open(drawn) as full, Image.open(io.BytesIO(stored)) as few:
        assert full.convert("RGB").getcolors(256) is None
        assert few.mode == "P"
        assert len(few.getcolors(256) or []) in range(2, 257)
        moved = np.abs(np.asarray(full.convert("RGB"), int) - np.asarray(few.convert("RGB"), int))
    assert moved.max() <= 24  # of 255
    assert moved.mean() < 2
    assert len(stored) < len(drawn.getvalue()) / 2


def test_a_figure_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="alt text"):
        figures.show(Figure(), alt=" ")


def test_the_time_line_has_a_row_for_each_environment_and_a_bar_for_each_phase() -> None:
    figure = figures.timeline(LIFE, title="Two at once need two environments")
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "Two at once need two environments"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["environment 1", "environment 2"]
    assert "seconds" in axes.get_xlabel()
    corners = [np.asarray(path.vertices)[:, 0] for bars in axes.collections for path in bars.get_paths()]
    drawn = sorted((round(float(x.min()), 3), round(float(x.max()), 3)) for x in corners)
    assert drawn == sorted((i.start_s, i.end_s) for i in LIFE)


def crowd(count: int) -> list[Interval]:
    return [
        Interval(f"e{n}", n, phase, n * 0.01 + start, n * 0.01 + end)
        for n in range(count)
        for phase, start, end in (("init", 0.0, 0.1), ("invoke", 0.1, 0.5), ("frozen", 0.5, 2.0))
    ]


@pytest.mark.parametrize("count", [10, 13, 30, 50, 200])
def test_many_environments_stay_readable(count: int) -> None:
    figure = figures.timeline(crowd(count), title="Each call at the same time needs its own environment")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert figure.get_size_inches()[1] < 8
    assert sum(len(bars.get_paths()) for bars in axes.collections) == 3 * count
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert 2 < len(boxes) <= 12
    assert all(upper.y0 >= lower.y1 for upper, lower in itertools.pairwise(boxes))


def test_many_environments_are_numbered() -> None:
    (axes,) = figures.timeline(crowd(20), title="t").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "5", "10", "15", "20"]
    assert axes.get_ylabel() == "execution environment"


def test_phases_differ_in_grey_print_too() -> None:
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    looks = [(grey(colour), hatch) for colour, hatch, _ in figures.environments.PHASES.values()]
    for n, (shade, hatch) in enumerate(looks):
        for other_shade, other_hatch in looks[n + 1 :]:
            assert abs(shade - other_shade) > 60 or hatch != other_hatch


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="Invoke it first"):
        figures.timeline([], title="t")


def after_a_break(length_s: float) -> list[Interval]:
    """An environment that serves a call, is frozen for a while, serves another call, and is frozen for as long."""
    second_s = 0.4 + length_s
    return [
        *LIFE[:2],
        Interval("a", 11, "frozen", 0.4, second_s),
        Interval("a", 11, "invoke", second_s, second_s + 0.3),
        Interval("a", 11, "frozen", second_s + 0.3, second_s + 0.3 + length_s),
    ]


@pytest.mark.parametrize(("length_s", "words"), [(254.0, "// 4 min //"), (12.3, "// 12 s //")])
def test_calls_stay_visible_after_a_long_break(length_s: float, words: str) -> None:
    """A learner reads for minutes between two calls of 0.3 s."""
    (axes,) = figures.timeline(after_a_break(length_s), title="t", longest_pause_s=1.0).axes
    widths = {  # of each phase's bars
        phase: [path.get_extents().width for path in bars.get_paths()]
        for phase, bars in zip(("init", "invoke", "frozen"), axes.collections, strict=True)
    }
    assert widths == {
        "init": pytest.approx([0.1]),
        "invoke": pytest.approx([0.3, 0.3]),
        "frozen": pytest.approx([1.0, 1.0]),
    }
    assert [text.get_text() for text in axes.texts] == [words, words]
    second_s = 0.4 + length_s
    shown = [f"{time_s:.1f}" for time_s in (0, 0.4, second_s, second_s + 0.3, second_s + 0.3 + length_s)]
    assert [label.get_text() for label in axes.get_xticklabels()] == shown


def test_a_short_pause_is_not_cut() -> None:
    cut, whole = (figures.timeline(after_a_break(0.9), title="t", longest_pause_s=s).axes[0] for s in (1.0, None))
    assert not cut.texts
    assert [bars.get_paths()[-1].get_extents().x1 for bars in cut.collections] == [
        bars.get_paths()[-1].get_extents().x1 for bars in whole.collections
    ]


def test_a_pause_of_one_environment_is_not_cut_while_another_one_works() -> None:
    (axes,) = figures.timeline(LIFE, title="t", longest_pause_s=1.0).axes
    assert not axes.texts


def test_the_learner_s_own_settings_stay() -> None:
    before = dict(mpl.rcParams)
    figures.timeline(LIFE, title="t")
    assert dict(mpl.rcParams) == before


def test_a_figure_for_the_wall_has_larger_text_and_its_title_as_it_was(shown: list[Any]) -> None:
    figure = figures.timeline(LIFE, title="Two at once need two")
    [axes] = figure.axes
    sizes = [axes.title, axes.xaxis.label]
    before = [text.get_fontsize() for text in sizes]
    figures.show(figure, alt="Two bars", larger=1.25)
    assert [text.get_fontsize() for text in sizes] == [before[0], 1.25 * float(before[1])]
    assert len(shown) == 2


def test_a_slide_gives_a_figure_the_form_of_its_room_large_letters_and_more_pixels(
    shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ON_SLIDE, "1")
    figure = figures.timeline(LIFE, title="t")
    figure.axes[0].text(0, 0, "a small word", fontsize=6)
    figures.show(figure, alt="a")
    assert tuple(figure.get_size_inches()) == SLIDE_IN
    assert min(float(text.get_fontsize()) for text in texts(figure)) == LEAST_PT
    png = base64.b64decode(shown[-2][0]["image/png"])
    assert int.from_bytes(png[16:20], "big") == 2 * 110 * SLIDE_IN[0]  # the width in a PNG's head


@pytest.mark.parametrize(
    ("notebook", "expected"), [("slides/04-a.ipynb", True), ("notebooks/04-a.ipynb", False), ("", False)]
)
def test_a_notebook_in_the_folder_of_slides_draws_for_slides(
    monkeypatch: pytest.MonkeyPatch, notebook: str, expected: bool
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", notebook)
    assert on_slide() is expected

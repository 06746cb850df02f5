"""Every slide of every deck in headless Chromium: nothing overflows, all can be read, the speaker view works."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

pytest.importorskip("jupytext", reason="the slides need the extra `author`")
pytest.importorskip("sphinx_revealjs", reason="reveal.js comes with the extra `slides`")

from tests.unit.figure_reading import check_apart, texts

from serverless_first import course, figures
from serverless_first.authoring import deck, deck_page, nbio
from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.course.places import course_root
from serverless_first.figures import style

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

DECKS = [module.id for module in course.load().built if module.deck_slides]
MEASURES = (Path(__file__).parent / "deck_measures.js").read_text(encoding="utf-8")
READY = "() => window.Reveal && Reveal.isReady() && document.fonts.status === 'loaded'"
WIDE = {"width": 1280, "height": 720}
LEAST_LABEL_PX = 20  # on a slide 720 px high
#: The room of each picture, and the form of the picture itself, slide by slide.
ROOMS = """() => Reveal.getSlides().flatMap((slide, index) => {
  Reveal.slide(index);
  slide.querySelectorAll(".fragment").forEach((part) => part.classList.add("visible"));
  return [...slide.querySelectorAll("figure img")].map((picture) => {
    const room = picture.getBoundingClientRect();
    const form = picture.naturalWidth / picture.naturalHeight;
    return [slide.querySelector("h1, h2").textContent, room.width, room.height, form];
  });
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A browser without a network."""
    offline = browser.new_context(viewport=WIDE, offline=True)
    yield offline
    offline.close()


def page_of(module_id: str) -> str:
    loaded = course.load()
    text = (course_root() / "slides" / f"{module_id}.ipynb").read_text(encoding="utf-8")
    return deck_page.page(nbio.loads(text), loaded.deck_of(module_id), loaded)


def problems(context: Any, folder: Path, html: str, query: str = "") -> list[str]:
    """What is wrong with a deck, and what it asks of the network."""
    file = folder / "deck.html"
    file.write_text(html, encoding="utf-8")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri() + query)
    page.wait_for_function(READY)
    found = list(page.evaluate(MEASURES))
    page.close()
    return found + [f"asks for {url[:80]}" for url in asked if not url.startswith((file.as_uri(), "data:"))]


@pytest.mark.parametrize("module_id", DECKS)
def test_every_slide_fits_and_can_be_read(context: Any, tmp_path: Path, module_id: str) -> None:
    assert problems(context, tmp_path, page_of(module_id)) == []


def drawn_figures(module_id: str, monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that a deck's cells show, as the build draws them."""
    drawn: list[Figure] = []

    def show(figure: Figure, **options: Any) -> None:
        style.show(figure, **options)
        drawn.append(figure)

    monkeypatch.setenv(style.ON_SLIDE, "1")
    monkeypatch.setattr(style, "display", lambda *_data, **_options: None)
    monkeypatch.setattr(figures, "show", show)
    names: dict[str, Any] = {}
    for cell in nbio.loads((course_root() / "slides" / f"{module_id}.ipynb").read_text(encoding="utf-8")).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    return drawn


@pytest.mark.thorough
@pytest.mark.parametrize("module_id", DECKS)
def test_the_last_row_can_read_every_word_of_a_figure(
    context: Any, tmp_path: Path, module_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deck.html"
    file.write_text(page_of(module_id), encoding="utf-8")
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_function(READY)
    rooms = page.evaluate(ROOMS)
    page.close()
    drawn = drawn_figures(module_id, monkeypatch)
    small = []
    for (title, width_px, height_px, form), figure in zip(rooms, drawn, strict=True):
        width_in, height_in = figure.get_size_inches()
        assert form == pytest.approx(width_in / height_in, rel=0.01), f"{title}: run make build"
        inch_px = min(width_px / width_in, height_px / height_in)
        px = {text.get_text(): round(float(text.get_fontsize()) * inch_px / 72, 1) for text in texts(figure)}
        small += [f"{title}: {words!r} has {size} px" for words, size in px.items() if size < LEAST_LABEL_PX]
        figure.set_dpi(2 * figure.get_dpi())  # as in the picture, because the widths of letters depend on it
        check_apart(figure, "")
    assert not small


def test_high_contrast_changes_colours_and_nothing_else(context: Any, tmp_path: Path) -> None:
    assert problems(context, tmp_path, page_of("overview"), "?theme=contrast") == []


@pytest.mark.parametrize("module_id", DECKS)
def test_every_deck_keeps_its_minutes_and_every_slide_has_its_notes(module_id: str) -> None:
    module = course.load().deck_of(module_id)
    slides = deck.slides(nbio.loads((course_root() / "slides" / f"{module_id}.ipynb").read_text("utf-8")).cells)
    assert deck.minutes_problems(slides, module_id, module.slides_minutes) == []
    assert deck.notes_problems(slides, module_id) == []
    assert module.slides_minutes <= max(module.lesson_minutes + module.further_minutes, 30)


BODY = '<div class="text"><ul>'


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda html: html.replace(BODY, f"<p>{'lamps ' * 250}</p>{BODY}", 1), 'slide 2 .* overflows at "lamps'),
        (lambda html: html.replace(BODY, f"<p>{'lamps' * 40}</p>{BODY}", 1), 'slide 2 .* overflows at "lampslamps'),
        (lambda html: html.replace(BODY, f'<p style="font-size: 28px">lamps</p>{BODY}', 1), 'text of 28 px at "lamps'),
        (lambda html: html.replace("<h2>", f"<h2>{'long ' * 200}", 1), "slide 2 .* overflows"),
        (
            lambda html: html.replace(BODY, f'<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">{BODY}', 1),
            "alt text",
        ),
        (
            lambda html: html.replace(BODY, f'<img src="https://aws.example/a.png" alt="{"a lamp " * 5}">{BODY}', 1),
            "asks for",
        ),
        (
            lambda html: html.replace("font-size: 17px; line-height: 1.3", "font-size: 9px; line-height: 1.3", 1),
            "sources",
        ),
    ],
)
def test_a_slide_that_breaks_a_rule_is_found(
    context: Any, tmp_path: Path, spoil: Callable[[str], str], says: str
) -> None:
    html = page_of("00-start-here")
    spoilt = spoil(html)
    assert spoilt != html
    found = problems(context, tmp_path, spoilt)
    assert any(re.search(says, problem) for problem in found), found


def test_a_figure_that_has_no_room_is_found(context: Any, tmp_path: Path) -> None:
    html = page_of("11-choosing-compute")
    found = problems(context, tmp_path, html.replace("<figure>", f"<p>{'lamps ' * 60}</p><figure>", 1))
    assert any("a figure shrinks to" in problem for problem in found), found


def test_the_speaker_sees_the_notes_and_both_windows_turn_the_page_together(context: Any, tmp_path: Path) -> None:
    file = tmp_path / "光 deck.html"  # a folder and a name as people have them
    file.write_text(page_of("00-start-here"), encoding="utf-8")
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_function(READY)
    with context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    notes = speaker.locator(".speaker-controls-notes")
    notes.get_by_text("They think:").first.wait_for(timeout=20_000)
    first = notes.inner_text()
    speaker.locator(".pacing-title").get_by_text("Pacing").wait_for(timeout=20_000)  # ahead of the minutes, or behind
    page.keyboard.press("ArrowRight")
    speaker.wait_for_function(
        "first => !document.body.innerText.includes(first)", arg=first.strip()[-60:], timeout=20_000
    )
    assert "Say:" in notes.inner_text()


def test_the_colours_that_were_chosen_are_kept(context: Any, tmp_path: Path) -> None:
    file = tmp_path / "deck.html"
    file.write_text(page_of("00-start-here"), encoding="utf-8")
    page = context.new_page()

    def colours() -> Any:
        page.wait_for_function(READY)
        return page.evaluate(
            "[document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"
        )

    page.goto(file.as_uri())
    assert colours() == ["light", "rgb(255, 255, 255)"]
    page.keyboard.press("c")
    assert colours() == ["contrast", "rgb(0, 0, 0)"]
    page.reload()
    assert colours()[0] == "contrast"
    page.hover("body")
    page.get_by_role("button", name="light colours").click()
    assert colours()[0] == "light"
    page.goto(file.as_uri() + "?theme=contrast")
    assert colours()[0] == "contrast"

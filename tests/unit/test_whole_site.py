"""The whole reading copy, made once from the stored notebooks; then opened in Chromium from a file, without network."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

pytest.importorskip("sphinx", reason="the site needs the extra `site`")
pytest.importorskip("myst_parser", reason="the site needs the extra `site`")
pytest.importorskip("furo", reason="the site needs the extra `site`")

from PIL import Image
from tests.unit import axe

from serverless_first import course
from serverless_first.authoring import nbio
from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.facts import glossary
from serverless_first.publish.site import explorers, links, make_site

pytestmark = pytest.mark.thorough  # Sphinx takes longer than all of these tests

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [module.id for module in course.load(ROOT).ready_modules if module.lesson_minutes]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, in a folder with a space and Japanese letters in its name."""
    target = tmp_path_factory.mktemp("site") / "読む copy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
        make_site(target, report=lambda _: None)  # it fails where a link within the site leads nowhere
    return target


def stored(module_id: str) -> list[Any]:
    notebook = nbio.loads((ROOT / "notebooks" / f"{module_id}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def page(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


#: An explorer whose sliders move on the page: its pictures are not the notebook's.
_MOVES = re.compile(r'<div class="explorer moves".*?</em></p></div>', re.DOTALL)


@pytest.mark.parametrize("module_id", LESSONS)
def test_every_alt_text_of_a_lesson_stands_on_its_page_in_the_same_order(site: Path, module_id: str) -> None:
    alts = [
        output.metadata["image/png"]["alt"]
        for cell in stored(module_id)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert links.Page(_MOVES.sub("", page(site, module_id))).alts == alts


@pytest.mark.parametrize("module_id", LESSONS)
def test_every_prediction_is_asked_and_what_happened_is_folded(site: Path, module_id: str) -> None:
    asked = sum(len(re.findall(r"\blab\.predict\(", cell.source)) for cell in stored(module_id))
    html = page(site, module_id)
    assert html.count('class="prediction"') == asked
    assert html.count('<details class="happened">') >= asked
    folded = "".join(re.findall(r'<details class="happened">.*?<h\d|<details class="happened">.*', html, re.DOTALL))
    assert folded.count('class="outcome"') == html.count('class="outcome"') >= asked


def test_the_site_is_small(site: Path) -> None:
    sizes = {path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()}
    assert {name: size for name, size in sizes.items() if name.endswith(".png") and size > MEGABYTE / 10} == {}
    assert sum(sizes.values()) < 10 * MEGABYTE


def test_links_to_other_sites_are_listed(site: Path) -> None:
    listed = (site / "external-links.txt").read_text(encoding="utf-8").splitlines()
    assert len(listed) > 100
    assert any(line.startswith("https://github.com/getmoto/moto") and "fidelity.html" in line for line in listed)


def test_the_glossary_leads_to_the_lessons_and_they_lead_to_it(site: Path) -> None:
    for term in glossary.load(ROOT).terms:
        assert f'id="{term.anchor}"' in page(site, "glossary")
        (first,) = [module_id for module_id in LESSONS if module_id.startswith(term.first)]
        assert f'href="glossary.html#{term.anchor}"' in page(site, first)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium without network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=arguments())
        yield opened.new_context(offline=True)
        opened.close()


@pytest.mark.parametrize(
    ("words", "anchor"),
    [
        ("同時実行数", "concurrency"),
        ("冪等", "idempotent"),
        ("どうじじっこうすう", "concurrency"),
        ("visibility timeout", "visibility-timeout"),
    ],
)
def test_the_search_finds_words_in_both_languages_without_a_server(
    site: Path, browser: Any, words: str, anchor: str
) -> None:
    found = browser.new_page()
    found.goto(f"{(site / 'search.html').as_uri()}?q={quote(words)}")
    link = found.locator(f'#search-results a[href$="glossary.html#{anchor}"]').first
    link.wait_for(timeout=30_000)
    assert link.text_content() == f"Glossary: {anchor.replace('-', ' ')}"
    link.click()
    found.wait_for_function(f"document.getElementById('{anchor}')?.getBoundingClientRect().top < innerHeight")
    found.close()


def test_the_search_finds_the_lesson_that_tells_of_a_thing(site: Path, browser: Any) -> None:
    found = browser.new_page()
    found.goto(f"{(site / 'search.html').as_uri()}?q=multiplexing")
    found.locator('#search-results a[href$="05-rds-proxy.html"]').first.wait_for(timeout=30_000)
    found.close()


def test_a_lesson_on_a_phone_read_with_the_keyboard(site: Path, browser: Any) -> None:
    lesson = browser.new_page()
    lesson.set_viewport_size({"width": 390, "height": 800})
    asked: list[str] = []
    lesson.on("request", lambda request: asked.append(request.url))
    lesson.goto((site / "04-lambda-and-rdbms.html").as_uri())

    # Nothing is wider than the phone; a figure scrolls within itself.
    assert lesson.evaluate("document.documentElement.scrollWidth") == 390

    # What happened unfolds by the keyboard.
    happened = lesson.locator("details.happened").first
    outcome = happened.locator(".outcome").first
    assert not outcome.is_visible()
    happened.locator("summary").first.focus()
    lesson.keyboard.press("Enter")
    assert outcome.is_visible()

    # One button opens all, and folds it again.
    button = lesson.get_by_role("button", name="Open all folds")
    button.focus()
    lesson.keyboard.press("Enter")
    assert lesson.locator("article details:not([open])").count() == 0
    lesson.get_by_role("button", name="Fold it again").click()
    assert lesson.locator("article details[open]").count() == 0

    assert {url.split(":", 1)[0] for url in asked} == {"file"}
    lesson.close()


def test_figures_follow_the_theme_and_are_light_on_paper(site: Path, browser: Any) -> None:
    lesson = browser.new_page()
    lesson.goto((site / "00-start-here.html").as_uri())
    lesson.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    figure = lesson.locator(".figure img").first

    def is_light() -> bool:
        with Image.open(io.BytesIO(figure.screenshot())) as seen:
            return bool(np.asarray(seen.convert("L"))[4, 4] > 200)

    assert is_light()
    lesson.emulate_media(color_scheme="dark")
    assert not is_light()
    lesson.emulate_media(color_scheme="dark", media="print")
    assert is_light()
    lesson.emulate_media(color_scheme="dark", media="screen")
    lesson.evaluate("document.body.dataset.theme = 'light'")  # what a reader chooses counts more than the system
    assert is_light()
    lesson.evaluate("document.body.dataset.theme = 'dark'")
    lesson.emulate_media(color_scheme="light")
    assert not is_light()
    lesson.close()


def test_a_lesson_can_be_read_by_everybody(site: Path, browser: Any) -> None:
    """All pages, dark ones too: tests/browser/test_accessibility.py."""
    pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")
    lesson = browser.new_page()
    lesson.goto((site / "00-start-here.html").as_uri())
    axe.unfold(lesson)
    assert axe.violations(lesson) == []
    lesson.close()


def test_a_module_that_is_a_lab_alone_stands_among_the_labs_and_is_linked_there(site: Path) -> None:
    assert '<a href="labs.html#12-capstone">12 Capstone</a>' in (site / "index.html").read_text(encoding="utf-8")
    labs = page(site, "labs")
    assert "labs/12-capstone.ipynb" in labs
    assert 'href="12-capstone.html"' not in labs


def test_a_result_of_the_search_has_an_excerpt_without_a_server(site: Path, browser: Any) -> None:
    found = browser.new_page()
    found.goto(f"{(site / 'search.html').as_uri()}?q=multiplexing")
    excerpt = found.locator('#search-results li:has(a[href*="05-rds-proxy.html"]) .excerpt').first
    assert "multiplex" in (excerpt.text_content(timeout=30_000) or "")
    found.close()


def test_the_start_page_begins_with_a_picture_and_leads_to_a_lesson_and_to_the_engine(site: Path) -> None:
    html = page(site, "index")
    assert html.index("pictures/burst.gif") < html.index('class="start" href="00-start-here.html"')
    assert '<a href="engine.html">The local cloud</a>' in html
    assert all(route.title in html for route in course.load(ROOT).routes)


def test_code_can_be_copied(site: Path, browser: Any) -> None:
    lesson = browser.new_page()
    lesson.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lesson.goto((site / "index.html").as_uri())
    button = lesson.get_by_role("button", name="Copy")
    button.focus()
    button.press("Enter")
    lesson.get_by_role("button", name="Copied").wait_for()
    assert lesson.evaluate("navigator.clipboard.readText()").endswith("cd serverless-first\nmake lab")
    lesson.close()


@pytest.mark.parametrize("number", sorted(explorers.GRIDS))
def test_an_explorer_moves_without_a_server(site: Path, browser: Any, number: str) -> None:
    (module_id,) = [each for each in LESSONS if each.startswith(number)]
    lesson = browser.new_page()
    lesson.goto((site / f"{module_id}.html").as_uri())
    lesson.locator(".open-all").first.click()
    explorer = lesson.locator(".explorer.moves")
    for slider in explorer.get_by_role("slider").all():
        said, picture = explorer.get_by_role("status").last, explorer.locator("img")
        before = said.text_content(), picture.get_attribute("src"), picture.get_attribute("alt")
        slider.focus()
        slider.press("ArrowRight")
        after = said.text_content(), picture.get_attribute("src"), picture.get_attribute("alt")
        assert all(old != new for old, new in zip(before[:2], after[:2], strict=True))
        assert (site / str(after[1])).is_file()
    lesson.close()


@pytest.mark.parametrize("name", ["index", "01-evolution-of-computing", "labs"])
def test_a_page_fits_a_phone(site: Path, browser: Any, name: str) -> None:
    phone = browser.new_page()
    phone.set_viewport_size({"width": 360, "height": 740})
    phone.goto((site / f"{name}.html").as_uri())
    if name in LESSONS:
        phone.locator(".open-all").first.click()
    wide = "[...document.querySelectorAll('article table, article .figure img')].filter(part => part.offsetWidth > 360)"
    assert phone.evaluate(f"{wide}.length") == 0
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    phone.close()

"""Lessons, labs and decks as HTML, looked through by axe-core: no violation of WCAG 2.2, level A or AA.

`make test-all` looks at all pages, light, dark and in high contrast. These tests are left out where there is no
Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")
pytest.importorskip("jupytext", reason="pages are made with the extra `author`")
pytest.importorskip("sphinx_revealjs", reason="reveal.js comes with the extra `slides`")

from nbconvert import HTMLExporter
from tests.unit import axe

from serverless_first import course
from serverless_first.authoring import deck_page, nbio
from serverless_first.course import jupyter
from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.course.places import course_root

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
ROOT = course_root()
FOLDERS = ("notebooks", "labs", "solutions")
NOTEBOOKS = [
    path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))
]
DECKS = [module.id for module in course.load().built if module.deck_slides]
PAGES = [module.id for module in course.load().ready_modules if module.lesson_minutes]
PAGES += ["index", "labs", "glossary", "search", "fidelity", "real-account"]
READY = "print => document.fonts.status === 'loaded' && (print || window.Reveal && Reveal.isReady())"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page without a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    yield context.new_page()
    context.close()


def notebook_problems(page: Any, name: str, folder: Path) -> list[str]:
    """What is wrong with a notebook that JupyterLab exports as HTML, as the course sets JupyterLab up."""
    templates = [str(jupyter.EXPORT_TEMPLATES)]
    make: Any = HTMLExporter  # not typed
    exporter = make(extra_template_basedirs=templates, template_name=jupyter.EXPORT_TEMPLATE)
    file = folder / "page.html"
    file.write_text(exporter.from_filename(str(ROOT / name))[0], encoding="utf-8")
    page.goto(file.as_uri())
    axe.unfold(page)
    return axe.violations(page)


def deck_problems(page: Any, module_id: str, folder: Path, query: str) -> list[str]:
    """What is wrong with a deck: as it prints, all slides stand below each other; the others are hidden else."""
    loaded = course.load()
    notebook = nbio.loads((ROOT / "slides" / f"{module_id}.ipynb").read_text(encoding="utf-8"))
    file = folder / "deck.html"
    file.write_text(deck_page.page(notebook, loaded.deck_of(module_id), loaded), encoding="utf-8")
    page.goto(file.as_uri() + query)
    page.wait_for_function(READY, arg="print" in query)
    return axe.violations(page)


def test_a_lab_can_be_read_by_everybody(page: Any, tmp_path: Path) -> None:
    assert notebook_problems(page, "labs/00-start-here.ipynb", tmp_path) == []


def test_a_deck_can_be_read_by_everybody(page: Any, tmp_path: Path) -> None:
    assert deck_problems(page, "00-start-here", tmp_path, "?print=slides") == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "image-alt"),
        ('<p style="color: #999">an order</p>', "color-contrast"),
        ("<label>How many?</label><input>", "label"),
        ("<details><summary>More</summary><p style='color: #999'>an order</p></details>", "color-contrast"),
        ('<p>An order is <a href="#o" style="text-decoration: none">here</a> now.</p>', "link-in-text-block"),
    ],
)
def test_a_page_that_breaks_a_rule_is_found(page: Any, body: str, rule: str) -> None:
    page.set_content(f"<!DOCTYPE html><html lang=en><title>Hikari</title><main><h1>Orders</h1>{body}</main>")
    axe.unfold(page)
    assert [problem.split(":")[0] for problem in axe.violations(page)] == [rule]


@pytest.mark.thorough
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_can_be_read_by_everybody(page: Any, tmp_path: Path, name: str) -> None:
    assert notebook_problems(page, name, tmp_path) == []


@pytest.mark.thorough
@pytest.mark.parametrize("query", ["", "?print=slides", "?print=notes", "?print=slides&theme=contrast"])
@pytest.mark.parametrize("module_id", DECKS)
def test_every_deck_can_be_read_by_everybody(page: Any, tmp_path: Path, module_id: str, query: str) -> None:
    assert deck_problems(page, module_id, tmp_path, query) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from serverless_first.publish.site import make_site

    return make_site(tmp_path_factory.mktemp("site") / "site", report=lambda _: None).parent


@pytest.mark.thorough
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_the_reading_copy_can_be_read_by_everybody(
    page: Any, site: Path, name: str, colours: str
) -> None:
    page.emulate_media(color_scheme=colours)
    page.goto((site / f"{name}.html").as_uri())
    axe.unfold(page)
    assert axe.violations(page) == []

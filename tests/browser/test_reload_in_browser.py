"""What a learner sees after F5, in a saved notebook without its kernel, and on a narrow or wide screen.

Also what Ctrl-C in the terminal does. Left out where there is no Chromium.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import nbformat.v4
import pytest
from nbclient import NotebookClient
from nbformat.sign import NotebookNotary

from serverless_first.bench.lab_page import OpenLab, opened_lab
from serverless_first.course import kernels
from serverless_first.course.chromium import find_chromium
from serverless_first.course.places import course_root

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]
v4: Any = nbformat.v4  # not typed
LESSONS = sorted(file.stem for file in (course_root() / "notebooks").glob("*.ipynb"))
LIVE = [
    """import time
from serverless_cloud.notebook import progress
from serverless_first import cloud, explore
with progress.bar("calls of orders", 3) as told:
    for done in range(4):
        time.sleep(0.8)
        told(done)
print("all orders are placed")""",
    "cloud.start().show()",
    "explore.PoolExplorer()",
    """from serverless_first import figures
seats = figures.seats(environments=2, connected=1, max_connections=3, reserved={"superusers": 2}, title="Seats")
figures.show(seats)""",
]
DESCRIBED = ".jp-RenderedImage img[alt]"
LIMIT_MS = 20_000
# The longest line of visible text, in characters.
LONGEST = """() => {
    let longest = 0;
    const range = document.createRange();
    for (const text of document.querySelectorAll('.jp-Notebook .jp-RenderedMarkdown :is(p, li)')) {
        const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
        const lengths = new Map();
        for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
            for (let at = 0; at < node.length; at++) {
                range.setStart(node, at);
                range.setEnd(node, at + 1);
                const box = range.getClientRects()[0];
                if (box) lengths.set(Math.round(box.bottom / 12), (lengths.get(Math.round(box.bottom / 12)) ?? 0) + 1);
            }
        }
        longest = Math.max(longest, ...lengths.values());
    }
    return longest;
}"""
CUT = """all => all.filter(code => code.scrollWidth > code.clientWidth + 1).length"""


def outputs(lab: OpenLab) -> str:
    """The text of all outputs, once no widget is loading."""
    areas = lab.page.locator(".jp-Notebook .jp-OutputArea")
    lab.page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-OutputArea')].some(area => area.textContent.includes('Loading'))",
        timeout=LIMIT_MS,
    )
    return "\n".join(areas.all_inner_texts())


def reload(lab: OpenLab) -> None:
    """Presses F5, and waits for the kernel's widgets."""
    lab.kernel = None
    lab.page.reload()
    lab.wait_for_kernel()


def end_kernels(page: Any) -> None:
    """Ends the kernels behind JupyterLab's back, as the end of `make lab` does."""
    page.evaluate("""async () => {
        const headers = { 'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? '' };
        for (const { id } of await (await fetch('/api/sessions')).json())
            await fetch(`/api/sessions/${id}`, { method: 'DELETE', headers });
    }""")


def test_a_reload_keeps_widgets_and_a_new_kernel_leaves_their_words() -> None:
    with opened_lab("live.ipynb", cells=LIVE) as lab:
        lab.run_all()
        lab.cell(3).locator(DESCRIBED).wait_for(timeout=LIMIT_MS)
        lab.page.keyboard.press("ControlOrMeta+s")
        lab.page.locator(".jp-mod-dirty").first.wait_for(state="detached", timeout=LIMIT_MS)
        saved = (lab.work / "live.ipynb").read_text(encoding="utf-8")
        assert "all orders are placed" in saved
        assert "calls of orders:" not in saved

        reload(lab)
        lab.cell(2).get_by_role("slider").first.wait_for(timeout=LIMIT_MS)
        lab.cell(1).locator(".serverless-view").wait_for(timeout=LIMIT_MS)
        lab.cell(3).locator(DESCRIBED).wait_for(timeout=LIMIT_MS)
        printed = lab.cell(0).locator(".jp-OutputArea")
        assert printed.inner_text().strip() == "all orders are placed"
        assert printed.locator("pre").first.evaluate("text => getComputedStyle(text).wordBreak") == "normal"

        end_kernels(lab.page)
        reload(lab)
        lab.cell(2).get_by_text("Run this cell to use it again.").wait_for(timeout=LIMIT_MS)
        assert "Error" not in outputs(lab)
        assert "orders per second: 40" in lab.cell(2).inner_text()
        assert "Run this cell in JupyterLab to watch it." in lab.cell(1).inner_text()


def saved_lesson(name: str, folder: Path) -> Any:
    """A lesson's widgets and quiz as a learner saved them: each has run, and its kernel has ended."""
    lesson = nbformat.read(course_root() / "notebooks" / f"{name}.ipynb", 4)  # type: ignore[no-untyped-call]
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    words = ("lab.predict(", "lab.quiz(", "explore.", "aws.show(")
    cells = [code[0], *(cell for cell in code[1:] if any(word in cell.source for word in words))]
    for cell in cells:
        cell.outputs = []
    book = v4.new_notebook(cells=cells, metadata=lesson.metadata)
    options: dict[str, Any] = {"timeout": 60, "allow_errors": True, "store_widget_state": False}
    client = NotebookClient(book, resources={"metadata": {"path": str(folder)}}, **options)
    kernels.started(client.execute)
    return book


@pytest.mark.parametrize("name", LESSONS)
def test_a_saved_lesson_looks_whole_without_its_kernel(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path))
    book = saved_lesson(name, tmp_path)
    widgets = sum("application/vnd.jupyter.widget-view+json" in str(cell.outputs) for cell in book.cells)
    assert widgets >= 1
    with opened_lab("saved.ipynb", cells=book.cells) as lab:
        file = str(lab.work / "saved.ipynb")
        notary: Any = NotebookNotary  # not typed
        book = nbformat.read(file, 4)  # type: ignore[no-untyped-call]
        notary(data_dir=str(lab.work.parent)).sign(book)  # as if the learner's JupyterLab had saved it
        reload(lab)
        lab.page.wait_for_function(
            "wanted => document.querySelectorAll('.course-words').length === wanted", arg=widgets, timeout=LIMIT_MS
        )
        lab.page.wait_for_function(
            "() => [...document.querySelectorAll('.course-words')].every(one => one.textContent.includes('Run this'))",
            timeout=LIMIT_MS,
        )
        assert "Error displaying" not in outputs(lab)


def test_a_lesson_fits_narrow_and_wide_screens() -> None:
    with opened_lab("07-spectrum-of-services/07-lesson.ipynb", width=1280) as lab:
        lab.wait_for_kernel()
        lab.open_folds()
        page = lab.page
        code = page.locator(".jp-Notebook .jp-CodeCell .cm-scroller:visible")
        assert code.count() >= 20
        assert code.evaluate_all(CUT) == 0  # with the table of contents open
        page.locator(".jp-SideBar.jp-mod-right .lm-TabBar-tab.lm-mod-current").click()
        page.locator("#jp-right-stack").wait_for(state="hidden")
        assert code.evaluate_all(CUT) == 0
        page.set_viewport_size({"width": 1920, "height": 1000})
        assert code.evaluate_all(CUT) == 0
        assert 80 <= page.evaluate(LONGEST) <= 95


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to a single process")
def test_an_opened_lesson_stays_saved_and_ctrl_c_saves_what_changes() -> None:
    path = "00-start-here/00-lesson.ipynb"
    with opened_lab(path) as lab:
        lab.wait_for_kernel()
        lab.page.wait_for_timeout(2_000)  # nothing may happen, so there is nothing to wait for
        assert lab.page.locator(".jp-mod-dirty").count() == 0
        lab.page.locator(".jp-Notebook .jp-CodeCell .cm-content:visible").first.click()
        lab.page.keyboard.insert_text("# written a moment ago\n")
        file = lab.work / path
        assert "a moment ago" not in file.read_text(encoding="utf-8")
        assert lab.server
        lab.server.send_signal(signal.SIGINT)
        while lab.server.poll() is None:  # the page answers only while Playwright runs
            lab.page.wait_for_timeout(100)
        assert lab.server.returncode == 0
        assert "a moment ago" in file.read_text(encoding="utf-8")
        assert "".join(lab.output).splitlines()[-2:] == [
            "Stopping the course. Open notebooks are saved first.",
            "The course has stopped. `make lab` opens it again.",
        ]

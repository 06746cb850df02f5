"""Explorers in JupyterLab, used with the keyboard in headless Chromium. Left out where there is no Chromium.

They take minutes, so only `make test-all` runs them. `make test` moves the same sliders without a browser
(tests/unit/test_explore_*).
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from serverless_first.bench.lab_page import READY_MS, OpenLab, RedrawTimer, opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

MOVES = 200
NAMES = "CapacityExplorer ConnectionsExplorer CostExplorer FleetExplorer NetworkExplorer PoolExplorer QueueingExplorer"
KINDS = [*NAMES.split(), "AvailabilityExplorer", "WorkflowExplorer"]
COUNT = """import gc, ipywidgets, matplotlib.figure, matplotlib.pyplot
def alive():
    gc.collect()
    kinds = (ipywidgets.Widget, matplotlib.figure.Figure)
    found = [sum(issubclass(type(one), kind) for one in gc.get_objects()) for kind in kinds]
    return [*found, len(matplotlib.pyplot.get_fignums()), len(gc.get_objects()) // 1000]
print("first", alive())"""


def test_two_hundred_moves_leave_nothing_behind() -> None:
    cells = [
        "from serverless_first import explore\nexplorer = explore.FleetExplorer()\nexplorer",
        COUNT,
        'print("then", alive())',
    ]
    with opened_lab("explorer.ipynb", cells=cells) as lab:
        lab.run_all()
        timer = RedrawTimer(lab)
        timer.moves(20)  # what is made once is made now
        _run_again(lab, 'print("first"')
        before = _alive(lab, "first")
        in_page, so_far = _at_rest(lab, timer)
        timer.moves(MOVES)
        nodes, listeners, heap_mb = _in_page(lab)
        _run_again(lab, 'print("then"')
        after = _alive(lab, "then")
        assert len(timer.times_ms) == so_far + MOVES  # a picture for each move
        assert after[:3] == before[:3]
        assert after[3] - before[3] <= 1  # thousands of objects
        assert nodes <= in_page[0] + 100, f"{in_page}, then {nodes}, {listeners}, {heap_mb}"
        assert listeners <= in_page[1] + 50
        assert heap_mb <= in_page[2] + 20  # 200 pictures that stay would be more, and JupyterLab has work of its own
        assert lab.asked_elsewhere == []


def test_every_explorer_can_be_used_with_the_keyboard() -> None:
    cells = ["from serverless_first import explore", *(f"explore.{kind}()" for kind in KINDS)]
    with opened_lab("explorers.ipynb", cells=cells) as lab:
        lab.run_all()
        for kind in KINDS:
            cell = lab.show_cell(f"explore.{kind}()")
            cell.locator("img").first.wait_for(timeout=10_000)
            presets = cell.locator(".widget-dropdown select")
            said = cell.locator('[role="status"]').first
            first, story = said.text_content(), presets.input_value()
            assert story != "your own setting", f"{kind}: the browser moved a slider by itself"
            cut = [label.text_content() for label in cell.locator(".widget-label").all() if label.evaluate(_IS_CUT)]
            assert cut == [], kind

            handle = cell.locator('[role="slider"]').first
            handle.focus()
            handle.press("ArrowLeft" if kind == "ConnectionsExplorer" else "ArrowRight")
            handle.press("ArrowRight")
            _wait_until(lab, cell, first, same=False)
            assert presets.input_value() == "your own setting", kind

            presets.focus()
            presets.press("Home")
            _wait_until(lab, cell, first, same=True)

            button = cell.get_by_role("button", name=re.compile("million"))
            assert button.count() == (kind in ("FleetExplorer", "PoolExplorer", "QueueingExplorer"))
            if button.count():
                button.focus()
                button.press("Space")  # JupyterLab keeps Enter for itself: it begins to edit the cell
                cell.get_by_text(re.compile(r"^(1,00\d|99\d),\d{3}")).wait_for(timeout=60_000)


_IS_CUT = "label => label.scrollWidth > label.clientWidth"


def _wait_until(lab: OpenLab, cell: Any, said: str | None, *, same: bool) -> None:
    """Waits until the result in words is the same as once, or another one."""
    test = """([cell, said, same]) => (cell.querySelector('[role="status"]').textContent === said) === same"""
    lab.page.wait_for_function(test, arg=[cell.element_handle(), said, same])


def _run_again(lab: OpenLab, text: str) -> None:
    """Runs a cell by the keyboard, and waits until it is done."""
    from playwright.sync_api import expect

    cell = lab.show_cell(text)
    prompt = cell.locator(".jp-InputPrompt").first
    was = prompt.text_content()
    prompt.click()
    lab.page.keyboard.press("ControlOrMeta+Enter")
    # Not by a handle: JupyterLab takes cells that are out of sight away, and makes them again.
    expect(prompt).not_to_have_text(was or "", timeout=READY_MS)
    expect(prompt).to_have_text(re.compile("[0-9]"), timeout=READY_MS)


def _alive(lab: OpenLab, word: str) -> list[int]:
    output = lab.show_cell(f'print("{word}"').locator(".jp-OutputArea").text_content()
    return [int(number) for number in re.findall(r"\d+", output.split("[")[-1])]


def _at_rest(lab: OpenLab, timer: RedrawTimer) -> tuple[tuple[int, int, float], int]:
    """What is in the page once moves add nothing to it, and how many there were.

    JupyterLab makes things of its own when the slider is reached from a cell, and seconds later (131 listeners, once).
    """
    found: list[tuple[int, int, float]] = []
    for _ in range(10):
        timer.moves(40)
        found.append(_in_page(lab))
        if len(found) > 2 and found[-1][1] <= found[-3][1] + 10:
            break
    return found[-1], len(timer.times_ms)


def _in_page(lab: OpenLab) -> tuple[int, int, float]:
    """Nodes, listeners and MB of JavaScript in the page, what nobody uses any more collected before."""
    session = lab.page.context.new_cdp_session(lab.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return int(found["Nodes"]), int(found["JSEventListeners"]), found["JSHeapUsedSize"] / 1e6

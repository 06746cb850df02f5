"""A failed check in JupyterLab: one panel, and no second alarm below it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serverless_first.chromium import find_chromium
from serverless_first.lab_page import opened_lab

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]
START = "from serverless_first.lab import Lab\n\nlab = Lab('00-start-here')"


def visible_outputs(cell: Any) -> list[str]:
    """The outputs of a cell that can be seen, as text."""
    return [output.inner_text() for output in cell.locator(".jp-OutputArea-child").all() if output.is_visible()]


def test_a_failed_check_shows_its_panel_and_still_raises() -> None:
    with opened_lab("labs/x.ipynb", cells=[START, 'lab.check("0.1")', "print('on')\n1 / 0"]) as lab:
        for number in range(3):
            lab.run_cell(number)
        (panel,) = visible_outputs(lab.cell(1))
        assert panel.startswith("0.1 not judged: The local cloud is not running.")
        assert (
            lab.cell(1).locator(".jp-OutputArea-child").count() == 2
        )  # the error is there for programs that run notebooks

        # Errors of other cells are as visible as ever.
        printed, error = visible_outputs(lab.cell(2))
        assert printed.strip() == "on"
        assert "ZeroDivisionError" in error

        with lab.page.expect_response(lambda response: response.request.method == "PUT"):
            lab.page.keyboard.press("ControlOrMeta+s")
        stored = json.loads((lab.work / "labs" / "x.ipynb").read_text(encoding="utf-8"))["cells"][1]["outputs"]
        assert [output["output_type"] for output in stored] == ["display_data", "error"]

"""The live view in JupyterLab and in a tab of its own: it draws, pauses, steps back, and can be heard and typed at."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit import axe

from serverless_first.bench.lab_page import opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]
pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")

ENVIRONMENTS = 60
DEPLOY = """from serverless_first import cloud
from serverless_first.bench import function
import io, json, zipfile, boto3
aws = cloud.start()
package = io.BytesIO()
with zipfile.ZipFile(package, "w") as archive:
    archive.writestr("orders.py", "import time\\ndef handler(event, context):\\n    time.sleep(event['s'])\\n")
role = boto3.client("iam").create_role(RoleName="shop", AssumeRolePolicyDocument=json.dumps(function._TRUST))
_ = boto3.client("lambda").create_function(
    FunctionName="orders", Runtime="python3.13", Handler="orders.handler", Role=role["Role"]["Arn"],
    Code={"ZipFile": package.getvalue()}, Timeout=60,
)"""
BURST = f"""display(aws.show())
calls = aws.at_once("orders", [{{"s": 0.5}}] * {ENVIRONMENTS})
calls = aws.at_once("orders", [{{"s": 0.5}}] * {ENVIRONMENTS})"""


def test_a_burst_is_drawn_while_its_cell_runs() -> None:
    with opened_lab("view.ipynb", cells=[DEPLOY, BURST, "print('over')"]) as lab:
        lab.run_all()
        view = lab.show_cell("display(aws.show())").locator(".serverless-view")
        words = view.locator(".words")
        words.filter(has_text=f"{ENVIRONMENTS} frozen").wait_for(timeout=60_000)
        assert view.locator("i.frozen").count() >= ENVIRONMENTS
        assert axe.violations(lab.page, ".serverless-view") == []
        seen = stepped_back(lab.page, view)
        assert any(f"({ENVIRONMENTS} busy)" in each for each in seen), seen
        assert seen[-1] == "Function orders: no environment."
        assert lab.asked_elsewhere == []


def stepped_back(page: Any, view: Any) -> list[str]:
    """Pauses with the keyboard and steps back to the first moment: the words of each, the last one first."""
    hold = view.get_by_role("button", name="Pause")
    hold.focus()
    hold.press("Enter")
    assert view.get_by_role("button", name="Go live").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")  # to the next button, which is "Step back"
    words, slider = view.locator(".words"), view.get_by_role("slider")
    seen = [words.inner_text()]
    for _ in range(int(slider.get_attribute("max") or 0)):
        page.keyboard.press("Enter")
        seen.append(words.inner_text())
    assert slider.input_value() == "0"
    assert "earlier" in view.locator(".when").inner_text()
    assert view.get_by_role("status").inner_text() == seen[-1]
    view.get_by_role("button", name="Go live").click()
    assert words.inner_text() == seen[0]
    return seen

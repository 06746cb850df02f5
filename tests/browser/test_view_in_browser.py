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
calls = aws.at_once("orders", [{{"s": 3}}] * {ENVIRONMENTS})"""
LATER = """calls = aws.at_once("orders", [{"s": 0}] * 3)
_ = boto3.client("sqs").create_queue(QueueName="later")"""


def test_a_burst_is_drawn_while_its_cell_runs_and_can_be_played_afterward() -> None:
    with opened_lab("view.ipynb", cells=[DEPLOY, BURST, LATER, "aws.show().save('burst.html')"]) as lab:
        lab.wait_for_kernel()
        lab.run_cell(0)
        lab.cell(1).locator(".cm-content").click()
        lab.page.keyboard.press("ControlOrMeta+Enter")
        view = lab.show_cell("display(aws.show())").locator(".serverless-view")
        view.locator(".words").filter(has_text=f"({ENVIRONMENTS} busy)").wait_for(timeout=60_000)
        pause_and_go_live(view)
        view.get_by_role("button", name="Play").wait_for(timeout=60_000)
        lab.run_cell(2)
        lab.run_cell(3)
        plays_and_steps(lab.page, view)
        lab.page.keyboard.press("ControlOrMeta+s")
        lab.page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
        lab.page.reload()
        lab.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(state="attached")
        view = lab.show_cell("display(aws.show())").locator(".serverless-view")
        plays_and_steps(lab.page, view)
        lab.page.goto((lab.work / "burst.html").as_uri())
        plays_and_steps(lab.page, lab.page.locator(".serverless-view"))
        assert [address for address in lab.asked_elsewhere if not address.startswith("file:")] == []


def pause_and_go_live(view: Any) -> None:
    """Pauses with the keyboard, then goes on."""
    hold = view.get_by_role("button", name="Pause")
    hold.focus()
    hold.press("Enter")
    on = view.get_by_role("button", name="Go live")
    assert on.get_attribute("aria-pressed") == "true"
    assert "earlier" in view.locator(".when").inner_text()
    on.click()
    assert view.locator(".when").inner_text() == "live"


def plays_and_steps(page: Any, view: Any) -> None:
    """A recording ends with its cell. Its buttons work with the keyboard, and axe has no complaint."""
    view.get_by_role("button", name="Play").wait_for()
    words, slider = view.locator(".words"), view.get_by_role("slider")
    end = f"Function orders: {ENVIRONMENTS} environments ({ENVIRONMENTS} frozen)."
    assert words.inner_text() == end
    assert view.locator(".marks i.frozen").count() == ENVIRONMENTS
    assert axe.violations(page, ".serverless-view") == []
    back = view.get_by_role("button", name="Step back")
    back.focus()
    seen = []
    for _ in range(int(slider.get_attribute("max") or 0)):
        page.keyboard.press("Enter")
        seen.append(words.inner_text())
    assert any(f"({ENVIRONMENTS} busy)" in each for each in seen), seen
    assert seen[-1] == "Function orders: no environment." == view.get_by_role("status").inner_text()
    assert (slider.input_value(), view.locator(".when").inner_text()[:3]) == ("0", "0.0")
    view.get_by_role("button", name="Play").click()
    view.get_by_role("button", name="Pause").wait_for()
    words.filter(has_text=end).wait_for()
    view.get_by_role("button", name="Play").wait_for()

"""The form with which a student signs in to a class, in JupyterHub's own style, in headless Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the extra `browser`")
pytest.importorskip("jupyterhub", reason="JupyterHub comes with the extra `class`")

from jinja2 import Template
from playwright.sync_api import sync_playwright
from tests.unit import axe

from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.teach.classroom.sign_in import FORM

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
STYLE = Path(sys.prefix) / "share/jupyterhub/static/css/style.min.css"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_can_be_read_with_and_without_an_error(theme: str) -> None:
    form = Template(FORM, autoescape=True).render(login_error="No card has the code ABCD-2345.", xsrf="x")
    page_text = (
        f'<html lang="en" data-bs-theme="{theme}"><head><title>Sign in</title>'
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head>"
        f'<body><main><div id="login-main" class="container">{form}</div></main></body></html>'
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        page = browser.new_page(viewport={"width": 600, "height": 500})
        page.set_content(page_text)
        assert page.get_by_role("alert").is_visible()
        assert axe.violations(page, within="#login-main") == []
        browser.close()

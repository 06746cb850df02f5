"""Every Chromium of the course is started with the same arguments, and a tool without one says so."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from tools import colour_blind, picture, tour

from serverless_first.course import chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("user", "without"), [(0, True), (1000, False)])
def test_the_sandbox_is_given_up_as_root_alone(monkeypatch: pytest.MonkeyPatch, user: int, without: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    given = chromium.arguments("--headless")
    assert ("--no-sandbox" in given) is without
    assert {"--disable-background-networking", "--headless"} <= set(given)


def test_windows_has_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "geteuid", raising=False)
    assert "--no-sandbox" not in chromium.arguments()


def test_no_other_place_decides_on_the_sandbox() -> None:
    deciding = [
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "tools", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "--no-" + "sandbox" in path.read_text(encoding="utf-8")
    ]
    assert deciding == ["src/serverless_first/course/chromium.py", "tests/unit/test_chromium.py"]


@pytest.mark.parametrize("tool", [colour_blind, picture, tour])
def test_a_tool_says_that_it_has_no_browser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tool: ModuleType
) -> None:
    given: tuple[list[str], ...] = () if tool is picture else ([],)
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    assert tool.main(*given) == 2
    assert "Chromium" in capsys.readouterr().err
    monkeypatch.setattr(chromium, "find_chromium", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert tool.main(*given) == 2
    assert "Playwright is not installed" in capsys.readouterr().err

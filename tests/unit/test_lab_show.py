"""What a notebook gets when the lab shows a text."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_first.course.dollars import SIGN
from serverless_first.lab import show
from serverless_first.lab.failures import CheckFailed


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The forms of each thing that is shown, in a notebook."""
    bundles: list[dict[str, Any]] = []
    monkeypatch.setattr(show, "in_notebook", lambda: True)
    monkeypatch.setattr(show, "display", lambda bundle, **_raw: bundles.append(bundle))
    return bundles


def test_a_price_in_markdown_begins_no_formula_and_the_plain_text_keeps_it(displayed: list[dict[str, Any]]) -> None:
    show.show("$1 or $2: `$x`", markdown="**$1** or $2: `$x`")
    assert displayed == [{"text/plain": "$1 or $2: `$x`", "text/markdown": f"**{SIGN}1** or {SIGN}2: `$x`"}]


def test_a_price_in_a_checks_panel_begins_no_formula() -> None:
    failure = CheckFailed("the state has $states.input, not $states.result")
    assert failure.html().startswith('<div class="tex2jax_ignore mathjax_ignore">')

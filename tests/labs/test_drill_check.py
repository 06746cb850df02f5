"""Tasks 12.5 and 12.6 judge a drill's record: an honest prediction passes, and so do prices without another company."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.labs.check_kit import attempt_at, checks_in

from serverless_first import drill
from serverless_first.drill import capstone
from serverless_first.lab import CheckFailed

RIGHT = {
    "no idempotency": "doubled",
    "direct connections": "connections",
    "short visibility timeout": "visibility",
    "no dead-letter queue": "dead letters",
    "state in memory": "doubled",
}


@pytest.fixture
def drill_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loaded = checks_in("12-capstone", "checks_drill")
    monkeypatch.setattr(loaded, "FOLDER", tmp_path)
    return loaded


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "you predicted 5 of 5 designs."),
        (
            {"no dead-letter queue": "lost"},
            "you predicted 4 of 5 designs. no dead-letter queue failed dead letters, not lost",
        ),
        (dict.fromkeys(RIGHT, "answers"), "you predicted 0 of 5 designs."),
    ],
)
def test_a_wrong_prediction_passes_and_is_told(
    drill_checks: ModuleType, changes: dict[str, str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (drill_checks.FOLDER / "expected.json").write_text(json.dumps(RIGHT | changes))
    drill_checks._expected(attempt_at("12.5"))
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("prediction", ["", "loss", None, 7])
def test_a_prediction_is_the_name_of_a_finding(drill_checks: ModuleType, prediction: object) -> None:
    (drill_checks.FOLDER / "expected.json").write_text(json.dumps(RIGHT | {"state in memory": prediction}))
    with pytest.raises(CheckFailed, match="'state in memory' is not the name of a finding"):
        drill_checks._expected(attempt_at("12.5"))


class PriceFile:
    """The learner's price.py, whose function returns these prices."""

    name = "price.py"

    def __init__(self, usd: Any) -> None:
        self._usd = usd

    def call(self, _name: str, _record: drill.Record) -> Any:
        return self._usd


def said_of(checks: ModuleType, usd: Any) -> str:
    """What the check says of prices for a healthy shop's record; empty if they are right."""
    try:
        checks._prices(attempt_at("12.6"), PriceFile(usd), "made up", capstone.my_drill(checks.FOLDER))
    except CheckFailed as failure:
        return str(failure)
    return ""


def test_the_providers_function_may_be_left_out_but_of_both_prices(drill_checks: ModuleType) -> None:
    (_, whole), (_, own) = drill_checks._variants(capstone.my_drill(drill_checks.FOLDER))
    whole, own = ({part: prices[part] for part in drill_checks.PARTS} for prices in (whole, own))
    assert own["Lambda, duration"] < 0.95 * whole["Lambda, duration"]
    assert said_of(drill_checks, whole) == said_of(drill_checks, own) == ""
    mixed = own | {"Lambda, duration": whole["Lambda, duration"]}
    assert "that is not what AWS would bill" in said_of(drill_checks, mixed)


@pytest.mark.parametrize("usd", [True, None, "0.1", float("nan")])
def test_a_price_is_a_number(drill_checks: ModuleType, usd: object) -> None:
    assert "12.6 failed" in said_of(drill_checks, dict.fromkeys(drill_checks.PARTS, usd))


def test_one_sentence_with_other_names_in_it_is_one_reason(drill_checks: ModuleType) -> None:
    findings = ["lost", "doubled", "dead letters"]
    same = {
        "A queue": "Without a queue, the finding 'lost' would fail.",
        "A key": "Without a key the finding doubled would fail.",
    }
    own = {"A queue": "A burst would be lost.", "A key": "Copies would be doubled and charged again."}
    drill_checks._differ(attempt_at("12.6"), "read", own, findings)
    with pytest.raises(CheckFailed, match="Two decisions have the same reason: A queue and A key"):
        drill_checks._differ(attempt_at("12.6"), "read", same, findings)

"""facts.yml: what a lesson gets from it, and what is said about a file that breaks the rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from serverless_first import facts

GOOD = """
sources:
  NEWS: {title: AWS News Blog, url: "https://aws.example/news"}
  GUIDE: {title: Developer Guide, url: "https://aws.example/guide"}
facts:
  billing-step:
    what: Billing step
    then: {value: 100 ms, as_of: 2020-01, source: NEWS}
    now: {value: 1, as_of: 2026-11-24, source: [NEWS, GUIDE]}
    checked: 2026-11-24
    note: since December 2020
"""


def write(root: Path, text: str) -> Path:
    (root / "facts.yml").write_text(text, encoding="utf-8")
    return root


def problems(root: Path, text: str) -> list[str]:
    with pytest.raises(facts.FactsError) as caught:
        facts.load(write(root, text))
    return caught.value.problems


def test_a_fact_has_its_value_date_and_sources_then_and_now(tmp_path: Path) -> None:
    fact = facts.load(write(tmp_path, GOOD))["billing-step"]
    assert fact.then is not None
    assert (fact.then.value, fact.then.as_of_words) == ("100 ms", "January 2020")
    assert (fact.now.value, fact.now.as_of_words) == ("1", "November 2026")
    assert [source.title for source in fact.now.sources] == ["AWS News Blog", "Developer Guide"]


def test_get_reads_the_facts_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(write(tmp_path, GOOD)))
    (tmp_path / "course.toml").touch()
    assert facts.get("billing-step").what == "Billing step"


def test_an_unknown_fact_lists_the_near_misses(tmp_path: Path) -> None:
    with pytest.raises(facts.UnknownFact, match=r"no fact 'biling-step'.*Did you mean billing-step\?"):
        facts.load(write(tmp_path, GOOD))["biling-step"]


def test_a_course_without_facts_has_none(tmp_path: Path) -> None:
    assert facts.load(tmp_path) == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: NEWS}", "source: NEW}", "fact billing-step, then: unknown source NEW; known: NEWS"),
        (", source: NEWS}", "}", "fact billing-step, then: no source"),
        ("source: [NEWS, GUIDE]", "source: []", "fact billing-step, now: no source"),
        (
            "as_of: 2020-01,",
            "as_of: January 2020,",
            "fact billing-step, then: as_of is 'January 2020'; give YYYY-MM-DD",
        ),
        ("checked: 2026-11-24", "checked: yesterday", "fact billing-step: checked is 'yesterday'"),
        ("checked: 2026-11-24", "", "fact billing-step: checked is None"),
        ("what: Billing step", "what: ''", "fact billing-step: what is ''"),
        ("note:", "notes:", "fact billing-step: unknown key notes; allowed: checked, note, now, then, what"),
        ("billing-step:", "Billing_Step:", "fact Billing_Step: an id has lower-case letters"),
        ("https://aws.example/news", "aws news", "source NEWS: url 'aws news' is not a web address"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert len(found) == 1
    assert found[0].startswith(f"facts.yml: {says}")


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, GOOD.replace("NEWS}", "NEW}").replace("checked: 2026-11-24", ""))) == 2


def test_a_key_given_twice_is_refused_instead_of_the_second_winning(tmp_path: Path) -> None:
    twice = GOOD + "  billing-step:\n    what: again\n"
    assert "'billing-step' appears twice" in problems(tmp_path, twice)[0]


def test_a_file_that_is_not_yaml_is_one_clear_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "facts: [")[0].startswith("facts.yml: not valid YAML")


def test_a_fact_is_stale_when_nobody_checked_it_for_more_than_a_year(tmp_path: Path) -> None:
    fact = facts.load(write(tmp_path, GOOD))["billing-step"]
    checked = date(2026, 11, 24)
    assert not fact.stale(checked + timedelta(days=365))
    assert fact.stale(checked + timedelta(days=366))


def test_the_facts_of_this_course_keep_the_rules() -> None:
    root = Path(__file__).resolve().parents[2]
    assert {"lambda-billing-step", "lambda-timeout", "lambda-memory", "deck-date"} <= facts.load(root).keys()

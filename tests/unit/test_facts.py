"""facts.yml: what a lesson gets from it, and what is said about a file that breaks the rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from serverless_first import facts
from serverless_first.facts import review

ROOT = Path(__file__).resolve().parents[2]

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
    (root / "facts").mkdir(exist_ok=True)
    (root / "facts" / "facts.yml").write_text(text, encoding="utf-8")
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
        ("source: NEWS}", "source: NEW}", "fact billing-step, then: unknown source NEW. Known sources: NEWS"),
        (", source: NEWS}", "}", "fact billing-step, then: it has no source"),
        ("source: [NEWS, GUIDE]", "source: []", "fact billing-step, now: it has no source"),
        (
            "as_of: 2020-01,",
            "as_of: January 2020,",
            "fact billing-step, then: as_of is 'January 2020'. Write YYYY-MM-DD",
        ),
        ("checked: 2026-11-24", "checked: yesterday", "fact billing-step: checked is 'yesterday'"),
        ("checked: 2026-11-24", "", "fact billing-step: checked is None"),
        ("checked: 2026-11-24", "checked: 2026-11", "fact billing-step: checked is '2026-11'. Write the day"),
        ("checked: 2026-11-24", "checked: 2026-11-31", "fact billing-step: checked is '2026-11-31'. Write the day"),
        ("as_of: 2026-11-24", "as_of: 2026-02-30", "fact billing-step, now: as_of is '2026-02-30'. Write YYYY-MM-DD"),
        ("what: Billing step", "what: ''", "fact billing-step: what must be a text, but is ''"),
        ("note:", "notes:", "fact billing-step: unknown key notes. Allowed keys: checked, note, now, then, what"),
        ("billing-step:", "Billing_Step:", "fact Billing_Step: an id may have only lower-case letters"),
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
    assert problems(tmp_path, "facts: [")[0].startswith("facts.yml is not valid YAML")


def test_a_fact_is_stale_when_nobody_checked_it_for_more_than_a_year(tmp_path: Path) -> None:
    fact = facts.load(write(tmp_path, GOOD))["billing-step"]
    checked = date(2026, 11, 24)
    assert not fact.stale(checked + timedelta(days=365))
    assert fact.stale(checked + timedelta(days=366))


REVIEWED = """
sources:
  GUIDE: {title: Developer Guide, url: "https://docs.aws.amazon.com/guide"}
  BOTO: {title: botocore, url: "https://github.com/boto/botocore"}
  BLOG: {title: A blog, url: "https://lamps.example/aws.amazon.com"}
  FORUM: {title: AWS re:Post, url: "https://repost.aws/questions/lamps"}
facts:
  fresh: {what: Fresh, now: {value: 1, as_of: 2026, source: GUIDE}, checked: 2026-11-24}
  old: {what: Old, now: {value: 1, as_of: 2025-11-28, source: BOTO}, checked: 2026-11-24}
  as-old: {what: As old, now: {value: 1, as_of: 2025-11-28, source: BOTO}, checked: 2026-11-24}
  a-year: {what: A year, now: {value: 1, as_of: 2025-11-29, source: GUIDE}, checked: 2026-11-24}
  same-month: {what: Same month, now: {value: 1, as_of: 2025-11, source: GUIDE}, checked: 2026-11-24}
  hearsay: {what: Hearsay, now: {value: 1, as_of: 2026-09, source: [BLOG, FORUM]}, checked: 2026-11-24}
  both: {what: Both, now: {value: 1, as_of: 2019, source: BLOG}, checked: 2026-11-24}
  backed: {what: Backed, now: {value: 1, as_of: 2026-09, source: [BLOG, GUIDE]}, checked: 2026-11-24}
"""


def test_facts_that_are_old_or_rest_on_third_parties_are_listed_oldest_first(tmp_path: Path) -> None:
    known = facts.load(write(tmp_path, REVIEWED))
    assert review.lines(known, date(2026, 11, 29)) == [
        "note: 4 facts to look at again, because the value is older than a year or rests on third parties only:",
        "  2019        older than a year, third party (BLOG): both",
        "  2025-11-28  older than a year: old, as-old",
        "  2026-09     third party (BLOG, FORUM): hearsay",
    ]


def test_nothing_is_listed_when_no_fact_is_old_or_second_hand(tmp_path: Path) -> None:
    only = REVIEWED.split("  old:")[0]
    assert review.lines(facts.load(write(tmp_path, only)), date(2026, 11, 29)) == []


def test_the_facts_of_this_course_keep_the_rules() -> None:
    assert {"lambda-billing-step", "lambda-timeout", "lambda-memory", "deck-date"} <= facts.load(ROOT).keys()


RELEASES = """
sources:
  HISTORY: {title: Document history, url: "https://aws.example/history"}
releases:
  - {date: 2019-12-03, label: Provisioned concurrency, theme: operations, source: HISTORY}
  - {date: 2018-11-29, label: Layers, theme: packaging, on_slide_10: true, source: [HISTORY, NEWS], note: re-Invent}
  - {date: 2018-11, label: Sometime in November, theme: events, source: NEWS}
  - {date: 2018, label: Sometime in 2018, theme: limits, source: NEWS}
undated: [SOC Certification, 1.5 GB RAM]
"""


def write_history(root: Path, text: str) -> Path:
    (root / "facts").mkdir(exist_ok=True)
    (root / "facts" / "releases.yml").write_text(text, encoding="utf-8")
    return write(root, GOOD)


def test_releases_come_oldest_first_with_the_date_as_exact_as_its_source(tmp_path: Path) -> None:
    found = facts.releases(write_history(tmp_path, RELEASES))
    assert [(release.label, release.when_words) for release in found] == [
        ("Sometime in 2018", "2018"),
        ("Sometime in November", "November 2018"),
        ("Layers", "29 November 2018"),
        ("Provisioned concurrency", "3 December 2019"),
    ]
    assert [release.day for release in found[:3]] == [date(2018, 7, 2), date(2018, 11, 15), date(2018, 11, 29)]


def test_a_release_may_cite_the_sources_of_both_files(tmp_path: Path) -> None:
    layers = facts.releases(write_history(tmp_path, RELEASES))[2]
    assert [source.title for source in layers.sources] == ["Document history", "AWS News Blog"]
    assert (layers.theme, layers.on_slide_10, layers.note) == ("packaging", True, "re-Invent")


def test_what_no_source_dates_is_listed(tmp_path: Path) -> None:
    assert facts.undated(write_history(tmp_path, RELEASES)) == ("SOC Certification", "1.5 GB RAM")


def test_a_course_without_releases_has_no_history(tmp_path: Path) -> None:
    assert facts.history(write(tmp_path, GOOD)) == facts.History((), ())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: HISTORY}", "source: HISTROY}", "release 1 (Provisioned concurrency): unknown source HISTROY"),
        (", source: HISTORY}", "}", "release 1 (Provisioned concurrency): it has no source"),
        ("date: 2018-11-29", "date: 2018-11-31", "release 2 (Layers): date is '2018-11-31'. Write YYYY-MM-DD"),
        ("date: 2018-11-29", "date: autumn", "release 2 (Layers): date is 'autumn'. Write YYYY-MM-DD, YYYY-MM or YYYY"),
        ("date: 2018-11-29, ", "", "release 2 (Layers): date is 'None'. Write"),
        (
            "theme: packaging",
            "theme: packing",
            "release 2 (Layers): theme is 'packing', but must be one of limits, runtimes,",
        ),
        (
            "on_slide_10: true",
            "on_slide_10: 'yes'",
            "release 2 (Layers): on_slide_10 is 'yes', but must be true or false",
        ),
        ("label: Layers, ", "", "release 2: label must be a text, but is None"),
        (
            "note:",
            "remark:",
            "release 2: unknown key remark. Allowed keys: date, label, note, on_slide_10, source, theme",
        ),
        ("label: Layers", "label: SOC Certification", "'SOC Certification' appears twice"),
        ("label: Layers", "label: Provisioned concurrency", "'Provisioned concurrency' appears twice"),
        ("undated: [SOC Certification, 1.5 GB RAM]", "undated: none", "undated must be a list, but is 'none'"),
        ("undated: [SOC Certification,", "undated: [{a: b},", "undated: label must be a text, but is {'a': 'b'}"),
        ("releases:", "released:", "the file: unknown key released. Allowed keys: releases, sources, undated"),
        ("sources:\n", 'sources:\n  NEWS: {title: Other, url: "https://a.example"}\n', "source NEWS: facts.yml has a"),
    ],
)
def test_a_broken_rule_of_the_releases_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in RELEASES
    with pytest.raises(facts.FactsError) as caught:
        facts.history(write_history(tmp_path, RELEASES.replace(old, new, 1)))
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"releases.yml: {says}")


def test_a_wrong_facts_yml_is_not_blamed_on_the_releases(tmp_path: Path) -> None:
    write_history(tmp_path, RELEASES)
    write(tmp_path, GOOD.replace("checked: 2026-11-24", ""))
    with pytest.raises(facts.FactsError, match=r"^facts.yml: fact billing-step: checked is None"):
        facts.history(tmp_path)


def test_the_history_of_this_course_keeps_the_rules_and_accounts_for_slide_10() -> None:
    history = facts.history(ROOT)
    on_slide = [release for release in history.releases if release.on_slide_10]
    # Slide 10 has 65 labels, "As of Dec 2019".
    assert len(on_slide) + len(history.undated) == 65
    assert max(release.day for release in on_slide) < date(2020, 1, 1)
    assert {release.theme for release in history.releases} == set(facts.THEMES)

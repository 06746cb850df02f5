"""Citations in Markdown: what a reader sees, and what an author is told."""

from __future__ import annotations

from datetime import date

import pytest

from serverless_first.authoring.cite import CitationError, cited_in_code, render
from serverless_first.facts import Dated, Fact, Facts, Source

NEWS = Source("NEWS", "News [AWS]", "https://aws.example/news")
GUIDE = Source("GUIDE", "Guide", "https://aws.example/guide_(2026)")
FACTS = Facts(
    {
        "step": Fact(
            "step",
            "Step | size",
            Dated("1 ms", "2026-11", (NEWS, GUIDE)),
            Dated("100 ms", "2020-01", (NEWS,)),
            date.today(),
        ),
        "price": Fact("price", "Price", Dated("$0.20", "2026", (GUIDE,)), None, date.today()),
    }
)
NEWS_LINK = "[News (AWS)](https://aws.example/news)"
GUIDE_LINK = "[Guide](<https://aws.example/guide_(2026)>)"


def text(markdown: str) -> str:
    return render(markdown, FACTS, set())


def test_fact_shows_value_sources_and_month() -> None:
    assert text("Now {fact}`step`.") == f"Now 1 ms ({NEWS_LINK}, {GUIDE_LINK}, as of November 2026)."


def test_then_shows_the_value_at_the_time_of_the_deck() -> None:
    assert text("{then}`step`") == f"100 ms ({NEWS_LINK}, as of January 2020)"


def test_then_now_makes_a_table_with_dates_and_sources() -> None:
    assert text("Before\n\n{then-now}`step, step`\n\nAfter").splitlines()[2:6] == [
        "| What | Then (date, source) | Now (date, source) |",
        "|---|---|---|",
        *[f"| Step \\| size | 100 ms (January 2020, {NEWS_LINK}) | 1 ms (November 2026, {NEWS_LINK}, {GUIDE_LINK}) |"]
        * 2,
    ]


@pytest.mark.parametrize(
    "markdown", ["`{fact}` and `x`", "``{fact}`step` ``", "```\n{fact}`step`\n```", "`/orders/{id}` or `a`"]
)
def test_what_stands_in_code_is_left_alone(markdown: str) -> None:
    assert text(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "says"),
    [
        ("{fact}`steps`", "no fact 'steps'.*Did you mean step"),
        ("{facts}`step`", r"unknown role \{facts\}; allowed: \{fact\}, \{then\}, \{then-now\}"),
        ("{fact}`step, price`", "takes one id"),
        ("{then}`price`", "fact 'price' has no `then`"),
        ("{then-now}`step, price`", "fact 'price' has no `then`"),
        ("see {then-now}`step`", "a line of its own"),
    ],
)
def test_a_citation_that_cannot_be_rendered_says_why(markdown: str, says: str) -> None:
    with pytest.raises(CitationError, match=says):
        text(markdown)


def test_cited_ids_are_collected_from_markdown_and_code() -> None:
    cited: set[str] = set()
    render("{fact}`price` {then}`step`", FACTS, cited)
    assert cited == {"price", "step"}
    assert cited_in_code('print(facts.get("step").now.value)') == {"step"}

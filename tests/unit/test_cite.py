"""Citations in Markdown: what a reader sees, and what an author is told."""

from __future__ import annotations

import re
from datetime import date

import pytest

from serverless_first.facts import Dated, Fact, Facts, Source
from serverless_first.facts.cite import (
    CitationError,
    Marks,
    Note,
    Notes,
    PageNotes,
    cited_in_code,
    has_citations,
    render,
)
from serverless_first.publish.site.links import Page

NEWS = Source("NEWS", "News [AWS]", "https://aws.example/news")
GUIDE = Source("GUIDE", "Guide", "https://aws.example/guide_(2026)")
ODD = Source("ODD", "A `price` in $, *not* b|c_d", "https://aws.example/odd")
FACTS = Facts(
    {
        "step": Fact(
            "step",
            "Step | size",
            Dated("1 ms", "2026-11", (NEWS, GUIDE)),
            Dated("100 ms", "2020-01", (NEWS,)),
            date.today(),
        ),
        "rate": Fact(
            "rate",
            "Rate",
            Dated("10,000, and 100 new ones a second", "2025", (GUIDE,), "10,000"),
            Dated("5", "2019", (GUIDE,)),
            date.today(),
        ),
        "odd": Fact("odd", "Odd", Dated("a < b", "2026", (ODD,)), None, date.today()),
        "price": Fact("price", "Price", Dated("$0.20", "2026", (GUIDE,)), None, date.today()),
    },
    {"NEWS": NEWS, "GUIDE": GUIDE},
)


def text(markdown: str, notes: Notes | None = None) -> str:
    return render(markdown, FACTS, notes or PageNotes("lesson-05"))


def seen(html: str) -> str:
    """What a reader sees of rendered Markdown, without tags and addresses in < >."""
    return re.sub(r"<[^>]+>", "", html)


def test_a_fact_shows_its_value_and_a_mark_after_the_punctuation() -> None:
    assert (
        seen(text("Now {fact}`step`, once {then}`step`. See ({fact}`step`)."))
        == "Now 1 ms,[1] once 100 ms.[2] See (1 ms[1])."
    )


def test_a_mark_links_to_its_entry_and_the_entry_back_to_the_first_mark() -> None:
    notes = PageNotes("lesson-05")
    page = Page(text("{fact}`step` and {fact}`step`", notes) + notes.section())
    assert [link for link in page.links if link.startswith("#")] == [
        "#lesson-05-source-1",
        "#lesson-05-source-1",
        "#lesson-05-mark-1",
    ]
    assert page.ids == {"lesson-05-source-1", "lesson-05-mark-1"}


def test_a_mark_says_its_source_and_date_where_it_stands() -> None:
    assert 'title="News (AWS); Guide, November 2026"' in text("{fact}`step`")


def test_the_sources_have_statement_date_and_link_of_each_fact_once() -> None:
    notes = PageNotes("lesson-05")
    text("{fact}`price` {fact}`step` {then}`step` {fact}`price`", notes)
    assert seen(notes.section()).splitlines() == [
        "## Sources",
        "",
        "1. Price: $0.20. As of 2026: [Guide](). ↩",
        "2. Step | size: 1 ms. As of November 2026: [News (AWS)](https://aws.example/news); [Guide](). ↩",
        "3. Step | size: 100 ms. As of January 2020: [News (AWS)](https://aws.example/news). ↩",
    ]
    assert "[Guide](<https://aws.example/guide_(2026)>)" in notes.section()


def test_a_short_form_stands_in_the_sentence_and_the_whole_value_in_the_sources() -> None:
    notes = PageNotes("lesson-05")
    assert seen(text("Up to {fact}`rate`.", notes)) == "Up to 10,000.[1]"
    assert "1. Rate: 10,000, and 100 new ones a second. As of" in seen(notes.section())


def test_a_table_has_whole_values_and_columns_for_the_dates() -> None:
    assert seen(text("Before\n\n{then-now}`step, rate`\n\nAfter")).splitlines()[2:6] == [
        "| What | Then | As of | Now | As of |",
        "| --- | --- | --- | --- | --- |",
        "| Step \\| size | 100 ms[1] | January 2020 | 1 ms[2] | November 2026 |",
        "| Rate | 5[3] | 2019 | 10,000, and 100 new ones a second[4] | 2025 |",
    ]


def test_a_source_is_cited_without_a_value() -> None:
    notes = PageNotes("lesson-05")
    assert seen(text("Students who predict learn.{source}`NEWS` So says the guide{source}`price, NEWS`.", notes)) == (
        "Students who predict learn.[1] So says the guide.[2][1]"
    )
    assert seen(notes.section()).splitlines()[2:] == [
        "1. [News (AWS)](https://aws.example/news). ↩",
        "2. Price: $0.20. As of 2026: [Guide](). ↩",
    ]


def test_facts_that_only_code_reads_follow_without_a_number() -> None:
    notes = PageNotes("lesson-05")
    text("{fact}`step`", notes)
    read = [Note.of(FACTS[name], FACTS[name].now) for name in ("step", "price", "price")]
    assert seen(notes.section(read)).splitlines()[3:] == [
        "",
        "The code on this page also uses:",
        "",
        "- Price: $0.20. As of 2026: [Guide]().",
    ]


def test_a_page_that_cites_nothing_has_no_sources() -> None:
    notes = PageNotes("lesson-05")
    assert text("A lamp, and `{fact}`.", notes) == "A lamp, and `{fact}`."
    assert notes.section() == ""


def test_no_sign_of_a_title_begins_code_a_formula_or_a_column() -> None:
    mark = text("{fact}`odd`")
    assert not re.search(r"[$`|*_]", mark.partition("<sup")[2])


def test_hints_and_quizzes_have_letters_and_name_their_sources_at_the_foot() -> None:
    marks = Marks(letters=True)
    assert seen(text("{fact}`step`, {then}`step`", marks)) == "1 ms,[a][b] 100 ms[c]"
    assert seen(marks.foot()).replace("&nbsp;", " ") == (
        "[a] News (AWS), November 2026 · [b] Guide, November 2026 · [c] News (AWS), January 2020"
    )


def test_a_terminal_shows_the_addresses_of_the_sources() -> None:
    marks = Marks(letters=True).without_links()
    assert text("It is {then}`step`.", marks) == "It is 100 ms. [a]"
    assert marks.plain_foot() == "[a] News [AWS], January 2020: https://aws.example/news"


def test_a_value_in_html_is_escaped() -> None:
    assert text("{fact}`odd`", Marks(in_html=True)).startswith("a &lt; b<sup>")


@pytest.mark.parametrize(
    "markdown", ["`{fact}` and `x`", "``{fact}`step` ``", "```\n{fact}`step`\n```", "`/orders/{id}` or `a`"]
)
def test_what_stands_in_code_is_left_alone(markdown: str) -> None:
    assert text(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "says"),
    [
        ("{fact}`steps`", "no fact 'steps'.*Did you mean step"),
        ("{facts}`step`", r"unknown role \{facts\}\. Allowed roles: \{fact\}, \{then\}, \{source\}, \{then-now\}"),
        ("{source}`NEW`", "no fact and no source 'NEW'.*Did you mean NEWS"),
        ("{fact}`step, price`", "takes one id"),
        ("{then}`price`", "fact 'price' has no `then`"),
        ("{then-now}`step, price`", "fact 'price' has no `then`"),
        ("see {then-now}`step`", "put it on its own line"),
    ],
)
def test_a_citation_that_cannot_be_rendered_says_why(markdown: str, says: str) -> None:
    with pytest.raises(CitationError, match=says):
        text(markdown)


def test_cited_ids_are_collected_from_markdown_and_code() -> None:
    cited: set[str] = set()
    render("{fact}`price` {then}`step`", FACTS, Marks(), cited)
    assert cited == {"price", "step"}
    assert cited_in_code('print(facts.get("step").now.value)') == ["step"]


def test_only_a_text_that_cites_needs_the_facts() -> None:
    assert has_citations("It is {fact}`step`.")
    assert not has_citations("Write ``{fact}`step` ``, or `x`.")

"""Dollar signs in prose: none of them begins a formula, and none in code is touched."""

from __future__ import annotations

import pytest
from nbconvert import filters

from serverless_first.course import dollars
from serverless_first.course.dollars import SIGN


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("$0.40 a month, **$0.05** a call", f"{SIGN}0.40 a month, **{SIGN}0.05** a call"),
        (r"between \$50 and $60", f"between {SIGN}50 and {SIGN}60"),
        ("## From $1 to $2", f"## From {SIGN}1 to {SIGN}2"),
        ("- $1\n- $2\n    goes on $3", f"- {SIGN}1\n- {SIGN}2\n    goes on {SIGN}3"),
        ("| a | b |\n|---|---|\n| $1 | $2 |", f"| a | b |\n|---|---|\n| {SIGN}1 | {SIGN}2 |"),
        ("> $1\n> and $2", f"> {SIGN}1\n> and {SIGN}2"),
        ("[from $5](https://aws.example/a$b)", f"[from {SIGN}5](https://aws.example/a$b)"),
        ('<a title="$5" href="#">$5</a>', f'<a title="$5" href="#">{SIGN}5</a>'),
        ("<details>\n$1 and $2\n</details>", f"<details>\n{SIGN}1 and {SIGN}2\n</details>"),
        ("a lone ` costs $1\n\nand ` here $2", f"a lone ` costs {SIGN}1\n\nand ` here {SIGN}2"),
        (f"{SIGN}5", f"{SIGN}5"),
    ],
)
def test_a_dollar_in_prose_stays_a_dollar(markdown: str, expected: str) -> None:
    assert dollars.in_markdown(markdown) == expected


@pytest.mark.parametrize(
    "markdown",
    [
        "`$states.input` and ``$`x` ``",
        "over `two\nlines $x` and",
        "```sh\necho $HOME $PATH\n```",
        "- a list\n\n  ~~~\n  echo $HOME $PATH\n  ~~~",
        'Nearly the code:\n\n    "Output": "{% $states.input %}",\n\n    "Next": "$x"',
        "<https://aws.example/$a$b>",
        '[bill](https://aws.example/$a$b "costs $5")',
    ],
)
def test_a_dollar_in_code_is_left_alone(markdown: str) -> None:
    assert dollars.in_markdown(markdown) == markdown


def test_html_with_a_dollar_asks_mathjax_to_pass_by() -> None:
    assert dollars.in_html("<p>$1</p>") == '<div class="tex2jax_ignore mathjax_ignore"><p>$1</p></div>'
    assert dollars.in_html("<p>1</p>") == "<p>1</p>"


def test_readers_without_mathjax_see_a_dollar_sign() -> None:
    page = str(filters.markdown2html(dollars.in_markdown("**$1** or $2")))
    assert page.replace("<span>", "").replace("</span>", "").strip() == "<p><strong>$1</strong> or $2</p>"

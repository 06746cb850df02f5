"""Folded code: how authors mark it, what the build makes of it, and what may never be folded."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first.authoring import visible
from serverless_first.authoring.collapsed import is_folded, line_of, split

CELL = """\
orders = aws.at_once("orders", customers)
### FOLD: Draws who found a seat.
figures.show(
    figures.seats(environments=60)
)
### END FOLD
print(len(orders))"""


def code(source: str, *tags: str, **metadata: Any) -> Any:
    cell: Any = nbformat.v4.new_code_cell(source, metadata=metadata)  # type: ignore[no-untyped-call]
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def built(*cells: Any, kind: str = "lesson") -> list[Any]:
    made, problems = split(cells, kind)
    assert problems == []
    return made


def test_a_part_of_a_cell_is_collapsed_below_a_line_that_says_what_it_does() -> None:
    before, line, hidden, after = built(code(CELL))
    assert before.source == 'orders = aws.at_once("orders", customers)'
    assert line.cell_type == "markdown"
    assert line.source == "**Folded code.** Draws who found a seat."
    assert line_of(line) == "Draws who found a seat."
    assert hidden.source == "figures.show(\n    figures.seats(environments=60)\n)"
    assert hidden.metadata["jupyter"] == {"source_hidden": True}
    assert after.source == "print(len(orders))"
    assert [is_folded(cell) for cell in (before, line, hidden, after)] == [False, False, True, False]


def test_a_whole_cell_is_folded_to_its_end_and_keeps_its_tags() -> None:
    line, hidden = built(code("### FOLD: Counts the orders.\n\nplaced = 15\n", "slow"))
    assert hidden.source == "placed = 15"
    assert hidden.metadata["tags"] == ["slow", "folded"]
    assert line_of(line) == "Counts the orders."


def test_cells_without_marks_stay_as_they_are() -> None:
    cell = code("### a heading of an author\nprint('### FOLD: in a text')")
    assert built(cell)[0] is cell


def test_a_slide_shows_the_output_and_no_line() -> None:
    made = built(code(CELL, slideshow={"slide_type": "slide"}), kind="slides")
    assert [cell.cell_type for cell in made] == ["code"] * 3
    assert made[1].metadata["tags"] == ["remove-input"]
    assert ["slideshow" in cell.metadata for cell in made] == [True, False, False]


@pytest.mark.parametrize(
    ("source", "tags", "says"),
    [
        ("x = 1\n### FOLD\ny = 2", (), "needs a sentence"),
        ("x = 1\n### FOLD: draws.\ny = 2", (), "needs a sentence"),
        (f"x = 1\n### FOLD: D{'x' * 90}.\ny = 2", (), "90 at most"),
        ("x = 1\n### END FOLD\ny = 2", (), "without a ### FOLD above"),
        ("### FOLD: One.\nx = 1\n### FOLD: Two.\ny = 2", (), "inside another fold"),
        ("for n in range(3):\n    ### FOLD: Counts.\n    print(n)", (), "must start at the left margin"),
        ("x = (\n### FOLD: Counts.\n1)", (), "isn't whole statements"),
        ("%%writefile orders.py\n### FOLD: Imports.\nimport os", (), "learners read the files"),
        ("### FOLD: Checks.\nlab.check('0.1')", ("check-0.1",), "its own cell"),
        ("x = 1\n### FOLD: Fails.\nfail()", ("raises-exception",), "its own cell"),
    ],
)
def test_a_mark_that_breaks_a_rule_says_what_to_do(source: str, tags: tuple[str, ...], says: str) -> None:
    cell = code(source, *tags)
    made, [(named, problem)] = split([cell], "lab")
    assert made == [cell]
    assert named is cell
    assert says in problem


def test_magics_of_a_line_may_stand_in_a_fold() -> None:
    assert built(code("### FOLD: Waits for the queue.\n%time wait()\n!ls"))[1].source == "%time wait()\n!ls"


def hidden(source: str, *before: str) -> list[str]:
    cells = built(*map(code, before), code(f"### FOLD: Does something.\n{source}"))
    return [problem for _, problem in visible.hidden_calls(cells)]


CLIENT = 'import boto3\nrds = boto3.client("rds")\ntable = boto3.resource("dynamodb").Table("orders")\nx, y = 1, rds'


@pytest.mark.parametrize(
    "call",
    [
        'boto3.client("sqs")',
        'rds.describe_db_instances()["DBInstances"]',
        "table.put_item(Item={})",
        'waiter = rds.get_waiter("db_instance_available")\nwaiter.wait()',
        "for _ in range(3):\n    y.reboot_db_instance()",
        "pool.map(rds.delete_db_instance, names)",
        'aws.at_once("orders", [])',
        'hikari.deploy(aws, "orders", "orders.py")',
        'requests.get("http://localhost")',
        "def again():\n    return rds.describe_db_instances()",
    ],
)
def test_an_aws_call_cannot_be_folded(call: str) -> None:
    [problem] = hidden(call, CLIENT)
    assert "AWS call" in problem
    assert "move it out of the fold" in problem


def test_an_aws_call_cannot_hide_behind_a_function_or_in_a_later_one() -> None:
    tools = "def rush():\n    return inner()\n\n\ndef inner():\n    return aws.at_once('orders', [])"
    assert "rush()" in hidden("print(rush())", CLIENT, tools)[0]


def test_a_handler_cannot_be_folded() -> None:
    assert "handler" in hidden("def handler(event, context):\n    return 1")[0]
    assert "handler" in hidden("SOURCE = '''def greet(event, context):\n    pass'''")[0]


@pytest.mark.parametrize(
    "bookkeeping",
    [
        "figures.show(figures.timeline(aws.timeline('orders'), title='One call'))",
        "sessions = aws.database_sessions('orders-db')",
        "except_ = rds.exceptions.ClientError",
        "explore.Fleet(aws)",
        "assert placed == 17",
    ],
)
def test_what_only_looks_and_draws_may_be_folded(bookkeeping: str) -> None:
    assert hidden(bookkeeping, CLIENT) == []


def bookkeeping(*sources: str) -> list[str]:
    """The visible lines that count as bookkeeping."""
    cells = [cell for cell in built(*map(code, sources)) if cell.cell_type == "code"]
    marked = visible._Code(cells).bookkeeping()
    shown = [cell for cell in cells if not is_folded(cell)]
    return [cell.source.split("\n")[n - 1] for cell, lines in zip(shown, marked, strict=True) for n in sorted(lines)]


def test_bookkeeping_is_what_serves_asserts_figures_and_predictions_alone() -> None:
    lines = [
        "from serverless_first import figures",
        "placed = [call for call in orders if call.ok]",
        "share = len(placed) / 60",
        "rounded = round(share)",
        "lab.predicted('noon', answer=rounded)",
        "assert len(placed) == 15",
        "figures.show(figures.seats(connected=len(placed)))",
    ]
    kept = "orders = aws.at_once('orders', [])\nprint(len(orders))"
    assert bookkeeping(f"{kept}\n" + "\n".join(lines)) == lines
    assert bookkeeping(f"{kept}\n" + "\n".join([*lines, "print(placed, share)"])) == [lines[0], *lines[3:]]


def test_helpers_are_bookkeeping_unless_they_call_aws_or_a_database() -> None:
    helper = "def count(calls):\n    return len(calls)"
    assert bookkeeping(f"{helper}\n\n\nprint(count([]))") == helper.split("\n")
    for kept in ("aws.at_once('orders', [])", "connection.execute('SELECT 1')"):
        assert bookkeeping(f"def act():\n    {kept}\n\n\nact()") == []


def test_asserts_inside_a_block_count_and_names_that_only_folds_use_do() -> None:
    assert bookkeeping("for n in orders:\n    print(n)\n    assert n") == ["    assert n"]
    assert bookkeeping("late = 3\nprint('on')\n### FOLD: Draws.\nfigures.show(late)") == ["late = 3"]


def test_measures_say_what_is_too_much_and_what_to_do() -> None:
    cells = built(
        code("\n".join(f"print({n})" for n in range(26))),
        code("%%writefile orders.py\n" + "x = 1\n" * 60),
        *[code("assert x")] * 23,
        code("figures.show(figure, alt='Sixty dots')"),
        *[nbformat.v4.new_markdown_cell("Hikari")] * 50,  # type: ignore[no-untyped-call]
    )
    measures = visible.measure(cells)
    assert (measures.longest, measures.visible_cells, measures.cells, measures.bookkeeping) == (26, 26, 76, 24)
    said = visible.problems(measures)
    assert len(said) == 5
    for words in (
        "bookkeeping (22%), 10% at most",
        "'print(0)' has 26 lines",
        "26 code cells",
        "76 cells",
        "1 figures get",
    ):
        assert any(words in line for line in said), words
    assert visible.problems(visible.measure(built(code(CELL)))) == []

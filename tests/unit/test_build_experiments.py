"""What follows a prediction is folded in the built lesson until the learner opens it."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from serverless_first.authoring import experiments

new: Any = nbformat.v4


def built(*sources: str) -> list[tuple[str, bool]]:
    """The first line of each cell, and whether JupyterLab shows it before anything is opened."""
    cells = [
        new.new_code_cell(source) if source.startswith(("lab.", "run")) else new.new_markdown_cell(source)
        for source in sources
    ]
    shown, hidden_below = [], 0  # JupyterLab's rule: hidden up to a heading of the same or a higher level
    for cell in experiments.folded(cells):
        prose = cell.source.split("```")[0]
        levels = [len(line) - len(line.lstrip("#")) for line in prose.split("\n") if line.startswith("#")]
        level = min(levels, default=0) if cell.cell_type == "markdown" else 0
        if level and level <= hidden_below:
            hidden_below = 0
        shown.append((cell.source.split("\n")[0], not hidden_below))
        if cell.metadata.get("jp-MarkdownHeadingCollapsed") and not hidden_below:
            hidden_below = level
    return shown


def test_the_experiment_and_what_it_showed_are_folded_up_to_the_next_heading() -> None:
    assert built("## Noon", 'lab.predict("burst")', "run()", "Seventeen.\n\n## After\n\nThe sale is over.") == [
        ("## Noon", True),
        ('lab.predict("burst")', True),
        ("### The experiment", True),
        ("run()", False),
        ("Seventeen.", False),
        ("## After", True),
    ]


def test_the_next_question_of_a_section_waits_in_the_fold_of_the_first() -> None:
    cells = ["# Lamps", 'lab.predict("a")', "run(a)", 'lab.predict("b")', "run(b)", "Both.\n\n# Shop"]
    assert [line for line, visible in built(*cells) if visible] == [
        "# Lamps",
        'lab.predict("a")',
        "## The experiment",
        "# Shop",
    ]
    assert ("### The experiment", False) in built(*cells)  # it stays closed when the first one is opened


@pytest.mark.parametrize("following", [["## Later"], []])
def test_a_prediction_with_nothing_below_it_gets_no_fold(following: list[str]) -> None:
    assert all("experiment" not in line for line, _ in built("## Noon", 'lab.predict("burst")', *following))


def test_a_cell_that_only_asks_is_collapsed_below_a_line_that_says_so() -> None:
    asks, mixed = new.new_code_cell('lab.predict("a")'), new.new_code_cell('limit = 3\nlab.predict("b")')
    text = new.new_markdown_cell("## Noon")
    cells = experiments.folded([text, asks, new.new_code_cell("run()"), mixed])
    assert cells[0].source == f"## Noon\n\n{experiments.LINE}"
    assert experiments.without_line(cells[0].source) == "## Noon"
    assert asks.metadata["jupyter"] == {"source_hidden": True}
    assert "jupyter" not in mixed.metadata  # it has code that a learner should see


def test_a_comment_in_a_block_of_code_ends_no_fold() -> None:
    cells = built("## Noon", 'lab.predict("burst")', "Run this:\n\n```sh\n# all of it\nmake lab\n```", "run()")
    assert [line for line, visible in cells if not visible] == ["Run this:", "run()"]


def test_a_deeper_heading_stays_inside() -> None:
    cells = built("## Noon", 'lab.predict("burst")', "Text.\n\n#### Detail\n\nMore.", "run()")
    assert ("run()", False) in cells

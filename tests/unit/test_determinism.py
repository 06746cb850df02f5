"""tools/determinism.py finds a text that is not the same twice, and takes pictures as they come."""

from __future__ import annotations

from typing import Any

import nbformat.v4
import pytest
from tools.determinism import differences

v4: Any = nbformat.v4


def notebook(*outputs: Any) -> Any:
    return v4.new_notebook(cells=[v4.new_markdown_cell("Orders"), v4.new_code_cell("look()", outputs=list(outputs))])


def printed(text: str) -> Any:
    return v4.new_output("stream", name="stdout", text=text)


def shown(**data: str) -> Any:
    return v4.new_output("display_data", data={kind.replace("_", "/"): text for kind, text in data.items()})


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (
            printed("15 of 60"),
            printed("16 of 60"),
        ),
        (shown(text_html="<p>15</p>"), shown(text_html="<p>16</p>")),
        (v4.new_output("error", ename="KeyError", evalue="a"), v4.new_output("error", ename="KeyError", evalue="b")),
    ],
)
def test_a_text_that_differs_is_told_with_its_cell(first: Any, other: Any) -> None:
    (line,) = differences(notebook(first), notebook(other))
    assert line.startswith("cell 2: ")
    assert differences(notebook(first), notebook(first)) == []


def test_an_output_more_is_told() -> None:
    text = printed("15 of 60")
    assert differences(notebook(text), notebook(text, text)) == ["1 outputs and 2"]


def test_pictures_may_be_drawn_from_what_was_measured() -> None:
    assert differences(notebook(shown(image_png="AAAA")), notebook(shown(image_png="BBBB"))) == []


def test_the_number_of_a_process_may_be_another() -> None:
    assert differences(notebook(printed("process 47 waits")), notebook(printed("process 251 waits"))) == []

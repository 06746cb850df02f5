"""Notebooks in and out: nbformat behind three typed calls."""

from __future__ import annotations

from typing import Any

import nbformat

_nbformat: Any = nbformat  # nbformat carries no types for these calls


def new(cells: list[Any], metadata: dict[str, Any]) -> Any:
    """A valid notebook of format 4.5, the first one with cell ids."""
    notebook = _nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    _nbformat.validate(notebook)
    return notebook


def markdown(source: str, metadata: dict[str, Any]) -> Any:
    """A Markdown cell."""
    return _nbformat.v4.new_markdown_cell(source, metadata=metadata)


def loads(text: str) -> Any:
    """The notebook in a text.

    Raises:
        ValueError: the text is not a notebook.
    """
    try:
        return _nbformat.reads(text, as_version=4)
    except Exception as error:
        # nbformat raises five unrelated kinds for a file that a merge or an editor has broken.
        raise ValueError(f"not a readable notebook: {' '.join(str(error).split())[:200]}") from None


def dumps(notebook: Any) -> str:
    """The notebook as text for git: stable order, indent 1, letters as they are, a newline at the end."""
    return str(_nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"

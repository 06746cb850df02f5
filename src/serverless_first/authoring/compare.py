"""Compares the stored notebooks with the sources, without executing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serverless_first.authoring import nbio
from serverless_first.authoring.execute import output_problems
from serverless_first.authoring.sources import Page

BUILT_FOLDERS = ("notebooks", "solutions", "labs", "slides")
_CURE = 'run "make build"'


def page_problems(page: Page, root: Path) -> list[str]:
    """The problems of a stored notebook: different cells or metadata, cells not run, and unsuitable outputs."""
    text = _stored_text(root, page.target)
    if text is None:
        return [f"{page.target} is missing: {_CURE}"]
    if not page.has_code:
        return whole_problems(page.target, page.notebook, page.source, root)
    try:
        stored = nbio.loads(text)
    except ValueError:
        return [f"{page.target} is not a readable notebook: {_CURE}"]
    built_cells, stored_cells = page.notebook.cells, stored.cells
    for number, (built_cell, stored_cell) in enumerate(zip(built_cells, stored_cells, strict=False), 1):
        if _without_run(built_cell) != _without_run(stored_cell):
            return [f"{page.target}: cell {number} is not the one that {page.source} makes: {_CURE}"]
    if len(built_cells) != len(stored_cells):
        return [f"{page.target} has {len(stored_cells)} cells, {page.source} makes {len(built_cells)}: {_CURE}"]
    if stored.metadata != page.notebook.metadata:
        return [f"{page.target}: the notebook's metadata differ from the build's: {_CURE}"]
    counts = [cell.execution_count for cell in stored_cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        return [f"{page.target}: not every code cell was run, once and in order: {_CURE}"]
    return [f"{problem}: correct the source and {_CURE}" for problem in output_problems(stored, page.target)]


def whole_problems(target: str, notebook: Any, source: str, root: Path) -> list[str]:
    """The problems of a stored notebook that is never executed, which must equal the built one exactly."""
    text = _stored_text(root, target)
    if text is None:
        return [f"{target} is missing: {_CURE}"]
    if text != nbio.dumps(notebook):
        return [f"{target} is not the one that {source} makes: {_CURE}"]
    return []


def strays(root: Path, targets: set[str]) -> list[str]:
    """Notebooks in the build's folders that have no source."""
    notebooks = {path.relative_to(root).as_posix() for name in BUILT_FOLDERS for path in (root / name).glob("*.ipynb")}
    return [f"{target} has no source in modules/, so delete it" for target in sorted(notebooks - targets)]


def _stored_text(root: Path, target: str) -> str | None:
    try:
        return (root / target).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _without_run(cell: Any) -> dict[str, object]:
    return {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}

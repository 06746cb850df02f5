"""No function of the course or of the engine has more than 60 lines."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 60


def long_functions(program: str) -> list[str]:
    """The functions of a program that have more than 60 lines, with their decorators left out."""
    functions = [
        node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= MOST_LINES]


@pytest.mark.parametrize("lines", [60, 61])
def test_a_function_of_more_than_sixty_lines_is_long(lines: int) -> None:
    program = "def answer():\n" + "    pass\n" * (lines - 1)
    assert long_functions(program) == ["answer"] * (lines > 60)


def test_no_function_is_long() -> None:
    files = [file for room in ("engine/src", "src") for file in (ROOT / room).rglob("*.py")]
    long = {file.name: names for file in files if (names := long_functions(file.read_text(encoding="utf-8")))}
    assert not long, f"Split these functions: {long}"

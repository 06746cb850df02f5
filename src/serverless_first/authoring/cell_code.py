"""A cell's code as Python's parser sees it."""

from __future__ import annotations

import ast
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

_transformer: Any = TransformerManager  # IPython carries no types for it


def tree(source: str) -> ast.Module:
    """A code cell's statements, with IPython's magics and commands as calls.

    A `%%` cell has no statements: it is a file that a lesson writes, or another language.

    Raises:
        SyntaxError: the cell isn't Python.
    """
    if source.startswith("%%"):
        return ast.Module(body=[], type_ignores=[])
    plain: str = _transformer().transform_cell(source)
    return ast.parse(plain)

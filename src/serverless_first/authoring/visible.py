"""Measures the code that a lesson shows. AWS calls and handlers always show, bookkeeping hardly ever does.

The rules are read from the code without running it:

- An **AWS call** is anything asked of a boto3 client or resource, anything that gets a client or the local cloud `aws`
  as an argument, a call of `aws` that acts on the cloud, an HTTP request, and a call of a function that contains one.
- A **handler** is a file that a cell writes, or a function of `event` and `context`.
- **Bookkeeping** is an assert, the call that draws a figure, the answer to a prediction, a helper function that calls
  neither AWS nor a database, and every statement whose names only bookkeeping or folded code uses.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_first.authoring import cell_code
from serverless_first.authoring.collapsed import is_folded

#: Calls of the local cloud that stand for AWS calls: they invoke, deploy or create. The others only look.
ACTING = frozenset({"at_once", "deploy", "image", "layer"})
_LOOKING = frozenset({"exceptions", "meta"})  # attributes of a client that aren't calls
_DRAWS = frozenset({"figures", "explore", "lab"})  # they may get the cloud, to draw what it shows
_HANDLES = frozenset({"client", "resource", "get_waiter", "get_paginator"})  # calls whose answer calls AWS
_HANDLER_ARGUMENTS = ["event", "context"]


@dataclass(frozen=True)
class Measures:
    """The code of a lesson that a learner sees.

    Attributes:
        lines: lines of visible code that aren't empty.
        bookkeeping: how many of them are bookkeeping.
        longest: lines of the longest visible cell that isn't a handler, empty lines included.
        longest_place: its first line.
        visible_cells: code cells that aren't collapsed.
        cells: all cells, the collapsed ones and the lines above them included.
        alts: figures whose alt text the lesson writes, visible or not.
    """

    lines: int
    bookkeeping: int
    longest: int
    longest_place: str
    visible_cells: int
    cells: int
    alts: int

    @property
    def share(self) -> float:
        """The part of the visible lines that is bookkeeping, from 0 to 1."""
        return self.bookkeeping / self.lines if self.lines else 0.0


#: The limits of a converted lesson.
MOST_SHARE, MOST_LINES, MOST_VISIBLE_CELLS, MOST_CELLS = 0.10, 25, 25, 75


def measure(cells: Sequence[Any]) -> Measures:
    """Measures a lesson's cells as the build makes them, outputs not needed."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    visible_cells = [cell for cell in code if not is_folded(cell)]
    lessons_code = _Code(code)
    lengths = [(cell.source.count("\n") + 1, cell) for cell in visible_cells if not _holds_handler(cell)]
    longest, cell = max(lengths, key=lambda pair: pair[0], default=(0, None))
    return Measures(
        lines=sum(len(_filled(cell.source)) for cell in visible_cells),
        bookkeeping=sum(len(lines) for lines in lessons_code.bookkeeping()),
        longest=longest,
        longest_place=cell.source.strip().partition("\n")[0] if cell else "",
        visible_cells=len(visible_cells),
        cells=len(cells),
        alts=sum(map(_writes_alt, (node for tree in lessons_code.trees for node in ast.walk(tree)))),
    )


def problems(measures: Measures) -> list[str]:
    """A line for each limit that a lesson breaks, with what to do; empty if it keeps to all of them."""
    lines: list[str] = []
    if measures.share > MOST_SHARE:
        lines.append(
            f"{measures.bookkeeping} of {measures.lines} visible lines of code are bookkeeping ({measures.share:.0%}), "
            f"{MOST_SHARE:.0%} at most: put asserts, figures and helpers below a ### FOLD"
        )
    if measures.longest > MOST_LINES:
        lines.append(
            f"the visible cell that begins with {measures.longest_place!r} has {measures.longest} lines, {MOST_LINES} "
            "at most: split it, or fold what teaches nothing"
        )
    if measures.visible_cells > MOST_VISIBLE_CELLS:
        lines.append(f"{measures.visible_cells} code cells are visible, {MOST_VISIBLE_CELLS} at most: join some")
    if measures.cells > MOST_CELLS:
        lines.append(f"the lesson has {measures.cells} cells, {MOST_CELLS} at most: join some")
    if measures.alts:
        lines.append(
            f"{measures.alts} figures get their alt text from the lesson: let the figure function write it, "
            "with figures.words.add_alt_text, and take alt= out"
        )
    return lines


def hidden_calls(cells: Sequence[Any]) -> list[tuple[int, str]]:
    """The AWS calls and handlers in collapsed cells: the number of the cell, from 1, and what to do."""
    numbered = [(number, cell) for number, cell in enumerate(cells, 1) if cell.cell_type == "code"]
    lessons_code = _Code([cell for _, cell in numbered])
    faults: list[tuple[int, str]] = []
    for (number, cell), tree in zip(numbered, lessons_code.trees, strict=True):
        if not is_folded(cell):
            continue
        if _holds_handler(cell):
            faults.append((number, "a handler is folded; learners read handlers: move it out of the fold"))
        elif call := next(lessons_code.aws_calls(tree), None):
            words = " ".join(ast.unparse(call).split())
            words = words if len(words) <= 50 else f"{words[:49]}…"
            faults.append((number, f"the AWS call {words} is folded; learners read AWS calls: move it out of the fold"))
    return faults


class _Code:
    """A lesson's code cells as one program."""

    def __init__(self, cells: Sequence[Any]) -> None:
        self.cells = cells
        self.trees = [_tree(cell.source) for cell in cells]
        self._clients = {"boto3", "requests"}
        self._functions = {"urlopen"}
        # A name may be used above the cell that defines it, inside a function: look until nothing new is found.
        known = -1
        while known != len(self._clients) + len(self._functions):
            known = len(self._clients) + len(self._functions)
            for tree in self.trees:
                self._learn(tree)

    def _learn(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if next(self.aws_calls(node), None):
                    self._functions.add(node.name)
            elif isinstance(node, ast.Assign) and self._makes_client(node.value):
                self._clients |= {name for target in node.targets for name in _names(target, ast.Store)}

    def _makes_client(self, value: ast.expr) -> bool:
        """Whether a value is a client, a resource or a waiter: `boto3.client("rds")`, `dynamodb.Table("orders")`."""
        if isinstance(value, ast.Tuple | ast.List):
            return any(map(self._makes_client, value.elts))
        if isinstance(value, ast.Name):
            return value.id in self._clients - {"requests"}
        if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
            return False
        method = value.func.attr  # a resource hands out others by calls with a capital, as in `Table`
        return _root(value.func) in self._clients and (method in _HANDLES or method[0].isupper())

    def aws_calls(self, tree: ast.AST) -> Iterator[ast.expr]:
        """The places in a piece of code that call AWS, or hand on what does."""
        for node in ast.walk(tree):
            if (isinstance(node, ast.Attribute) and self._acts_on_cloud(node)) or (
                isinstance(node, ast.Call) and self._hands_on(node)
            ):
                yield node

    def _acts_on_cloud(self, node: ast.Attribute) -> bool:
        """Whether this is a method of a client, or one of `aws` that acts."""
        root = _root(node)
        if root == "aws":
            return node.attr in ACTING
        below = node.value.attr if isinstance(node.value, ast.Attribute) else ""
        return root in self._clients and not {node.attr, below} & _LOOKING

    def _hands_on(self, call: ast.Call) -> bool:
        """Whether this calls a function that calls AWS, or one that is given what it needs for that."""
        named = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        called = call.func.id if isinstance(call.func, ast.Name) else ""
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        handed = {value.id for value in arguments if isinstance(value, ast.Name)}
        if called in self._functions or named == "urlopen":
            return True
        return bool(handed & (self._clients | {"aws"})) and _root(call.func) not in _DRAWS

    def bookkeeping(self) -> list[set[int]]:
        """For each visible cell the numbers of its lines that are bookkeeping."""
        visible_cells = [(cell, tree) for cell, tree in zip(self.cells, self.trees, strict=True) if not is_folded(cell)]
        statements = [(n, statement) for n, (_, tree) in enumerate(visible_cells) for statement in tree.body]
        behind = {id(statement) for _, statement in statements if self._is_bookkeeping(statement)}
        hidden = [tree for cell, tree in zip(self.cells, self.trees, strict=True) if is_folded(cell)]
        makes = {id(s): _bindings(s) for _, s in statements}
        uses = {id(s): _used(s) for _, s in statements}
        in_folds = set().union(*map(_used, hidden))
        known = -1
        while known != len(behind):
            known = len(behind)
            rest = [s for _, s in statements if id(s) not in behind]
            needs = in_folds.union(*(uses[key] for key in behind))
            readers = Counter(name for s in rest for name in uses[id(s)])
            for s in rest:
                own, read = makes[id(s)], uses[id(s)]
                if own and own <= needs and not any(readers[n] > (n in read) for n in own) and not self._acts(s):
                    behind.add(id(s))
        lines: list[set[int]] = [set() for _ in visible_cells]
        for n, statement in statements:
            filled = _filled(visible_cells[n][0].source)
            for part in [statement] if id(statement) in behind else self._inner(statement):
                lines[n] |= set(range(_first(part), (part.end_lineno or part.lineno) + 1)) & filled
        return lines

    def _is_bookkeeping(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            talks = next(self.aws_calls(statement), None) or any(map(_is_sql, ast.walk(statement)))
            return not talks and not _is_handler(statement)
        return _serves(statement)

    def _inner(self, statement: ast.stmt) -> list[ast.stmt]:
        """The bookkeeping inside a `with`, an `if` or a loop. The body of a function belongs to the function."""
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return []
        return [node for node in ast.walk(statement) if isinstance(node, ast.stmt) and _serves(node)]

    def _acts(self, statement: ast.stmt) -> bool:
        """Whether a statement calls AWS or shows something, which no learner would miss."""
        if isinstance(statement, ast.Expr) or next(self.aws_calls(statement), None):
            return True
        return any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "display")
            for node in ast.walk(statement)
        )


def _tree(source: str) -> ast.Module:
    """A cell's code; a cell that isn't Python has none, and says so when it runs."""
    try:
        return cell_code.tree(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _serves(statement: ast.stmt) -> bool:
    """Whether a statement asserts, draws, or answers a prediction."""
    if isinstance(statement, ast.Assert):
        return True
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    called = ast.unparse(statement.value.func)
    return called == "lab.predicted" or called.startswith("figures.")


def _holds_handler(cell: Any) -> bool:
    """Whether a cell writes a file or defines a handler."""
    source = str(cell.source)
    if source.startswith("%%"):
        return source.startswith("%%writefile")
    tree = _tree(source)
    in_text = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return any(map(_is_handler, ast.walk(tree))) or any("(event, context)" in text for text in in_text)


def _is_handler(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and [a.arg for a in node.args.args] == _HANDLER_ARGUMENTS


def _writes_alt(node: ast.AST) -> bool:
    """Whether this is `figures.show(figure, alt="...")`."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "figures.show"
        and any(keyword.arg == "alt" for keyword in node.keywords)
    )


def _is_sql(node: ast.AST) -> bool:
    """Whether a database is asked here, which teaches as much as an AWS call."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute"


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes and calls begins with: "rds" of `rds.get_waiter("…").wait`."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _names(tree: ast.AST, how: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, how)}


def _bindings(statement: ast.stmt) -> set[str]:
    """The names that a statement gives to the rest of the lesson."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return _names(statement, ast.Store) - _inner_names(statement)


def _used(tree: ast.AST) -> set[str]:
    """The names that a piece of code takes from the rest of the lesson."""
    return _names(tree, ast.Load) - _inner_names(tree)


def _inner_names(tree: ast.AST) -> set[str]:
    """The names that live only inside a comprehension or a lambda."""
    inner = {name for n in ast.walk(tree) if isinstance(n, ast.comprehension) for name in _names(n.target, ast.Store)}
    return inner | {a.arg for n in ast.walk(tree) if isinstance(n, ast.Lambda) for a in n.args.args}


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _filled(source: str) -> set[int]:
    """The numbers of the lines that aren't empty, from 1."""
    return {number for number, line in enumerate(source.split("\n"), 1) if line.strip()}

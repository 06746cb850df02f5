"""The parts that expressions are made of, and the tokens of their texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from serverless_cloud.dynamodb.values import Value


@dataclass(frozen=True, slots=True)
class Path:
    """A path into an item: names, and numbers of elements. A name may still be a placeholder, "#n"."""

    parts: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in self.parts)}]"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that the request gives elsewhere: ":v"."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator with its operands: "size", "=", "BETWEEN", "AND", "+"."""

    name: str
    operands: tuple[Node, ...]


Node = Path | Placeholder | Literal | Call


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update: "SET", a path and its new value. REMOVE has no value."""

    section: str
    path: Path
    value: Node | None = None


def paths_in(node: Node | None) -> Iterator[Path]:
    """The paths of a condition, from left to right."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Call):
        for operand in node.operands:
            yield from paths_in(operand)


def walk(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with each path and placeholder replaced, from left to right."""
    if isinstance(node, Call):
        return Call(node.name, tuple(walk(operand, change) for operand in node.operands))
    return change(node)


@dataclass(frozen=True, slots=True)
class Token:
    """Args: kind: "name", "ref", "value", "number", "symbol" or "end". start, end: its place in the text."""

    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<ref>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<number>\d+)"
    r"|(?P<symbol><>|<=|>=|[^\s]))"
)


def tokens(text: str) -> list[Token]:
    """The tokens of a text, the last one of the kind "end"."""
    result = [
        Token(match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0), match.end())
        for match in _TOKEN.finditer(text)
    ]
    return [*result, Token("end", "<EOF>", len(text), len(text))]

"""Reads condition, filter, key condition, update and projection expressions.

One parser with a table of precedences reads all of them. It says what is wrong with an expression itself; `binding`
says what is wrong once names and values are known. Both use DynamoDB's words.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from serverless_cloud.dynamodb import reserved
from serverless_cloud.dynamodb.errors import DynamoDbError, malformed
from serverless_cloud.dynamodb.syntax import Action, Call, Node, Path, Placeholder, Token, tokens

MOST_BYTES, MOST_OPTIONS, MOST_OPERATORS, DEEPEST = 4096, 100, 300, 32
COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
#: Functions with their numbers of operands: conditions, values, and functions of updates.
CONDITIONS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}
VALUES = {"size": 1}
UPDATES = {"if_not_exists": 2, "list_append": 2}
#: Functions whose first operand is a path.
OF_PATHS = ("attribute_exists", "attribute_not_exists", "attribute_type", "if_not_exists")
_WORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")
LOGICAL = (*COMPARATORS, *_WORDS, *CONDITIONS)


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression before names and values are put in. It has exactly one of the three parts."""

    condition: Node | None = None
    actions: tuple[Action, ...] = ()
    paths: tuple[Path, ...] = ()


class Parser:
    """Reads conditions, and the parts that all expressions have in common. Args: text: of the expression."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place = text, tokens(text), 0
        self.flaws: list[str] = []
        self._inside: set[int] = set()  # ids of nodes in parentheses

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        if self.next.kind == "end":
            raise self.unexpected()
        self.place += 1
        return self.tokens[self.place - 1]

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these symbols or words."""
        token = self.next
        return token.text in texts if token.kind == "symbol" else token.kind == "name" and token.text.upper() in texts

    def skip(self, *texts: str) -> bool:
        """Takes the next token if it is one of these."""
        return self.at(*texts) and bool(self.take())

    def expect(self, text: str) -> None:
        if not self.skip(text):
            raise self.unexpected()

    def unexpected(self) -> DynamoDbError:
        """The error of the next token, with the tokens before and after it."""
        token, before = self.next, self.tokens[max(0, self.place - 1)]
        after = self.tokens[min(self.place + 1, len(self.tokens) - 1)]
        near = self.text[before.start : (token if token.kind == "end" else after).end].strip()
        return malformed(f'Syntax error; token: "{token.text}", near: "{near}"')

    # ---- conditions

    def condition(self) -> Node:
        node = self.either()
        if self.next.kind != "end" or not is_condition(node):
            raise self.unexpected() if not _is_value_call(node) else misused(node)
        return node

    def either(self) -> Node:
        return self._chain("OR", self._both)

    def _both(self) -> Node:
        return self._chain("AND", self._negated)

    def _chain(self, word: str, part: Callable[[], Node]) -> Node:
        node = part()
        while is_condition(node) and self.skip(word):
            other = part()
            if not is_condition(other):
                raise self.unexpected() if not _is_value_call(other) else misused(other)
            node = Call(word, (node, other))
        return node

    def _negated(self) -> Node:
        if not self.skip("NOT"):
            return self._compared()
        node = self._negated()
        if not is_condition(node):
            raise self.unexpected() if not _is_value_call(node) else misused(node)
        return Call("NOT", (node,))

    def _compared(self) -> Node:
        node = self.operand()
        if is_condition(node) and not _is_function(node):
            return node
        if self.next.kind == "symbol" and self.next.text in COMPARATORS:
            return Call(self.take().text, (node, self.operand()))
        if self.skip("BETWEEN"):
            low = self.operand()
            self.expect("AND")
            return Call("BETWEEN", (node, low, self.operand()))
        if self.skip("IN"):
            self.expect("(")
            options = self.listed(self.operand)
            if len(options) > MOST_OPTIONS:
                self.flaws.append(
                    f"The IN operator is provided with too many operands; number of operands: {len(options)}"
                )
            return Call("IN", (node, *options))
        return node

    def operand(self) -> Node:
        """A path, a value, a function's call, or something in parentheses."""
        token = self.next
        if token.kind == "value":
            return Placeholder(self.take().text)
        if self.skip("("):
            return self._parenthesized()
        if token.kind == "name" and self.tokens[self.place + 1].text == "(" and token.text.upper() not in _WORDS:
            self.place += 2
            return Call(token.text, self.listed(self.operand))
        return self.path()

    def _parenthesized(self) -> Node:
        node = self.either()
        self.expect(")")
        if id(node) in self._inside:
            self.flaws.insert(0, "The expression has redundant parentheses;")
        self._inside.add(id(node))
        return node

    def listed(self, part: Callable[[], Node]) -> tuple[Node, ...]:
        """The parts between commas, up to the closing parenthesis."""
        parts = [part()]
        while self.skip(","):
            parts.append(part())
        self.expect(")")
        return tuple(parts)

    def path(self) -> Path:
        parts: list[str | int] = [self._name()]
        while True:
            if self.skip("."):
                parts.append(self._name())
            elif self.skip("["):
                if self.next.kind != "number":
                    raise self.unexpected()
                parts.append(int(self.take().text))
                self.expect("]")
            else:
                if len(parts) > DEEPEST:
                    self.flaws.append(f"The document path has too many nesting levels; nesting levels: {len(parts)}")
                return Path(tuple(parts))

    def _name(self) -> str:
        token = self.next
        if token.kind == "ref":
            return self.take().text
        if token.kind != "name" or token.text.upper() in self.keywords():
            raise self.unexpected()
        if token.text.upper() in reserved.words():
            self.flaws.append(f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
        return self.take().text

    def keywords(self) -> tuple[str, ...]:
        """Words that can't be names here."""
        return _WORDS

    def projection(self) -> tuple[Path, ...]:
        paths = [self.path()]
        while self.skip(","):
            paths.append(self.path())
        if self.next.kind != "end":
            raise self.unexpected()
        return tuple(paths)


class ProjectionParser(Parser):
    """Reads projections, in which every word may be a name."""

    def keywords(self) -> tuple[str, ...]:
        return ()


class UpdateParser(Parser):
    """Reads update expressions."""

    def keywords(self) -> tuple[str, ...]:
        return SECTIONS

    def update(self) -> tuple[Action, ...]:
        actions: list[Action] = []
        sections: set[str] = set()
        while self.next.kind != "end":
            if not self.at(*SECTIONS):
                raise self.unexpected()
            section = self.take().text.upper()
            if section in sections:
                self.flaws.append(f'The "{section}" section can only be used once in an update expression;')
            sections.add(section)
            actions.append(self._action(section))
            while self.skip(","):
                actions.append(self._action(section))
        return tuple(actions)

    def _action(self, section: str) -> Action:
        path = self.path()
        if section == "REMOVE":
            return Action(section, path)
        if section == "SET":
            self.expect("=")
            return Action(section, path, self.sum())
        if self.next.kind != "value":
            raise self.unexpected()
        return Action(section, path, Placeholder(self.take().text))

    def sum(self) -> Node:
        """A value of SET: one operand, or two with a sign between them."""
        node = self.operand()
        if self.at("+", "-"):
            node = Call(self.take().text, (node, self.operand()))
        return node

    def _parenthesized(self) -> Node:
        node = self.sum()
        self.expect(")")
        return node


def is_condition(node: Node) -> bool:
    """Whether a node is true or false for an item."""
    return isinstance(node, Call) and (node.name in LOGICAL or node.name not in (*VALUES, *UPDATES))


def _is_function(node: Node) -> bool:
    return isinstance(node, Call) and node.name[0].isalpha() and node.name not in _WORDS


def _is_value_call(node: Node) -> bool:
    return isinstance(node, Call) and node.name in (*VALUES, *UPDATES)


def misused(node: Node) -> DynamoDbError:
    """The error of a function at a place where it isn't allowed."""
    name = node.name if isinstance(node, Call) else ""
    if name in UPDATES:
        return malformed(f"The function is not allowed in a condition expression; function: {name}")
    return malformed(f"The function is not allowed to be used this way in an expression; function: {name}")


def check_calls(node: Node, outer: str, update: bool) -> None:
    """Raises for functions that don't exist, are in the wrong place, or have too few or too many operands."""
    if not isinstance(node, Call):
        return
    name, count = node.name, len(node.operands)
    if _is_function(node):
        known = CONDITIONS | VALUES | UPDATES
        if name not in known:
            raise malformed(f"Invalid function name; function: {name}")
        if update and name not in UPDATES:
            raise malformed(f"The function is not allowed in an update expression; function: {name}")
        if not update and name in UPDATES:
            raise misused(node)
        if (name in CONDITIONS and outer not in ("", "AND", "OR", "NOT")) or (
            name in VALUES and outer in (*CONDITIONS, *VALUES)
        ):
            raise misused(node)
        if name == outer == "list_append":
            raise malformed(f"The function is not allowed to be used this way in an expression; function: {name}")
        if count != known[name]:
            raise malformed(
                "Incorrect number of operands for operator or function; operator or function: "
                f"{name}, number of operands: {count}"
            )
        if name in OF_PATHS and not isinstance(node.operands[0], Path):
            raise malformed(f"Operator or function requires a document path; operator or function: {name}")
    for operand in node.operands:
        check_calls(operand, name, update)


def _operators(node: Node) -> int:
    """The number of operators and functions in a tree."""
    return 1 + sum(map(_operators, node.operands)) if isinstance(node, Call) else 0


def _read(text: str, kind: str) -> Parsed:
    if not text.strip():
        raise malformed("The expression can not be empty;")
    if len(text.encode()) > MOST_BYTES:
        raise malformed("Expression size has exceeded the maximum allowed size;")
    if kind == "UpdateExpression":
        update = UpdateParser(text)
        parsed = Parsed(actions=update.update())
        values = [action.value for action in parsed.actions if action.value is not None]
        parser: Parser = update
    elif kind == "ProjectionExpression":
        parser = ProjectionParser(text)
        parsed, values = Parsed(paths=parser.projection()), []
    else:
        parser = Parser(text)
        parsed = Parsed(condition=parser.condition())
        values = [parsed.condition] if parsed.condition else []
    for value in values:
        check_calls(value, "", kind == "UpdateExpression")
    if (count := sum(map(_operators, values))) > MOST_OPERATORS:
        parser.flaws.append(f"The expression contains too many operators; operator count: {count}")
    if parser.flaws:
        raise malformed(parser.flaws[0])
    return parsed


@functools.lru_cache(2048)
def parse(text: str, kind: str) -> Parsed:
    """The tree of an expression.

    Args:
        kind: The request's member that has it, "ConditionExpression".

    Raises:
        DynamoDbError: the expression is malformed.
    """
    try:
        return _read(text, kind)
    except DynamoDbError as error:
        raise malformed(f"Invalid {kind}: {error.message}") from None
    except RecursionError:  # in 4 KB, parentheses are all that can be nested so deeply
        raise malformed(f"Invalid {kind}: The expression has redundant parentheses;") from None

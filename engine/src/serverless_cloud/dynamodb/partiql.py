"""Reads PartiQL statements into the trees that expressions have: DynamoDB Developer Guide, "PartiQL for DynamoDB"."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from serverless_cloud.dynamodb.binding import check_overlaps, checked
from serverless_cloud.dynamodb.errors import Refused, malformed
from serverless_cloud.dynamodb.parser import CONDITIONS, UPDATES, VALUES, Parser, check_calls, is_condition
from serverless_cloud.dynamodb.syntax import (
    STATEMENT,
    Action,
    Call,
    Collection,
    Literal,
    Node,
    Path,
    Placeholder,
    Token,
    tokens,
)
from serverless_cloud.dynamodb.values import SETS, Attributes, canonical, content_of, kind_of

_KEYWORDS = (
    "SELECT", "FROM", "WHERE", "ORDER", "BY", "INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE",
    "RETURNING", "AND", "OR", "NOT", "BETWEEN", "IN", "IS", "MISSING", "NULL", "TRUE", "FALSE", "EXISTS",
)  # fmt: skip
#: Functions with their numbers of operands.
_FUNCTIONS = {**CONDITIONS, **VALUES, **UPDATES, "set_add": 2, "set_delete": 2}
_CONSTANTS: dict[str, Literal] = {
    "TRUE": Literal({"BOOL": True}),
    "FALSE": Literal({"BOOL": False}),
    "NULL": Literal({"NULL": True}),
}
_CLOSINGS = {"[": ("L", "]"), "<<": ("SET", ">>"), "{": ("M", "}")}
_SET_ACTIONS = {"set_add": "ADD", "set_delete": "DELETE"}
_MANY = "Number of parameters in request and statement don't match."


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in parts.

    Args:
        kind: "SELECT", "INSERT", "UPDATE", "DELETE" or "EXISTS".
        paths: The columns of a SELECT; none for all.
        item: Of an INSERT.
        order: Names of attributes, and whether they sort downward.
        returning: "ALL OLD", "" without the clause.
        parameters: How many question marks there are.
    """

    kind: str
    table: str
    index: str | None = None
    paths: tuple[Path, ...] = ()
    condition: Node | None = None
    actions: tuple[Action, ...] = ()
    item: Node | None = None
    order: tuple[tuple[str, bool], ...] = ()
    returning: str = ""
    parameters: int = 0

    def attributes(self) -> Attributes:
        """The item of an INSERT, with the values in it."""
        if not isinstance(self.item, Literal) or kind_of(self.item.value) != "M":
            raise malformed(
                "Unsupported format in item expression. Please use struct format {...} to express item values for "
                "insert statement."
            )
        inserted: Attributes = content_of(self.item.value)
        return inserted


def _malformed(detail: str) -> Refused:
    return malformed(f"Statement wasn't well formed, can't be processed: {detail}")


class StatementParser(Parser):
    """Reads one statement."""

    parameters = 0

    @staticmethod
    def read_tokens(text: str) -> list[Token]:
        return tokens(text, STATEMENT)

    def unexpected(self) -> Refused:
        token = self.next
        return _malformed(f"Unexpected {'keyword' if token.text.upper() in _KEYWORDS else 'term'}")

    def statement(self) -> Statement:
        readers: dict[str, Callable[[], Statement]] = {
            "SELECT": self._select, "INSERT": self._insert, "UPDATE": self._update, "DELETE": self._delete,
            "EXISTS": self._exists,
        }  # fmt: skip
        word = self.next.text.upper()
        if self.next.kind != "name" or word not in readers:
            raise _malformed("Expected data manipulation")
        self.take()
        statement = readers[word]()
        self.skip(";")
        for clause in ("GROUP", "HAVING", "LIMIT"):
            if self.at(clause):
                raise malformed(f"Unsupported clause: {clause}{' BY' if clause == 'GROUP' else ''}")
        if self.next.kind != "end":
            raise self.unexpected()
        return replace(statement, parameters=self.parameters)

    def _exists(self) -> Statement:
        self.expect("(")
        self.expect("SELECT")
        statement = replace(self._select(), kind="EXISTS")
        self.expect(")")
        return statement

    def _select(self) -> Statement:
        paths: list[Path] = []
        if not self.skip("*"):
            paths.append(self.path())
            while self.skip(","):
                paths.append(self.path())
        self.expect("FROM")
        table, index = self._name(), self._name() if self.skip(".") else None
        condition, order = self._where(), []
        if self.skip("ORDER"):
            self.expect("BY")
            order.append(self._sorting())
            while self.skip(","):
                order.append(self._sorting())
        return Statement("SELECT", table, index, tuple(paths), condition, order=tuple(order))

    def _sorting(self) -> tuple[str, bool]:
        name = self._name()
        return name, self.skip("DESC") or (self.skip("ASC") and False)

    def _insert(self) -> Statement:
        self.expect("INTO")
        table = self._name()
        self.expect("VALUE")
        return Statement("INSERT", table, item=self.operand())

    def _update(self) -> Statement:
        table, actions = self._name(), []
        while self.at("SET", "REMOVE"):
            section = self.take().text.upper()
            actions.append(self._action(section))
            while self.skip(","):
                actions.append(self._action(section))
        if not actions:
            raise self.unexpected()
        returning = self._returning()
        condition = self._where()
        returning = returning or self._returning()
        return Statement("UPDATE", table, condition=condition, actions=tuple(actions), returning=returning)

    def _action(self, section: str) -> Action:
        path = self.path()
        if section == "REMOVE":
            return Action(section, path)
        self.expect("=")
        value = self.operand()
        if self.at("+", "-"):
            value = Call(self.take().text, (value, self.operand()))
        if isinstance(value, Call) and value.name in _SET_ACTIONS:
            if len(value.operands) != 2 or isinstance(value.operands[1], (Call, Path)):
                raise self.unexpected()
            return Action(_SET_ACTIONS[value.name], path, value.operands[1])
        return Action(section, path, value)

    def _delete(self) -> Statement:
        self.expect("FROM")
        table, condition, returning = self._name(), self._where(), self._returning()
        if returning not in ("", "ALL OLD"):
            raise malformed(
                f"Invalid returning clause: RETURNING {returning} *. Only RETURNING ALL OLD * is allowed in DELETE "
                "statements."
            )
        return Statement("DELETE", table, condition=condition, returning=returning)

    def _where(self) -> Node | None:
        if not self.skip("WHERE"):
            return None
        node = self.either()
        if not is_condition(node):
            raise self.unexpected()
        return node

    def _returning(self) -> str:
        if not self.skip("RETURNING"):
            return ""
        words = self.take().text.upper(), self.take().text.upper()
        self.expect("*")
        if words[0] not in ("ALL", "MODIFIED") or words[1] not in ("OLD", "NEW"):
            raise _malformed("Unexpected term")
        return " ".join(words)

    def _compared(self) -> Node:
        node = self.operand()
        if self.skip("IS"):
            absent = not self.skip("NOT")
            if self.skip("MISSING"):
                return Call("attribute_not_exists" if absent else "attribute_exists", (node,))
            self.expect("NULL")
            is_null = Call("attribute_type", (node, Literal({"S": "NULL"})))
            return is_null if absent else Call("NOT", (is_null,))
        if self.skip("IN"):
            closing = "]" if self.skip("[") else ")"
            if closing == ")":
                self.expect("(")
            return Call("IN", (node, *self._members(closing)))
        if self.skip("!="):
            return Call("<>", (node, self.operand()))
        if is_condition(node):
            return node
        return self._comparison(node)

    def operand(self) -> Node:
        token = self.next
        if token.kind == "value":
            self.take()
            self.parameters += 1
            return Placeholder(str(self.parameters - 1))
        if token.kind == "text":
            return Literal({"S": self.take().text[1:-1].replace("''", "'")})
        if token.kind == "number" or (self.at("-") and self.tokens[self.place + 1].kind == "number"):
            sign = "-" if self.skip("-") else ""
            return Literal(canonical({"N": sign + self.take().text}))
        if token.kind == "name" and token.text.upper() in _CONSTANTS:
            return _CONSTANTS[self.take().text.upper()]
        if token.kind == "symbol" and token.text in _CLOSINGS:
            return self._collection(*_CLOSINGS[self.take().text])
        if token.kind == "name" and self.tokens[self.place + 1].text == "(":
            name = token.text.lower()
            if name not in _FUNCTIONS:
                raise self.unexpected()
            self.place += 2
            operands = self.listed(self.operand)
            if len(operands) != _FUNCTIONS[name]:
                raise malformed(
                    "Incorrect number of operands for operator or function; operator or function: "
                    f"{name}, number of operands: {len(operands)}"
                )
            return Call(name, operands)
        return super().operand()

    def _collection(self, kind: str, closing: str) -> Node:
        if kind != "M":
            return Collection(kind, tuple(self._members(closing)))
        names: list[str] = []
        members: list[Node] = []
        while not self.skip(closing):
            if names:
                self.expect(",")
            if self.next.kind not in ("text", "quoted"):
                raise self.unexpected()
            names.append(self.take().text[1:-1])
            self.expect(":")
            members.append(self.operand())
        return Collection(kind, tuple(members), tuple(names))

    def _members(self, closing: str) -> list[Node]:
        members: list[Node] = []
        while not self.skip(closing):
            if members:
                self.expect(",")
            members.append(self.operand())
        return members

    def _name(self) -> str:
        token = self.next
        if token.kind == "quoted":
            return self.take().text[1:-1].replace('""', '"')
        if token.kind != "name" or token.text.upper() in _KEYWORDS:
            raise self.unexpected()
        return self.take().text


@functools.lru_cache(512)
def _parse(text: str) -> Statement:
    try:
        statement = StatementParser(text).statement()
    except RecursionError:  # it is nested too deeply
        raise _malformed("Unexpected term") from None
    if statement.condition is not None:
        check_calls(statement.condition, "", update=False)
    for action in statement.actions:
        if action.value is not None:
            check_calls(action.value, "", update=True)
    return statement


def parse(text: str, parameters: list[Mapping[str, Any]] | None) -> Statement:
    """A statement with its parameters put in. Raises: Refused: it is malformed."""
    statement, values = _parse(text), [Literal(canonical(each)) for each in parameters or ()]
    if len(values) != statement.parameters:
        raise Refused(_MANY)
    bind = functools.partial(_bound, values=values)
    check_overlaps(action.path for action in statement.actions)
    return replace(
        statement,
        condition=None if statement.condition is None else checked(bind(statement.condition)),
        item=None if statement.item is None else bind(statement.item),
        actions=tuple(
            replace(action, value=_checked_value(action.section, bind(action.value))) if action.value else action
            for action in statement.actions
        ),
    )


def _checked_value(section: str, value: Node) -> Node:
    if section in _SET_ACTIONS.values() and isinstance(value, Literal) and kind_of(value.value) not in SETS:
        name = next(name for name, action in _SET_ACTIONS.items() if action == section)
        raise malformed(
            "Incorrect operand type for operator or function; operator or function: "
            f"{name}, operand type: {kind_of(value.value)}"
        )
    return checked(value)


def _bound(node: Node, values: list[Literal]) -> Node:
    if isinstance(node, Placeholder):
        return values[int(node.name)]
    if isinstance(node, Call):
        return Call(node.name, tuple(_bound(each, values) for each in node.operands))
    if not isinstance(node, Collection):
        return node
    members = [_bound(each, values) for each in node.members]
    contents = [each.value for each in members if isinstance(each, Literal)]
    if len(contents) < len(members):
        raise _malformed("Unexpected term")
    if node.kind == "M":
        return Literal({"M": dict(zip(node.names, contents, strict=True))})
    if node.kind == "L":
        return Literal({"L": contents})
    kind = kind_of(contents[0]) if contents else "S"
    return Literal(canonical({f"{kind}S": [content_of(each) for each in contents]}))

"""Finds the statements that tie a client to its database connection until it leaves, and the reasons.

The list is AWS's: Amazon RDS User Guide, "Avoiding pinning an RDS Proxy", all engines and PostgreSQL. PostgreSQL's own
parser (libpg_query) reads the statements, so nothing inside strings, comments and function bodies counts. It
doesn't see statements inside a function or a DO block; AWS documents this blind spot for MySQL's stored routines.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

# By name, since mypy cannot read postgast's stub of the parse tree (a member is called None), nor protobuf's.
postgast: Any = importlib.import_module("postgast")
_DecodeError: Any = importlib.import_module("google.protobuf.message").DecodeError

STATEMENT_BYTES = 16_384

# The two reasons that public copies of RDS Proxy's log show in its own words (prisma/prisma-engines issue 1692,
# elixir-ecto/postgrex issue 514). The others are worded alike; AWS's words for them were not found.
SETTINGS = (
    "SQL changed session settings that the proxy doesn't track. "
    "Consider moving session configuration to the proxy's initialization query."
)
EXTENDED_PROTOCOL = "A parse message was detected."
LARGE_STATEMENT = "A statement larger than 16384 bytes was detected."
PREPARED = "A PREPARE, EXECUTE or DEALLOCATE statement was detected."
DISCARD = "A DISCARD statement was detected."
LISTEN = "A LISTEN statement was detected."
LOAD = "A LOAD statement was detected."
CURSOR = "A DECLARE CURSOR statement was detected."
TEMPORARY = "A temporary table, view or sequence was detected."
SEQUENCE = "A sequence function was detected."
ADVISORY_LOCK = "A session-level advisory lock function was detected."
UNREADABLE = "A statement that the proxy can't read was detected."

CAUSES = (
    SETTINGS,
    UNREADABLE,
    EXTENDED_PROTOCOL,
    LARGE_STATEMENT,
    PREPARED,
    DISCARD,
    LISTEN,
    LOAD,
    CURSOR,
    TEMPORARY,
    SEQUENCE,
    ADVISORY_LOCK,
)

_STATEMENTS = {
    "PrepareStmt": PREPARED,
    "ExecuteStmt": PREPARED,
    "DeallocateStmt": PREPARED,
    "DiscardStmt": DISCARD,
    "ListenStmt": LISTEN,  # UNLISTEN is not in AWS's list: without a LISTEN before it, it changes nothing
    "LoadStmt": LOAD,
    "DeclareCursorStmt": CURSOR,
}

_LOCKS = ("lock", "lock_shared", "unlock", "unlock_shared")
_FUNCTIONS = (
    dict.fromkeys(("nextval", "setval", "currval", "lastval"), SEQUENCE)
    | {f"pg_advisory_{name}": ADVISORY_LOCK for name in (*_LOCKS, "unlock_all")}
    | {f"pg_try_advisory_{name}": ADVISORY_LOCK for name in _LOCKS[:2]}
)

_WORDS = {
    "prepare": PREPARED,
    "execute": PREPARED,
    "deallocate": PREPARED,
    "discard": DISCARD,
    "listen": LISTEN,
    "load": LOAD,
    "declare": CURSOR,
    "temp": TEMPORARY,
    "temporary": TEMPORARY,
    "pg_temp": TEMPORARY,
    "reset": SETTINGS,
    "set_config": SETTINGS,
    "pg_settings": SETTINGS,
} | _FUNCTIONS

# Without one of these no statement pins, and the parser is not asked: nine of ten statements of an application.
# U&"..." may spell any of them. Looking for each separately takes a thirtieth of one regular expression's time.
_ANYWHERE = (
    *(b"reset", b"set_config", b"prepare", b"execute", b"deallocate", b"discard", b"listen", b"pg_temp"),
    *(b"nextval", b"setval", b"currval", b"lastval", b"advisory", b"u&", b"pg_settings"),
)
# These stand inside many other words, and SET in the middle of UPDATE; so it counts only where a statement may begin:
# at the first character or behind a semicolon, a line end or a comment. Every space belongs to only one such place,
# so the time grows no faster than the text's length.
_IN_OTHER_WORDS = (b"set", b"load", b"declare", b"temp")
_AS_A_WORD = re.compile(rb"[;\n\r/][ \t\f\v]*set\b|\b(?:load|declare|temp|temporary)\b")

# A COPY reads what follows, and the other two remove prepared statements.
_STEPS = (b"copy", b"deallocate", b"discard")
# Marks a setting that ends with the transaction. It pins nothing.
_LOCAL = "SET LOCAL"
# These decide how PostgreSQL reads a text, so after a change the proxy would misread the text.
_READING = ("standard_conforming_strings", "client_encoding")

_TEMPORARY_SCHEMA = re.compile(r"pg_temp(_\d+)?")
# SET LOCAL, SET TRANSACTION and SET TRANSACTION SNAPSHOT end with the transaction; SET CONSTRAINTS is another node.
_OF_THE_TRANSACTION = ("TRANSACTION", "TRANSACTION SNAPSHOT")


class Reading(NamedTuple):
    """The effects of a text on its session.

    Args:
        cause: why RDS Proxy would pin the session, one of `CAUSES`; None if nothing pins.
        changes_settings: whether the text changes a setting until the end of the transaction.
        needs_answer: whether the meaning of what a client sends next depends on the answer to this text, since it may
            begin a COPY or remove prepared statements.
    """

    cause: str | None = None
    changes_settings: bool = False
    needs_answer: bool = False


#: Of a text that is too large to be read.
LARGE = Reading(LARGE_STATEMENT, changes_settings=True, needs_answer=True)


def read(sql: bytes) -> Reading:
    """Reads one message's SQL, which may hold several statements.

    Args:
        sql: the text, without the zero byte at its end.

    Returns:
        The effects on the session. If several causes pin, `cause` is SETTINGS if that is among them, as in RDS
        Proxy's log (MagicStack/asyncpg issue 1153), else the first. A text that the parser can't read pins, because
        PostgreSQL may be able to read it.
    """
    if len(sql) > STATEMENT_BYTES:
        return LARGE
    return _read(sql)


def pin_cause(sql: bytes) -> str | None:
    """Why RDS Proxy would pin the session for this text; None if nothing pins. Args: as of `read`."""
    return read(sql).cause


def digest(sql: bytes) -> str:
    """A statement without its values, in small letters, as RDS Proxy's log shows it; empty if it does not parse."""
    try:
        return str(postgast.normalize(_text(sql))).lower()
    except postgast.PgQueryError:
        return ""


@functools.lru_cache(maxsize=500)
def _read(sql: bytes) -> Reading:
    lower = b"\n" + sql.lower()
    effects = _parsed(sql) if _is_worth_parsing(lower) else Reading()
    return effects._replace(needs_answer=any(word in lower for word in _STEPS))


def _is_worth_parsing(lower: bytes) -> bool:
    if any(word in lower for word in _ANYWHERE):
        return True
    return any(word in lower for word in _IN_OTHER_WORDS) and _AS_A_WORD.search(lower) is not None


def _parsed(sql: bytes) -> Reading:
    text = _text(sql)
    try:
        tree = postgast.parse(text)
        effects = [effect for raw in tree.stmts for effect in _effects(raw.stmt)]
    except postgast.PgQueryError:
        return Reading(UNREADABLE)
    except _DecodeError:  # nested deeper than protobuf's limit of 100 levels: 1 + 1 + 1 ... is
        effects = list(_causes_in_words(text))
    causes = [effect for effect in effects if effect != _LOCAL]
    return Reading(SETTINGS if SETTINGS in causes else next(iter(causes), None), _LOCAL in effects)


def _text(sql: bytes) -> str:
    # Another client encoding than UTF-8 differs inside strings and names, where nothing counts that is not ASCII.
    return sql.partition(b"\0")[0].decode(errors="replace")


def _effects(statement: Any) -> Iterator[str]:
    """The causes in one statement, and `_LOCAL`, also in statements inside it (EXPLAIN EXECUTE)."""
    if statement.HasField("variable_set_stmt"):
        yield from _effects_of_set(statement.variable_set_stmt)
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = node.DESCRIPTOR.name
        if kind in _STATEMENTS:
            yield _STATEMENTS[kind]
        elif _is_temporary(node, kind):
            yield TEMPORARY
        elif kind in ("UpdateStmt", "MergeStmt") and node.relation.relname == "pg_settings":
            yield SETTINGS
        elif kind == "FuncCall" and (effect := _effect_of_call(node)):
            yield effect
        if kind == "A_Const":  # a value, not a name
            continue
        inside: list[Any] = []
        for field, value in node.ListFields():
            if field.message_type is not None:
                inside += [value] if hasattr(value, "ListFields") else value
        waiting += reversed(inside)


def _is_temporary(node: Any, kind: str) -> bool:
    """Whether a node is a temporary table, view or sequence, or the schema in the name of a function or a type."""
    if kind == "RangeVar":
        return node.relpersistence == "t" or _TEMPORARY_SCHEMA.fullmatch(node.schemaname) is not None
    return kind == "String" and _TEMPORARY_SCHEMA.fullmatch(node.sval) is not None


def _effects_of_set(statement: Any) -> Iterator[str]:
    """The effects of SET or RESET, by the setting and how long it lasts."""
    if statement.name in _OF_THE_TRANSACTION:
        return
    values = [argument.a_const.sval.sval for argument in statement.args]
    yield _effect_of_setting(statement.name, ",".join(values)) if statement.is_local else SETTINGS


def _effect_of_setting(name: str, value: str | None) -> str:
    """The effect of a change that ends with the transaction. Args: value: None if only PostgreSQL can compute it."""
    if name.lower() in _READING or (name.lower() == "search_path" and value is None):
        return SETTINGS
    if name.lower() == "search_path" and "pg_temp" in (value or "").lower():
        return TEMPORARY  # a plain CREATE TABLE is one of a temporary table from here on
    return _LOCAL


def _effect_of_call(call: Any) -> str | None:
    *schema, name = [part.string.sval for part in call.funcname]
    if schema not in ([], ["pg_catalog"]):
        return None
    if name == "set_config":
        return _effect_of_set_config(call)
    return _FUNCTIONS.get(name)


def _effect_of_set_config(call: Any) -> str:
    """The effect of set_config; its name and is_local must be literals to be known."""
    arguments = dict(zip(("setting_name", "new_value", "is_local"), call.args, strict=False))
    arguments |= {a.named_arg_expr.name: a.named_arg_expr.arg for a in call.args if a.HasField("named_arg_expr")}
    texts = {name: _literal(node) for name, node in arguments.items()}
    is_local, setting = arguments.get("is_local"), texts.get("setting_name")
    if is_local is None or not is_local.a_const.boolval.boolval or setting is None:
        return SETTINGS
    return _effect_of_setting(setting, texts.get("new_value"))


def _literal(node: Any) -> str | None:
    """The text of a literal; None for anything that PostgreSQL must compute."""
    return str(node.a_const.sval.sval) if node.HasField("a_const") and node.a_const.HasField("sval") else None


def _causes_in_words(text: str) -> Iterator[str]:
    """For what is nested too deep: the words outside strings and comments. It may pin for a column named temp."""
    source = text.encode()
    begins = True
    for token in postgast.scan(text).tokens:
        word = source[token.start : token.end].decode(errors="replace").strip('"').lower()
        if cause := _WORDS.get(word):
            yield cause
        elif begins and word == "set":
            yield SETTINGS
        begins = word == ";"

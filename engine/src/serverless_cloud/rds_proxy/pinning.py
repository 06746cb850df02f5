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
from typing import Any

# By name, since mypy cannot read postgast's stub of the parse tree (a member is called None), nor protobuf's.
postgast: Any = importlib.import_module("postgast")
_DecodeError: Any = importlib.import_module("google.protobuf.message").DecodeError

STATEMENT_BYTES = 16_384
CACHED_BYTES = 2_048

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

CAUSES = (
    SETTINGS,
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
} | _FUNCTIONS

# Without one of these no statement pins, and the parser is not asked: nine of ten statements of an application.
# U&"..." may spell any of them. Looking for each separately takes a thirtieth of one regular expression's time.
_ANYWHERE = (
    *(b"reset", b"set_config", b"prepare", b"execute", b"deallocate", b"discard", b"listen", b"pg_temp"),
    *(b"nextval", b"setval", b"currval", b"lastval", b"advisory", b"u&"),
)
# These stand inside many other words, and SET in the middle of UPDATE; so it counts only where a statement may begin:
# at the first character or behind a semicolon, a line end or a comment. Every space belongs to only one such place,
# so the time grows no faster than the text's length.
_IN_OTHER_WORDS = (b"set", b"load", b"declare", b"temp")
_AS_A_WORD = re.compile(rb"[;\n\r/][ \t\f\v]*set\b|\b(?:load|declare|temp|temporary)\b")

# SET LOCAL, SET TRANSACTION and SET TRANSACTION SNAPSHOT end with the transaction; SET CONSTRAINTS is another node.
_OF_THE_TRANSACTION = ("TRANSACTION", "TRANSACTION SNAPSHOT")


def pin_cause(sql: bytes) -> str | None:
    """Why RDS Proxy would pin the session for this text.

    Args:
        sql: one message's SQL, without the zero byte at its end; it may hold several statements.

    Returns:
        One of `CAUSES`; None if nothing pins. A text with several causes gives SETTINGS if that is among them, as RDS
        Proxy's log does (MagicStack/asyncpg issue 1153), else the first. A text that does not parse pins nothing:
        PostgreSQL refuses it.
    """
    if len(sql) > STATEMENT_BYTES:
        return LARGE_STATEMENT
    return _cached(sql) if len(sql) <= CACHED_BYTES else _cause(sql)


def digest(sql: bytes) -> str:
    """A statement without its values, in small letters, as RDS Proxy's log shows it; empty if it does not parse."""
    try:
        return str(postgast.normalize(_text(sql))).lower()
    except postgast.PgQueryError:
        return ""


def _cause(sql: bytes) -> str | None:
    return _parsed(sql) if _is_worth_parsing(b"\n" + sql.lower()) else None


_cached = functools.lru_cache(maxsize=1000)(_cause)


def _is_worth_parsing(lower: bytes) -> bool:
    if any(word in lower for word in _ANYWHERE):
        return True
    return any(word in lower for word in _IN_OTHER_WORDS) and _AS_A_WORD.search(lower) is not None


def _parsed(sql: bytes) -> str | None:
    text = _text(sql)
    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError:
        return None
    except _DecodeError:  # nested deeper than protobuf's limit of 100 levels: 1 + 1 + 1 ... is
        causes = list(_causes_in_words(text))
    else:
        causes = [cause for raw in tree.stmts for cause in _causes(raw.stmt)]
    return SETTINGS if SETTINGS in causes else next(iter(causes), None)


def _text(sql: bytes) -> str:
    # Another client encoding than UTF-8 differs inside strings and names, where nothing counts that is not ASCII.
    return sql.partition(b"\0")[0].decode(errors="replace")


def _causes(statement: Any) -> Iterator[str]:
    """The causes in one statement, also in statements inside it (EXPLAIN EXECUTE)."""
    if statement.HasField("variable_set_stmt") and _outlives_the_transaction(statement.variable_set_stmt):
        yield SETTINGS
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = node.DESCRIPTOR.name
        if kind in _STATEMENTS:
            yield _STATEMENTS[kind]
        elif kind == "RangeVar" and (node.relpersistence == "t" or node.schemaname == "pg_temp"):
            yield TEMPORARY
        elif kind == "FuncCall" and (cause := _cause_of_call(node)):
            yield cause
        inside: list[Any] = []
        for field, value in node.ListFields():
            if field.message_type is not None:
                inside += [value] if hasattr(value, "ListFields") else value
        waiting += reversed(inside)


def _outlives_the_transaction(statement: Any) -> bool:
    return not (statement.is_local or statement.name in _OF_THE_TRANSACTION)


def _cause_of_call(call: Any) -> str | None:
    *schema, name = [part.string.sval for part in call.funcname]
    if schema not in ([], ["pg_catalog"]):
        return None
    if name == "set_config":
        return None if _is_local(call) else SETTINGS
    return _FUNCTIONS.get(name)


def _is_local(call: Any) -> bool:
    """Whether set_config's third argument, is_local, is the literal true."""
    named = {a.named_arg_expr.name: a.named_arg_expr.arg for a in call.args if a.HasField("named_arg_expr")}
    given = named.get("is_local") or (call.args[2] if len(call.args) == 3 and not named else None)
    return given is not None and bool(given.a_const.boolval.boolval)


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

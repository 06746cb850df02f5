"""Readers of the facts files: every dated number of the course, with its source.

`facts.get(id)` and the rest of `table` are here; `facts.prices` and `facts.glossary` read the other two files.
"""

from serverless_first.facts.table import (
    STALE_AFTER_DAYS,
    THEMES,
    Dated,
    Fact,
    Facts,
    FactsError,
    History,
    Release,
    Source,
    UnknownFact,
    get,
    history,
    load,
    releases,
    sources,
    undated,
)

__all__ = [
    "STALE_AFTER_DAYS",
    "THEMES",
    "Dated",
    "Fact",
    "Facts",
    "FactsError",
    "History",
    "Release",
    "Source",
    "UnknownFact",
    "get",
    "history",
    "load",
    "releases",
    "sources",
    "undated",
]

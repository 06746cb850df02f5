"""Readers of the facts files: every dated number of the course, with its source.

`facts.get(id)` and the rest of `table` are here; `facts.prices` and `facts.glossary` read the other two files.
"""

from serverless_first.facts.files import FactsError, Source
from serverless_first.facts.table import (
    THEMES,
    Dated,
    Fact,
    Facts,
    History,
    Release,
    UnknownFact,
    get,
    history,
    load,
    releases,
    undated,
)

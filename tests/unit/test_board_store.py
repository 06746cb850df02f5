"""The board's file asks SQLite in a way that every Python takes."""

from __future__ import annotations

import warnings
from pathlib import Path

from serverless_first.teach.board.store import Store


def test_no_question_is_asked_in_a_way_that_python_3_14_refuses(tmp_path: Path) -> None:
    """Python 3.12 and 3.13 warn of values without names for `?1` and `:name`; 3.14 refuses them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        store = Store(tmp_path)
        assert store.states() == store.states(student="Mika") == []
        assert store.checks() == store.checks(student="Mika") == []
        assert store.failures("05-rds-proxy") == store.students() == []
        assert store.forget("Mika") == 0
        store.close()

"""A learner's copy of an older lesson, which imports modules by their names of then, still runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import serverless_first

#: How lessons, labs and the files that they have learners write imported what has moved (commit 0d23eaa).
LINES = (
    "from serverless_first import capstone",
    "from serverless_first import explore, facts, figures, hikari, pgbouncer",
    "from serverless_first import facts, hikari, prices, workloads",
    "from serverless_first import figures, hikari, hikari_workflows",
    "from serverless_first import figures, responsibility",
    "from serverless_first import figures, spectrum",
    "from serverless_first import first_cell",  # kernel/, as an environment of then has it
    "from serverless_first import hikari, hikari_vpc, reach",
    "from serverless_first import hikari, order_stores, prices",
    "from serverless_first import hikari_capacity as shop",
    "from serverless_first.capstone import Shop, wrong_designs",
    "from serverless_first.cloud.sources.stream_sizes import size_of",
    "from serverless_first.hikari import until",
    "from serverless_first.hikari_workflows import billed_s, code_lines, ended, jobs, machine, run, start",
    "from serverless_first.operations import Ledger",
    "from serverless_first.order_stores import DynamoOrders, MemoryOrders, OrderExists, PostgresOrders",
    "from serverless_first.own_server import OwnServer",
    "from serverless_first.provider import PaymentProvider",
    "from serverless_first.workloads import CARDS",
)
#: Old name -> whether it is the module of the new name, and whether that keeps its own spec.
SAME = """
import importlib, json, sys
import serverless_first
pairs = serverless_first._MOVED.items()
loaded = {old: (importlib.import_module(old), importlib.import_module(new), new) for old, new in pairs}
print(json.dumps({old: [a is b, b.__name__ == b.__spec__.name == new] for old, (a, b, new) in loaded.items()}))
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own, because an import under an old name stays in its process."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)


def test_what_older_notebooks_import_is_there() -> None:
    done = python("\n".join(LINES))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("new_first", [False, True])
def test_old_and_new_name_are_one_module(new_first: bool) -> None:
    first = "from serverless_first.shop import hikari, order_stores\nfrom serverless_first.facts import prices\n"
    done = python(first * new_first + SAME)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {old: [True, True] for old in serverless_first._MOVED}


def test_a_name_that_never_was_is_still_refused() -> None:
    done = python("from serverless_first import lamps")
    assert "ImportError: cannot import name 'lamps' from 'serverless_first'" in done.stderr
    done = python("import hikari")  # a module of that name at the top is not ours
    assert "ModuleNotFoundError: No module named 'hikari'" in done.stderr

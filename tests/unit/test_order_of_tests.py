"""conftest.py: the longest folders first, and the tests in an order that a seed gives."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LABS = [f"tests/labs/test_labs.py::test_a_mistake[{n}.1-name]" for n in range(20)]
UNITS = [f"tests/unit/test_{name}.py::test_{n}" for name in ("facts", "guard", "words") for n in range(5)]
CELLS = [f"notebooks/04-lambda.ipynb::Cell {n}" for n in range(5)]
STORY = [f"tests/cloud/test_story.py::test_{n}" for n in range(5)]
ALL = [*UNITS[:7], *CELLS, *LABS, *STORY, *UNITS[7:]]


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("SERVERLESS_FIRST_ORDER", raising=False)
    spec = importlib.util.spec_from_file_location("conftest_of_the_course", ROOT / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def ordered(ours: ModuleType, dist: str = "no") -> list[str]:
    config: Any = SimpleNamespace(getoption=lambda *_: dist)
    items: Any = [
        SimpleNamespace(
            nodeid=nodeid,
            path=Path(file_of(nodeid)),
            get_closest_marker=lambda name, of=nodeid: name == "in_order" and of in STORY,
        )
        for nodeid in ALL
    ]
    ours.pytest_collection_modifyitems(config, items)
    return [item.nodeid for item in items]


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def test_without_workers_and_without_a_seed_all_stays(ours: ModuleType) -> None:
    assert ordered(ours) == ALL


def test_with_workers_the_longest_come_first_and_the_small_ones_last(ours: ModuleType) -> None:
    assert ordered(ours, "loadscope") == [*CELLS, *LABS, *STORY, *UNITS]


def test_a_seed_shuffles_files_and_the_tests_in_them_and_gives_the_same_again(
    ours: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders_of_files, orders_in_files = set(), defaultdict(set)
    for seed in range(20):
        monkeypatch.setenv("SERVERLESS_FIRST_ORDER", str(seed))
        found = ordered(ours)
        assert found == ordered(ours)
        assert f"SERVERLESS_FIRST_ORDER={seed}" in ours.pytest_report_header()
        assert sorted(found) == sorted(ALL)
        together = {name: tuple(tests) for name, tests in groupby(found, file_of)}
        assert sum(map(len, together.values())) == len(ALL)  # a file's tests share what it has set up
        orders_of_files.add(tuple(together))
        for name, tests in together.items():
            orders_in_files[name].add(tests)
    assert len(orders_of_files) > 1
    assert orders_in_files.pop(file_of(CELLS[0])) == {tuple(CELLS)}  # a notebook's cells stand on each other
    assert orders_in_files.pop(file_of(STORY[0])) == {tuple(STORY)}
    assert all(len(orders) > 1 for orders in orders_in_files.values())


def test_shuffled_tests_of_long_folders_come_first_still(ours: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_ORDER", "7")
    found = ordered(ours, "loadscope")
    folders = [str(Path(file_of(name)).parent) for name in found]
    assert [name for name, _ in groupby(folders)] == ["notebooks", "tests/labs", "tests/cloud", "tests/unit"]

"""conftest.py: the longest folders first, and the labs' tests in an order that a seed gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LABS = [f"tests/labs/test_labs.py::test_a_mistake[{n}.1-name]" for n in range(20)]
OTHERS = ["tests/unit/test_facts.py::test_a", "tests/cloud/test_iam.py::test_b", "notebooks/04-lambda.ipynb::Cell 0"]


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
    items: Any = [SimpleNamespace(nodeid=nodeid) for nodeid in [*OTHERS[:1], *LABS, *OTHERS[1:]]]
    ours.pytest_collection_modifyitems(config, items)
    return [item.nodeid for item in items]


def test_without_workers_and_without_a_seed_all_stays(ours: ModuleType) -> None:
    assert ordered(ours) == [*OTHERS[:1], *LABS, *OTHERS[1:]]


def test_with_workers_the_longest_come_first_and_the_small_ones_last(ours: ModuleType) -> None:
    assert ordered(ours, "loadscope") == [OTHERS[2], *LABS, OTHERS[1], OTHERS[0]]


def test_a_seed_shuffles_the_labs_alone_and_gives_the_same_again(
    ours: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_ORDER", "7")
    first = ordered(ours)
    assert first == ordered(ours)
    assert (first[:1], first[-2:]) == (OTHERS[:1], OTHERS[1:])
    assert first[1:-2] != LABS
    assert sorted(first[1:-2]) == sorted(LABS)
    assert "SERVERLESS_FIRST_ORDER=7" in ours.pytest_report_header()
    monkeypatch.setenv("SERVERLESS_FIRST_ORDER", "8")
    assert ordered(ours) != first

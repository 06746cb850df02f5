"""Slide 27 as data, as a picture and as an explorer; the ledger that counts; made-up orders."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from serverless_first import explore, facts, figures
from serverless_first.explore.base import OWN
from serverless_first.figures.spectrum import TaskBars
from serverless_first.figures.words import WrongTitle, alt_text
from serverless_first.shop import order_stores, spectrum
from serverless_first.shop.operations import Ledger, values_in

SERVICES = [service for name in spectrum.ROWS for service in spectrum.ROWS[name]]


def words_of(figure: Figure) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts).replace("\n", " ")


def test_what_changed_has_a_fact_and_what_stays_yours_is_a_task() -> None:
    for service in SERVICES:
        assert service.yours <= set(spectrum.TASKS)
        assert bool(service.news) == bool(service.fact), service.name
        if service.fact:
            assert facts.get(service.fact).now.value
    assert {service.news for service in SERVICES} == {"", "new", "other name"}


def test_the_ends_of_the_rows() -> None:
    for name in spectrum.ROWS:
        services = spectrum.row(name)
        assert services[0].yours == set(spectrum.TASKS)
        assert len(services[-1].yours) < len(services[0].yours) / 2
        assert {"access", "use"} <= services[-1].yours


def test_the_slide_shows_then_and_now() -> None:
    then, now = (words_of(figures.spectrum(title="t", when=when)) for when in ("then", "now"))
    assert "Elasticsearch" in then
    assert "+" not in then
    assert "≈ OpenSearch" in now
    assert "+ Aurora DSQL" in now
    told_then, told_now = (alt_text(figures.spectrum(title="", when=when)) for when in ("then", "now"))
    assert "OpenSearch Service (on the slide: Elasticsearch Service)" in told_now
    assert "Database: MySQL, own; MySQL on EC2; RDS; Aurora; Aurora Serverless v2 (" in told_now
    assert "Elasticsearch Service" in told_then
    assert "(new)" not in told_then
    assert told_then.startswith("5 rows of boxes")


def test_the_titles_of_slide_27_state_only_numbers_that_it_shows() -> None:
    added = sum(service.news == "new" for service in SERVICES)
    figures.spectrum(title=f"Since the deck, {added} services have come, in {len(spectrum.ROWS)} rows")
    for wrong in (added + 1, 100):
        with pytest.raises(WrongTitle):
            figures.spectrum(title=f"Since the deck, {wrong} services have come")
    with pytest.raises(WrongTitle):
        figures.spectrum(title=f"Since the deck, {added} services have come", when="then")


def test_the_explorer_counts_the_tasks_that_stay_yours() -> None:
    explorer = explore.SpectrumExplorer()
    assert sum(explorer.counts.values()) == 5 * len(spectrum.TASKS)
    told = set()
    for name in [name for name in explorer.preset.options if name != OWN]:
        explorer.preset.value = name
        told.add(explorer.sentence)
    assert len(told) == 4
    assert explorer.counts == dict.fromkeys(spectrum.TASKS, 0) | {"settings": 3, "access": 5, "use": 5}
    explorer.database.value = "RDS"
    assert explorer.preset.value == OWN
    assert "14 stay yours" in explorer.sentence
    assert "operating system: install, patch: 0 of 5" in explorer.text()
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")


@pytest.mark.parametrize("counts", [(0, 1, 2, 5), (1, 0, 0, 0), (5, 5, 5, 5)])
def test_each_task_has_a_bar_with_the_number_of_services_that_leave_it_to_you(counts: tuple[int, ...]) -> None:
    leaves = dict(zip(spectrum.TASKS, counts, strict=False))  # none leaves the other tasks
    yours = [frozenset(task for task, count in leaves.items() if number < count) for number in range(5)]
    services = [spectrum.Service(f"service {number}", tasks) for number, tasks in enumerate(yours)]
    axes = Figure().subplots()
    picture = TaskBars(axes, 5)
    picture.update(SERVICES)  # what another setting has left behind goes
    assert list(picture.update(services).values())[: len(counts)] == list(counts)
    drawn = axes.containers[1][: len(counts)]
    assert [bar.get_width() for bar in drawn] == list(counts)
    said = [text.get_text() for text in axes.texts]
    assert said[: len(counts)] == [str(count) if count else "0: none of them" for count in counts]
    assert set(said[len(counts) :]) == {"0: none of them"}
    assert [text.get_text() for text in axes.get_yticklabels()] == list(spectrum.TASKS.values())


def test_a_ledger_counts_by_task_and_a_task_that_runs_again_is_counted_once() -> None:
    ledger = Ledger("own server")
    for _ in range(2):
        with ledger.task("set it up"):
            ledger.action("initdb", settings=4)
            ledger.patch("PostgreSQL")
    with ledger.task("look after it"):
        ledger.watch("disk")
    assert [ledger.total(kind) for kind in ("actions", "settings", "patch", "watch")] == [1, 4, 1, 1]
    assert ledger.total("watch", "set it up") == 0
    assert ledger.refused() == []


def test_values_are_counted_at_any_depth() -> None:
    keys: dict[str, Any] = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "TableName": "orders"}
    assert values_in(keys) == 3


def test_the_bars_of_operations_carry_their_numbers() -> None:
    ledger = Ledger("RDS")
    ledger.action("rds: CreateDBInstance", settings=9)
    figure = figures.operations([ledger], title="One call")
    assert {"1", "9"} <= {text.get_text() for text in figure.axes[0].texts}
    assert figure.axes[0].get_title(loc="left") == "One call"
    assert alt_text(figure) == (
        "One call. 1 stacked bar. RDS: 1 action, 9 values chosen, 0 things to patch and 0 things to watch."
    )
    with pytest.raises(ValueError, match="ledger"):
        figures.operations([], title="t")


def test_the_titles_of_operations_state_only_numbers_of_the_ledgers() -> None:
    own, rds = Ledger("your own server"), Ledger("RDS")
    for number in range(3):
        own.action(f"command {number}", settings=2)
    rds.action("rds: CreateDBInstance", settings=9)
    figures.operations([own, rds], title="3 actions on your own server, and 10 things in all on RDS")
    with pytest.raises(WrongTitle):
        figures.operations([own, rds], title="4 actions on your own server")


def test_made_up_orders_are_the_same_each_time_and_sort_by_their_moment() -> None:
    orders = order_stores.examples(500)
    assert orders == order_stores.examples(500)
    assert [order["placed_at"] for order in orders] == sorted(order["placed_at"] for order in orders)
    assert orders[-1]["placed_at"] < "2026-12"
    assert {tuple(order) for order in orders} == {order_stores.FIELDS}


def test_the_fewer_tasks_stay_yours_the_further_right_a_box_stands_and_none_overlap() -> None:
    [axes] = figures.spectrum(title="Since the deck").axes
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    middles = [(box.get_y(), box.get_x() + box.get_width() / 2) for box in boxes]
    rows = [[x for y, x in middles if y == row] for row in sorted({y for y, _ in middles})]
    assert [len(row) for row in rows] == [len(spectrum.row(name)) for name in spectrum.ROWS]
    assert all(right - left > 0.99 for row in rows for left, right in itertools.pairwise(row))
    storage = rows[list(spectrum.ROWS).index("Storage")]
    assert storage[0] == 0
    assert storage[1] > 5  # S3 is no halfway house

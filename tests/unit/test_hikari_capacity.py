"""What lab 01 works with: days that come out the same each time, offers at list prices, the learner's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serverless_first import figures
from serverless_first.facts import prices
from serverless_first.shop import hikari_capacity as shop
from serverless_first.simulate import capacity


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    one, again, other = shop.ordinary_day(1), shop.ordinary_day(1), shop.ordinary_day(2)
    assert np.array_equal(one.per_s, again.per_s)
    assert not np.array_equal(one.per_s, other.per_s)
    assert one.per_s.size == 1440
    assert np.min(one.per_s) > 0
    assert shop.sale_day(1, hour=12, times=5).peak_per_s > 4 * one.per_s[11 * 60]


def test_offers_have_aws_prices() -> None:
    here = prices.of("us-east-1")
    assert here.each_usd("ec2-m5-large") == shop.SERVER_USD
    offers = shop.bought(1), shop.servers(0.5), shop.tasks(0.5), shop.functions()
    assert [offer.name for offer in offers] == ["bought", "servers", "tasks", "functions"]
    assert [offer.usd_per_unit_hour for offer in offers] == [shop.SERVER_USD] * 2 + [shop.TASK_USD, shop.BUSY_USD]
    assert pytest.approx(here.each_usd("fargate-x86-vcpu") + 2 * here.each_usd("fargate-x86-memory")) == shop.TASK_USD


def test_bought_servers_are_there_all_day_and_functions_lose_nothing_below_their_limit() -> None:
    day = shop.ordinary_day(1)
    bought = capacity.simulate(day, shop.bought(200))
    assert set(bought.units) == {10}
    assert capacity.simulate(day, shop.functions()).unmet_requests == 0
    assert capacity.simulate(day, shop.functions(5)).unmet_share > 0.3


def test_scores_are_a_line_for_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    run = capacity.simulate(shop.ordinary_day(1), shop.bought(400))
    shop.scores({"bought": run})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["served", "cost", "used", "turns"]
    assert lines[1].split()[:3] == ["bought", "100.00", "%"]
    shop.scores({"functions": capacity.simulate(shop.ordinary_day(1), shop.functions())}, turns=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["served", "cost", "used"]
    assert lines[1].split()[-1] == "-"  # what is idle is not paid for
    shop.scores({"bought": run, "two": capacity.simulate(shop.ordinary_day(1), shop.bought(40))}, level=0.999)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["served", "cost", "used", "turns", "enough"]
    assert [line.split()[-1] for line in lines[1:]] == ["yes", "no"]
    with pytest.raises(ValueError, match="Give a beginning and an end within 86,400 s"):
        figures.capacity_runs([run], title="One", close_up_s=(0, 86_401))
    with pytest.raises(ValueError, match="Give 1 to 4"):
        figures.capacity_runs([], title="nothing")
    assert (
        figures.capacity_runs([shop.renamed(run, "mine")], title="One")
        .axes[0]
        .get_title(loc="left")
        .startswith("mine: ")
    )


def test_a_file_is_read_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="Run the cell that writes it"):
        shop.load("mine.py")
    for number in (1, 2):
        Path("mine.py").write_text(f"def answer():\n    return {number}\n", encoding="utf-8")
        assert shop.load("mine.py").answer() == number


def test_what_is_tried_out_tells_an_error_in_one_line_and_the_notebook_runs_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for text, said in (
        ("def plan(yesterday):\n    raise NotImplementedError\n", ""),
        (
            "from serverless_first.shop.hikari_capacity import tasks\n\n\ndef plan(yesterday):\n    return tasks(60)\n",
            "plan.py, line 5: ValueError: target is 60",
        ),
        ('def plan(yesterday):\n    return "functions"\n', "TypeError: plan returned 'functions'. Return a policy"),
        ("def plan(yesterday)\n", "plan.py, line 1: SyntaxError"),
    ):
        Path("plan.py").write_text(text, encoding="utf-8")
        with shop.trying():
            shop.chosen(shop.load("plan.py").plan, shop.ordinary_day(1))
        printed = capsys.readouterr().out
        assert printed.startswith(said)
        assert printed.count("\n") == bool(said)
    with shop.trying():
        assert shop.chosen(lambda _: shop.functions(), shop.ordinary_day(1)) == shop.functions()

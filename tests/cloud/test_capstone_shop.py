"""The capstone's shop at its full size, only nightly: 2,000 orders, wrong designs, permissions.

The other runs drill the same shop in solutions/12-capstone.ipynb, and the wrong designs as mistakes of task 12.5.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from tools.wrong_designs import drilled, solved

from serverless_first import cloud, drill
from serverless_first.drill.capstone import Shop

pytestmark = pytest.mark.nightly

ORDERS = 2_000
LIMIT_S = 240.0  # on two cores: the acceptance of the capstone


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The files of the solution, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return solved()


def test_two_thousand_orders_pass_in_four_minutes(aws: cloud.Cloud, shop: Shop, tmp_path: Path) -> None:
    shop.deploy(aws, quiet=True)
    begun_s = time.monotonic()
    record = drill.run(orders=ORDERS, seed=11)
    took_s = time.monotonic() - begun_s
    score = drill.score(record)
    assert [finding.message for finding in score.failed] == []
    rows = Counter(order_id for order_id, _ in record.rows)
    assert (len(rows), set(rows.values())) == (ORDERS, {1})
    assert [letter.order_id.endswith("poison") for letter in record.dead_letters] == [True]
    assert took_s <= LIMIT_S
    assert drill.score(drill.Record.load(record.save(tmp_path / "drill.json"))) == score


@pytest.mark.parametrize("design", drill.DESIGNS)
def test_a_wrong_design_is_named_among_two_thousand_orders(aws: cloud.Cloud, shop: Shop, design: str) -> None:
    assert design in drill.score(drilled(aws, shop, design, ORDERS)).designs


def test_the_roles_of_the_template_allow_what_the_shop_does(shop: Shop) -> None:
    with cloud.start(enforce_iam=True, time_scale=60) as aws:
        shop.deploy(aws, quiet=True)
        try:
            score = drill.score(drill.run(orders=100, seed=3))
            assert [finding.message for finding in score.failed] == []
        finally:
            aws.reset()
            cloud.start(enforce_iam=False)

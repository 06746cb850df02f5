"""prices.yml: what a model gets from it, what is said about a file that breaks the rules, and that facts.yml agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serverless_first import facts
from serverless_first.facts import prices

ROOT = Path(__file__).resolve().parents[2]

GOOD = """
checked: 2026-11-25
sources:
  LIST: {title: AWS Price List, url: "https://aws.example/prices"}
prices:
  lambda-requests:
    service: Lambda
    item: requests
    unit: 1,000,000 requests
    in:
      us-east-1: {usd: 0.20, as_of: 2026-09-24, source: LIST}
      ap-northeast-1: {usd: 0.25, as_of: 2026-09, source: [LIST]}
  nat-gateway:
    service: VPC
    item: NAT gateway
    unit: hour
    in:
      us-east-1: {usd: 0.045, as_of: 2026, source: LIST}
"""


def write(root: Path, text: str) -> Path:
    (root / "facts").mkdir(exist_ok=True)
    (root / "facts" / "prices.yml").write_text(text, encoding="utf-8")
    return root


def test_a_price_has_its_unit_date_and_source_in_each_region(tmp_path: Path) -> None:
    table = prices.load(write(tmp_path, GOOD))
    assert table.regions == ("us-east-1", "ap-northeast-1")
    assert table.checked.isoformat() == "2026-11-25"
    requests = table.of("ap-northeast-1")["lambda-requests"]
    assert (requests.usd, requests.unit, requests.as_of) == (0.25, "1,000,000 requests", "2026-09")
    assert requests.each_usd == pytest.approx(0.25e-6)
    assert [source.title for source in requests.sources] == ["AWS Price List"]
    assert table.of("us-east-1").each_usd("nat-gateway") == 0.045
    assert dict(table.of("us-east-1")).keys() == {"lambda-requests", "nat-gateway"}


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    table = prices.load(write(tmp_path, GOOD))
    with pytest.raises(prices.UnknownPrice, match=r"no price 'nat-gateway' for ap-northeast-1, only for us-east-1"):
        table.of("ap-northeast-1")["nat-gateway"]
    with pytest.raises(prices.UnknownPrice, match=r"no price 'lambda-request'.*Did you mean lambda-requests\?"):
        table.of("us-east-1")["lambda-request"]
    with pytest.raises(prices.UnknownPrice, match=r"no prices of 'eu-west-1'. It has us-east-1 and ap-northeast-1"):
        table.of("eu-west-1")
    with pytest.raises(facts.FactsError, match=r"prices.yml is not in"):
        prices.load(tmp_path / "elsewhere")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    assert prices.load(write(tmp_path, GOOD)).of("us-east-1")["lambda-requests"].usd == 0.2
    write(tmp_path, GOOD.replace("usd: 0.20", "usd: 0.30"))
    assert prices.load(tmp_path).of("us-east-1")["lambda-requests"].usd == 0.3


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("usd: 0.20", "usd: free", "price lambda-requests, us-east-1: usd is 'free', but must be a number above 0"),
        ("usd: 0.20", "usd: 0", "usd is 0, but must be a number above 0"),
        ("usd: 0.20", "usd: .nan", "usd is nan, but must be a number above 0"),
        ("as_of: 2026-09-24", "as_of: undated", "price lambda-requests, us-east-1: as_of is 'undated'"),
        ("source: [LIST]", "source: []", "price lambda-requests, ap-northeast-1: it has no source"),
        ("as_of: 2026, source: LIST", "as_of: 2026, source: LST", "price nat-gateway, us-east-1: unknown source LST"),
        ("    item: requests\n", "", "price lambda-requests: item must be a text, but is None"),
        ("checked: 2026-11-25", "", "checked is 'None'. Write the day"),
        ("nat-gateway:", "NAT gateway:", "price NAT gateway: an id may have only lower-case letters"),
        ("    unit: hour", "    unit: hour\n    per: 2", "price nat-gateway: unknown key per"),
        ("      us-east-1: {usd: 0.045, as_of: 2026, source: LIST}\n", "", "price nat-gateway, in must be a mapping"),
    ],
)
def test_a_file_that_breaks_the_rules_says_where(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(facts.FactsError) as caught:
        prices.load(write(tmp_path, GOOD.replace(old, new, 1)))
    assert any(says in problem for problem in caught.value.problems), caught.value.problems


def test_the_table_of_the_course_is_right() -> None:
    table = prices.load(ROOT)
    assert {"us-east-1", "ap-northeast-1"} <= set(table.regions)
    assert all(price.sources and price.as_of >= "2024" for price in table.prices)


def test_facts_and_prices_agree() -> None:
    """Lessons print some prices from facts.yml: none of these may differ from the table that the models use."""
    known = {price.usd for price in prices.load(ROOT).prices}
    priced = [
        fact for name, fact in facts.load(ROOT).items() if re.search(r"lambda-price-|rds-price-t|rds-price-m", name)
    ]
    assert len(priced) >= 8
    for fact in priced:
        for amount in re.findall(r"\$(\d[\d.]*)", fact.now.value):
            assert float(amount) in known, (fact.id, amount)

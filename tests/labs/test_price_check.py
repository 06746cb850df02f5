"""Task 3.1 judges prices: only FLASH10 takes a tenth off, and each wrong price gets the message that explains it."""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.labs.check_kit import attempt_at, checks_in

from serverless_first.lab import CheckFailed, Reply


@pytest.fixture(scope="module")
def lambda_checks() -> ModuleType:
    return checks_in("03-inside-lambda", "checks")


def said_of(checks: ModuleType, event: dict[str, str], price_yen: object) -> str:
    """What the check says about a price; empty if it is right."""
    try:
        checks._right_price(attempt_at("3.1"), event, Reply({"price_yen": price_yen}, "invoke", "", "3.1"))
    except CheckFailed as failure:
        return str(failure)
    return ""


@pytest.mark.parametrize(
    ("event", "price_yen"),
    [
        ({"lamp": "Tsuki"}, 4800),
        ({"lamp": "Tsuki", "coupon": "FLASH10"}, 4320),
        ({"lamp": "Hoshi", "coupon": "FLASH10"}, 11520.0),
        ({"lamp": "Tsuki", "coupon": "FLASH20"}, 4800),
        ({"lamp": "Tsuki", "coupon": "flash10"}, 4800),
        ({"lamp": "Tsuki", "coupon": ""}, 4800),
    ],
)
def test_a_right_price_passes_and_an_invented_coupon_changes_nothing(
    lambda_checks: ModuleType, event: dict[str, str], price_yen: float
) -> None:
    assert said_of(lambda_checks, event, price_yen) == ""


@pytest.mark.parametrize(
    ("coupon", "price_yen", "says", "expected_yen"),
    [
        ({"coupon": "WINTER5"}, 4320, "A coupon that Hikari never gave out takes money off.", 4800),
        ({}, 4320, "One customer's coupon changed the price for the next customer", 4800),
        ({"coupon": "FLASH10"}, 4800, "The coupon FLASH10 takes nothing off.", 4320),
        ({"coupon": "FLASH10"}, 4310, "The price is wrong.", 4320),
        ({}, 4801, "The price is wrong.", 4800),
        ({"coupon": "WINTER5"}, 4810, "The price is wrong.", 4800),
        ({}, "4800", "The price isn't a number.", 4800),
        ({}, True, "The price isn't a number.", 4800),
        ({}, None, "The price isn't a number.", 4800),
    ],
)
def test_a_wrong_price_gets_the_message_that_explains_it(
    lambda_checks: ModuleType, coupon: dict[str, str], price_yen: object, says: str, expected_yen: int
) -> None:
    said = said_of(lambda_checks, {"lamp": "Tsuki"} | coupon, price_yen)
    assert said.startswith(f"3.1 failed: {says}")
    assert f"expected: price_yen {expected_yen} " in said

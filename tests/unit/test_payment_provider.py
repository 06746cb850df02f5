"""The payment provider of lab 02: what it says, and how it fails."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from serverless_first.shop.provider import PaymentProvider


def get(url: str, timeout_s: float = 5.0) -> Any:
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:
        return json.load(answer)


def test_it_charges_tells_a_status_and_keeps_the_keys() -> None:
    with PaymentProvider({"pay-1": "refused"}) as provider:
        sent = json.dumps({"order": "order-1", "yen": 4800}).encode()
        request = urllib.request.Request(f"{provider.url}/charges", sent, {"Authorization": "Bearer hk-1"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert json.load(answer) == {"charged_yen": 4800, "order": "order-1"}
        assert get(f"{provider.url}/payments/pay-1") == {"payment": "pay-1", "status": "refused"}
        assert get(f"{provider.url}/payments/pay-2")["status"] == "paid"
        assert provider.keys == ["hk-1", "", ""]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"{provider.url}/charges", b"no json", timeout=5)
    with pytest.raises(urllib.error.URLError):
        get(f"{provider.url}/payments/pay-1")
    provider.close()  # again: nothing happens


def test_it_is_late_or_hangs_when_it_is_told_so() -> None:
    with PaymentProvider() as provider:
        url = f"{provider.url}/payments/pay-1"
        provider.behaviour = "late"
        assert get(url)["status"] == "paid"
        for provider.behaviour in ("hangs", "hangs halfway"):
            with pytest.raises(TimeoutError):
                get(url, timeout_s=0.3)
        provider.behaviour = "well"
        assert get(url)["status"] == "paid"

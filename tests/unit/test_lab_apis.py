"""What checks of API tasks share, as far as it needs no cloud."""

from __future__ import annotations

import json

import pytest

from serverless_first.lab.apis import Answered, deployed, http_event
from serverless_first.lab.failures import CheckBroken, CheckFailed, NotStarted


def test_an_event_looks_like_that_of_an_http_api() -> None:
    event = http_event("GET /orders/{order_key}", order_key="ord-1")
    assert (event["rawPath"], event["pathParameters"], "body" in event) == (
        "/orders/ord-1",
        {"order_key": "ord-1"},
        False,
    )
    posted = http_event("POST /orders", {"lamp": "Tsuki"})
    assert json.loads(posted["body"]) == {"lamp": "Tsuki"}
    assert posted["requestContext"]["http"]["method"] == "POST"
    assert http_event("POST /orders", "lamp=Tsuki")["body"] == "lamp=Tsuki"


def test_an_answer_may_have_more_than_what_is_wanted() -> None:
    got = Answered("GET /orders", 200, {"lamp": "Tsuki", "quantity": 2})
    assert got.has({"lamp": "Tsuki"})
    assert not got.has({"lamp": "Hoshi"})
    assert not Answered("GET /orders", 502, "no JSON").has({})
    assert str(got) == '200 {"lamp": "Tsuki", "quantity": 2}'


@pytest.mark.parametrize("kind", [CheckFailed, NotStarted, CheckBroken])
def test_a_failure_says_that_the_file_may_be_newer_than_what_runs(kind: type[CheckFailed]) -> None:
    with pytest.raises(CheckFailed) as raised, deployed("orders.py", "step 2"):
        raise kind("No.", look_at="your handler")
    told = "your handler. If you changed orders.py after step 2, run step 2 again"
    assert raised.value.look_at == (told if kind is CheckFailed else "your handler")

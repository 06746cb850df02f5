"""What checks of API tasks share, as far as it needs no cloud."""

from __future__ import annotations

import json

from serverless_first.lab.apis import Answered, http_event


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

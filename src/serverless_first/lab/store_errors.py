"""Checks that a learner's order store hides no errors from the shop. Module 07's checks use this module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serverless_first.lab.functions import fresh_id
from serverless_first.lab.store_promises import Asked, new_order
from serverless_first.shop.order_stores import OrderExists


def passes_all_on(store: Asked, state: str, methods: tuple[str, ...] = ("place", "of_customer", "set_status")) -> None:
    """Checks that these methods raise an error while the store can't work.

    Args:
        store: the store, in that state already.
        state: what is wrong, for the message, such as "while the connection is closed".
        methods: the names of the methods that can't work now.
    """
    order = new_order(fresh_id("ann"), "20T12:00:00")
    arguments: dict[str, tuple[Any, ...]] = {
        "place": (order,),
        "get": (order["order_id"],),
        "of_customer": (order["customer"],),
        "set_status": (order["order_id"], "open", "packed"),
    }
    for method in methods:
        passes_on(store, state, method, *arguments[method])


def passes_on(store: Asked, state: str, method: str, *arguments: Any) -> None:
    """Checks that one call raises an error that isn't OrderExists."""
    called = f"{store.name}.{method}(...) {state}"
    came_back = store.file.run(called, _answer, lambda: getattr(store.store, method)(*arguments))
    if came_back:
        store.fail(
            f"{method} hides an error from the shop, so the shop believes a wrong answer.",
            called,
            came_back,
            "the error itself, because it isn't about the order's id or status",
            f"{method}: which errors does it catch, and what does it do with them?",
        )


def _answer(call: Callable[[], Any]) -> str:
    """The answer that the shop gets; "" if it gets an error that isn't OrderExists."""
    try:
        answer = call()
    except NotImplementedError:
        raise
    except OrderExists:
        return "OrderExists"
    except Exception:
        return ""
    return "no error" if answer is None else f"{answer!r}, and no error"

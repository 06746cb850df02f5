#: breaks: correct-passes
#: expects: reject a correct store
#: because: The test asks for something that the interface does not promise: fields in an order of their own.
%%writefile contract.py
from serverless_first.shop.order_stores import OrderExists


def order(order_id, **fields):
    """Returns one of Ann's orders, with this id and the fields that you pass."""
    made_up = {
        "customer": "ann",
        "placed_at": "2026-11-01T12:00:00Z",
        "lamp": "Tsuki",
        "quantity": 1,
        "status": "open",
        "version": 1,
    }
    return {"order_id": order_id} | made_up | fields


def check_store(store):
    """Raises an AssertionError if a store of orders breaks a rule. The store is empty at first."""
    # an order that is placed is found as it was, and an unknown id gives None
    first = order("order-1", lamp="Hoshi")
    store.place(first)
    assert list(store.get("order-1")) == list(first)
    assert store.get("order-unknown") is None
    # a second order with the same id is refused, and the first order stays
    try:
        store.place(order("order-1", customer="ben", lamp="Kumo"))
    except OrderExists:
        pass
    else:
        raise AssertionError("two orders with one id")
    assert store.get("order-1") == first
    # a customer's list has only this customer's orders, the newest first, and at most `limit`
    for day in (2, 4, 3):
        store.place(order(f"order-{day}", placed_at=f"2026-11-0{day}T09:00:00Z"))
    store.place(order("order-5", customer="ben", placed_at="2026-11-05T09:00:00Z"))
    ids = [found["order_id"] for found in store.of_customer("ann")]
    assert ids == ["order-4", "order-3", "order-2", "order-1"]
    assert [found["order_id"] for found in store.of_customer("ann", limit=2)] == ids[:2]
    # a status changes once, and only from the old status that the caller names
    assert store.set_status("order-2", "open", "packed") is True
    assert store.set_status("order-2", "open", "cancelled") is False
    found = store.get("order-2")
    assert (found["status"], found["version"]) == ("packed", 2)

#: expects: as they were placed, and not by placed_at
#: because: The test places the orders in the order of time, so that both orders are the same.
#: fills: gap 1
#: when: nightly
    # a second order with the same id is refused, and the first one stays
    try:
        store.place(order("order-1", customer="ben", lamp="Kumo"))
    except OrderExists:
        pass
    else:
        raise AssertionError("two orders with one id")
    assert store.get("order-1") == first
    # a customer's list: own orders alone, newest first, at most so many
    for day in (2, 3, 4):
        store.place(order(f"order-{day}", placed_at=f"2026-11-0{day}T09:00:00Z"))
    store.place(order("order-5", customer="ben", placed_at="2026-11-05T09:00:00Z"))
    ids = [found["order_id"] for found in store.of_customer("ann")]
    assert ids == ["order-4", "order-3", "order-2", "order-1"]
    assert [found["order_id"] for found in store.of_customer("ann", limit=2)] == ids[:2]
    # a status changes once, and only from what it was
    assert store.set_status("order-2", "open", "packed") is True
    assert store.set_status("order-2", "open", "cancelled") is False
    found = store.get("order-2")
    assert (found["status"], found["version"]) == ("packed", 2)

#: breaks: in-moto
#: expects: Your tests try to reach the real AWS
#: because: mock_aws on one test is thought to be enough for all.
#: fills: gap 1
@mock_aws
def test_a_good_order_is_stored():
    table()
    status, order = post("order-1", 2)
    assert (status, order["quantity"]) == (201, 2)
    assert stored() == {"order-1": 2}


@mock_aws
def test_too_many_lamps_are_refused():
    table()
    assert post("order-1", 21)[0] == 400
    assert stored() == {}


def test_an_unknown_order_is_not_found():
    table()
    assert get("order-1")[0] == 404


@mock_aws
def test_the_same_key_changes_nothing():
    table()
    post("order-1", 2)
    status, order = post("order-1", 5)
    assert (status, order["quantity"]) == (200, 2)
    assert stored() == {"order-1": 2}

#: expects: lets a second order of the same key replace the first
#: because: A second order of the same key is thought never to come.
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


@mock_aws
def test_an_unknown_order_is_not_found():
    table()
    assert get("order-1")[0] == 404

#: expects: An order with a quantity that is a text is accepted
#: because: int() makes a number out of it, so it is taken for one.
#: fills: gap 1
#: when: nightly
def wrong_with(order):
    """What is wrong with an order; empty if it is good."""
    if not isinstance(order, dict):
        return "an order is a JSON object"
    for field in ("order_key", "lamp"):
        if not isinstance(order.get(field), str) or not order[field]:
            return f"{field} must be a text"
    quantity = order.get("quantity")
    try:
        if not 1 <= int(quantity) <= 20 or int(quantity) != float(quantity):
            return "quantity must be from 1 to 20"
    except (TypeError, ValueError):
        return "quantity must be a whole number from 1 to 20"
    return ""


def handler(event, context):
    if event["routeKey"] == "GET /orders/{order_key}":
        order = find(event["pathParameters"]["order_key"])
        return answer(200, order) if order else answer(404, {"message": "no such order"})
    try:
        order = json.loads(event.get("body") or "")
    except ValueError:
        return answer(400, {"message": "the body is not JSON"})
    if problem := wrong_with(order):
        return answer(400, {"message": problem})
    store(order)
    return answer(201, order)

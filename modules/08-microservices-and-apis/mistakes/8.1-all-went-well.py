#: expects: the status does not say so
#: because: 200 is taken for the status of everything that works.
#: when: nightly
#: fills: gap 1
def wrong_with(order):
    """What is wrong with an order; empty if it is good."""
    if not isinstance(order, dict):
        return "an order is a JSON object"
    for field in ("order_key", "lamp"):
        if not isinstance(order.get(field), str) or not order[field]:
            return f"{field} must be a text"
    quantity = order.get("quantity")
    if type(quantity) is not int or not 1 <= quantity <= 20:
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
    return answer(200, order)

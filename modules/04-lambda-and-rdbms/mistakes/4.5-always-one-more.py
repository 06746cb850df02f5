#: breaks: whole-environments
#: expects: one environment too many
#: because: Cuts off the fraction and adds one, which is right only if there is a fraction.
%%writefile enough.py


def handler(event, context):
    average = max(event["orders_per_minute"]) * event["order_s"] / 60
    environments = max(int(average) + 1, event["most_at_once"])
    needed = environments * event["connections_per_environment"] * event["versions_alive"]
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

#: breaks: busiest
#: expects: is for an average minute
#: because: The mean of the day is taken for the load.
%%writefile enough.py
import math


def handler(event, context):
    busiest_per_s = sum(event["orders_per_minute"]) / len(event["orders_per_minute"]) / 60
    environments = max(math.ceil(busiest_per_s * event["order_s"]), event["most_at_once"])
    needed = environments * event["connections_per_environment"] * event["versions_alive"]
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

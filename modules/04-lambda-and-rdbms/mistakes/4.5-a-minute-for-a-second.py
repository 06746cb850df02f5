#: breaks: per-second
#: expects: as if they came in a second
#: because: The units of rate and time differ.
%%writefile enough.py
import math


def handler(event, context):
    busiest_per_s = max(event["orders_per_minute"])
    environments = max(math.ceil(busiest_per_s * event["order_s"]), event["most_at_once"])
    needed = environments * event["connections_per_environment"] * event["versions_alive"]
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

#: breaks: whole-environments
#: expects: rounded too late
#: because: The connections are rounded, not the environments.
%%writefile enough.py
import math


def handler(event, context):
    at_a_time = max(max(event["orders_per_minute"]) / 60 * event["order_s"], event["most_at_once"])
    needed = math.ceil(at_a_time * event["connections_per_environment"] * event["versions_alive"])
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

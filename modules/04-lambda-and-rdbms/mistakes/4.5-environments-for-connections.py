#: breaks: connections
#: expects: An environment can hold more than one connection
#: because: One connection for each environment is taken for granted.
%%writefile enough.py
import math


def handler(event, context):
    busiest_per_s = max(event["orders_per_minute"]) / 60
    environments = max(math.ceil(busiest_per_s * event["order_s"]), event["most_at_once"])
    needed = environments * event["versions_alive"]
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

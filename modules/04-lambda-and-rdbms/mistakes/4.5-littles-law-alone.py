#: breaks: larger
#: expects: Little's law gives the average
#: because: The mean of the busiest minute is taken for its worst moment.
%%writefile enough.py
import math


def handler(event, context):
    busiest_per_s = max(event["orders_per_minute"]) / 60
    environments = math.ceil(busiest_per_s * event["order_s"])
    needed = environments * event["connections_per_environment"] * event["versions_alive"]
    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

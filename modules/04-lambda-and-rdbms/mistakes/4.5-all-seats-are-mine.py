#: breaks: seats
#: expects: The function can't have all of max_connections
#: because: What others hold, and what is kept, counts as free.
%%writefile enough.py
import math


def handler(event, context):
    busiest_per_s = max(event["orders_per_minute"]) / 60
    environments = max(math.ceil(busiest_per_s * event["order_s"]), event["most_at_once"])
    needed = environments * event["connections_per_environment"] * event["versions_alive"]
    seats = event["max_connections"]
    return {"enough": needed <= seats, "needed": needed, "seats": seats}

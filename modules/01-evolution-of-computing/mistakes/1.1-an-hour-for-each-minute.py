#: breaks: price
#: expects: charge the hourly price for every minute
#: because: The price per hour is counted for each started minute.
%%writefile fixed.py
import math


def fleet(per_s, servers, per_server_s, usd_per_hour):
    room = servers * per_server_s
    return {
        "lost_requests": sum(max(each - room, 0) for each in per_s) * 60,
        "idle_server_hours": sum(max(room - each, 0) for each in per_s) / per_server_s / 60,
        "cost_usd": servers * usd_per_hour * len(per_s),
        "servers_needed": math.ceil(max(per_s, default=0) / per_server_s),
    }

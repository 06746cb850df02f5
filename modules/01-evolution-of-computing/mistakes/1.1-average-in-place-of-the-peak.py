#: breaks: servers-needed
#: expects: servers_needed fits the average
#: because: A fleet is planned for the mean of the day.
%%writefile fixed.py
import math


def fleet(per_s, servers, per_server_s, usd_per_hour):
    room = servers * per_server_s
    return {
        "lost_requests": sum(max(each - room, 0) for each in per_s) * 60,
        "idle_server_hours": sum(max(room - each, 0) for each in per_s) / per_server_s / 60,
        "cost_usd": servers * usd_per_hour * len(per_s) / 60,
        "servers_needed": math.ceil(sum(per_s) / len(per_s) / per_server_s) if per_s else 0,
    }

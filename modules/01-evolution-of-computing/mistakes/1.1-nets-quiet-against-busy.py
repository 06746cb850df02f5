#: breaks: no-saving
#: expects: let quiet minutes make up for busy minutes
#: because: Totals are compared, as if room could be kept.
%%writefile fixed.py
import math


def fleet(per_s, servers, per_server_s, usd_per_hour):
    room = servers * per_server_s
    return {
        "lost_requests": max(sum(per_s) - room * len(per_s), 0) * 60,
        "idle_server_hours": sum(max(room - each, 0) for each in per_s) / per_server_s / 60,
        "cost_usd": servers * usd_per_hour * len(per_s) / 60,
        "servers_needed": math.ceil(max(per_s, default=0) / per_server_s),
    }

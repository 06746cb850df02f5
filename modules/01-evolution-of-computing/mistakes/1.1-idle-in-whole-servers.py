#: breaks: idle-hours
#: expects: count idle time only for whole servers
#: because: A server that does anything is taken for busy.
%%writefile fixed.py
import math


def fleet(per_s, servers, per_server_s, usd_per_hour):
    room = servers * per_server_s
    return {
        "lost_requests": sum(max(each - room, 0) for each in per_s) * 60,
        "idle_server_hours": sum(max(servers - math.ceil(each / per_server_s), 0) for each in per_s) / 60,
        "cost_usd": servers * usd_per_hour * len(per_s) / 60,
        "servers_needed": math.ceil(max(per_s, default=0) / per_server_s),
    }

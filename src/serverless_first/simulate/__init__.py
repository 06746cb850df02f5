"""The models behind the explorers. They are pure functions of numbers, which draw, read and write nothing.

from serverless_first.simulate import connections, fleet, pool
fleet.simulate(arrivals_s, warm_service_s=0.2, cold_service_s=0.6).cold
pool.simulate(arrivals_s, service_s=0.2, connections=10, borrow_timeout_s=3).timed_out
connections.seats("postgres", "db.t4g.micro")

capacity    servers, instances, tasks and environments (policies) against a demand: unmet, wasted, cost
autoscaler  your own scaling rule, which is called every minute with the history so far
traces      demand over time, and requests at random times
network     interfaces, addresses and ports before and after Hyperplane
queueing    calls that are refused against messages that wait
workflow    polling a job against waiting for a notification
availability  the availability of a chain of calls; throttling: API Gateway's token bucket
cost        the cost of a month, with serverless_first.facts.prices; break_even: where two costs are equal
"""

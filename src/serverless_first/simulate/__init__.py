"""The models behind the explorers: pure functions of numbers. Nothing is drawn, read or written.

from serverless_first.simulate import connections, fleet, pool
fleet.simulate(arrivals_s, warm_service_s=0.2, cold_service_s=0.6).cold
pool.simulate(arrivals_s, service_s=0.2, connections=10, borrow_timeout_s=3).timed_out
connections.seats("postgres", "db.t4g.micro")

capacity    servers, instances, tasks and environments (policies) against a demand: unmet, wasted, cost
autoscaler  a rule of one's own that makes capacity, asked each minute with the past
traces      demand over time, and requests at random moments
network     interfaces, addresses and ports before and after Hyperplane
queueing    calls that are lost against messages that wait
workflow    asking a job again and again against waiting for it
availability  what a chain of calls can promise; throttling: the token bucket of API Gateway
cost        what a month costs, with serverless_first.facts.prices; break_even: where two costs are equal
"""

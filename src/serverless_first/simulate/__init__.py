"""The models behind the explorers: pure functions of numbers. Nothing is drawn, read or written here.

from serverless_first.simulate import connections, fleet, pool
fleet.simulate(arrivals_s, warm_service_s=0.2, cold_service_s=0.6).cold
pool.simulate(arrivals_s, service_s=0.2, connections=10, borrow_timeout_s=3).timed_out
connections.seats("postgres", "db.t4g.micro")
"""

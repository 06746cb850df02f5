"""The models behind the explorers: pure functions of numbers. Nothing is drawn, read or written here.

from serverless_first.simulate import fleet
fleet.simulate(arrivals_s, warm_service_s=0.2, cold_service_s=0.6).cold
"""

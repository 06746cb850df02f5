#: expects: a second of a function costs more
#: because: The newest is thought to be the cheapest.
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    return shop.functions()

#: expects: smallest fleet there can be waits
#: because: One answer for every shop.
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    return shop.tasks(0.75)

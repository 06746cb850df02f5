#: expects: keeps too much room
#: because: A target of 40 % for every shop, to be sure.
#: when: nightly
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    return shop.tasks(0.4)

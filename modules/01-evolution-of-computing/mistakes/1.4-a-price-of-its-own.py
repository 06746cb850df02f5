#: breaks: one-of-the-calls
#: expects: a policy that nobody offers
#: because: The price is taken for a setting.
%%writefile plan.py
from dataclasses import replace

from serverless_first.shop import hikari_capacity as shop


def plan(yesterday):
    return replace(shop.functions(), usd_per_unit_hour=shop.SERVER_USD / 2)

#: expects: bought for less than the peak
#: because: The fleet fits the mean of the day.
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    return shop.bought(1.2 * yesterday.mean_per_s)

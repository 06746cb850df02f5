#: expects: bought for the peak and stands idle
#: because: Nothing is lost, and nobody looks at what it costs.
#: when: nightly
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    return shop.bought(1.2 * yesterday.peak_per_s)

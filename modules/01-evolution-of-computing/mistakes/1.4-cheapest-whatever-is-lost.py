#: expects: Cheap is what meets the service level first
#: because: The cost is compared without the service level.
%%writefile plan.py
from serverless_first import hikari_capacity as shop
from serverless_first.simulate import capacity


def plan(yesterday):
    tried = [shop.functions(), *(make(target / 100) for make in (shop.servers, shop.tasks) for target in range(40, 100, 5))]
    return min((capacity.simulate(yesterday, policy) for policy in tried), key=lambda run: run.cost_usd).policy

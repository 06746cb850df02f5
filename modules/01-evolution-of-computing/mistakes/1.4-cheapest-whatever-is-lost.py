#: breaks: served
#: expects: the cheapest of the policies that meet the service level
#: because: The cost is compared without the service level.
#: fills: gap 1
    tried = [shop.functions(), *(make(target / 100) for make in (shop.servers, shop.tasks) for target in range(40, 100, 5))]
    return min((capacity.simulate(yesterday, policy) for policy in tried), key=lambda run: run.cost_usd).policy

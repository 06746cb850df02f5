#: breaks: at-least-two
#: expects: policy that nobody offers.*at least 1 
#: because: The learner finds the argument minimum, and one task is cheaper.
#: fills: gap 1
    if yesterday.mean_per_s < 20:
        return shop.functions()
    if yesterday.peak_per_s > 4 * yesterday.mean_per_s:
        return shop.functions(limit=500)
    return shop.tasks(0.75, minimum=1)

#: breaks: served
#: expects: functions' limit is below the peak
#: because: The limit is thought of as an average.
#: fills: gap 1
    if yesterday.mean_per_s > 90:
        return shop.tasks(0.75)
    return shop.functions(limit=max(1, round(2 * yesterday.mean_per_s * shop.SERVICE_S)))

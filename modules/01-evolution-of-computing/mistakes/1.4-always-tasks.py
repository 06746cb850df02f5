#: breaks: cost
#: expects: even the smallest fleet waits
#: because: One answer for every shop.
#: fills: gap 1
    return shop.tasks(0.75)

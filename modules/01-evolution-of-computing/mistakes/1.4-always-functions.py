#: expects: a second of a function costs more
#: because: The newest is thought to be the cheapest.
#: fills: gap 1
    return shop.functions()

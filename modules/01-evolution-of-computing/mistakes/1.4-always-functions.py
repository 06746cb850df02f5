#: breaks: cost
#: expects: a second of function time costs more
#: because: The newest is thought to be the cheapest.
#: fills: gap 1
    return shop.functions()

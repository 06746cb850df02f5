#: breaks: cost
#: expects: keeps too much room
#: because: A target of 40 % for every shop, to be sure.
#: fills: gap 1
    return shop.tasks(0.4)

#: expects: smallest fleet there can be waits
#: because: One answer for every shop.
#: fills: gap 1
    return shop.tasks(0.75)

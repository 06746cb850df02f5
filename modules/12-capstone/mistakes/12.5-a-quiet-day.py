#: breaks: faults
#: expects: a drill on a quiet day, because its faults were switched off
#: because: switches the faults off, so that it goes quickly
#: replaces: 2
#: fills: gap 1
shop.deploy(aws)
record = drill.run("hikari-shop", orders=200, seed=7, faults=False)

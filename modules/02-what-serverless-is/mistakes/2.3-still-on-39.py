#: expects: is still on python3.9
#: because: The code is mended and deployed, the runtime forgotten.
#: replaces: 2
deploy("hikari-invoice", "invoice.py", Runtime="python3.9")

print(call("hikari-invoice", {"order": "order-7", "total_yen": 9600, "paid_yen": 9600}))
print(call("hikari-invoice", {"order": "order-8", "total_yen": 9600, "paid_yen": 0}))

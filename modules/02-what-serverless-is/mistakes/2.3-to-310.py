#: breaks: supported-runtime
#: expects: which is also past its end
#: because: The learner thinks that the next version is enough.
#: replaces: 2
deploy("hikari-invoice", "invoice.py", Runtime="python3.10")

print(call("hikari-invoice", {"order": "order-7", "total_yen": 9600, "paid_yen": 9600}))
print(call("hikari-invoice", {"order": "order-8", "total_yen": 9600, "paid_yen": 0}))

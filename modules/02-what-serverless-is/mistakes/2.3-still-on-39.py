#: breaks: supported-runtime
#: expects: is still on python3.9
#: because: The learner repairs and deploys the code, but forgets the runtime.
#: replaces: 2
deploy("hikari-invoice", "invoice.py", Runtime="python3.9")

print(call("hikari-invoice", {"order": "order-7", "total_yen": 9600, "paid_yen": 9600}))
print(call("hikari-invoice", {"order": "order-8", "total_yen": 9600, "paid_yen": 0}))

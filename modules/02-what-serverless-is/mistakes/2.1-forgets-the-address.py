#: breaks: address
#: expects: deployed without PROVIDER_URL
#: because: The learner thinks that the function needs only the new variable.
#: replaces: 2
variables = {"SECRET_NAME": "hikari/provider-key"}

deploy("hikari-payment", "payment.py", variables)
print(call("hikari-payment", {"order": "order-2", "yen": 12800}))
print(sorted(variables))

#: breaks: no-key-in-variables
#: expects: the key is still in an environment variable
#: because: The learner leaves the old variable for safety, because the new code doesn't use it.
#: replaces: 2
variables = {"PROVIDER_URL": provider.url, "SECRET_NAME": "hikari/provider-key", "OLD_KEY": KEY}

deploy("hikari-payment", "payment.py", variables)
print(call("hikari-payment", {"order": "order-2", "yen": 12800}))
print(sorted(variables))

#: breaks: variable
#: expects: deployed without PROVIDER_URL
#: because: The learner thinks that the variables of the earlier function stay.
#: replaces: 2
deploy("hikari-payment-status", "payment_status.py", Timeout=3)

for provider.behaviour in ("well", "late", "hangs"):
    print(f"the provider, {provider.behaviour}:", call("hikari-payment-status", {"payment": "p-1"}))
provider.behaviour = "well"

#: expects: a provider that hangs does not hurry for that
#: because: More time is thought to make the error go away.
#: replaces: 2
deploy("hikari-payment-status", "payment_status.py", {"PROVIDER_URL": provider.url}, Timeout=900)


#: breaks: at-most-3-s
#: expects: that does not help when the provider hangs
#: because: The learner thinks that more time makes the error go away.
#: replaces: 2
deploy("hikari-payment-status", "payment_status.py", {"PROVIDER_URL": provider.url}, Timeout=900)


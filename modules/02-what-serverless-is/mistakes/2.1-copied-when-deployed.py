#: breaks: read-by-the-function
#: expects: copied into a variable when you deployed
#: because: The notebook reads the secret and hands on its value, so it does come from Secrets Manager.
#: replaces: 2
SOURCE = open("payment.py").read()
SOURCE = SOURCE.split("secret = ")[0] + "key = os.environ['KEY']\n\n\ndef handler" + SOURCE.split("def handler")[1]
_ = open("payment.py", "w").write(SOURCE)
variables = {
    "PROVIDER_URL": provider.url,
    "KEY": secrets.get_secret_value(SecretId="hikari/provider-key")["SecretString"],
}

deploy("hikari-payment", "payment.py", variables)
print(call("hikari-payment", {"order": "order-2", "yen": 12800}))
print(sorted(variables))

#: breaks: read-by-the-function
#: expects: ^2.1 failed: The key was copied into a variable when you deployed.*PROVIDER_KEY: what reads the secret
#: because: The notebook reads the secret and hands it on, so the old handler can stay as it is.
#: replaces: 2
SOURCE = open("payment.py").read()
SOURCE = SOURCE.split("secret = ")[0] + "def handler" + SOURCE.split("def handler")[1]
_ = open("payment.py", "w").write(SOURCE.replace("key)\n    payments", "os.environ['PROVIDER_KEY'])\n    payments"))
variables = {
    "PROVIDER_URL": provider.url,
    "PROVIDER_KEY": secrets.get_secret_value(SecretId="hikari/provider-key")["SecretString"],
}

deploy("hikari-payment", "payment.py", variables)
print(call("hikari-payment", {"order": "order-2", "yen": 12800}))
print(sorted(variables))

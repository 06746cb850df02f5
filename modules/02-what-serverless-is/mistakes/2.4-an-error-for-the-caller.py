#: expects: ends with an error
#: because: The timeout is set; what it raises goes to the customer.
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    with urllib.request.urlopen(url, timeout=1.5) as answer:
        return {"status": json.load(answer)["status"]}

#: expects: until Lambda ends it
#: because: urlopen has a timeout; that the function's is shorter goes unseen.
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}

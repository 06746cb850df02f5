#: expects: gives up on a provider that keeps its promise
#: because: Half a second is promised, so half a second is waited.
#: when: nightly
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    try:
        with urllib.request.urlopen(url, timeout=0.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "unknown"}

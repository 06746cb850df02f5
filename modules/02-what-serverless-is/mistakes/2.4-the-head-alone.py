#: expects: ends with an error
#: because: An answer that has begun is thought to come.
#: when: nightly
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    try:
        answer = urllib.request.urlopen(url, timeout=1.5)
    except OSError:
        return {"status": "unknown"}
    with answer:
        return {"status": json.load(answer)["status"]}

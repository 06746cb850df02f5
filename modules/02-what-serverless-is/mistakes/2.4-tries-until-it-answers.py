#: expects: until Lambda ends it
#: because: It tries again, as long as it takes.
#: when: nightly
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1.5) as answer:
                return {"status": json.load(answer)["status"]}
        except OSError:
            pass

#: expects: tells a status that nobody has told
#: because: No answer is taken for a no.
#: when: nightly
%%writefile payment_status.py
import json
import os
import urllib.request


def handler(event, context):
    url = f"{os.environ['PROVIDER_URL']}/payments/{event['payment']}"
    try:
        with urllib.request.urlopen(url, timeout=1.5) as answer:
            return {"status": json.load(answer)["status"]}
    except OSError:
        return {"status": "refused"}

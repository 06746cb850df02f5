#: expects: tells the key to others than the provider
#: because: It is returned to see that the new key has come.
#: when: nightly
%%writefile payment.py
import json
import os
import urllib.request

import boto3

payments = boto3.resource("dynamodb").Table("payments")


def charge(order, yen, key):
    """Lets the provider charge the customer."""
    request = urllib.request.Request(
        os.environ["PROVIDER_URL"] + "/charges",
        data=json.dumps({"order": order, "yen": yen}).encode(),
        headers={"Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=2) as answer:
        return json.load(answer)


secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
key = secret["SecretString"]


def handler(event, context):
    answer = charge(event["order"], event["yen"], key)
    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
    return {"charged_yen": answer["charged_yen"], "key": key}

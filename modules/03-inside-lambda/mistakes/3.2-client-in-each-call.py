#: breaks: later-calls
#: expects: Each later call is slower
#: because: What is slow in Init is moved into the handler, where each call pays for it.
%%writefile sale.py
import json

import boto3

PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}
REPORT = {"properties": {"sold_yen": {"type": "array", "items": {"type": "integer"}}}}


def handler(event, context):
    global s3
    s3 = boto3.client("s3")
    if "sold_yen" in event:
        return report(event)
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"] * 90 // 100}


def report(event):
    import jsonschema

    jsonschema.validate(event, REPORT)
    numbers = {"lamps": len(event["sold_yen"]), "sum_yen": sum(event["sold_yen"])}
    s3.put_object(Bucket="hikari-reports", Key=f"{event['day']}.json", Body=json.dumps(numbers))
    return numbers

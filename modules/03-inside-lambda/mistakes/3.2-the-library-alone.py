#: breaks: processor-time
#: expects: not short enough. Something slow still runs
#: because: The slowest line is mended, and the next one is not looked for.
%%writefile sale.py
import json

import boto3

PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}
REPORT = {"properties": {"sold_yen": {"type": "array", "items": {"type": "integer"}}}}
s3 = boto3.client("s3")


def handler(event, context):
    if "sold_yen" in event:
        return report(event)
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"] * 90 // 100}


def report(event):
    import jsonschema

    jsonschema.validate(event, REPORT)
    numbers = {"lamps": len(event["sold_yen"]), "sum_yen": sum(event["sold_yen"])}
    s3.put_object(Bucket="hikari-reports", Key=f"{event['day']}.json", Body=json.dumps(numbers))
    return numbers

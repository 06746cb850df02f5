#: breaks: tenth
#: expects: the first call does slow work
#: because: Init alone is looked at; the customer waits for Init and the first call.
%%writefile sale.py
import json

PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}
REPORT = {"properties": {"sold_yen": {"type": "array", "items": {"type": "integer"}}}}
s3 = None


def handler(event, context):
    global jsonschema, s3
    if s3 is None:
        import boto3
        import jsonschema

        s3 = boto3.client("s3")
    if "sold_yen" in event:
        return report(event)
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"] * 90 // 100}


def report(event):
    jsonschema.validate(event, REPORT)
    numbers = {"lamps": len(event["sold_yen"]), "sum_yen": sum(event["sold_yen"])}
    s3.put_object(Bucket="hikari-reports", Key=f"{event['day']}.json", Body=json.dumps(numbers))
    return numbers

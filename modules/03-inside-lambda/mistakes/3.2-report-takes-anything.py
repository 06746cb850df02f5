#: breaks: rejections
#: expects: accepts an event that it rejected before
#: because: The slow library is removed together with what it kept out.
%%writefile sale.py
import json

PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}
REPORT = {"properties": {"sold_yen": {"type": "array", "items": {"type": "integer"}}}}


def handler(event, context):
    if "sold_yen" in event:
        return report(event)
    return {"total_yen": PRICES_YEN[event["lamp"]] * event["quantity"] * 90 // 100}


def report(event):
    import boto3

    s3 = boto3.client("s3")
    numbers = {"lamps": len(event["sold_yen"]), "sum_yen": sum(int(yen) for yen in event["sold_yen"] if str(yen)[0].isdigit())}
    s3.put_object(Bucket="hikari-reports", Key=f"{event['day']}.json", Body=json.dumps(numbers))
    return numbers

#: expects: The list holds bare ids
#: because: returns the ids, without the dict that Lambda reads
#: when: nightly
%%writefile invoice.py
import json

import boto3

invoices = boto3.resource("dynamodb").Table("hikari-invoices")


def write_invoice(record):
    order = json.loads(record["body"])
    invoices.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="SET total_yen = :yen ADD written :one",
        ExpressionAttributeValues={":yen": order["price_yen"] * order["quantity"], ":one": 1},
    )


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            write_invoice(record)
        except Exception as error:
            print("no invoice:", error)
            failures.append(record["messageId"])
    return {"batchItemFailures": failures}

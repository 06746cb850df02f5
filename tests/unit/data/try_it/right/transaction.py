import json

import boto3

db = boto3.client("dynamodb")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        mark = {
            "TableName": "bills",
            "Item": {"id": {"S": f"order {order['id']}"}},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        charge = {
            "TableName": "bills",
            "Key": {"id": {"S": order["customer"]}},
            "UpdateExpression": "ADD yen :yen",
            "ExpressionAttributeValues": {":yen": {"N": str(order["yen"])}},
        }
        try:
            db.transact_write_items(TransactItems=[{"Put": mark}, {"Update": charge}])
        except db.exceptions.TransactionCanceledException as error:
            if error.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
                raise

#: breaks: count
#: expects: Your count spans environments
#: because: All environments are thought to be one; the count is put into a place that they share.
%%writefile price.py
import boto3

import catalogue

PRICES_YEN = catalogue.load()
dynamodb = boto3.client("dynamodb")
try:
    dynamodb.create_table(
        TableName="hikari-counter",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
except dynamodb.exceptions.ResourceInUseException:
    pass
else:
    dynamodb.put_item(TableName="hikari-counter", Item={"name": {"S": "calls"}, "n": {"N": "0"}})


def handler(event, context):
    counted = dynamodb.update_item(
        TableName="hikari-counter",
        Key={"name": {"S": "calls"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    price_yen = PRICES_YEN[event["lamp"]]
    if event.get("coupon") == "FLASH10":
        price_yen = price_yen * 90 // 100
    return {"price_yen": price_yen, "calls_here": int(counted["Attributes"]["n"]["N"])}

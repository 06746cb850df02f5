#: expects: failed is not reported
#: because: catches everything so that a bad order does not disturb the good ones, and forgets to report it
#: fills: gap 1
def pack_once(order):
    try:
        packed.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET lamp = :lamp ADD packed :one",
            ConditionExpression="attribute_not_exists(packed)",
            ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
        )
    except packed.meta.client.exceptions.ConditionalCheckFailedException:
        print("already packed:", order["order_id"])


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            check_lamp(order)
            pack_once(order)
        except Exception as error:
            print("failed:", error)
    return {"batchItemFailures": failures}

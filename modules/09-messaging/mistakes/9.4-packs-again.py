#: expects: repeated order is packed more than once
#: because: packs without a condition
#: when: nightly
#: fills: gap 1
def pack_once(order):
    try:
        packed.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET lamp = :lamp ADD packed :one",
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
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}

#: expects: or can be done, are reported as failed
#: because: takes the refusal of the condition for a failure, so duplicates become dead letters
#: when: nightly
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
        raise ValueError("already packed") from None


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

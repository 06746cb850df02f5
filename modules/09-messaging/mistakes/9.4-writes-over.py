#: breaks: packed-once
#: expects: overwrote the item
#: because: writes a 1 in place of counting, without a condition
#: fills: gap 1
def pack_once(order):
    packed.put_item(Item={"order_id": order["order_id"], "lamp": order["lamp"], "packed": 1})


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

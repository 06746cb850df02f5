#: breaks: deletes
#: expects: still in the queue
#: because: Receiving is thought to take a message out of the queue.
#: replaces: 2
#: fills: gap 1
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                order["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(order))
                replayed.append(order["order_id"])

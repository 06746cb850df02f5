#: breaks: accepted-first
#: expects: deleted the record too early
#: because: A message is deleted when it is read, not when the work is done.
#: replaces: 2
#: fills: gap 1
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                order["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(order))
                replayed.append(order["order_id"])

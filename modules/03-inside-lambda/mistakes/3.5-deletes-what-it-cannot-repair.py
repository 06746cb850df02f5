#: breaks: stays
#: expects: deleted records that you had no address for
#: because: Every message that was looked at is thought to be done.
#: replaces: 2
#: fills: gap 1
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                order["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(order))
                replayed.append(order["order_id"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])

#: breaks: the-failed-event
#: expects: You sent the whole record
#: because: The record is taken for the event.
#: replaces: 2
#: fills: gap 1
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                record["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(record))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                replayed.append(order["order_id"])

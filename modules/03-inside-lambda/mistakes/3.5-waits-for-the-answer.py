#: breaks: asynchronously
#: expects: Nothing arrived as an asynchronous call
#: because: Waiting for the answer is thought to be safer.
#: replaces: 2
#: fills: gap 1
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                order["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, Payload=json.dumps(order))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                replayed.append(order["order_id"])

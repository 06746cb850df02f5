#: breaks: whole-order
#: expects: doesn't contain the whole order
#: because: thinks that the consumer can ask the shop for the rest
#: fills: gap 1
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps({"order_id": event["order_id"]}))
    return {"accepted": event["order_id"]}

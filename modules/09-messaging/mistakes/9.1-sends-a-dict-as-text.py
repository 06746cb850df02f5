#: breaks: json
#: expects: is not JSON
#: because: takes the text of a dict for JSON
#: fills: gap 1
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=str(event))
    return {"accepted": event["order_id"]}

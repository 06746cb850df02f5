#: breaks: queue-url
#: expects: accepted an order, but the order isn't in the queue
#: because: looks the queue up by the name that it has in this lab
#: fills: gap 1
    url = sqs.get_queue_url(QueueName="hikari-to-print")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    return {"accepted": event["order_id"]}

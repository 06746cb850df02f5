#: breaks: moves-all
#: expects: moves only some of the dead letters
#: because: moves what one response has, which is at most ten messages
#: replaces: 3
#: fills: gap 1
    name = event["dead_letters"].split(":")[-1]
    dead_url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    orders_url = sqs.get_queue_url(QueueName=name.removesuffix("-dead"))["QueueUrl"]
    for message in sqs.receive_message(QueueUrl=dead_url, MaxNumberOfMessages=10).get("Messages", []):
        sqs.send_message(QueueUrl=orders_url, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead_url, ReceiptHandle=message["ReceiptHandle"])
    return {"started": True}

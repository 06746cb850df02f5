#: breaks: moves
#: expects: also still dead letters
#: because: receives and sends, and does not delete
#: replaces: 3
#: fills: gap 1
    name = event["dead_letters"].split(":")[-1]
    dead_url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    orders_url = sqs.get_queue_url(QueueName=name.removesuffix("-dead"))["QueueUrl"]
    for message in sqs.receive_message(QueueUrl=dead_url, MaxNumberOfMessages=10).get("Messages", []):
        sqs.send_message(QueueUrl=orders_url, MessageBody=message["Body"])
    return {"started": True}

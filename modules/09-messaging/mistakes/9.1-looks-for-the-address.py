#: breaks: others
#: expects: can't print stops the worker.*TypeError
#: because: has seen one reason why a label fails, and looks for it instead of catching errors
#: replaces: 2
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            if not order.get("address"):
                continue
            print_label(order)
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            printed.append(order["order_id"])

#: breaks: others
#: expects: can't print stops the worker.*(ValueError|TypeError|ClientError)
#: because: does not catch what one order raises
#: replaces: 2
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            print_label(order)
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            printed.append(order["order_id"])

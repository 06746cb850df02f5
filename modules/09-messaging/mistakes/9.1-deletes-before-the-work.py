#: breaks: failed-stays
#: expects: had already been deleted
#: because: takes receiving for a promise, so that nobody else gets the order
#: replaces: 2
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            order = json.loads(message["Body"])
            try:
                print_label(order)
            except Exception as error:
                print("not printed:", error)
                continue
            printed.append(order["order_id"])

#: breaks: crash
#: expects: still in the queue after a power failure
#: because: deletes the batch when all of it is printed
#: replaces: 2
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        done = []
        for message in messages:
            order = json.loads(message["Body"])
            try:
                print_label(order)
            except Exception as error:
                print("not printed:", error)
                continue
            done.append({"Id": str(len(done)), "ReceiptHandle": message["ReceiptHandle"]})
            printed.append(order["order_id"])
        if done:
            sqs.delete_message_batch(QueueUrl=queue_url, Entries=done)

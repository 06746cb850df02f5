#: expects: printed (twice|are still in the queue)
#: because: thinks that receiving takes the message out of the queue
#: replaces: 2
#: when: nightly
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=0
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            try:
                print_label(order)
            except Exception as error:
                print("not printed:", error)
                continue
            printed.append(order["order_id"])

#: expects: printed twice: a message came back
#: because: counts with a fifth of a second for a label, though ten may take two and a half
#: replaces: 2
#: fills: gap 1
#: when: nightly
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=2
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            try:
                print_label(order)
            except Exception as error:
                print("not printed:", error)
                continue
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            printed.append(order["order_id"])

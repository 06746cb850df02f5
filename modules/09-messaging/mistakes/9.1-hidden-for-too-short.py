#: expects: printed twice: a message came back
#: because: leaves the visibility timeout shorter than the work on all that it has received
#: replaces: 2
#: when: nightly
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
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

#: expects: never came to an end
#: because: waits for longer than a message is hidden, so what failed comes back for ever
#: replaces: 2
#: when: nightly
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, WaitTimeSeconds=5
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

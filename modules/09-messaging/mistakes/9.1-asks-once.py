#: expects: go home while orders are left
#: because: takes one answer of the queue for all that it holds
#: replaces: 2
#: when: nightly
#: fills: gap 1
    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30).get("Messages", [])
    if messages:
        for message in messages:
            order = json.loads(message["Body"])
            try:
                print_label(order)
            except Exception as error:
                print("not printed:", error)
                continue
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            printed.append(order["order_id"])

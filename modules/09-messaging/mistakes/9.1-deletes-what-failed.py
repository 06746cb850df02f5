#: breaks: failed-stays
#: expects: An order is lost\. It has no label
#: because: deletes in finally, so a failure is taken for done
#: replaces: 2
#: fills: gap 1
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            try:
                print_label(order)
                printed.append(order["order_id"])
            except Exception as error:
                print("not printed:", error)
            finally:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])

#: breaks: in-the-queue
#: expects: The message could not be sent, but the customer got a success status
#: because: The order is in the table, so it is not lost.
#: fills: gap 1
    store(order)
    try:
        sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    except Exception:
        pass
    return answer(202, order)

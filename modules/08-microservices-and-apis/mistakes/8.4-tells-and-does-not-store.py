#: breaks: stores
#: expects: are not in the orders table
#: because: The queue is thought to keep the order.
#: fills: gap 1
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)

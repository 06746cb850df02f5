#: breaks: once
#: expects: took its lamps twice
#: because: Each message is thought to be an order of its own.
#: fills: gap 1
    store(order)
    order = order | {"order_key": os.urandom(8).hex()}
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)

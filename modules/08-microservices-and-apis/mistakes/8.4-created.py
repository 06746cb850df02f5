#: breaks: accepted
#: expects: nothing is reserved yet
#: because: 201 is taken for: the order has come in.
#: fills: gap 1
    store(order)
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(201, order)

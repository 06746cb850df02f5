#: breaks: sends-again
#: expects: the first attempt failed between the two
#: because: What is in the table was dealt with before.
#: fills: gap 1
    key = {"order_key": {"S": order["order_key"]}}
    if "Item" in dynamodb.get_item(TableName="orders", Key=key):
        return answer(202, order)
    store(order)
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)

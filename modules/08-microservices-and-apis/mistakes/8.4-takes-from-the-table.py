#: breaks: not-stock
#: expects: orders writes to the stock service's table
#: because: The lamps are taken at once, so that nobody else gets them.
#: fills: gap 1
    store(order)
    dynamodb.update_item(
        TableName="stock-lamps",
        Key={"lamp": {"S": order["lamp"]}},
        UpdateExpression="SET #left = #left - :wanted",
        ExpressionAttributeNames={"#left": "left"},
        ExpressionAttributeValues={":wanted": {"N": str(order["quantity"])}},
    )
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)

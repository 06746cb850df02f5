#: breaks: in-the-table
#: expects: DynamoDB did not store the order
#: because: Only a repetition is thought to be refused.
#: fills: gap 1
    try:
        dynamodb.put_item(
            TableName="orders",
            Item={
                "order_key": {"S": order["order_key"]},
                "lamp": {"S": order["lamp"]},
                "quantity": {"N": str(order["quantity"])},
            },
            ConditionExpression="attribute_not_exists(order_key)",
        )
    except dynamodb.exceptions.ClientError:
        pass
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)

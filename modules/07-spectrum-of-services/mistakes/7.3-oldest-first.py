#: expects: The oldest order comes first
#: because: A query goes upwards by the sort key unless it is told otherwise.
#: when: nightly
#: fills: gap 4
        found = self.client.query(
            TableName=self.table,
            IndexName="by-customer",
            KeyConditionExpression="customer = :wanted",
            ExpressionAttributeValues={":wanted": {"S": customer}},
            Limit=limit,
        )
        return [order_of(each) for each in found["Items"]]

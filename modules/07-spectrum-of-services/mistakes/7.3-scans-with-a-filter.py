#: breaks: no-scan
#: expects: of_customer scans\. It reads and pays for the whole table
#: because: A filter is thought to choose what is read.
#: fills: gap 4
        found = self.client.scan(
            TableName=self.table,
            FilterExpression="customer = :wanted",
            ExpressionAttributeValues={":wanted": {"S": customer}},
        )
        orders = [order_of(each) for each in found["Items"]]
        return sorted(orders, key=lambda order: order["placed_at"], reverse=True)[:limit]

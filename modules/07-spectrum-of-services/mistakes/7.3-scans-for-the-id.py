#: breaks: no-scan
#: expects: place scans
#: because: The store first looks for the id everywhere, although the condition is enough.
#: fills: gap 2
        pages = self.client.get_paginator("scan").paginate(TableName=self.table)
        if any(each["order_id"]["S"] == order["order_id"] for page in pages for each in page["Items"]):
            raise OrderExists(order["order_id"])
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item(order),
                ConditionExpression="attribute_not_exists(order_id)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise OrderExists(order["order_id"]) from None

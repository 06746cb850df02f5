#: breaks: one-packer
#: expects: Two packers have packed the same order
#: because: get, compare, update: between the look and the write another packer comes.
#: fills: gap 5
        order = self.get(order_id)
        if order is None or order["status"] != old:
            return False
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"order_id": {"S": order_id}},
                UpdateExpression="SET #status = :new ADD version :one",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":new": {"S": new}, ":one": {"N": "1"}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

#: expects: does not exist makes something of it
#: because: An update of an item that is not there is thought to fail.
#: when: nightly
#: fills: gap 5
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

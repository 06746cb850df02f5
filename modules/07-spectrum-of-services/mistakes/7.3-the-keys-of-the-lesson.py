#: breaks: unique-id
#: expects: Two orders have the same id
#: because: The keys of the lesson: the id is in no primary key, so no condition can see a second one.
%%writefile dynamo_orders.py
from serverless_first.shop.order_stores import OrderExists

NUMBERS = {"quantity", "version"}


def item(order):
    """An order as DynamoDB writes it."""
    return {name: {"N": str(value)} if name in NUMBERS else {"S": value} for name, value in order.items()}


def order_of(item):
    """The other way round."""
    return {name: int(value["N"]) if name in NUMBERS else value["S"] for name, value in item.items()}


def create_table(client, name):
    """Creates the table, with its index."""
    attributes = [
        {"AttributeName": attribute, "AttributeType": "S"}
        for attribute in ("order_id", "customer", "placed_at")
    ]
    key = [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "placed_at", "KeyType": "RANGE"},
    ]
    indexes = [
        {
            "IndexName": "by-id",
            "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=attributes,
        KeySchema=key,
        GlobalSecondaryIndexes=indexes,
    )


class DynamoOrders:
    def __init__(self, client, table):
        self.client, self.table = client, table

    def place(self, order):
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item(order),
                ConditionExpression="attribute_not_exists(order_id)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise OrderExists(order["order_id"]) from None

    def get(self, order_id):
        found = self.client.query(
            TableName=self.table,
            IndexName="by-id",
            KeyConditionExpression="order_id = :wanted",
            ExpressionAttributeValues={":wanted": {"S": order_id}},
        )
        return order_of(found["Items"][0]) if found["Items"] else None

    def of_customer(self, customer, limit=10):
        found = self.client.query(
            TableName=self.table,
            KeyConditionExpression="customer = :wanted",
            ExpressionAttributeValues={":wanted": {"S": customer}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [order_of(each) for each in found["Items"]]

    def set_status(self, order_id, old, new):
        order = self.get(order_id)
        if order is None:
            return False
        try:
            self.client.update_item(
                TableName=self.table,
                Key={name: {"S": order[name]} for name in ("customer", "placed_at")},
                UpdateExpression="SET #status = :new ADD version :one",
                ConditionExpression="#status = :old",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}, ":one": {"N": "1"}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

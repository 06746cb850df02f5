#: breaks: no-filter
#: expects: of_customer filters
#: because: The index has one partition for each lamp, and a filter finds the customer in it.
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
        for attribute in ("order_id", "lamp", "placed_at")
    ]
    key = [{"AttributeName": "order_id", "KeyType": "HASH"}]
    indexes = [
        {
            "IndexName": "by-customer",
            "KeySchema": [
                {"AttributeName": "lamp", "KeyType": "HASH"},
                {"AttributeName": "placed_at", "KeyType": "RANGE"},
            ],
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
        found = self.client.get_item(
            TableName=self.table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
        )
        return order_of(found["Item"]) if "Item" in found else None

    def of_customer(self, customer, limit=10):
        orders = []
        for lamp in ("Tsuki", "Hoshi", "Kumo", "Yuki", "Tsuki; 'white' %s"):
            found = self.client.query(
                TableName=self.table,
                IndexName="by-customer",
                KeyConditionExpression="lamp = :lamp",
                FilterExpression="customer = :wanted",
                ExpressionAttributeValues={":wanted": {"S": customer}, ":lamp": {"S": lamp}},
            )
            orders += [order_of(each) for each in found["Items"]]
        return sorted(orders, key=lambda order: order["placed_at"], reverse=True)[:limit]

    def set_status(self, order_id, old, new):
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"order_id": {"S": order_id}},
                UpdateExpression="SET #status = :new ADD version :one",
                ConditionExpression="#status = :old",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}, ":one": {"N": "1"}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

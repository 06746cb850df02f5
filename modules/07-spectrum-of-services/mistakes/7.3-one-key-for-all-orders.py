#: breaks: spread-keys
#: expects: A hot key: most orders have the same partition key in the index
#: because: All orders are put under one partition key, and the customer into the sort key, so that one index answers everything.
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
        for attribute in ("order_id", "kind", "customer_and_time")
    ]
    key = [{"AttributeName": "order_id", "KeyType": "HASH"}]
    indexes = [
        {
            "IndexName": "by-customer",
            "KeySchema": [
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "customer_and_time", "KeyType": "RANGE"},
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
                Item=item(order)
                | {
                    "kind": {"S": "order"},
                    "customer_and_time": {"S": f"{order['customer']}#{order['placed_at']}"},
                },
                ConditionExpression="attribute_not_exists(order_id)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise OrderExists(order["order_id"]) from None

    def get(self, order_id):
        found = self.client.get_item(
            TableName=self.table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
        )
        return order_of({k: v for k, v in found["Item"].items() if k not in ("kind", "customer_and_time")}) if "Item" in found else None

    def of_customer(self, customer, limit=10):
        found = self.client.query(
            TableName=self.table,
            IndexName="by-customer",
            KeyConditionExpression="kind = :order AND begins_with(customer_and_time, :wanted)",
            ExpressionAttributeValues={":order": {"S": "order"}, ":wanted": {"S": f"{customer}#"}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [order_of(each) for each in found["Items"]]

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

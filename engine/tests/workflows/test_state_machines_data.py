"""State machines after the patterns that AWS documents, in Hikari's words: data, choices, errors, compensation.

Step Functions Developer Guide: "Handling errors", "Dynamically process data with Map", "Process objects in S3 with
Distributed Map", "Iterate with a counter", "Choice", "Parallel", "Wait", "Transforming data with JSONata"; the saga of
AWS Prescriptive Guidance. The definitions are our own. More: test_state_machines.py.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kits import fixtures, states_kit as sk

pytestmark = pytest.mark.usefixtures("aws")

PASS = {"Type": "Pass", "End": True}

cloud_of_module = fixtures.cloud_of(time_scale=60)


def update(table: str, key: str, change: str, value: str, **more: Any) -> dict[str, Any]:
    """A Task that changes an item by a number and keeps its input."""
    given = {
        "TableName": table,
        "Key": {"id": {"S.$": key}},
        "UpdateExpression": change,
        "ExpressionAttributeValues": {":n": {"N.$": value}},
    }
    resource = "arn:aws:states:::dynamodb:updateItem"
    return {"Type": "Task", "Resource": resource, "Parameters": given, "ResultPath": None, **more}


# ---- a saga


@pytest.mark.parametrize("funds_yen", [50_000, 500])
def test_a_saga_undoes_what_it_has_done(kit: Any, funds_yen: int) -> None:
    """Reserve the lamps, take the money; if the money is short, the lamps are given back."""
    kit.make_table("stock")
    kit.make_table("accounts")
    table = kit.client("dynamodb")
    table.put_item(TableName="stock", Item={"id": {"S": "andon"}, "left": {"N": "5"}})
    table.put_item(TableName="accounts", Item={"id": {"S": "aoi"}, "yen": {"N": str(funds_yen)}})
    lamps, price = "States.Format('{}', $.lamps)", "States.Format('{}', $.price_yen)"
    reserve = update("stock", "$.lamp", "SET #l = #l - :n", lamps, Next="Pay")
    reserve["Parameters"] |= {"ExpressionAttributeNames": {"#l": "left"}, "ConditionExpression": "#l >= :n"}
    pay = update(
        "accounts", "$.customer", "SET yen = yen - :n", price, Next="Done",
        Catch=[{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "ResultPath": "$.error",
                "Next": "Give Back"}],
    )  # fmt: skip
    pay["Parameters"]["ConditionExpression"] = "yen >= :n"
    give_back = update("stock", "$.lamp", "SET #l = #l + :n", lamps, Next="Not Paid")
    give_back["Parameters"]["ExpressionAttributeNames"] = {"#l": "left"}
    machine = sk.steps(
        "Reserve",
        Reserve=reserve,
        Pay=pay,
        Done={"Type": "Succeed"},
        **{"Give Back": give_back, "Not Paid": {"Type": "Fail", "Error": "NotPaid", "Cause": "The funds are short."}},
    )
    done = sk.run_once(machine, {"lamp": "andon", "lamps": 2, "customer": "aoi", "price_yen": 2400})
    left = table.get_item(TableName="stock", Key={"id": {"S": "andon"}})["Item"]["left"]["N"]
    yen = table.get_item(TableName="accounts", Key={"id": {"S": "aoi"}})["Item"]["yen"]["N"]
    if funds_yen > 2400:
        assert (done.status, left, yen) == ("SUCCEEDED", "3", str(funds_yen - 2400))
    else:
        assert (done.status, done.error, left, yen) == ("FAILED", "NotPaid", "5", str(funds_yen))
        assert done.entered == ["Reserve", "Pay", "Give Back", "Not Paid"]


# ---- errors


FLAKY = """
import boto3
table = boto3.resource("dynamodb").Table("calls")
class PaymentDown(Exception): pass
class CardRefused(Exception): pass
def handler(event, context):
    calls = table.update_item(Key={"id": event["order"]}, UpdateExpression="ADD n :one", ReturnValues="ALL_NEW",
                              ExpressionAttributeValues={":one": 1})["Attributes"]["n"]
    if event["card"] == "refused":
        raise CardRefused("The bank says no.")
    if calls <= event["failures"]:
        raise PaymentDown(f"call {calls}")
    return {"paid_at_call": int(calls)}
"""


@pytest.mark.parametrize(
    ("given", "entered", "output"),
    [
        ({"failures": 2, "card": "good"}, ["Pay", "Ship"], {"paid_at_call": 3}),
        ({"failures": 9, "card": "good"}, ["Pay", "Later"], "PaymentDown"),
        ({"failures": 0, "card": "refused"}, ["Pay", "Ask"], "CardRefused"),
    ],
    ids=["tried again", "given up", "not tried again"],
)
def test_errors_are_tried_again_or_caught_by_their_name(kit: Any, given: Any, entered: list[str], output: Any) -> None:
    kit.make_table("calls")
    pay = {
        "Type": "Task",
        "Resource": kit.deploy("pay", FLAKY, Timeout=30),
        "Retry": [
            {"ErrorEquals": ["CardRefused"], "MaxAttempts": 0},
            {"ErrorEquals": ["PaymentDown"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 2.0},
        ],
        "Catch": [{"ErrorEquals": ["CardRefused"], "Next": "Ask"}, {"ErrorEquals": ["States.ALL"], "Next": "Later"}],
        "Next": "Ship",
    }
    done = sk.run_once(sk.steps(Pay=pay, Ship=PASS, Ask=PASS, Later=PASS), {"order": "a1", **given})
    found = sk.succeeded(done)
    assert done.entered == entered
    assert found == output if isinstance(output, dict) else found["Error"] == output
    failures = min(given["failures"], 3) if given["card"] == "good" else 1
    assert done.types.count("LambdaFunctionFailed") == failures


# ---- choices and loops


@pytest.mark.parametrize(
    ("order", "state"),
    [
        ({"kind": "gift", "lamps": 1}, "Wrap"),
        ({"kind": "retail", "lamps": 50}, "Pallet"),
        ({"kind": "retail", "lamps": 2}, "Box"),
        ({"kind": "retail"}, "Unclear"),
        ({"kind": "loan", "lamps": 1}, "Unclear"),
    ],
)
def test_the_kind_of_an_order_decides_its_way(order: dict[str, Any], state: str) -> None:
    retail = {"Variable": "$.kind", "StringEquals": "retail"}
    known = {"Variable": "$.lamps", "IsPresent": True}
    many = {"Variable": "$.lamps", "NumericGreaterThanEquals": 40}
    choices = [
        {"Variable": "$.kind", "StringEquals": "gift", "Next": "Wrap"},
        {"And": [retail, known, many], "Next": "Pallet"},
        {"And": [retail, known, {"Not": many}], "Next": "Box"},
    ]
    kind = {"Type": "Choice", "Choices": choices, "Default": "Unclear"}
    machine = sk.steps("Kind", Kind=kind, Wrap=PASS, Pallet=PASS, Box=PASS, Unclear=PASS)
    assert sk.run_once(machine, order).entered == ["Kind", state]


def test_a_counter_goes_round_until_it_is_full(kit: Any) -> None:
    arn = kit.deploy("light", "def handler(event, context):\n    return event['lit'] + [event['at']]\n")
    light = {"Type": "Task", "Resource": arn, "ResultPath": "$.lit", "Next": "Count"}
    count = {
        "Type": "Pass",
        "Parameters": {"at.$": "States.MathAdd($.at, 1)", "lit.$": "$.lit", "of.$": "$.of"},
        "Next": "Full?",
    }
    full = [{"Variable": "$.at", "NumericLessThanPath": "$.of", "Next": "Light"}]
    machine = sk.steps(
        "Light", Light=light, Count=count, Done={"Type": "Succeed", "OutputPath": "$.lit"},
        **{"Full?": {"Type": "Choice", "Choices": full, "Default": "Done"}},
    )  # fmt: skip
    done = sk.run_once(machine, {"at": 0, "of": 4, "lit": []})
    assert sk.succeeded(done) == [0, 1, 2, 3]
    assert done.entered.count("Light") == 4


def test_a_wait_until_the_delivery() -> None:
    """The moment comes with the input; a minute is a second here."""
    moment = (datetime.now(UTC) + timedelta(seconds=45)).strftime("%Y-%m-%dT%H:%M:%SZ")
    machine = sk.steps(Wait={"Type": "Wait", "TimestampPath": "$.at", "Next": "Deliver"}, Deliver=PASS)
    done = sk.run_once(machine, {"at": moment})
    assert sk.succeeded(done) == {"at": moment}
    assert done.types[1:4] == ["WaitStateEntered", "WaitStateExited", "PassStateEntered"]


# ---- data


def test_an_order_is_enriched_from_several_places_at_once(kit: Any) -> None:
    kit.make_table("customers")
    kit.client("dynamodb").put_item(TableName="customers", Item={"id": {"S": "aoi"}, "city": {"S": "Kyoto"}})
    price = kit.deploy("price", "def handler(event, context):\n    return 1200 * event['lamps']\n")
    customer = sk.task(
        "dynamodb:getItem",
        {"TableName": "customers", "Key": {"id": {"S.$": "$.customer"}}},
        ResultSelector={"city.$": "$.Item.city.S"},
    )
    enrich = {
        "Type": "Parallel",
        "Branches": [sk.steps(Customer=customer), sk.steps(Price={"Type": "Task", "Resource": price, "End": True})],
        "ResultSelector": {"city.$": "$[0].city", "price_yen.$": "$[1]"},
        "ResultPath": "$.about",
        "End": True,
    }
    done = sk.run_once(sk.steps(Enrich=enrich), {"customer": "aoi", "lamps": 3})
    assert sk.succeeded(done)["about"] == {"city": "Kyoto", "price_yen": 3600}
    assert {"ParallelStateStarted", "TaskSucceeded", "LambdaFunctionSucceeded"} <= set(done.types)


def test_the_objects_of_a_bucket_are_worked_through_by_children(kit: Any) -> None:
    """Each file of orders is read by a child."""
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari-orders")
    for day in range(5):
        orders = [{"lamps": day + 1}, {"lamps": 1}]
        s3.put_object(Bucket="hikari-orders", Key=f"days/{day}.json", Body=json.dumps(orders).encode())
    total = kit.deploy(
        "total",
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    body = boto3.client('s3').get_object(Bucket=event['bucket'], Key=event['key'])['Body'].read()\n"
        "    return {'key': event['key'], 'lamps': sum(order['lamps'] for order in json.loads(body))}\n",
        Timeout=30,
    )
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket.$": "$.bucket", "Prefix": "days/"},
        },
        "ItemSelector": {"bucket.$": "$.bucket", "key.$": "$$.Map.Item.Value.Key"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            **sk.steps(Total={"Type": "Task", "Resource": total, "End": True}),
        },
        "MaxConcurrency": 2,
        "End": True,
    }
    done = sk.run_once(sk.steps(Each=each), {"bucket": "hikari-orders"})
    assert sk.succeeded(done) == [{"key": f"days/{day}.json", "lamps": day + 2} for day in range(5)]
    assert done.types[3:5] == ["MapRunStarted", "MapRunSucceeded"]


def test_an_order_in_jsonata_with_variables(kit: Any) -> None:
    """Variables carry the order over a state whose output is something else."""
    queue = kit.make_queue("invoices")
    arn = kit.deploy("price", "def handler(event, context):\n    return {'unit_yen': {'andon': 4800}[event['lamp']]}\n")
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Keep",
        "States": {
            "Keep": {"Type": "Pass", "Assign": {"order": "{% $states.input %}"}, "Next": "Price"},
            "Price": sk.task(
                "lambda:invoke",
                Arguments={"FunctionName": arn, "Payload": {"lamp": "{% $order.lamp %}"}},
                Assign={"total_yen": "{% $states.result.Payload.unit_yen * $order.lamps %}"},
                Output="{% $states.result.Payload %}",
                Next="Large?",
            ),
            "Large?": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $total_yen >= 10000 %}", "Next": "Invoice"}],
                "Default": "Cash",
            },
            "Invoice": sk.task(
                "sqs:sendMessage",
                Arguments={
                    "QueueUrl": queue.url,
                    "MessageBody": "{% {'customer': $uppercase($order.customer), 'total_yen': $total_yen} %}",
                },
                Output={"total_yen": "{% $total_yen %}", "sent": "{% $exists($states.result.MessageId) %}"},
            ),
            "Cash": {"Type": "Succeed", "Output": "{% $total_yen %}"},
        },
    }
    arn = sk.machine(machine)
    large = sk.run(arn, {"customer": "aoi", "lamp": "andon", "lamps": 3})
    assert sk.succeeded(large) == {"total_yen": 14400, "sent": True}
    assert kit.records(queue) == [{"customer": "AOI", "total_yen": 14400}]
    assert sk.succeeded(sk.run(arn, {"customer": "aoi", "lamp": "andon", "lamps": 1})) == 4800

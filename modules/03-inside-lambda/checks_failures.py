"""Checks of module 03, tasks 3.5 and 3.6: events that failed, tests."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, task
from serverless_first.lab.broken_copies import Broken, judge_tests
from serverless_first.lab.functions import Scratch, fresh_id, messages_in, wait_until
from serverless_first.lab.show import say

_chance = random.Random()

# ---- 3.5


@task("3.5")
def parcels(attempt: Attempt) -> None:
    """Checks that final failures reach the queue, and that replay deletes only what Lambda has accepted."""
    _check_destination(attempt)
    with Scratch(attempt, like="hikari-replay") as scratch:
        _replayed(attempt, scratch)
        _not_accepted(attempt, scratch)


def _check_destination(attempt: Attempt) -> None:
    client, sqs, name = attempt.client("lambda"), attempt.client("sqs"), "hikari-parcel"
    try:
        settings = client.get_function_event_invoke_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started("hikari-parcel has no settings for its asynchronous calls yet.")
    ends = settings.get("DestinationConfig") or {}
    summary = {"MaximumRetryAttempts": settings.get("MaximumRetryAttempts"), "DestinationConfig": ends}
    attempt.expect(
        bool(ends.get("OnFailure")),
        problem="Events that fail have no destination. "
        + ("Yours gets the events that succeed." if ends.get("OnSuccess") else "They are gone after the last attempt."),
        called=f"get_function_event_invoke_config {name}",
        came_back=summary,
        expected="a destination for events that failed",
        look_at="DestinationConfig, which has a key for each way that a call can end",
    )
    order = fresh_id("ord")
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"order_id": order}).encode())
    attempt.expect(
        bool(answer.get("FunctionError")),
        problem="hikari-parcel hides its error, so Lambda thinks that all is well. It doesn't retry or keep a record.",
        called=f'invoke {name} with {{"order_id": "{order}"}}, which has no address',
        came_back=answer["Payload"].read().decode(),
        expected="an error from the function",
        look_at="parcel.py, which has to fail so that Lambda retries; rerun the cells that write and deploy it",
    )
    say("3.5: sending an order without an address, and waiting for Lambda's retry ...")
    good, order = fresh_id("ord"), fresh_id("ord")
    for event in ({"order_id": good, "address": "Nara"}, {"order_id": order}):
        client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())
    url = sqs.get_queue_url(QueueName="hikari-lost-parcels")["QueueUrl"]
    mine: list[tuple[str, Any]] = []
    parcel_sent: list[tuple[str, Any]] = []
    others: list[tuple[str, Any]] = []
    for _ in range(8):  # the good order needs no retry: its record, if there is one, comes first
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            record = json.loads(message["Body"])
            payload = record.get("requestPayload") if isinstance(record, dict) else None
            of = payload.get("order_id") if isinstance(payload, dict) else None
            records = mine if of == order else parcel_sent if of == good else others
            records.append((message["ReceiptHandle"], record))
        if mine:
            break
    for handle, _ in mine + parcel_sent:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    for handle, _ in others:  # the learner's own records: visible again at once
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    attempt.expect(
        not parcel_sent,
        problem="A parcel that was sent also left a record in hikari-lost-parcels. Such records hide lost parcels.",
        called=f'{name} asynchronously, with {{"order_id": "{good}", "address": "Nara"}}',
        came_back=f"a record in the queue; {json.dumps(summary)}",
        expected="no record, because the call succeeded",
        look_at="the keys of DestinationConfig, and which calls each key sends to the queue",
    )
    tries = mine[0][1]["requestContext"]["approximateInvokeCount"] if mine else 0
    attempt.expect(
        tries in (1, 2),
        problem=f"Lambda tried {tries} times. The task allows one retry, which makes two attempts in all."
        if mine
        else "The event failed, but there is no record of it in hikari-lost-parcels.",
        called=f'{name} asynchronously, with {{"order_id": "{order}"}}',
        came_back=f"a record after {tries} attempts" if mine else f"no record after 8 s; {json.dumps(summary)}",
        expected="a record after 2 attempts or fewer",
        look_at="MaximumRetryAttempts and the destination's ARN",
    )


def _replayed(attempt: Attempt, scratch: Scratch) -> None:
    """Lets a function fail for real, repairs it, and runs the learner's replay."""
    client, sqs = attempt.client("lambda"), attempt.client("sqs")
    (lost_url, lost_arn), (sent_url, sent_arn) = scratch.queue(), scratch.queue()
    name = scratch.function("def handler(e, c):\n    raise ValueError('no address')\n")
    client.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": lost_arn}, "OnSuccess": {"Destination": sent_arn}},
    )
    ids = [fresh_id("ord") for _ in range(12)]
    # One order has two records, for two parcels.
    orders = [{"order_id": order, "lamp": _chance.choice(["Tsuki", "Hoshi"])} for order in ids]
    orders.append({"order_id": ids[0], "lamp": "Kumo"})
    for order in orders:
        client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(order).encode())
    wait_until(lambda: messages_in(attempt, lost_url) == len(orders))
    scratch.change(name, "def handler(e, c):\n    return {}\n")
    addresses = {order: fresh_id("street") for order in ids[:-2]}
    right = [{**order, "address": addresses[order["order_id"]]} for order in orders if order["order_id"] in addresses]
    reply = attempt.invoke("hikari-replay", {"queue_url": lost_url, "addresses": addresses})
    arrived: list[Any] = []
    while batch := sqs.receive_message(QueueUrl=sent_url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        arrived += [json.loads(message["Body"])["requestPayload"] for message in batch]
        if len(arrived) >= len(right):
            break
    left = messages_in(attempt, lost_url)
    report = {
        "called": f"hikari-replay with a queue of {len(orders)} records, two of them of the order {ids[0]}, and with "
        f"{len(addresses)} addresses",
        "came_back": f"{len(arrived)} events arrived{', such as ' + json.dumps(arrived[0]) if arrived else ''}; "
        f"{left} records are left in the queue",
        "expected": f"{len(right)} events, such as {json.dumps(right[0])}; {len(orders) - len(right)} records left",
    }
    whole = [event for event in arrived if isinstance(event, dict) and "requestContext" in event]
    attempt.expect(
        not whole,
        problem="You sent the whole record. The function knows only its own events, not what Lambda wraps around them.",
        look_at="what is in a record; the event that failed is one of its fields",
        **report,
    )
    if not arrived:
        problem = "Nothing arrived as an asynchronous call of the function that the records name."
    elif str(arrived).count(ids[0]) == 1:
        problem = "One event is missing. An order with two lost parcels has two records, and you replay each of them."
    else:
        problem = "The wrong number of events arrived."
    attempt.expect(
        len(arrived) == len(right),
        problem=problem,
        look_at="the call to functions.invoke, and which records reach it",
        **report,
    )
    attempt.expect(
        sorted(arrived, key=str) == sorted(right, key=str),
        problem="The events that arrived aren't the failed events with their addresses.",
        look_at="what you send, which must be everything in the failed event, plus its own address",
        **report,
    )
    attempt.expect(
        left >= len(orders) - len(right),
        problem="You deleted records that you had no address for. These parcels are lost now.",
        look_at="which records reach delete_message",
        **report,
    )
    attempt.expect(
        left == len(orders) - len(right),
        problem="The records that you sent are still in the queue. The next replay sends them again, and customers get "
        "two parcels.",
        look_at="what your code does with a message after Lambda has accepted its event",
        **report,
    )
    attempt.expect(
        sorted(reply["replayed"]) == sorted(event["order_id"] for event in right),
        problem="The list replayed doesn't match the orders that you sent.",
        called=report["called"],
        came_back=reply,
        expected=f"the order_id of each of the {len(right)} events that you sent",
        look_at="what you append to replayed, and when",
    )


def _not_accepted(attempt: Attempt, scratch: Scratch) -> None:
    """Replays a record of a deleted function. Lambda refuses the event, so the message must stay."""
    url, _ = scratch.queue()
    missing_arn = "arn:aws:lambda:us-east-1:123456789012:function:check-gone:$LATEST"
    order = fresh_id("ord")
    record = {"requestContext": {"functionArn": missing_arn}, "requestPayload": {"order_id": order}}
    attempt.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(record))
    try:
        came_back: object = attempt.invoke("hikari-replay", {"queue_url": url, "addresses": {order: "Nara"}})
    except CheckFailed as failure:  # an error is a fair answer here
        came_back = failure.came_back
    attempt.expect(
        messages_in(attempt, url) == 1,
        problem="Lambda didn't accept the event, but its record is gone. You deleted the record too early.",
        called="hikari-replay with a record of a function that doesn't exist anymore",
        came_back=came_back,
        expected="the record stays in the queue",
        look_at="the order of your calls, and which of them may fail",
    )


# ---- 3.6

#: Ways to break stock.py, each with the behavior of the copy, the text to replace and the new text. Each way needs its
#: own assertion.
_READ_LEFT = (
    '    item = dynamodb.get_item(TableName="hikari-stock", Key={"lamp": {"S": event["lamp"]}})["Item"]\n'
    '    left = int(item["left"]["N"])\n'
)
BROKEN = (
    Broken(
        "takes the wrong number of lamps, unless they are the last",
        '    return {"reserved": True}',
        _READ_LEFT + "    if left > 0:\n"
        '        wrong = left + 1 if event["quantity"] > 1 else left - 1\n'
        '        dynamodb.put_item(TableName="hikari-stock", Item={**item, "left": {"N": str(wrong)}})\n'
        '    return {"reserved": True}',
    ),
    Broken(
        "takes the lamps but says no, unless they are the last",
        '    return {"reserved": True}',
        _READ_LEFT + '    return {"reserved": left == 0}',
    ),
    Broken(
        "takes the very last lamps but says no",
        '    return {"reserved": True}',
        _READ_LEFT + '    return {"reserved": left != 0}',
    ),
    Broken(
        "says yes to the customer who takes the very last lamps but leaves one of them in the stock",
        '    return {"reserved": True}',
        _READ_LEFT
        + '    if left == 0:\n        dynamodb.put_item(TableName="hikari-stock", Item={**item, "left": {"N": "1"}})\n'
        '    return {"reserved": True}',
    ),
    Broken("says yes to a customer although there are too few lamps", '{"reserved": False}', '{"reserved": True}'),
    Broken(
        "refuses an order but takes the lamps anyway",
        '        return {"reserved": False}',
        '        dynamodb.update_item(TableName="hikari-stock", Key={"lamp": {"S": event["lamp"]}},\n'
        '            UpdateExpression="SET #left = :none", ExpressionAttributeNames={"#left": "left"},\n'
        '            ExpressionAttributeValues={":none": {"N": "0"}})\n        return {"reserved": False}',
    ),
)


@task("3.6")
def stock_tests(attempt: Attempt) -> None:
    """Checks that the learner's tests pass on the right handler and fail on each broken copy."""
    judge_tests(
        attempt,
        "test_stock.py",
        "stock.py",
        BROKEN,
        look_at="the three cases of step 1; each needs an assert for the answer and an assert for what is left",
    )

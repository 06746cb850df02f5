"""The cost of 1,000 orders of a drill on AWS."""

from __future__ import annotations

from serverless_first.drill.finding import Cost
from serverless_first.drill.record import Record
from serverless_first.facts import prices


def cost_of(record: Record) -> Cost:
    """From the REPORT lines and what was counted; prices of us-east-1, without the free tier.

    Messages are counted as sent, and received and deleted once in each call of the function that reads them; of events
    and items of the projection each order has two, and of each charge one.
    """
    table = prices.of("us-east-1")
    orders = max(1, sum(order.kind != "poison" for order in record.posted))
    posts = sum(len(order.statuses) for order in record.posted)
    uses = [use for use in record.functions if use.calls]
    calls = sum(use.calls for use in uses)
    gb_s = sum(use.billed_ms / 1000 * use.memory_mb / 1024 for use in uses)
    executions = sum(record.executions.values())
    transitions = sum(record.transitions) / len(record.transitions) if record.transitions else 0.0
    readers = ("Worker", "Provider", "Projector")
    messages = sum(order.copies for order in record.posted) + executions + 2 * len(record.rows)
    requests = messages + 2 * sum(use.calls for use in uses if use.role in readers)
    usd = {
        "Step Functions": executions * transitions * table.each_usd("step-functions-transitions"),
        "Lambda, duration": gb_s * table.each_usd("lambda-x86-tier-1"),
        "Lambda, requests": calls * table.each_usd("lambda-requests"),
        "API Gateway": posts * table.each_usd("api-gateway-http"),
        "SQS": requests * table.each_usd("sqs-standard"),
        "EventBridge": 2 * len(record.rows) * table.each_usd("eventbridge-events"),
        "DynamoDB": (2 * len(record.projection) + len(record.charges)) * table.each_usd("dynamodb-writes"),
    }
    parts = sorted(((what, 1000 * value / orders) for what, value in usd.items()), key=lambda part: -part[1])
    return Cost(tuple(parts))

"""A role's statements compared with a function's needs: which are too wide, and what each allows."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_first.lab.rights import allows, beyond

QUEUE, TABLE = "arn:aws:sqs:us-east-1:123456789012:orders", "arn:aws:dynamodb:us-east-1:123456789012:table/seen"
NEEDS = {QUEUE: ["sqs:send*"], TABLE: ["dynamodb:get*", "dynamodb:query"]}


def statement(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    "narrow",
    [
        statement("sqs:SendMessage", QUEUE),
        statement(["SQS:sendMessage", "sqs:SendMessageBatch"], [QUEUE]),
        statement("dynamodb:Get*", TABLE),
        statement(["dynamodb:GetItem", "dynamodb:Query"], [TABLE, f"{TABLE}/index/*"]),
        statement("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/seen"),
        statement(["logs:CreateLogGroup", "logs:PutLogEvents"], "*"),
        statement("xray:PutTraceSegments", "*"),
        {"Managed": "AWSLambdaBasicExecutionRole"},
    ],
)
def test_a_statement_that_a_function_needs_is_narrow(narrow: dict[str, Any]) -> None:
    assert beyond(narrow, NEEDS) == ""


@pytest.mark.parametrize(
    ("wide", "says"),
    [
        (statement("*", "*"), "* on *"),
        (statement("dynamodb:*", TABLE), f"dynamodb:* on {TABLE}"),
        (statement(["dynamodb:GetItem", "dynamodb:PutItem"], TABLE), f"dynamodb:PutItem on {TABLE}"),
        (statement("dynamodb:GetItem", "*"), "dynamodb:GetItem on *"),
        (statement("dynamodb:GetItem", f"{TABLE}*"), f"dynamodb:GetItem on {TABLE}*"),
        (statement("dynamodb:GetItem", QUEUE), f"dynamodb:GetItem on {QUEUE}"),
        (statement("sqs:SendMessage", "arn:aws:sqs:*:*:other"), "sqs:SendMessage on arn:aws:sqs:*:*:other"),
        (statement("s3:GetObject", "*"), "s3:GetObject on *"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "everything except what NotAction"),
        ({"Managed": "AmazonDynamoDBReadOnlyAccess"}, "the managed policy AmazonDynamoDBReadOnlyAccess"),
    ],
)
def test_a_wide_statement_is_named(wide: dict[str, Any], says: str) -> None:
    assert beyond(wide, NEEDS).startswith(says)


def test_a_statement_allows_its_actions_on_its_resources_only() -> None:
    send = statement("sqs:Send*", QUEUE)
    assert allows(send, "sqs:SendMessage", QUEUE)
    assert not allows(send, "sqs:DeleteMessage", QUEUE)
    assert not allows(send, "sqs:SendMessage", TABLE)
    assert allows({"Managed": "AmazonSQSFullAccess"}, "sqs:SendMessage", QUEUE)
    assert not allows({"Managed": "AWSLambdaBasicExecutionRole"}, "sqs:SendMessage", QUEUE)

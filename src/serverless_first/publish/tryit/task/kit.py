"""Hikari's shop for the tests of the task: a queue with orders, customers' bills, and accidents at chosen moments.

Everything runs on boto3 and moto. Each environment of the function loads the learner's file itself, as on Lambda.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

FILE = "handler.py"
CODE = Path(__file__).parent / FILE
ORDER = {"id": "ord-7", "customer": "Aoi", "yen": 4800}
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "ExecuteStatement"}

Handler = Callable[[dict[str, Any], None], Any]


def on_delivery() -> None:
    """Called before each delivery. The judge sets another function, which tells the page that the tests go on."""


class Wrong(AssertionError):
    """An answer that the tests reject, with what the page shows of it.

    Args:
        problem: one sentence about the problem.
        called: what the test did.
        came_back: what it got.
        expected: what it should have got.
        look_at: where to look next.
    """

    def __init__(self, problem: str, *, called: str, came_back: str, expected: str, look_at: str) -> None:
        super().__init__(f"{problem} called: {called} | came back: {came_back} | expected: {expected}")
        self.problem, self.called, self.came_back = problem, called, came_back
        self.expected, self.look_at = expected, look_at

    @property
    def rows(self) -> dict[str, str]:
        """The texts for the page, by the labels of the course's panels."""
        return {
            "called": self.called,
            "came back": self.came_back,
            "expected": self.expected,
            "look at": self.look_at,
        }


class PowerFailure(BaseException):
    """The environment is gone in the middle of its work. No handler can catch that."""


class Shop:
    """A queue, a table of bills and the function between them.

    Attributes:
        calls: the operations on DynamoDB of the latest delivery, each with its error code or "".
        before: called with an operation's name before the operation runs; may raise.
        after: the same, after the operation.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        database = boto3.client("dynamodb")
        database.create_table(
            TableName="bills",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self._database, self._sqs = database, boto3.client("sqs")
        self._url = self._sqs.create_queue(QueueName="orders")["QueueUrl"]
        self._inside = False
        self.calls: list[tuple[str, str]] = []
        self.before: Callable[[str], None] = lambda _operation: None
        self.after: Callable[[str], None] = lambda _operation: None
        original = BaseClient._make_api_call

        def watched(client: Any, operation: str, arguments: Any) -> Any:
            if not self._inside or client.meta.service_model.service_name != "dynamodb":
                return original(client, operation, arguments)
            try:
                self.before(operation)
                answer = original(client, operation, arguments)
            except Exception as error:
                self.calls.append((operation, getattr(error, "response", {}).get("Error", {}).get("Code", "")))
                raise
            self.calls.append((operation, ""))
            self.after(operation)
            return answer

        patch.setattr(BaseClient, "_make_api_call", watched)

    def close(self) -> None:
        """Removes the table and the queue."""
        self._database.delete_table(TableName="bills")
        self._sqs.delete_queue(QueueUrl=self._url)

    def send(self, order: dict[str, Any]) -> None:
        """The shop sends an order to the queue."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(order))

    def environment(self) -> Handler:
        """Starts an environment of the function, and returns its handler.

        Raises:
            Wrong: the file doesn't load, or has no handler.
        """
        module: dict[str, Any] = {"__name__": "handler", "__file__": FILE}
        try:
            exec(compile(CODE.read_text(encoding="utf-8"), FILE, "exec"), module)
        except Exception as error:
            raise _raised(error, "import handler") from None
        handler = module.get("handler")
        if not callable(handler):
            raise Wrong(
                "The file has no function named handler.",
                called="handler(event, context)",
                came_back=f"names in the file: {', '.join(name for name in module if not name.startswith('__'))}",
                expected="a function named handler with two parameters, event and context",
                look_at="the line that begins with def",
            )
        return handler  # type: ignore[no-any-return]

    def receive(self) -> list[dict[str, Any]]:
        """The messages in the queue, which stay there until somebody deletes them."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return list(answer.get("Messages", []))

    def deliver(self, handler: Handler, *, lose_deletion: bool = False) -> BaseException | None:
        """Lambda passes the queue's messages to the function, and deletes the messages that are done.

        Args:
            handler: of the environment that gets the messages.
            lose_deletion: whether SQS loses the deletion, so that it delivers the messages again.

        Returns:
            the error that the handler raised, or None.
        """
        on_delivery()
        messages = self.receive()
        records = [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
        self.calls = []
        answer, error = self._invoke(handler, {"Records": records})
        if error is not None or lose_deletion:
            return error
        failed = answer.get("batchItemFailures", []) if isinstance(answer, dict) else []
        failed_ids = {item.get("itemIdentifier") for item in failed}
        for message in messages:
            if message["MessageId"] not in failed_ids:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return None

    def _invoke(self, handler: Handler, event: dict[str, Any]) -> tuple[Any, BaseException | None]:
        """Calls the handler and watches its calls."""
        outer, self._inside = self._inside, True
        try:
            return handler(event, None), None
        except (Exception, PowerFailure, SystemExit) as error:
            return None, error
        finally:
            self._inside = outer

    def unwatched(self, work: Callable[[], Any]) -> None:
        """Does something from within an accident, without accidents."""
        before, after, calls = self.before, self.after, self.calls
        self.before = self.after = lambda _operation: None
        work()
        self.before, self.after, self.calls = before, after, calls

    def bill(self, customer: str = "Aoi") -> int:
        """The amount that a customer has to pay, in yen."""
        item = self._database.get_item(TableName="bills", Key={"id": {"S": customer}}, ConsistentRead=True)
        yen = item.get("Item", {}).get("yen", {})
        return int(float(yen.get("N", 0)))


def yen(amount: int, customer: str = "Aoi") -> str:
    """A bill in words."""
    return f"{customer}'s bill is {amount:,} yen"


def unexpected(error: BaseException | None, called: str) -> None:
    """Rejects an answer that raised an error where nothing went wrong.

    Raises:
        Wrong: it did.
    """
    if error is not None:
        raise _raised(error, called)


def _raised(error: BaseException, called: str) -> Wrong:
    if isinstance(error, KeyError) and str(error.args[0]).startswith(":"):  # moto's way to say it
        return Wrong(
            f"Your expression uses {error.args[0]}, which has no value.",
            called=called,
            came_back=f"no value for {error.args[0]}",
            expected="a value for each name that begins with a colon",
            look_at="ExpressionAttributeValues",
        )
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines.append(error.lineno)
    where = f", line {lines[-1]}" if lines else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return Wrong(
        f"Your code raises an error: {type(error).__name__}{where}.",
        called=called,
        came_back=f"{type(error).__name__}: {text}",
        expected="no error",
        look_at=f"line {lines[-1]}" if lines else "the error's text",
    )

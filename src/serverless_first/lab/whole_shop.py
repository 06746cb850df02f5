"""Helpers for the checks of module 12: the learner's shop, deployed from its files, and ways to act on it."""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_first import cloud
from serverless_first.drill import capstone, faults
from serverless_first.drill.shop import PIECES, Shop
from serverless_first.lab.apis import Answered, send
from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import CheckFailed, readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import send_all

_DOOR = ("functions/front.py", "parts/door.yaml", "functions/schema.sql")
_BURST = (*_DOOR, "functions/worker.py", "parts/queues.yaml", "parts/work.yaml")
_FLOW = (*_BURST, "functions/payment.py", "parts/payment.yaml")
_SEEN = (*_FLOW, "functions/news.py", "functions/projector.py", "parts/projection.yaml")
#: The files that the learner must have written for a task.
FILES = {"12.1": _DOOR, "12.2": _BURST, "12.3": _FLOW, "12.4": _SEEN}
#: JSON carries it, and a text of PostgreSQL cannot hold it.
NUL = chr(0)


@dataclass(frozen=True)
class Whole:
    """The learner's shop as a check acts on it.

    Args:
        begun_ms: Unix time at which the check began, in milliseconds: log lines before it are not its business.
    """

    attempt: Attempt
    shop: Shop
    begun_ms: int = field(default_factory=lambda: int(time.time() * 1000))

    def __getitem__(self, output: str) -> str:
        """An output of the stack."""
        return self.shop.outputs[output]

    # ---- as a customer

    def post(self, order: Any, **headers: str) -> Answered:
        """POST /orders."""
        return send(self.attempt, self.shop.aws.local_url(self["ApiUrl"]), "POST", "/orders", order, **headers)

    def get(self, order_id: str) -> Answered:
        """GET /orders/{order_id}."""
        return send(self.attempt, self.shop.aws.local_url(self["ApiUrl"]), "GET", f"/orders/{order_id}")

    # ---- queues

    def send(self, output: str, bodies: Sequence[str]) -> None:
        """Sends messages to a queue."""
        send_all(self.attempt, self[output], bodies)

    def take(self, output: str, number: int, limit_s: float = 10.0) -> list[Any]:
        """Receives messages and deletes them, until there are so many or the time is over.

        Returns:
            Their bodies from JSON, or as text if a body isn't JSON.
        """
        sqs, bodies = self.shop.client("sqs"), list[Any]()

        def enough() -> bool:
            answer = sqs.receive_message(QueueUrl=self[output], MaxNumberOfMessages=10, VisibilityTimeout=30)
            for message in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=self[output], ReceiptHandle=message["ReceiptHandle"])
                try:
                    bodies.append(json.loads(message["Body"]))
                except ValueError:
                    bodies.append(message["Body"])
            return len(bodies) >= number

        wait_until(enough, limit_s)
        return bodies

    def purge(self, *outputs: str) -> None:
        """Empties queues of what earlier checks have left there; nothing happens if the shop has them not."""
        for output in outputs:
            if output in self.shop.outputs:
                faults.empty(self.shop, self[output])

    # ---- functions

    def paused(self, output: str) -> contextlib.AbstractContextManager[None]:
        """A function that does not read its queue for a while; nothing happens if the shop has it not."""
        return faults.paused(self.shop, output)

    @contextlib.contextmanager
    def away(self, function: str, output: str) -> Iterator[None]:
        """While the block runs, a function cannot reach what an output names: the variable for it leads to nowhere."""
        client, name, there = self.shop.client("lambda"), self[function], self[output]
        before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables = {key: f"{value}-gone" if value == there else value for key, value in before.items()}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    def hand(self, function: str, *records: dict[str, Any]) -> tuple[bool, str]:
        """Calls a function with a batch of messages, made by `messages.record`.

        Returns:
            Whether it has ended without its own error, and its result.
        """
        event = json.dumps({"Records": records}).encode()
        reply = self.shop.client("lambda").invoke(FunctionName=self[function], Payload=event)
        return "FunctionError" not in reply, reply["Payload"].read().decode()

    # ---- the database

    def rows(self, order_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Order id and status of each row of these orders."""
        with self.shop.database() as connection:
            records = connection.execute(
                "SELECT order_id, status FROM orders WHERE order_id = ANY(%s) ORDER BY 1", (list(order_ids),)
            ).fetchall()
        return [(str(order_id), str(status)) for order_id, status in records]

    def status(self, order_id: str, target: str, limit_s: float = 15.0) -> str:
        """The status of an order in the database, once it is the target or the time is over."""
        last_status = [""]

        def there() -> bool:
            last_status[0] = ", ".join(status for _, status in self.rows([order_id])) or "no row"
            return last_status[0] == target

        wait_until(there, limit_s)
        return last_status[0]


def deployed(
    attempt: Attempt,
    files: Sequence[str],
    outputs: Sequence[str],
    *,
    anew: bool = False,
    instead: Mapping[str, str] | None = None,
) -> Whole:
    """Deploys the learner's files, empties the shop's queues, runs Migrate, and gives the shop.

    If a later file isn't written yet, the given file is deployed instead.

    Args:
        files: what the learner must have written, in the shop's folder.
        outputs: what the stack must have.
        anew: whether to drop the table orders before Migrate, so that an earlier table can't hide a failure.
        instead: file -> text that is deployed instead of it. The learner's file stays as it is.

    Raises:
        NotStarted: a file is missing or still holds the lab's stub.
        CheckFailed: the stack cannot be deployed, lacks an output, or Migrate fails.
        CheckBroken: no local cloud runs.
    """
    attempt.client("cloudformation")  # says so if no local cloud runs
    aws, shop = cloud.start(), capstone.Shop()
    if missing := shop.not_written(*files):
        attempt.not_started(f"{shop.folder}/{missing} is not written yet.", look_at=f"the cell that writes {missing}")
    begun_ms = int(time.time() * 1000)
    called = f"deploy {shop.folder}/template.yaml as the stack {capstone.STACK}"
    try:
        stack_outputs = shop.deploy(aws, quiet=True, instead=instead)
    except cloud.CloudError as error:
        attempt.fail(
            "The stack cannot be deployed.",
            called=called,
            came_back=str(error),
            expected="a stack",
            look_at="the resource that the message names, in your parts of the template",
        )
    for output in outputs:
        attempt.expect(
            output in stack_outputs,
            problem=f"The stack has no output {output}, because the resource behind it is missing.",
            called=called,
            came_back=sorted(stack_outputs),
            expected=output,
            look_at=PIECES[output],
        )
    whole = Whole(attempt, Shop(aws, capstone.STACK, stack_outputs), begun_ms)
    faults.make_quiet(whole.shop)
    if anew:
        with whole.shop.database() as connection:
            connection.execute("DROP TABLE IF EXISTS orders CASCADE")
            connection.commit()
    migrate(whole)
    return whole


def migrate(whole: Whole) -> None:
    """Runs Migrate. Raises: CheckFailed: it fails."""
    attempt = whole.attempt
    try:
        tables = attempt.invoke(whole["Migrate"], {})["tables"]
    except CheckFailed as error:
        attempt.fail(
            "Migrate cannot run your schema.sql.",
            called="invoke Migrate, in task 12.1 without a table orders, then a second time",
            came_back=error.came_back,
            expected="a table orders after the first time and after each later time",
            look_at="functions/schema.sql",
        )
    attempt.expect(
        "orders" in tables,
        problem="After Migrate, there is no table orders.",
        called="invoke Migrate",
        came_back=tables,
        expected='["orders"]',
        look_at="functions/schema.sql",
    )


def order(**fields: Any) -> dict[str, Any]:
    """A new order, with an id that the shop hasn't seen."""
    return {"order_id": f"ord-{uuid.uuid4().hex[:8]}", "customer": "Sato Emi", "lamp": "Tsuki", "quantity": 2} | fields


def lines_of(whole: Whole, output: str) -> list[str]:
    """The lines of a function's log since the check began."""
    logs, group = whole.shop.client("logs"), f"/aws/lambda/{whole[output]}"
    try:
        pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=whole.begun_ms))
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [line.strip() for page in pages for event in page["events"] for line in event["message"].splitlines()]


def log_of(whole: Whole, output: str, pattern: str, most: int = 3) -> str:
    """The last lines of a function's log since the check began that match; "" if none do."""
    return readable(" / ".join([line for line in lines_of(whole, output) if re.search(pattern, line)][-most:]))


def statements_of(whole: Whole, output: str) -> list[dict[str, Any]]:
    """The statements of a function's role that allow something; for a managed policy whose text is not kept,
    only its name, under "Managed"."""
    iam = whole.shop.client("iam")
    arn = whole.shop.client("lambda").get_function_configuration(FunctionName=whole[output])["Role"]
    role = arn.rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    all_statements: list[dict[str, Any]] = []
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        try:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            documents.append(answer["PolicyVersion"]["Document"])
        except iam.exceptions.NoSuchEntityException:
            all_statements.append({"Managed": policy["PolicyName"]})
    for document in documents:
        statements = document["Statement"]
        all_statements += [statements] if isinstance(statements, dict) else statements
    return [statement for statement in all_statements if statement.get("Effect", "Allow") == "Allow"]

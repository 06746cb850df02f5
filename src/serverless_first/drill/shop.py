"""The shop as the drill finds it: the outputs of its stack, and clients to reach it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import ClientError

from serverless_cloud import Cloud, CloudError
from serverless_first.drill.record import OrderQueue

#: The outputs that the stack must have: key -> its meaning.
OUTPUTS = {
    "ApiUrl": "the address of the HTTP API",
    "QueueUrl": "the queue of orders",
    "PaymentsQueueUrl": "the queue that the payment provider reads",
    "Database": "the identifier of the RDS instance",
    "PaymentMachineArn": "the payment workflow",
    "ProjectionTable": "the table that the customer's view is read from",
    "ChargesTable": "the payment provider's table",
    "Front": "the function behind the HTTP API",
    "Worker": "the function that reads the queue of orders",
    "Projector": "the function that writes the projection",
    "Provider": "the payment provider's function",
    "Migrate": "the function that makes the table orders",
}
#: Which piece of the template has the resource behind an output: the section Outputs is written from what is there.
PIECES = {
    "ApiUrl": "parts/door.yaml, an event of the type HttpApi",
    "Front": "parts/door.yaml, the function Front",
    "ProjectionTable": "parts/door.yaml, the table Projection",
    "QueueUrl": "parts/queues.yaml, the queue Orders",
    "DeadLetterQueueUrl": "parts/queues.yaml, the queue OrdersDlq",
    "Worker": "parts/work.yaml, the function Worker",
    "PaymentMachineArn": "parts/payment.yaml, the state machine Payment",
    "PaymentsQueueUrl": "parts/provider.yaml, which comes with parts/payment.yaml",
    "ChargesTable": "parts/provider.yaml, which comes with parts/payment.yaml",
    "Provider": "parts/provider.yaml, which comes with parts/payment.yaml",
    "Ledger": "parts/provider.yaml, which comes with parts/payment.yaml",
    "ChangesQueueUrl": "parts/projection.yaml, the queue Changes",
    "Projector": "parts/projection.yaml, the function Projector",
    "Database": "parts/base.yaml",
    "Proxy": "parts/base.yaml",
    "Migrate": "parts/base.yaml",
}
#: Outputs that a shop may lack. A wrong design lacks some, and the score says so.
MORE_OUTPUTS = ("DeadLetterQueueUrl", "ChangesQueueUrl", "Proxy", "Ledger")
#: How the drill's own connections are called.
APPLICATION = "hikari-drill"
_PROXY = "RDS Proxy"
_LIMIT_S = 60.0


class DrillError(CloudError):
    """The drill cannot begin, or cannot go on; the text says what is missing and what to do."""


@dataclass(frozen=True)
class Shop:
    """A deployed stack of the shop.

    Args:
        outputs: of the stack, by key.
    """

    aws: Cloud
    stack_name: str
    outputs: dict[str, str]

    @classmethod
    def find(cls, aws: Cloud, stack_name: str) -> Shop:
        """The shop of this stack.

        Raises:
            DrillError: there is no such stack, or it lacks outputs.
        """
        try:
            stack = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
        except ClientError as error:
            raise DrillError(
                f'There is no stack {stack_name!r}. Deploy your template first, with aws.deploy("template.yaml", '
                f'stack_name="{stack_name}").'
            ) from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        missing = [f"{key} ({what}): {PIECES[key]}" for key, what in OUTPUTS.items() if key not in outputs]
        if missing:
            raise DrillError(
                "The drill finds the parts of your shop by the outputs of its stack. An output is missing when the "
                "resource behind it is missing. Write the piece of the template that has it, and deploy again. "
                f"Missing outputs: {'; '.join(missing)}."
            )
        shop = cls(aws, stack_name, outputs)
        shop._require_parts()
        return shop

    def _require_parts(self) -> None:
        """Each output leads to what it says: better now than after the drill."""
        for key in ("Front", "Worker", "Projector", "Provider", "Migrate"):
            if key not in self.functions:
                raise DrillError(self._leads_nowhere(key, "give the function's name, as !Ref returns it"))
        looks: dict[str, Callable[[str], object]] = {
            "QueueUrl": self.depth,
            "PaymentsQueueUrl": self.depth,
            "Database": lambda value: self.client("rds").describe_db_instances(DBInstanceIdentifier=value),
            "PaymentMachineArn": lambda _: self.executions("RUNNING"),
            "ProjectionTable": lambda value: self.client("dynamodb").describe_table(TableName=value),
            "ChargesTable": lambda value: self.client("dynamodb").describe_table(TableName=value),
        }
        for key, look in looks.items():
            try:
                look(self.outputs[key])
            except ClientError as error:
                raise DrillError(self._leads_nowhere(key, f"!Ref returns the right value ({error})")) from error

    def _leads_nowhere(self, key: str, advice: str) -> str:
        value = self.outputs[key]
        return f"The output {key} of your stack is {value!r}, which is not {OUTPUTS[key]}: {advice}."

    # ---- clients

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def client(self, service: str) -> Any:
        """A boto3 client that several threads may use."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, config=Config(max_pool_connections=16))
        return self._clients[service]

    @cached_property
    def functions(self) -> dict[str, str]:
        """The functions of the stack: role (the output's key, else the name) -> name."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        names = [
            resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.stack_name)
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Lambda::Function"
        ]
        roles = {self.outputs[key].rsplit(":", 1)[-1]: key for key in (*OUTPUTS, *MORE_OUTPUTS) if key in self.outputs}
        return {roles.get(name, name): name for name in names}

    # ---- queues

    @property
    def queues(self) -> dict[str, str]:
        """The URLs of the queues that must be empty at the end, by a short name."""
        keys = {"orders": "QueueUrl", "payments": "PaymentsQueueUrl", "changes": "ChangesQueueUrl"}
        return {name: self.outputs[key] for name, key in keys.items() if key in self.outputs}

    @property
    def dead_letters_url(self) -> str | None:
        """The URL of the dead-letter queue; None if the shop has none."""
        return self.outputs.get("DeadLetterQueueUrl")

    def depth(self, url: str) -> int:
        """How many messages a queue has, in flight and delayed ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def settings(self, url: str) -> OrderQueue:
        """How a queue is set."""
        names = ["VisibilityTimeout", "RedrivePolicy"]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        policy = json.loads(attributes["RedrivePolicy"]) if attributes.get("RedrivePolicy") else None
        return OrderQueue(float(attributes["VisibilityTimeout"]), int(policy["maxReceiveCount"]) if policy else None)

    def executions(self, status: str) -> int:
        """How many executions of the payment workflow have this status."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        arn = self.outputs["PaymentMachineArn"]
        return sum(len(page["executions"]) for page in pages.paginate(stateMachineArn=arn, statusFilter=status))

    # ---- the database

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        """A connection of the administrator's, past the proxy; waits while the database restarts or is full.

        Raises:
            DrillError: it cannot be had within a minute.
        """
        identifier = self.outputs["Database"]
        instance = self.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
        if "MasterUserSecret" not in instance:
            raise DrillError(
                f"The database {identifier} keeps no secret of its master user, so the drill cannot read the table. "
                "Set ManageMasterUserPassword: true on it."
            )
        secret = self.client("secretsmanager").get_secret_value(SecretId=instance["MasterUserSecret"]["SecretArn"])
        login = json.loads(secret["SecretString"])
        end_s = time.monotonic() + _LIMIT_S
        while True:
            try:
                host, port = self.aws.database_address(identifier)
                connection = psycopg.connect(
                    host=host, port=port, user=login["username"], password=login["password"],
                    dbname=instance.get("DBName") or "postgres", application_name=APPLICATION, connect_timeout=10,
                )  # fmt: skip
                break
            except (psycopg.OperationalError, CloudError) as error:
                if time.monotonic() > end_s:
                    raise DrillError(f"The drill cannot look into the database {identifier}: {error}") from error
                time.sleep(0.2)
        with connection:
            yield connection

    def sessions(self) -> tuple[int, int]:
        """How many connections the database has that came through the proxy, and how many others of the shop's."""
        try:
            sessions = self.aws.database_sessions(self.outputs["Database"])
        except CloudError:  # it restarts
            return 0, 0
        proxied = sum(session.application.startswith(_PROXY) for session in sessions)
        ours = sum(session.application == APPLICATION or session.user == "rdsadmin" for session in sessions)
        return proxied, len(sessions) - proxied - ours

"""Checks of module 02, tasks 2.1 and 2.2: the key of the payment function, and its role."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, CheckBroken, CheckFailed, Reply, task
from serverless_first.lab.functions import Scratch, borrowed, fresh_id, log_lines
from serverless_first.lab.show import say
from serverless_first.shop.provider import PaymentProvider

PAYMENT, SECRET, TABLE = "hikari-payment", "hikari/provider-key", "payments"
#: The policy with which the lab begins.
EVERYTHING = "everything"
#: The order that step 2 of task 2.1 pays for. Before that, the function is as the auditor found it.
FIRST_ORDER_AFTER = "order-2"
#: AWS's policy for writing logs, which stays.
BASIC = "AWSLambdaBasicExecutionRole"


# ---- 2.1


@task("2.1")
def the_key(attempt: Attempt) -> None:
    """The key comes from Secrets Manager, once for each environment, and nobody else sees it."""
    lambda_, secrets = attempt.client("lambda"), attempt.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    settings = lambda_.get_function_configuration(FunctionName=PAYMENT)
    variables = (settings.get("Environment") or {}).get("Variables") or {}
    still = variables.get("PROVIDER_KEY") == before and variables.keys() <= {"PROVIDER_URL", "PROVIDER_KEY"}
    if still and not _has_payment(attempt, FIRST_ORDER_AFTER):
        attempt.not_started(
            f"The key is still in PROVIDER_KEY, an environment variable of {PAYMENT}. Anyone who can read the "
            "function's settings can read the key."
        )
    attempt.expect(
        "PROVIDER_URL" in variables,
        problem="Your function does not know where the provider is, because it was deployed without PROVIDER_URL.",
        called=f"get_function_configuration {PAYMENT}",
        came_back=f"variables {sorted(variables)}",
        expected="PROVIDER_URL is one of them",
        look_at="step 2: the function gets only the variables that you pass",
    )
    first, second = (f"hk-check-{uuid.uuid4().hex}" for _ in range(2))
    try:
        with PaymentProvider() as provider:
            secrets.put_secret_value(SecretId=SECRET, SecretString=first)
            with borrowed(attempt, PAYMENT, variables_too={"PROVIDER_URL": provider.url}) as restart:
                restart()
                _the_new_key(attempt, provider, before, first, variables)
                secrets.put_secret_value(SecretId=SECRET, SecretString=second)
                _read_once(attempt, provider, first, second)
                restart()
                _pay(attempt, provider)
                attempt.expect(
                    provider.keys[-1] == second,
                    problem="A new environment calls the provider with an old key, not the secret's current value.",
                    called=f"put_secret_value {SECRET}; a new environment; invoke {PAYMENT}",
                    came_back="a call to the provider with an older key",
                    expected="the secret's current key",
                    look_at="where your code keeps the key: in the environment's memory, or somewhere else?",
                )
        _not_told(attempt, [first, second])
    finally:
        secrets.put_secret_value(SecretId=SECRET, SecretString=before)


def _has_payment(attempt: Attempt, order: str) -> bool:
    return "Item" in attempt.client("dynamodb").get_item(TableName=TABLE, Key={"order": {"S": order}})


def _pay(attempt: Attempt, provider: PaymentProvider) -> Reply:
    """One payment; its answer must be right, and tell nobody the key."""
    order, yen = fresh_id("order"), uuid.uuid4().int % 90_000 + 1_000
    reply = attempt.invoke(PAYMENT, {"order": order, "yen": yen})
    attempt.expect(
        reply["charged_yen"] == yen,
        problem="The function's answer does not match the provider's.",
        called=reply.called,
        came_back=reply,
        expected={"charged_yen": yen},
        look_at="what your handler returns",
    )
    kept = attempt.client("dynamodb").get_item(TableName=TABLE, Key={"order": {"S": order}}).get("Item")
    attempt.expect(
        kept is not None,
        problem="The customer is charged, but the payment is not in the table.",
        called=reply.called,
        came_back=f"no item {order} in {TABLE}",
        expected="the payment, recorded as before",
        look_at="your handler, which has to do everything that the original handler did",
    )
    places = {"the function's answer": str(reply.payload), f"the item in {TABLE}": str(kept)}
    told = [place for place, text in places.items() if any(key and key in text for key in provider.keys)]
    attempt.expect(
        not told,
        problem="Your function reveals the key to others besides the provider.",
        called=reply.called,
        came_back=f"the key is in {' and in '.join(told)}",
        expected="only the provider sees the key",
        look_at="what your handler returns, and what it puts into the table",
    )
    return reply


def _the_new_key(
    attempt: Attempt, provider: PaymentProvider, before: str, first: str, variables: dict[str, str]
) -> None:
    say("2.1: the key has changed; paying for an order ...")
    reply = _pay(attempt, provider)
    attempt.expect(
        bool(provider.keys),
        problem="Your function did not call the provider at the address in PROVIDER_URL.",
        called=f"PROVIDER_URL with another address; {reply.called}",
        came_back="no call to that address",
        expected="a call there",
        look_at="where your code gets the address",
    )
    exposed = sorted(name for name, value in variables.items() if before in value)
    if exposed and provider.keys[0] == before:
        problem = "The key was copied into a variable when you deployed. The secret has changed, but the copy hasn't."
        look_at = f"{exposed[0]}: what reads the secret, the notebook or the function?"
    elif exposed:
        problem = "Your function reads the secret, but the key is still in an environment variable."
        look_at = f"{exposed[0]}: does the new code need it?"
    elif provider.keys[0] == before:
        problem = "The key is in the code. Anyone who gets the package has it, and your repository keeps it forever."
        look_at = "payment.py: where does the key come from if the secret changes?"
    else:
        problem = "Your function calls the provider with something that is not the secret's value."
        look_at = "which part of get_secret_value's response is the key"
    attempt.expect(
        not exposed and provider.keys[0] == first,
        problem=problem,
        called=f"put_secret_value {SECRET} with a new key; {reply.called}",
        came_back=f"variables {sorted(variables)}; at the provider: "
        + {first: "the new key", before: "the old key", "": "no key"}.get(provider.keys[0], "another text"),
        expected="the new key at the provider, and no key in the variables",
        look_at=look_at,
    )


def _read_once(attempt: Attempt, provider: PaymentProvider, first: str, second: str) -> None:
    """The secret has changed meanwhile, so a function that reads it at each call already has the new value."""
    say("2.1: more orders, in the same environment ...")
    for _ in range(3):
        _pay(attempt, provider)
    again = provider.keys[1:].count(second)
    attempt.expect(
        again == 0,
        problem="Your function reads the secret on every call. Each read costs money, and each customer waits for it.",
        called=f"put_secret_value {SECRET}, then three more calls in the same environment",
        came_back=f"{again} of 3 calls sent the new value",
        expected="calls that send the value that the environment read when it started",
        look_at="which lines of your file run on every call, and which once per environment",
    )
    attempt.expect(
        provider.keys[1:].count(first) == 3,
        problem="Later calls in the same environment do not send the key.",
        called="three more calls in the same environment",
        came_back=f"{provider.keys[1:].count('')} calls without a key",
        expected="three calls with the same key as the first call",
        look_at="where your code keeps the key between two calls",
    )


def _not_told(attempt: Attempt, keys: list[str]) -> None:
    told = sum(key in line for line in log_lines(attempt, PAYMENT) for key in keys)
    attempt.expect(
        not told,
        problem="Your function writes the key to its log. Now everybody who reads logs has it.",
        called=f"filter_log_events /aws/lambda/{PAYMENT}",
        came_back=f"{told} lines with a key in them",
        expected="none",
        look_at="what your code prints",
    )


# ---- 2.2

CALLS = """
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def handler(event, context):
    config = Config(retries={"total_max_attempts": 1})
    answers = []
    for service, operation, parameters in event:
        try:
            getattr(boto3.client(service, config=config), operation)(**parameters)
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
        else:
            answers.append("done")
    return answers
"""
REFUSED = ("AccessDeniedException", "AccessDenied")


@task("2.2")
def the_role(attempt: Attempt) -> None:
    """The role of the payment function allows what it needs, and nothing else."""
    iam = attempt.client("iam")
    arn = attempt.client("lambda").get_function_configuration(FunctionName=PAYMENT)["Role"]
    role = arn.rsplit("/", 1)[-1]
    own = iam.list_role_policies(RoleName=role)["PolicyNames"]
    attached = [policy["PolicyName"] for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    own += [name for name in attached if name != BASIC]
    elsewhere = _who_else_may(iam, role)
    if own == [EVERYTHING] and not elsewhere and _is_everything(iam, role):
        attempt.not_started(f"The role {role} still has only its old policy, which is named {EVERYTHING}.")
    with Scratch(attempt, PAYMENT) as scratch, _other_things(attempt) as (other_table, other_secret):
        function = scratch.function(CALLS)
        _may_do_its_work(attempt, function, role, elsewhere if set(own) <= {EVERYTHING} else [])
        _may_do_nothing_else(attempt, function, role, own, other_table, other_secret)
    attempt.expect(
        not elsewhere,
        problem=f"The role {role} is right, but {', '.join(elsewhere)} now also has a policy, but should not have one.",
        called="list_role_policies",
        came_back=f"policies of {' and '.join(elsewhere)}",
        expected=f"a policy only for {role}",
        look_at="which role you gave the policy to",
    )


def _try(attempt: Attempt, function: str, calls: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    try:
        answers = attempt.invoke(function, calls).payload
    except CheckFailed as failure:
        raise CheckBroken(
            "The check's own function didn't finish. Run the check again.",
            called=failure.called,
            came_back=failure.came_back,
            task_id=attempt.task.id,
        ) from None
    return [str(answer) for answer in answers]


def _put(table: str) -> tuple[str, str, dict[str, Any]]:
    return ("dynamodb", "put_item", {"TableName": table, "Item": {"order": {"S": "of the check"}}})


def _may_do_its_work(attempt: Attempt, function: str, role: str, elsewhere: list[str]) -> None:
    say("2.2: the calls that the payment function needs ...")
    needs = {
        f"read the secret {SECRET}": ("secretsmanager", "get_secret_value", {"SecretId": SECRET}),
        f"put an item into {TABLE}": _put(TABLE),
    }
    for what, answer in zip(needs, _try(attempt, function, list(needs.values())), strict=True):
        if answer == "done":
            continue
        if elsewhere:
            problem = f"You gave the permission to {elsewhere[0]}, but the function runs as {role}."
            look_at = "which role you gave the policy to, and which role the function has"
        elif answer in REFUSED:
            problem = f"The payment function is not allowed to {what}, so it no longer works."
            look_at = "the statement that should allow it: check the action, and the ARN letter by letter"
        else:
            problem = f"The payment function cannot {what}."
            look_at = "whether you ran the cells at the top of the lab"
        attempt.fail(
            problem,
            called=f"{what}, in a function with the role {role}",
            came_back=answer,
            expected="the call is allowed",
            look_at=look_at,
        )
    attempt.client("dynamodb").delete_item(TableName=TABLE, Key={"order": {"S": "of the check"}})
    group = {"logGroupNamePrefix": f"/aws/lambda/{function}"}
    wrote = attempt.client("logs").describe_log_groups(**group)["logGroups"] and log_lines(attempt, function)
    attempt.expect(
        bool(wrote),
        problem="The function can no longer write its log.",
        called=f"filter_log_events of a function with the role {role}",
        came_back="no lines",
        expected="the lines of its calls",
        look_at="the AWS policy that was attached to the role",
    )


def _may_do_nothing_else(
    attempt: Attempt, function: str, role: str, own: list[str], other_table: str, other_secret: str
) -> None:
    say("2.2: the calls that it doesn't need ...")
    key = {"TableName": TABLE, "Key": {"order": {"S": "nobody"}}}
    beyond = {
        "list the account's users": ("iam", "list_users", {}),
        "list the account's buckets": ("s3", "list_buckets", {}),
        "put an item into another table": _put(other_table),
        "read another secret": ("secretsmanager", "get_secret_value", {"SecretId": other_secret}),
        f"read all of {TABLE}": ("dynamodb", "scan", {"TableName": TABLE}),
        f"read one item of {TABLE}": ("dynamodb", "get_item", key),
        f"delete from {TABLE}": ("dynamodb", "delete_item", key),
        "list the names of all secrets": ("secretsmanager", "list_secrets", {}),
        f"read the access policy of {SECRET}": ("secretsmanager", "get_resource_policy", {"SecretId": SECRET}),
    }
    answers = dict(zip(beyond, _try(attempt, function, list(beyond.values())), strict=True))
    done = [what for what, answer in answers.items() if answer not in REFUSED]
    if not done:
        return
    if "list the account's users" in done and EVERYTHING in own and len(own) > 1:
        problem = "The old policy is still there. Policies add up, so a narrow policy does not restrict a broad one."
        look_at = f"the policies of {role}: which of them allows this?"
    elif done[0].startswith("list the account's"):
        problem = "The role still allows things that have nothing to do with payments."
        look_at = "the values of Action"
    elif "another" in done[0]:
        problem = "The actions are right, but the resource is not. The role allows them on everything of that kind."
        look_at = "the values of Resource: which table, and which secret?"
    else:
        problem = "The resource is right, but the role allows more on it than the payment function needs."
        look_at = "the values of Action: which calls does the function make?"
    attempt.fail(
        problem,
        called=f"{len(beyond)} calls that the payment function does not need, made with the role {role}",
        came_back=f"{len(done)} allowed: {', '.join(done[:4])}{', ...' if len(done) > 4 else ''}",
        expected="all of them refused",
        look_at=look_at,
    )


def _is_everything(iam: Any, role: str) -> bool:
    document = iam.get_role_policy(RoleName=role, PolicyName=EVERYTHING)["PolicyDocument"]
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return [(s.get("Action"), s.get("Resource")) for s in statements] == [("*", "*")]


def _who_else_may(iam: Any, role: str) -> list[str]:
    """Other roles of the lab that have their own policies. Nobody has given the deployer a policy."""
    names = [found["RoleName"] for found in iam.list_roles()["Roles"]]
    return sorted(
        name
        for name in names
        if name != role and name.startswith("hikari-") and iam.list_role_policies(RoleName=name)["PolicyNames"]
    )


@contextlib.contextmanager
def _other_things(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """A table and a secret that the payment function must not use."""
    database, secrets = attempt.client("dynamodb"), attempt.client("secretsmanager")
    table, secret = fresh_id("salaries"), fresh_id("bank/pin")
    database.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secrets.create_secret(Name=secret, SecretString="7431")
    try:
        yield table, secret
    finally:
        database.delete_table(TableName=table)
        secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)

"""Check of module 02, task 2.2: the role of the payment function."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, CheckBroken, CheckFailed, task
from serverless_first.lab.functions import Scratch, fresh_id, log_lines
from serverless_first.lab.show import say

PAYMENT, SECRET, TABLE = "hikari-payment", "hikari/provider-key", "payments"
#: The policy with which the lab begins.
EVERYTHING = "everything"
#: AWS's policy for writing logs, which stays.
BASIC = "AWSLambdaBasicExecutionRole"
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
NEEDED_ACTIONS = (
    *("secretsmanager:getsecretvalue", "dynamodb:putitem"),
    *("logs:createloggroup", "logs:createlogstream", "logs:putlogevents"),  # AWS's policy allows them anyway
)
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
    _allows_two_actions(attempt, iam, role)
    attempt.expect(
        BASIC in attached,
        problem="The function can still write its log, but not with AWS's policy. That policy was to stay in place.",
        called=f"list_attached_role_policies {role}",
        came_back=attached,
        expected=BASIC,
        look_at="which policies your code detaches",
    )
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
        problem = "The actions are right, but the resource is not. The role allows them on other things of that kind."
        look_at = "the values of Resource: which table, and which secret? A pattern also fits other names"
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
    return [(s.get("Action"), s.get("Resource")) for s in _listed(document["Statement"])] == [("*", "*")]


def _who_else_may(iam: Any, role: str) -> list[str]:
    """Other roles of the lab that have more than AWS's policy. Nobody has given the deployer one."""
    names = [entry["RoleName"] for entry in iam.list_roles()["Roles"]]
    return sorted(name for name in names if name != role and name.startswith("hikari-") and list(_documents(iam, name)))


def _documents(iam: Any, role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the document of each policy of a role, except AWS's policy for the log."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        if policy["PolicyName"] != BASIC:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield (
                policy["PolicyName"],
                iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"],
            )


def _allows_two_actions(attempt: Attempt, iam: Any, role: str) -> None:
    """No call shows that nothing else is allowed, so this asks for the policies."""
    for name, document in _documents(iam, role):
        for statement in _listed(document["Statement"]):
            if statement["Effect"] != "Allow":
                continue
            actions = _listed(statement.get("Action", "everything except NotAction"))
            more = [action for action in actions if action.lower() not in NEEDED_ACTIONS]
            attempt.expect(
                not more,
                problem="The role allows more than the payment function needs.",
                called=f"the policy {name} of the role {role}",
                came_back=f"it allows {', '.join(more[:4])}{', ...' if len(more) > 4 else ''}",
                expected="the two actions that the task names",
                look_at="the values of Action: which calls does the function make?",
            )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextlib.contextmanager
def _other_things(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """A table and a secret that the payment function must not use."""
    database, secrets = attempt.client("dynamodb"), attempt.client("secretsmanager")
    table, secret = fresh_id(f"{TABLE}-of-last-year"), fresh_id(SECRET)
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

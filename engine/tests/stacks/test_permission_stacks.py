"""Roles and permissions in CloudFormation stacks: made, changed, deleted, refused in words."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit, stack_kit

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
QUEUES = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
RULE = "arn:aws:events:us-east-1:123456789012:rule/orders-"


def _template(**resources: Any) -> str:
    outputs = {f"{name}Ref": {"Value": {"Ref": name}} for name in resources}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _permission(function: str, rule: str) -> dict[str, Any]:
    given = {"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    return {"Type": "AWS::Lambda::Permission", "Properties": given | {"SourceArn": RULE + rule}}


def _role(*actions: str, managed: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    policies = [
        {"PolicyName": action.replace(":", "-"), "PolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
        }}
        for action in actions
    ]  # fmt: skip
    given = {"AssumeRolePolicyDocument": cloud_kit.ASSUMABLE, "Policies": policies, "ManagedPolicyArns": list(managed)}
    return {"Type": "AWS::IAM::Role", "Properties": given | more}


def _rights(kit: Any, role: str) -> tuple[list[str], list[str]]:
    iam = kit.client("iam")
    attached = [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    return sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]), sorted(attached)


def test_a_permission_comes_and_goes_with_its_stack(kit: Any) -> None:
    functions = kit.client("lambda")
    price = kit.deploy("price", kit.COUNT)
    stack_kit.create("shop", _template(Paid=_permission("price", "paid")))
    policy = json.loads(functions.get_policy(FunctionName="price")["Policy"])
    (resource,) = stack_kit.stacks().describe_stack_resources(StackName="shop")["StackResources"]
    (statement,) = policy["Statement"]
    assert statement["Sid"] == resource["PhysicalResourceId"] == stack_kit.outputs("shop")["PaidRef"]
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": f"{RULE}paid"}}

    stack_kit.update("shop", _template(Paid=_permission(price, "sent"), Stock=_permission("price", "stock")))
    policy = json.loads(functions.get_policy(FunctionName="price")["Policy"])
    sources = [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in policy["Statement"]]
    assert sorted(sources) == [f"{RULE}sent", f"{RULE}stock"]

    functions.remove_permission(
        FunctionName="price", StatementId=stack_kit.outputs("shop")["StockRef"]
    )  # by another hand
    stack_kit.delete("shop")
    kit.refused(lambda: functions.get_policy(FunctionName="price"), "ResourceNotFoundException")


def test_what_lambda_refuses_rolls_a_stack_back_with_the_same_words(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    wrong = _permission("price", "paid")
    wrong["Properties"]["Principal"] = "hikari"
    for resource, words in (
        (_permission("stock", "paid"), "Function not found: arn:aws:lambda:us-east-1:123456789012:function:stock"),
        (wrong, "The provided principal was invalid."),
    ):
        assert words in stack_kit.why_not(_template(Paid=resource))


def test_a_role_may_what_the_newest_template_says(kit: Any) -> None:
    iam = kit.client("iam")
    first = _role("sqs:SendMessage", "sns:Publish", managed=(BASIC,))
    stack_kit.create("shop", _template(Price=first))
    name = stack_kit.outputs("shop")["PriceRef"]
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    assert _rights(kit, name) == (["sns-Publish", "sqs-SendMessage"], [BASIC])

    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="by-hand", PolicyDocument=json.dumps(document))
    trust = json.loads(json.dumps(cloud_kit.ASSUMABLE).replace("lambda.amazonaws.com", "events.amazonaws.com"))
    second = _role("sns:Publish", "s3:PutObject", managed=(QUEUES,), AssumeRolePolicyDocument=trust)
    stack_kit.update("shop", _template(Price=second))
    role = iam.get_role(RoleName=name)["Role"]
    assert (role["Arn"], role["AssumeRolePolicyDocument"]) == (arn, trust)
    assert _rights(kit, name) == (["by-hand", "s3-PutObject", "sns-Publish"], [QUEUES])

    iam.delete_role_policy(RoleName=name, PolicyName="by-hand")  # IAM keeps a role that has one
    stack_kit.update("shop", _template(Price=_role(RoleName="price")))
    assert stack_kit.outputs("shop")["PriceRef"] == "price"
    assert kit.refused(lambda: iam.get_role(RoleName=name)).code == "NoSuchEntity"


def test_a_role_and_all_its_policies_go_with_the_stack(kit: Any) -> None:
    iam = kit.client("iam")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    of_role = {"PolicyDocument": document, "Roles": [{"Ref": "Price"}]}
    stack_kit.create(
        "shop",
        _template(
            Price=_role("sqs:SendMessage", managed=(BASIC,), RoleName="price"),
            Inline={"Type": "AWS::IAM::Policy", "Properties": of_role | {"PolicyName": "orders"}},
            Managed={"Type": "AWS::IAM::ManagedPolicy", "Properties": of_role},
        ),
    )
    names, attached = _rights(kit, "price")
    assert (names, len(attached)) == (["orders", "sqs-SendMessage"], 2)
    stack_kit.delete("shop")
    assert kit.refused(lambda: iam.get_role(RoleName="price")).code == "NoSuchEntity"
    assert iam.list_policies(Scope="Local")["Policies"] == []

"""The resource policies of functions: what add_permission writes, and whom it lets in."""

from __future__ import annotations

import json
from typing import Any

from kits import iam_kit

ANSWER = "def handler(event, context):\n    return 'lamp'"
PRICE = "arn:aws:lambda:us-east-1:123456789012:function:price"


def statements(functions: Any, **more: Any) -> list[dict[str, Any]]:
    """The policy of the function `price`, or of a version or alias of it."""
    found = functions.get_policy(FunctionName="price", **more)
    return list(json.loads(found["Policy"])["Statement"])


def test_what_add_permission_writes(kit: Any) -> None:
    kit.deploy("price", ANSWER)
    functions, role = kit.client("lambda"), kit.make_role()
    assert kit.refused(lambda: functions.get_policy(FunctionName="price")).code == "ResourceNotFoundException"

    def add(sid: str, **given: Any) -> dict[str, Any]:
        settings = {"StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"} | given
        answer = functions.add_permission(FunctionName="price", **settings)
        return dict(json.loads(answer["Statement"]))

    source = {"SourceArn": "arn:aws:s3:::hikari", "SourceAccount": "123456789012"}
    assert add("bucket", **source) == {
        "Sid": "bucket",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": PRICE,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "123456789012"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::hikari"},
        },
    }
    assert add("account", Principal="999999999999")["Principal"] == {"AWS": "arn:aws:iam::999999999999:root"}
    assert add("role", Principal=role)["Principal"] == {"AWS": role}
    everyone = add("url", Principal="*", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    assert everyone["Principal"] == "*"
    assert everyone["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    through = add("through", Principal="*", InvokedViaFunctionUrl=True)
    assert through["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    organisation = {"PrincipalOrgID": "o-a1b2c3d4e5", "SourceAccount": "123456789012"}
    assert add("both", **organisation)["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": "123456789012", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}
    }
    assert [s["Sid"] for s in statements(functions)] == ["bucket", "account", "role", "url", "through", "both"]

    refusals = [
        ({"StatementId": "bucket"}, "ResourceConflictException", "The statement id (bucket) provided already exists"),
        ({"StatementId": "a b"}, "ValidationException", "'statementId' failed to satisfy constraint"),
        ({"Action": "s3:GetObject"}, "ValidationException", "'action' failed to satisfy constraint"),
        ({"SourceArn": "hikari"}, "ValidationException", "'sourceArn' failed to satisfy constraint"),
        ({"Principal": "nobody"}, "InvalidParameterValueException", "The provided principal was invalid"),
        ({"Principal": f"{role}-gone"}, "InvalidParameterValueException", "The provided principal was invalid"),
        ({"Qualifier": "$LATEST"}, "InvalidParameterValueException", "do not support adding policies for $LATEST"),
        ({"Qualifier": "7"}, "ResourceNotFoundException", "Function not found"),
        ({"RevisionId": "old"}, "PreconditionFailedException", "Revision Id provided does not match"),
    ]
    for given, code, words in refusals:
        refusal = kit.refused(lambda given=given: add(given.get("StatementId", "new"), **given))
        assert (refusal.code, words in refusal.message) == (code, True), (given, refusal)
    assert len(statements(functions)) == 6


def test_each_version_and_alias_has_a_policy_of_its_own(kit: Any) -> None:
    kit.deploy("price", ANSWER)
    functions, version = kit.client("lambda"), kit.publish("price")
    functions.create_alias(FunctionName="price", Name="live", FunctionVersion=version)
    given = {"FunctionName": "price", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    for qualifier in ("", version, "live"):  # the same StatementId in each of them
        functions.add_permission(StatementId="topic", **given, **({"Qualifier": qualifier} if qualifier else {}))
    functions.add_permission(StatementId="by-arn", **given | {"FunctionName": f"{PRICE}:live"})
    assert [s["Resource"] for s in statements(functions)] == [PRICE]
    assert [s["Resource"] for s in statements(functions, Qualifier=version)] == [f"{PRICE}:{version}"]
    assert [s["Sid"] for s in statements(functions, Qualifier="live")] == ["topic", "by-arn"]

    functions.remove_permission(FunctionName="price", StatementId="topic", Qualifier="live")
    assert [s["Sid"] for s in statements(functions, Qualifier="live")] == ["by-arn"]
    gone = kit.refused(lambda: functions.remove_permission(FunctionName="price", StatementId="by-arn"))
    assert (gone.code, gone.message) == (
        "ResourceNotFoundException", "Statement by-arn is not found in resource policy."
    )  # fmt: skip
    stale = {"FunctionName": "price", "StatementId": "topic", "RevisionId": "old"}
    assert kit.refused(lambda: functions.remove_permission(**stale)).code == "PreconditionFailedException"
    revision = functions.get_policy(FunctionName="price")["RevisionId"]
    functions.remove_permission(**stale | {"RevisionId": revision})
    assert kit.refused(lambda: functions.get_policy(FunctionName="price")).code == "ResourceNotFoundException"
    # What was allowed for an alias goes with it.
    functions.delete_alias(FunctionName="price", Name="live")
    functions.create_alias(FunctionName="price", Name="live", FunctionVersion=version)
    kit.refused(lambda: functions.get_policy(FunctionName="price", Qualifier="live"), "ResourceNotFoundException")
    assert [s["Sid"] for s in statements(functions, Qualifier=version)] == ["topic"]


def test_permissions_of_a_stack(kit: Any) -> None:
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "from-a-stack",
            "AssumeRolePolicyDocument": kit.ASSUMABLE,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        }},
        "Price": {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": "price", "Runtime": "python3.13", "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": ANSWER},
        }},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "Price"}, "Action": "lambda:InvokeFunctionUrl", "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        }},
    }  # fmt: skip
    kit.client("cloudformation").create_stack(
        StackName="shop", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    (statement,) = statements(kit.client("lambda"))
    assert statement["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    assert statement["Resource"] == PRICE
    attached = kit.client("iam").list_attached_role_policies(RoleName="from-a-stack")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AWSLambdaBasicExecutionRole"]


def test_aws_own_policies_are_there(kit: Any) -> None:
    iam = kit.client("iam")
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "AWSLambdaSQSQueueExecutionRole"
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert "sqs:ReceiveMessage" in document["Statement"][0]["Action"]
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    assert len([policy for page in pages for policy in page["Policies"]]) > 1000
    assert iam.list_policies(Scope="Local")["Policies"] == []
    kit.refused(lambda: iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/None"), "NoSuchEntity")


def test_a_bucket_policy_does_not_shut_out_its_owner(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari")
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::hikari/*",
                "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}  # fmt: skip
    no_plain_http = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::hikari/*",
                     "Condition": {"Bool": {"aws:SecureTransport": "false"}}}  # fmt: skip
    s3.put_bucket_policy(Bucket="hikari", Policy=iam_kit.policy(everyone, no_plain_http))
    s3.put_object(Bucket="hikari", Key="lamp", Body=b"lamp")
    assert s3.get_object(Bucket="hikari", Key="lamp")["Body"].read() == b"lamp"

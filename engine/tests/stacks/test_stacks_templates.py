"""Templates: functions, conditions, parameters, exports; what is refused before anything is made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

QUEUE = {"Type": "AWS::SQS::Queue"}

FUNCTIONS = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String, Default: test}
  Lamps: {Type: CommaDelimitedList, Default: "andon, chochin"}
  Count: {Type: Number, Default: 3}
Mappings:
  Price:
    test: {Usd: 1, Names: [one, two]}
    prod: {Usd: 49}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Not [!Condition IsProd]
  Either: !Or [!Condition IsProd, !Condition IsTest]
  Both: !And [!Condition IsProd, !Condition IsTest]
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Join ["-", [!Ref Stage, orders, !Select [1, !Ref Lamps]]]
      VisibilityTimeout: !If [IsProd, 60, !Ref AWS::NoValue]
      DelaySeconds: !Ref Count
  Audit: {Type: AWS::SQS::Queue, Condition: IsProd}
  Waits: {Type: AWS::SQS::Queue, DependsOn: [Orders]}
Outputs:
  Sub: {Value: !Sub "${AWS::Region}/${AWS::AccountId}/${AWS::StackName}/${AWS::Partition}/${!Literal}/${Orders.Arn}"}
  SubList: {Value: !Sub ["${Word}-${Stage}", {Word: !Ref Stage}]}
  Joined: {Value: !Join [",", !Split ["|", "a|b|c"]]}
  Zone: {Value: !Select [0, !GetAZs ""]}
  Map: {Value: !FindInMap [Price, !Ref Stage, Usd]}
  MapList: {Value: !Select [1, !FindInMap [Price, test, Names]]}
  Coded: {Value: !Base64 light}
  Cidr: {Value: !Select [1, !Cidr ["10.0.0.0/16", 2, 8]]}
  Chosen: {Value: !If [Either, "yes", "no"]}
  Never: {Condition: Both, Value: never}
  Lamps: {Value: !Join ["+", !Ref Lamps]}
  Url: {Value: !Ref Orders}
  Name: {Value: !GetAtt Orders.QueueName}
"""


def test_functions_conditions_and_pseudo_parameters(kit: Any) -> None:
    out = here.create("shop", FUNCTIONS)
    arn = "arn:aws:sqs:us-east-1:123456789012:test-orders-chochin"
    assert out == {
        "Sub": f"us-east-1/123456789012/shop/aws/${{Literal}}/{arn}", "SubList": "test-test", "Joined": "a,b,c",
        "Zone": "us-east-1a", "Map": "1", "MapList": "two", "Coded": base64.b64encode(b"light").decode(),
        "Cidr": "10.0.1.0/24", "Chosen": "yes", "Lamps": "andon+chochin", "Url": out["Url"],
        "Name": "test-orders-chochin",
    }  # fmt: skip
    found = kit.client("sqs").get_queue_attributes(QueueUrl=out["Url"], AttributeNames=["All"])["Attributes"]
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("30", "3")
    (stack,) = here.stacks().describe_stacks(StackName="shop")["Stacks"]
    assert {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]} == {
        "Stage": "test", "Lamps": "andon, chochin", "Count": "3",
    }  # fmt: skip

    changed = here.update("shop", FUNCTIONS, Parameters=[
        {"ParameterKey": "Stage", "ParameterValue": "prod"}, {"ParameterKey": "Count", "UsePreviousValue": True},
    ])  # fmt: skip
    assert (changed["Name"], changed["Map"]) == ("prod-orders-chochin", "49")
    found = kit.client("sqs").get_queue_attributes(QueueUrl=changed["Url"], AttributeNames=["All"])["Attributes"]
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("60", "3")
    assert len(kit.client("sqs").list_queues()["QueueUrls"]) == 3


def _with(**sections: Any) -> dict[str, Any]:
    return {"Resources": {"Orders": QUEUE}, **sections}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Resources: [", "YAML not well-formed"),
        ("{", "not well-formed"),
        ("just words", "unsupported structure"),
        ({}, "At least one Resources member must be defined"),
        (_with(Lamps={}), r"Invalid template property or properties \[Lamps\]"),
        ({"Resources": {"Orders": {"Properties": {}}}}, "Every Resources object must contain a Type member"),
        ({"Resources": {"or-ders": QUEUE}}, "Resource name or-ders is non alphanumeric"),
        ({"Resources": {"Orders": {**QUEUE, "Lamp": 1}}}, "Invalid template resource property 'Lamp'"),
        ({"Resources": {"Orders": {"Type": "AWS::SQS::Lamp"}}}, r"Unrecognized resource types: \[AWS::SQS::Lamp\]"),
        ({"Resources": {"Orders": {**QUEUE, "Properties": {"QueueName": {"Ref": "Lamp"}}}}},
         r"Unresolved resource dependencies \[Lamp\] in the Resources block"),
        (_with(Outputs={"Url": {"Value": {"Ref": "Lamp"}}}), r"\[Lamp\] in the Outputs block"),
        (_with(Outputs={"Url": {"Value": {"Fn::GetAtt": ["Orders", "Lamp"]}}}),
         "resource Orders does not support attribute type Lamp in Fn::GetAtt"),
        ({"Resources": {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": "A"}}},
         r"Circular dependency between resources: \[A, B\]"),
        ({"Resources": {"Orders": {**QUEUE, "Condition": "IsProd"}}}, "Unresolved condition dependency IsProd"),
        (_with(Parameters={"Stage": {"Type": "String"}}), r"Parameters: \[Stage\] must have values"),
        (_with(Parameters={"Stage": {"Type": "String", "Default": "a", "AllowedValues": ["b"]}}),
         "Parameter 'Stage' must be one of AllowedValues"),
        (_with(Parameters={"Count": {"Type": "Number", "Default": "few"}}), "Parameter 'Count' must be a number"),
    ],
)  # fmt: skip
def test_what_is_refused_before_anything_is_made(kit: Any, template: Any, words: str) -> None:
    stacks = here.stacks()
    with pytest.raises(stacks.exceptions.ClientError, match=words) as caught:
        stacks.create_stack(StackName="shop", TemplateBody=here.text(template))
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert stacks.describe_stacks()["Stacks"] == []
    assert kit.client("sqs").list_queues().get("QueueUrls") is None


def test_parameters_that_there_are_not_and_secret_ones() -> None:
    stacks = here.stacks()
    secret = _with(Parameters={"Password": {"Type": "String", "NoEcho": True, "MinLength": 8}})
    given = [{"ParameterKey": "Password", "ParameterValue": "lamplight"}]
    with pytest.raises(stacks.exceptions.ClientError, match=r"Parameters: \[Lamp\] do not exist in the template"):
        stacks.create_stack(StackName="shop", TemplateBody=here.text(secret),
                            Parameters=[*given, {"ParameterKey": "Lamp", "ParameterValue": "on"}])  # fmt: skip
    here.create("shop", secret, Parameters=given)
    (stack,) = stacks.describe_stacks(StackName="shop")["Stacks"]
    assert stack["Parameters"] == [{"ParameterKey": "Password", "ParameterValue": "****"}]


def test_exports_are_imported_and_held(kit: Any) -> None:
    stacks = here.stacks()
    exporting = _with(Outputs={"Name": {"Value": {"Fn::GetAtt": ["Orders", "QueueName"]},
                                        "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-orders"}}}})  # fmt: skip
    importing = {"Resources": {"Copy": {**QUEUE, "Properties": {"QueueName": {"Fn::Join": ["-", [
        "copy", {"Fn::Select": [1, {"Fn::Split": ["-", {"Fn::ImportValue": "shop-orders"}]}]}]]}}}}}  # fmt: skip
    assert "No export named shop-orders found" in here.why_not(importing)
    here.create("shop", exporting)
    here.create("copy", importing)
    (export,) = stacks.list_exports()["Exports"]
    assert export["Name"] == "shop-orders"
    assert stacks.list_imports(ExportName="shop-orders")["Imports"] == ["copy"]
    assert any("copy-Orders" in url for url in kit.client("sqs").list_queues()["QueueUrls"])
    with pytest.raises(stacks.exceptions.ClientError, match="Export shop-orders cannot be deleted as it is in use by"):
        stacks.delete_stack(StackName="shop")
    here.delete("copy")
    here.delete("shop")
    assert stacks.list_exports()["Exports"] == []


def test_dynamic_references_are_looked_up(kit: Any) -> None:
    kit.client("secretsmanager").create_secret(Name="hikari/shop", SecretString=json.dumps({"lamp": "andon"}))
    kit.client("ssm").put_parameter(Name="/hikari/delay", Value="7", Type="String")
    template = {
        "Parameters": {"Delay": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/hikari/delay"}},
        "Resources": {"Orders": {**QUEUE, "Properties": {
            "QueueName": "{{resolve:secretsmanager:hikari/shop:SecretString:lamp}}-{{resolve:ssm:/hikari/delay}}",
            "DelaySeconds": {"Ref": "Delay"},
        }}},
        "Outputs": {"Url": {"Value": {"Ref": "Orders"}}},
    }  # fmt: skip
    url = here.create("shop", template)["Url"]
    assert url.endswith("/andon-7")
    found = kit.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert found["DelaySeconds"] == "7"


def test_what_a_template_declares() -> None:
    stacks = here.stacks()
    sam = "Transform: AWS::Serverless-2016-10-31\n" + FUNCTIONS
    told = stacks.validate_template(TemplateBody=sam)
    assert (told["DeclaredTransforms"], told["Capabilities"]) == (["AWS::Serverless-2016-10-31"],
                                                                  ["CAPABILITY_AUTO_EXPAND"])  # fmt: skip
    assert {each["ParameterKey"] for each in told["Parameters"]} == {"Stage", "Lamps", "Count"}
    told = stacks.get_template_summary(TemplateBody=FUNCTIONS)
    assert told["ResourceTypes"] == ["AWS::SQS::Queue"] * 3
    role = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "orders", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}}}  # fmt: skip
    assert stacks.validate_template(TemplateBody=json.dumps(role))["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


@pytest.mark.parametrize(("name", "needed"), [(None, "CAPABILITY_IAM"), ("orders", "CAPABILITY_NAMED_IAM")])
def test_roles_must_be_acknowledged(kit: Any, name: str | None, needed: str) -> None:
    stacks = here.stacks()
    trust = {"AssumeRolePolicyDocument": kit.ASSUMABLE} | ({"RoleName": name} if name else {})
    role = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": trust}}}
    refusal = kit.refused(lambda: stacks.create_stack(StackName="shop", TemplateBody=here.text(role)))
    assert (refusal.code, refusal.message) == (
        "InsufficientCapabilitiesException",
        f"Requires capabilities : [{needed}]",
    )
    stacks.create_stack(StackName="shop", TemplateBody=here.text(role), Capabilities=[needed])
    assert here.settled("shop") == "CREATE_COMPLETE"


def test_a_policy_without_a_version_is_one(kit: Any) -> None:
    kit.make_role()
    document = {"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    kit.client("iam").put_role_policy(
        RoleName="hikari-functions", PolicyName="send", PolicyDocument=here.text(document)
    )
    found = kit.client("iam").get_role_policy(RoleName="hikari-functions", PolicyName="send")
    assert found["PolicyDocument"] == document

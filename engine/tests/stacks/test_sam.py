"""SAM: what it refuses and needs, its authorizers, explicit APIs, connectors, what is not honoured."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

SAM = "AWS::Serverless-2016-10-31"
CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'andon'}\n"
#: A Lambda authorizer: whoever shows the lamp may come in.
GATE = """
def handler(event, context):
    headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
    token = event.get("authorizationToken") or headers.get("authorization")
    if event.get("version") == "2.0":
        return {"isAuthorized": token == "lamp"}
    effect = "Allow" if token == "lamp" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "guest", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


def function(code: str = CODE, **more: Any) -> dict[str, Any]:
    given = {"Runtime": "python3.13", "Handler": "index.handler", "InlineCode": code, **more}
    return {"Type": "AWS::Serverless::Function", "Properties": given}


def template(outputs: dict[str, Any] | None = None, **resources: Any) -> dict[str, Any]:
    more = {"Outputs": {name: {"Value": value} for name, value in outputs.items()}} if outputs else {}
    return {"Transform": SAM, "Resources": resources, **more}


def answer(aws: cloud.Cloud, address: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(aws.local_url(address), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_capabilities_of_a_macro(kit: Any) -> None:
    stacks, body = here.stacks(), here.text(template(Orders=function()))
    refusal = kit.refused(lambda: stacks.create_stack(StackName="shop", TemplateBody=body,
                                                      Capabilities=["CAPABILITY_IAM"]))  # fmt: skip
    assert (refusal.code, refusal.message) == ("InsufficientCapabilitiesException",
                                               "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")  # fmt: skip
    refusal = kit.refused(lambda: stacks.create_stack(StackName="shop", TemplateBody=body,
                                                      Capabilities=["CAPABILITY_AUTO_EXPAND"]))  # fmt: skip
    assert refusal.message == "Requires capabilities : [CAPABILITY_IAM]"
    change = {"StackName": "shop", "ChangeSetName": "first", "TemplateBody": body, "ChangeSetType": "CREATE"}
    stacks.create_change_set(**change)
    found = stacks.describe_change_set(StackName="shop", ChangeSetName="first")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "Requires capabilities : [CAPABILITY_IAM]")
    stacks.create_change_set(**{**change, "ChangeSetName": "second"}, Capabilities=["CAPABILITY_IAM"])
    assert stacks.describe_change_set(StackName="shop", ChangeSetName="second")["Status"] == "CREATE_COMPLETE"


def test_what_the_translator_refuses_comes_back_in_its_words(kit: Any) -> None:
    stacks, create = here.stacks(), here.stacks().create_stack
    local = function()
    local["Properties"]["CodeUri"] = "orders/"
    del local["Properties"]["InlineCode"]
    begins = f"Transform {SAM} failed with: Invalid Serverless Application Specification document. Number of errors"
    for bad, words in (
        (template(Orders=local), "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key'"),
        (template(Orders=function(Events={"Paid": {"Type": "Lamp"}})), "Resource with id [Orders] is invalid."),
        (template(Orders={"Type": "AWS::Serverless::Lamp"}), "Unrecognized resource types: [AWS::Serverless::Lamp]"),
    ):
        body = here.text(bad)
        refusal = kit.refused(lambda body=body: create(StackName="shop", TemplateBody=body, Capabilities=here.ALL))
        assert (refusal.code, words in refusal.message) == ("ValidationError", True), refusal
    refusal = kit.refused(lambda: create(StackName="shop", TemplateBody=here.text(template(Orders=local)),
                                         Capabilities=here.ALL))  # fmt: skip
    assert refusal.message.startswith(begins)
    assert stacks.describe_stacks()["Stacks"] == []


def test_a_gradual_deployment_is_refused() -> None:
    gradual = function(AutoPublishAlias="live", DeploymentPreference={"Type": "Canary10Percent5Minutes"})
    assert "doesn't support" in here.why_not(template(Orders=gradual))


def test_authorizers_of_both_kinds_of_api(aws: cloud.Cloud) -> None:
    gate = {"Fn::GetAtt": ["Gate", "Arn"]}
    rest_auth = {"DefaultAuthorizer": "Lamp", "Authorizers": {"Lamp": {"FunctionArn": gate}}}
    http_auth = {"DefaultAuthorizer": "Lamp", "Authorizers": {"Lamp": {
        "FunctionArn": gate, "AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": True,
        "EnableFunctionDefaultPermissions": True, "Identity": {"Headers": ["Authorization"]},
    }}}  # fmt: skip
    events = {
        "Rest": {"Type": "Api", "Properties": {"Path": "/lamps", "Method": "get", "RestApiId": {"Ref": "Rest"}}},
        "Http": {"Type": "HttpApi", "Properties": {"Path": "/lamps", "Method": "get", "ApiId": {"Ref": "Http"}}},
        "Open": {"Type": "HttpApi", "Properties": {"Path": "/open", "Method": "get", "ApiId": {"Ref": "Http"},
                                                   "Auth": {"Authorizer": "NONE"}}},
    }  # fmt: skip
    out = here.create("shop", template(
        {"Rest": {"Fn::Sub": "https://${Rest}.execute-api.us-east-1.amazonaws.com/test"},
         "Http": {"Fn::Sub": "https://${Http}.execute-api.us-east-1.amazonaws.com"}},
        Gate=function(GATE), Orders=function(Events=events),
        Rest={"Type": "AWS::Serverless::Api", "Properties": {
            "StageName": "test", "Auth": rest_auth, "Cors": "'*'", "TracingEnabled": False}},
        Http={"Type": "AWS::Serverless::HttpApi", "Properties": {
            "Auth": http_auth, "CorsConfiguration": {"AllowOrigins": ["https://hikari.example"],
                                                     "AllowMethods": ["GET"]}}},
    ))  # fmt: skip
    for name, closed in (("Rest", 403), ("Http", 403)):
        assert answer(aws, f"{out[name]}/lamps", Authorization="lamp") == (200, "andon")
        assert answer(aws, f"{out[name]}/lamps", Authorization="candle")[0] == closed
        assert answer(aws, f"{out[name]}/lamps")[0] == 401
    assert answer(aws, f"{out['Http']}/open") == (200, "andon")
    here.delete("shop")


def test_an_api_from_its_own_document(aws: cloud.Cloud) -> None:
    uri = {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations"}
    paths = {"/lamps": {"get": {"x-amazon-apigateway-integration": {
        "type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}}}}  # fmt: skip
    document = {"openapi": "3.0.1", "info": {"title": "Hikari", "version": "1"}, "paths": paths}
    permission = {"Type": "AWS::Lambda::Permission", "Properties": {
        "FunctionName": {"Ref": "Orders"}, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
    }}  # fmt: skip
    body = template(
        {"Url": {"Fn::Sub": "https://${Http}.execute-api.us-east-1.amazonaws.com/lamps"}},
        Orders=function(), Permission=permission,
        Http={"Type": "AWS::Serverless::HttpApi", "Properties": {"DefinitionBody": document}},
    )  # fmt: skip
    out = here.create("shop", body)
    assert answer(aws, out["Url"]) == (200, "andon")
    document["paths"] = {"/lights": paths["/lamps"]}
    assert here.update("shop", body) == out
    assert answer(aws, out["Url"])[0] == 404
    assert answer(aws, out["Url"].replace("lamps", "lights")) == (200, "andon")


def test_a_connector_writes_the_policy(kit: Any) -> None:
    connector = {"Type": "AWS::Serverless::Connector", "Properties": {
        "Source": {"Id": "Orders"}, "Destination": {"Id": "Queue"}, "Permissions": ["Write"]}}  # fmt: skip
    here.create("shop", template(Orders=function(), Queue={"Type": "AWS::SQS::Queue"}, Connector=connector))
    policies = kit.client("iam").list_policies(Scope="Local")["Policies"]
    assert [each["AttachmentCount"] for each in policies] == [1]
    here.delete("shop")
    assert kit.client("iam").list_policies(Scope="Local")["Policies"] == []


def test_intrinsic_functions_of_sam_s_own_stay(kit: Any) -> None:
    out = here.create("shop", template(
        {"Version": {"Ref": "Orders.Version"}, "Alias": {"Ref": "Orders.Alias"}},
        Orders=function(AutoPublishAlias="live", FunctionName="orders", ReservedConcurrentExecutions=2,
                        Tracing="PassThrough", Tags={"team": "shop"}),
    ))  # fmt: skip
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    assert out == {"Version": f"{arn}:1", "Alias": f"{arn}:live"}
    lam = kit.client("lambda")
    assert lam.get_function_concurrency(FunctionName="orders")["ReservedConcurrentExecutions"] == 2
    assert lam.list_tags(Resource=arn)["Tags"]["team"] == "shop"
    assert json.loads(lam.invoke(FunctionName=out["Alias"])["Payload"].read())["body"] == "andon"
    here.update("shop", template(Orders=function(CODE.replace("andon", "chochin"), FunctionName="orders")))
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName="orders")
    assert json.loads(lam.invoke(FunctionName="orders")["Payload"].read())["body"] == "chochin"
    assert lam.list_aliases(FunctionName="orders")["Aliases"] == []


@pytest.mark.parametrize("kind", ["EXPRESS", "STANDARD"])
def test_a_state_machine_in_a_template(kit: Any, kind: str) -> None:
    out = here.create("shop", template(
        {"Arn": {"Ref": "Flow"}, "Name": {"Fn::GetAtt": ["Flow", "Name"]}},
        Orders=function(),
        Flow={"Type": "AWS::Serverless::StateMachine", "Properties": {
            "Name": "flow", "Type": kind,
            "DefinitionSubstitutions": {"Orders": {"Fn::GetAtt": ["Orders", "Arn"]}},
            "Policies": [{"LambdaInvokePolicy": {"FunctionName": {"Ref": "Orders"}}}],
            "Definition": {"StartAt": "Order", "States": {
                "Order": {"Type": "Task", "Resource": "${Orders}", "End": True}}},
        }},
    ))  # fmt: skip
    states = kit.client("stepfunctions")
    assert (out["Name"], states.describe_state_machine(stateMachineArn=out["Arn"])["type"]) == ("flow", kind)
    if kind == "EXPRESS":
        found = states.start_sync_execution(stateMachineArn=out["Arn"])
        assert json.loads(found["output"])["body"] == "andon"
    here.delete("shop")
    assert states.list_state_machines()["stateMachines"] == []


def test_the_roles_of_a_template_suffice_where_permissions_are_enforced(kit: Any, aws: cloud.Cloud) -> None:
    put = "boto3.client('dynamodb').put_item(TableName=os.environ['LAMPS'], Item={'id': {'S': 'a'}})"
    keep = "import boto3, os\n" + CODE.replace("    return", f"    {put}\n    return")
    events = {"Http": {"Type": "HttpApi", "Properties": {"Path": "/lamps", "Method": "get"}},
              "Paid": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Paid", "Arn"]}}}}  # fmt: skip
    crud = [{"DynamoDBCrudPolicy": {"TableName": {"Ref": "Lamps"}}}]

    def shop(*policies: Any) -> dict[str, Any]:
        return template(
            {"Url": {"Fn::Sub": "https://${ServerlessHttpApi}.execute-api.us-east-1.amazonaws.com/lamps"},
             "Paid": {"Ref": "Paid"}, "Lamps": {"Ref": "Lamps"}},
            Lamps={"Type": "AWS::Serverless::SimpleTable"}, Paid={"Type": "AWS::SQS::Queue"},
            Orders=function(keep, Policies=list(policies), Events=events,
                            Environment={"Variables": {"LAMPS": {"Ref": "Lamps"}}}),
        )  # fmt: skip

    try:
        cloud.start(enforce_iam=True)
        out = here.create("shop", shop())
        assert answer(aws, out["Url"])[0] == 500
        here.update("shop", shop(*crud))
        assert answer(aws, out["Url"]) == (200, "andon")
        count = kit.client("dynamodb").scan
        assert count(TableName=out["Lamps"])["Count"] == 1
        kit.client("dynamodb").delete_item(TableName=out["Lamps"], Key={"id": {"S": "a"}})
        kit.client("sqs").send_message(QueueUrl=out["Paid"], MessageBody="A-1001")
        kit.eventually(lambda: count(TableName=out["Lamps"])["Count"] == 1, "the message reaches the function")
    finally:
        aws.reset()
        cloud.start(enforce_iam=False)

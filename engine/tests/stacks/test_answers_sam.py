"""SAM templates with values as people write them, and the parts of SAM that are refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import stack_kit as here

pytestmark = pytest.mark.usefixtures("aws")

FUNCTION = """
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(event, context): return {'statusCode': 200}"
"""


def test_numbers_and_texts_may_stand_for_each_other(kit: Any) -> None:
    here.create("shop", f"""
Transform: AWS::Serverless-2016-10-31
Conditions:
  Never: !Equals [a, b]
Globals:
  Function:
    Timeout: "30"
    Environment: {{Variables: {{STAGE: test, LIMIT: 3}}}}
Resources:
  Gate:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Lamp
        Authorizers:
          Lamp:
            AuthorizerPayloadFormatVersion: 2.0
            EnableSimpleResponses: true
            EnableFunctionDefaultPermissions: true
            FunctionArn: !GetAtt Orders.Arn
          Other: {{AuthorizerPayloadFormatVersion: 1.0, FunctionArn: !GetAtt Orders.Arn}}
  Paid: {{Type: AWS::SQS::Queue}}
{FUNCTION.rstrip()}
      MemorySize: "256"
      ReservedConcurrentExecutions: "2"
      Environment: {{Variables: {{LIMIT: 4, IS_OPEN: true, RATE: 1.5}}}}
      FunctionUrlConfig: {{AuthType: NONE, Cors: {{AllowOrigins: ["*"], MaxAge: 60}}}}
      Events:
        Get: {{Type: HttpApi, Properties: {{ApiId: !Ref Gate, Path: /orders, Method: get}}}}
        Queue: {{Type: SQS, Properties: {{Queue: !GetAtt Paid.Arn, BatchSize: 5, Enabled: true}}}}
        Daily: {{Type: Schedule, Properties: {{Schedule: rate(1 day), Enabled: false}}}}
      EventInvokeConfig:
        MaximumRetryAttempts: "1"
        DestinationConfig:
          OnFailure: {{Type: SQS, Destination: !If [Never, !GetAtt Paid.Arn, !Ref "AWS::NoValue"]}}
Outputs:
  Name: {{Value: !Ref Orders}}
""")  # fmt: skip
    name = here.outputs("shop")["Name"]
    functions = kit.client("lambda")
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["Timeout"], found["MemorySize"]) == (30, 256)
    assert found["Environment"]["Variables"] == {"STAGE": "test", "LIMIT": "4", "IS_OPEN": "true", "RATE": "1.5"}
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 2
    assert functions.get_function_url_config(FunctionName=name)["Cors"]["MaxAge"] == 60
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert mapping["BatchSize"] == 5
    gateway = kit.client("apigatewayv2")
    (api,) = gateway.get_apis()["Items"]
    authorizers = gateway.get_authorizers(ApiId=api["ApiId"])["Items"]
    assert sorted(each["AuthorizerPayloadFormatVersion"] for each in authorizers) == ["1.0", "2.0"]


def test_a_destination_with_a_condition_of_a_function_with_a_condition(kit: Any) -> None:
    body = f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Queue: {{Type: String, Default: ""}}
Conditions:
  HasQueue: !Not [!Equals [!Ref Queue, ""]]
  IsOpen: !Equals [!Ref "AWS::Region", us-east-1]
Resources:
{FUNCTION.rstrip()}
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {{Type: SQS, Destination: !If [HasQueue, !Ref Queue, !Ref "AWS::NoValue"]}}
    Condition: IsOpen
"""
    here.create("shop", body)
    (url,) = kit.client("sqs").list_queues()["QueueUrls"]
    assert "OrdersEventInvokeConfigOnSuccessQueue" in url


@pytest.mark.parametrize("location", [
    {"ApplicationId": "arn:aws:serverlessrepo:us-east-1:123456789012:applications/lamps", "SemanticVersion": "1.0.0"},
    {"Fn::FindInMap": ["Apps", "a", "b"]},
])  # fmt: skip
def test_an_application_of_the_repository_is_refused_by_name(kit: Any, location: Any) -> None:
    stacks = here.stacks()
    app = {"Type": "AWS::Serverless::Application", "Properties": {"Location": location}}
    body = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Lamps": app}})
    refused = kit.refused(lambda: stacks.create_stack(StackName="shop", TemplateBody=body, Capabilities=here.ALL))
    assert refused.code == "ValidationError"
    assert "Lamps (AWS::Serverless::Application)" in refused.message


def test_a_rest_api_with_aws_iam_calls_with_the_caller_s_credentials(kit: Any) -> None:
    here.create(
        "shop",
        f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {{StageName: prod, Auth: {{DefaultAuthorizer: AWS_IAM}}}}
{FUNCTION.rstrip()}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: /orders, Method: get}}}}
Outputs:
  Id: {{Value: !Ref Api}}
""",
    )
    gateway, id = kit.client("apigateway"), here.outputs("shop")["Id"]
    (orders,) = [each for each in gateway.get_resources(restApiId=id)["items"] if each["path"] == "/orders"]
    found = gateway.get_integration(restApiId=id, resourceId=orders["id"], httpMethod="GET")
    assert found["credentials"] == "arn:aws:iam::*:user/*"

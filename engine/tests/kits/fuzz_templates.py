"""Templates for CloudFormation with one part broken, many of them with SAM."""

from __future__ import annotations

import json
import random
from typing import Any

from kits import fuzz_kit as fuzz

_EVENTS = {
    "Api": {"Type": "Api", "Properties": {"Path": "/price", "Method": "get"}},
    "Http": {"Type": "HttpApi", "Properties": {"Path": "/price", "Method": "get"}},
    "Jobs": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Jobs", "Arn"]}, "BatchSize": 1}},
    "Nightly": {"Type": "Schedule", "Properties": {"Schedule": "rate(5 minutes)"}},
    "Placed": {"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["shop"]}}},
}
_FUNCTION = {
    "Handler": "price.handler",
    "InlineCode": "def handler(event, context):\n    return 1200",
    "Policies": ["AWSLambdaBasicExecutionRole", {"SQSPollerPolicy": {"QueueName": "jobs"}}],
    "Environment": {"Variables": {"STAGE": {"Fn::Sub": "${Stage}-shop"}}},
    "EventInvokeConfig": {"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": {"Type": "SQS"}}},
    "Events": _EVENTS,
}
_AUTHORIZER = {"AuthorizerPayloadFormatVersion": 2.0, "FunctionArn": {"Fn::GetAtt": ["Price", "Arn"]}}
_MACHINE = {"Definition": {"StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": True}}}}
_RESOURCES: dict[str, Any] = {
    "Price": {"Type": "AWS::Serverless::Function", "Condition": "IsShop", "Properties": _FUNCTION},
    "Jobs": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": {"Fn::Join": ["-", ["jobs", {"Ref": "Stage"}]]}, "VisibilityTimeout": 30},
        "DeletionPolicy": "Delete",
    },
    "Lamps": {"Type": "AWS::Serverless::SimpleTable"},
    "Order": {"Type": "AWS::Serverless::StateMachine", "Properties": _MACHINE},
    "Web": {"Type": "AWS::Serverless::HttpApi", "Properties": {"Auth": {"Authorizers": {"Ann": _AUTHORIZER}}}},
    "Inner": {"Type": "AWS::Serverless::Application", "Properties": {"Location": "https://lamps.example.com/a.yml"}},
    "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "s3://lamps/layer.zip"}},
    "Topic": {"Type": "AWS::SNS::Topic"},
}
_DOCUMENT: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Stage": {"Type": "String", "Default": "shop", "AllowedValues": ["shop", "test"]}},
    "Mappings": {"Sizes": {"shop": {"memory": "128"}}},
    "Conditions": {"IsShop": {"Fn::Equals": [{"Ref": "Stage"}, "shop"]}},
    "Globals": {"Function": {"Timeout": 3, "Runtime": "python3.13"}},
    "Outputs": {"Url": {"Value": {"Ref": "Jobs"}, "Export": {"Name": "url"}}},
}
_FUNCTIONS: tuple[Any, ...] = (
    {"Ref": "Nobody"}, {"Fn::GetAtt": "x"}, {"Fn::If": []}, {"Fn::Sub": []}, {"Fn::Join": "x"}, {"Fn::Split": 1},
    {"Fn::Select": ["a", []]}, {"Fn::FindInMap": ["Sizes"]}, {"Fn::ImportValue": {}}, {"Fn::Base64": []},
    {"Fn::Cidr": [1]}, {"Condition": "IsShop"},
)  # fmt: skip


def broken(dice: random.Random) -> str:
    """A template of a few resources, of which one part is missing or another value."""
    kept = {"Jobs", *dice.sample(sorted(_RESOURCES), dice.randint(1, 3))}
    document = {**_DOCUMENT, "Resources": {name: _RESOURCES[name] for name in sorted(kept)}}
    path, _ = dice.choice(list(fuzz.spots(document)))
    if dice.random() < 0.3:
        return json.dumps(fuzz.without_part(document, path))
    return json.dumps(fuzz.with_part(document, path, dice.choice((*fuzz.BAD_TYPES, *fuzz.BAD_TEXTS, *_FUNCTIONS))))

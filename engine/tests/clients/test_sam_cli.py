"""AWS SAM CLI as its tutorial uses it, without Docker and without questions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kits import client_kit
from kits.client_kit import Shell

pytestmark = pytest.mark.nightly

TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.{minor}
      Events:
        Rest: {{Type: Api, Properties: {{Path: /hello, Method: get}}}}
        Http: {{Type: HttpApi, Properties: {{Path: /hi, Method: get}}}}
Outputs:
  Url: {{Value: !Sub "https://${{ServerlessRestApi}}.execute-api.${{AWS::Region}}.amazonaws.com/Prod/hello"}}
"""
CODE = """\
def handler(event, context):
    print("a lamp is on")
    return {"statusCode": 200, "body": "on"}
"""


def test_a_serverless_application_from_build_to_delete(shell: Callable[..., Shell], clients: Path) -> None:
    programs = client_kit.python_client(clients, "aws-sam-cli", "setuptools")
    run = shell(programs)
    minor = run(f"{programs}/python -c 'import sys; print(sys.version_info.minor)'").strip()
    run.write("template.yaml", TEMPLATE.format(minor=minor))
    run.write("src/app.py", CODE)
    run.write("src/requirements.txt", "")
    assert "Build Succeeded" in run("sam build")
    said = run("sam deploy --stack-name shop --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset")
    assert "Successfully created/updated stack - shop" in said
    assert '"body": "on"' in run("sam remote invoke Hello --stack-name shop --event '{}'").replace("\\", "")
    assert "a lamp is on" in run("sam logs --stack-name shop")
    resources = json.loads(run("sam list resources --stack-name shop --output json"))
    assert "Hello" in {resource["LogicalResourceId"] for resource in resources}
    assert json.loads(run("sam list stack-outputs --stack-name shop --output json"))[0]["OutputKey"] == "Url"
    endpoints = json.loads(run("sam list endpoints --stack-name shop --output json"))
    assert {path for endpoint in endpoints for path in endpoint["Methods"]} >= {"/hello['get']", "/hi['get']"}
    run("sed -i s/is.on/glows/ src/app.py")
    run("sam build")
    run("sam deploy --stack-name shop --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset")
    run("sam remote invoke Hello --stack-name shop --event '{}'")
    assert "a lamp glows" in run("sam logs --stack-name shop")
    assert "Deleted successfully" in run("sam delete --stack-name shop --no-prompts")

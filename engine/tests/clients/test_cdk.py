"""AWS CDK as its workshop uses it: bootstrap, deploy, change, hotswap, diff, destroy."""

from __future__ import annotations

import re
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from kits import client_kit
from kits.client_kit import Shell

pytestmark = pytest.mark.nightly

APP = """\
import aws_cdk as cdk
from aws_cdk import aws_apigateway, aws_dynamodb, aws_lambda, aws_lambda_event_sources, aws_sqs

app = cdk.App()
stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="{account}", region="{region}"))
hello = aws_lambda.Function(
    stack, "Hello", runtime=aws_lambda.Runtime("python3.{minor}"), handler="hello.handler",
    code=aws_lambda.Code.from_asset("code"),
)
aws_apigateway.LambdaRestApi(stack, "Api", handler=hello)
queue = aws_sqs.Queue(stack, "Orders")
hello.add_event_source(aws_lambda_event_sources.SqsEventSource(queue))
table = aws_dynamodb.Table(
    stack, "Lamps", partition_key=aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING),
    removal_policy=cdk.RemovalPolicy.DESTROY,
)
table.grant_read_write_data(hello)
app.synth()
"""
CODE = """\
def handler(event, context):
    return {"statusCode": 200, "body": "on"}
"""


def test_a_stack_from_bootstrap_to_destroy(shell: Callable[..., Shell], clients: Path) -> None:
    library = client_kit.python_client(clients, "aws-cdk-lib")
    run = shell(client_kit.node_client(clients, "aws-cdk"), library)
    minor = run("python -c 'import sys; print(sys.version_info.minor)'").strip()
    run.write("app.py", APP.format(account=client_kit.ACCOUNT, region=client_kit.REGION, minor=minor))
    run.write("cdk.json", '{"app": "python app.py"}')
    run.write("code/hello.py", CODE)
    assert "bootstrapped" in run(f"cdk bootstrap aws://{client_kit.ACCOUNT}/{client_kit.REGION}")
    said = run("cdk deploy --require-approval never")
    (url,) = set(re.findall(r"Shop\.Api\w+ = (http\S+)", said))
    assert run.page(url) == "on"
    assert "no changes" in run("cdk deploy --require-approval never")
    run.write("code/hello.py", CODE.replace('"on"', '"brighter"'))
    assert "Hello" in run("cdk diff")
    run("cdk deploy --hotswap")
    assert run.page(url) == "brighter"
    run.write("code/hello.py", CODE.replace('"on"', '"off"'))
    run("cdk deploy --require-approval never --method=direct")
    assert run.page(url) == "off"
    assert "destroyed" in run("cdk destroy --force")
    with pytest.raises(urllib.error.HTTPError, match=r"40\d"):
        run.page(url)

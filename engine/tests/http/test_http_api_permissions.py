"""HTTP APIs and function URLs with `enforce_iam`: roles of integrations, and who has signed."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kits import fixtures
from kits.http_kit import ECHO, integrate, make_api, send
from kits.iam_kit import policy, role_of

cloud_of_module = fixtures.cloud_of(enforce_iam=True)


def test_an_integration_does_what_its_role_may(kit: Any) -> None:
    api, arn, queue = kit.client("apigatewayv2"), kit.deploy("echo", ECHO), kit.make_queue("orders")
    api_id, address = make_api(arn)
    role = role_of("apigateway")
    settings = {"CredentialsArn": role}
    api.create_route(ApiId=api_id, RouteKey="GET /echo", Target=integrate(api_id, arn, **settings))
    sends = {
        "IntegrationSubtype": "SQS-SendMessage",
        "RequestParameters": {"QueueUrl": queue.url, "MessageBody": "$request.body"},
    }
    made = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", PayloadFormatVersion="1.0", **settings, **sends
    )
    api.create_route(ApiId=api_id, RouteKey="POST /orders", Target=f"integrations/{made['IntegrationId']}")
    assert send(address, "/echo").status == 500
    assert send(address, "/orders", "POST", b"desk").status == 403
    role_of("apigateway", ("lambda:InvokeFunction", arn), ("sqs:SendMessage", queue.arn))
    assert send(address, "/echo").status == 200
    assert send(address, "/orders", "POST", b"desk").status == 200
    assert [message["Body"] for message in kit.received(queue)] == ["desk"]


def test_a_signer_needs_a_policy(kit: Any) -> None:
    iam, arn = boto3.client("iam"), kit.deploy("echo", ECHO)
    role = role_of("apigateway", ("lambda:InvokeFunction", arn))
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    api_id, address = make_api(arn)
    rule = {"AuthorizationType": "AWS_IAM", "Target": integrate(api_id, arn, CredentialsArn=role)}
    kit.client("apigatewayv2").create_route(ApiId=api_id, RouteKey="GET /echo", **rule)
    url = kit.client("lambda").create_function_url_config(FunctionName="echo", AuthType="AWS_IAM")["FunctionUrl"]

    allowed: list[tuple[str, str]] = []

    def let(action: str, resource: str) -> None:
        allowed.append((action, resource))
        iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy(*allowed))

    def signed(address: str, path: str, service: str) -> int:
        request = AWSRequest("GET", address.rstrip("/") + path)
        SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), service, "us-east-1").add_auth(request)
        return int(send(address, path, headers=request.headers.items()).status)

    assert signed(address, "/echo", "execute-api") == 403
    assert signed(url, "/", "lambda") == 403
    let("execute-api:Invoke", f"arn:aws:execute-api:us-east-1:123456789012:{api_id}/*/GET/*")
    let("lambda:InvokeFunctionUrl", arn)
    assert signed(address, "/echo", "execute-api") == 200
    assert signed(url, "/", "lambda") == 403  # since October 2025 the second one is needed too
    let("lambda:InvokeFunction", arn)
    assert signed(url, "/", "lambda") == 200

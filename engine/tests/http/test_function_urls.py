"""Function URLs answer real HTTP."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kits.http_kit import ECHO, Got, send

FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def test_the_event_has_all_that_aws_sends(aws: Any, kit: Any) -> None:
    kit.deploy("echo", ECHO)
    url = kit.client("lambda").create_function_url_config(FunctionName="echo", AuthType="NONE")["FunctionUrl"]
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/")
    headers = [("Content-Type", "text/plain"), ("X-Lamp", "a"), ("x-lamp", "b"), ("Cookie", "s=1; t=2")]
    got = send(url, "/a%20b/?q=1&q=2", "POST", "灯".encode(), headers)
    event = got.json
    assert got.header("Content-Type") == "application/json"
    assert got.header("x-amzn-RequestId") == event["requestContext"]["requestId"]
    assert set(event) == {
        "version", "routeKey", "rawPath", "rawQueryString", "cookies", "headers", "queryStringParameters",
        "requestContext", "body", "isBase64Encoded",
    }  # fmt: skip
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a%20b/")  # as it came
    assert (event["cookies"], event["headers"]["cookie"]) == (["s=1", "t=2"], "s=1; t=2")  # here it stays a header too
    assert (event["headers"]["x-lamp"], event["body"], event["isBase64Encoded"]) == ("a,b", "灯", False)
    context = event["requestContext"]
    assert set(context) == {
        "accountId", "apiId", "domainName", "domainPrefix", "http", "requestId", "routeKey", "stage", "time",
        "timeEpoch",
    }  # fmt: skip
    assert (context["accountId"], context["stage"]) == ("anonymous", "$default")
    assert context["domainName"] == f"{context['apiId']}.lambda-url.us-east-1.on.aws"
    assert context["http"]["path"] == "/a b/"
    assert (
        send(url, "/", "POST", b"a=1", [("Content-Type", "application/x-www-form-urlencoded")]).json["body"] == "YT0x"
    )
    assert aws.local_url(f"https://{context['domainName']}/x") == url + "x"


ANSWERS = """
import os
def handler(event, context):
    kind = event["rawPath"]
    if kind == "/error":
        raise ValueError("no lamp")
    return {"/object": {"lamp": 1}, "/bad": {"statusCode": "lamp"}, "/pid": os.getpid(),
            "/full": {"statusCode": 418, "cookies": ["a=1", "b=2"], "body": "made", "headers": {"x-lamp": "desk"}},
            }[kind]
"""


def test_answers_errors_and_throttling(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("answers", ANSWERS)
    url = lam.create_function_url_config(FunctionName="answers", AuthType="NONE")["FunctionUrl"]
    full = send(url, "/full")
    assert (full.status, full.body, full.header("x-lamp"), full.all("set-cookie")) == (
        418,
        b"made",
        "desk",
        ["a=1", "b=2"],
    )
    got = send(url, "/object")
    assert (got.status, got.header("content-type"), got.json) == (200, "application/json", {"lamp": 1})
    for path in ("/error", "/bad"):
        got = send(url, path)
        assert (got.status, got.body) == (502, b"Internal Server Error")
    lam.put_function_concurrency(FunctionName="answers", ReservedConcurrentExecutions=0)
    got = send(url, "/object")
    assert (got.status, got.json["message"]) == (429, "Rate Exceeded.")
    assert got.json["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_aliases_have_urls_of_their_own_and_iam_needs_a_signature(kit: Any) -> None:
    lam, iam = kit.client("lambda"), boto3.client("iam")
    kit.deploy("echo", ECHO)
    kit.publish("echo")
    lam.create_alias(FunctionName="echo", Name="live", FunctionVersion="1")
    kit.change_code("echo", ECHO.replace("200", "202"))
    open_url = lam.create_function_url_config(FunctionName="echo", AuthType="NONE")
    closed = lam.create_function_url_config(FunctionName="echo", Qualifier="live", AuthType="AWS_IAM")
    assert closed["FunctionArn"] == open_url["FunctionArn"] + ":live"
    listed = lam.list_function_url_configs(FunctionName="echo")["FunctionUrlConfigs"]
    assert [each["FunctionUrl"] for each in listed] == [open_url["FunctionUrl"], closed["FunctionUrl"]]
    assert {each["InvokeMode"] for each in listed} == {"BUFFERED"}
    assert send(open_url["FunctionUrl"]).status == 202

    def signed(access_key: str, secret: str, body: bytes = b"lamp") -> Got:
        path = "/a%20b?y=2&x=1%201"
        request = AWSRequest("POST", closed["FunctionUrl"].rstrip("/") + path, data=b"lamp")
        SigV4Auth(Credentials(access_key, secret), "lambda", "us-east-1").add_auth(request)
        return send(closed["FunctionUrl"], path, "POST", body, request.headers.items())

    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    got = signed(key["AccessKeyId"], key["SecretAccessKey"])
    assert got.status == 200
    context = got.json["requestContext"]
    assert context["accountId"] == "123456789012"
    assert context["authorizer"]["iam"]["userArn"] == "arn:aws:iam::123456789012:user/ada"
    unsigned = send(closed["FunctionUrl"])
    assert (unsigned.status, unsigned.json) == (403, {"Message": FORBIDDEN})
    assert unsigned.header("x-amzn-ErrorType") == "AccessDeniedException"
    for wrong in (signed(key["AccessKeyId"], "wrong"), signed(key["AccessKeyId"], key["SecretAccessKey"], b"desk")):
        assert (wrong.status, wrong.header("x-amzn-ErrorType")) == (403, "InvalidSignatureException")
    assert signed("AKIAEXAMPLE", "wrong").header("x-amzn-ErrorType") == "UnrecognizedClientException"

    lam.update_function_url_config(FunctionName="echo", Qualifier="live", AuthType="NONE")
    assert lam.get_function_url_config(FunctionName="echo", Qualifier="live")["AuthType"] == "NONE"
    assert send(closed["FunctionUrl"]).status == 200
    lam.delete_alias(FunctionName="echo", Name="live")  # the URL stays, and answers nobody
    assert (send(closed["FunctionUrl"]).status, send(closed["FunctionUrl"]).json) == (403, {"Message": FORBIDDEN})
    lam.delete_function_url_config(FunctionName="echo")
    with pytest.raises(OSError, match="refused"):
        send(open_url["FunctionUrl"])
    lam.delete_function(FunctionName="echo")
    with pytest.raises(OSError, match="refused"):
        send(closed["FunctionUrl"])


def test_cors_is_answered_by_the_url(kit: Any) -> None:
    kit.deploy("echo", ECHO)
    cors = {
        "AllowOrigins": ["*"],
        "AllowMethods": ["*"],
        "AllowHeaders": ["*"],
        "ExposeHeaders": ["x-lamp"],
        "MaxAge": 0,
    }
    url = kit.client("lambda").create_function_url_config(FunctionName="echo", AuthType="NONE", Cors=cors)[
        "FunctionUrl"
    ]
    ask = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT")]
    got = send(url, "/", "OPTIONS", headers=[*ask, ("Access-Control-Request-Headers", "x-a, x-b")])
    assert (got.status, got.body, got.header("Access-Control-Allow-Origin")) == (200, b"", "*")
    assert "PUT" in (got.header("Access-Control-Allow-Methods") or "")
    assert (got.header("Access-Control-Allow-Headers"), got.header("Access-Control-Max-Age")) == ("x-a,x-b", "0")
    got = send(url, headers=ask[:1])
    assert (got.header("Access-Control-Allow-Origin"), got.header("Access-Control-Expose-Headers")) == ("*", "x-lamp")


def test_what_aws_refuses_is_refused(kit: Any) -> None:
    lam = kit.client("lambda")
    kit.deploy("echo", ECHO)

    def create(name: str = "echo", **more: Any) -> tuple[str, int]:
        given = {"AuthType": "NONE"} | more
        refused = kit.refused(lambda: lam.create_function_url_config(FunctionName=name, **given))
        return refused.code, refused.status

    assert create(InvokeMode="RESPONSE_STREAM") == ("NotImplementedException", 400)
    assert create(AuthType="OPEN") == ("ValidationException", 400)
    assert create(Qualifier="1") == ("ValidationException", 400)
    assert create(Qualifier="$LATEST") == ("ValidationException", 400)
    assert create(Cors={"AllowMethods": ["OPTIONS"]}) == ("ValidationException", 400)
    assert create(Qualifier="nothing") == ("ResourceNotFoundException", 404)
    assert create("nothing") == ("ResourceNotFoundException", 404)
    missing = kit.refused(lambda: lam.get_function_url_config(FunctionName="echo"))
    assert (missing.code, missing.message) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    lam.create_function_url_config(FunctionName="echo", AuthType="NONE")
    assert create() == ("ResourceConflictException", 409)

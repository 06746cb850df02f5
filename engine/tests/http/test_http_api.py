"""HTTP APIs answer real HTTP: events, answers, routes, stages, CORS."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from kits import http_kit
from kits.http_kit import ECHO, integrate, make_api, send
from serverless_cloud import Cloud

COMMON_2_0 = {
    "version", "routeKey", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded",
}  # fmt: skip
CONTEXT_2_0 = {
    "accountId", "apiId", "domainName", "domainPrefix", "http", "requestId", "routeKey", "stage", "time", "timeEpoch",
}  # fmt: skip


def test_the_event_of_format_2_0_has_all_that_aws_sends(aws: Cloud, kit: Any) -> None:
    api_id, address = make_api(kit.deploy("echo", ECHO), "POST /orders/{id}", "$default")
    headers = [
        ("Content-Type", "application/json"), ("X-Lamp", "desk"), ("x-lamp", "floor"), ("User-Agent", "hikari/1"),
        ("Cookie", "session=abc; theme=dark"), ("X-Forwarded-For", "10.0.0.1"),
    ]  # fmt: skip
    got = send(address, "/orders/a%20b?q=1&q=2&text=a+b%2Bc&empty=", "POST", b'{"lamp": 1}', headers)
    event = got.json
    assert got.header("Content-Type") == "text/plain; charset=utf-8"
    assert got.header("Apigw-Requestid") == event["requestContext"]["requestId"]
    assert set(event) == COMMON_2_0 | {"cookies", "queryStringParameters", "pathParameters", "body"}
    assert event["routeKey"] == "POST /orders/{id}"
    assert event["rawPath"] == "/orders/a b"  # an HTTP API decodes it, a function URL does not
    assert event["rawQueryString"] == "q=1&q=2&text=a+b%2Bc&empty="
    assert event["queryStringParameters"] == {"q": "1,2", "text": "a b+c", "empty": ""}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["session=abc", "theme=dark"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"lamp": 1}', False)
    port = address.rsplit(":", 1)[1]
    assert event["headers"].pop("x-amzn-trace-id").startswith("Root=1-")
    assert event["headers"] == {
        "host": f"127.0.0.1:{port}", "content-type": "application/json", "content-length": "11",
        "x-lamp": "desk,floor", "user-agent": "hikari/1", "x-forwarded-for": "10.0.0.1, 127.0.0.1",
        "x-forwarded-port": port, "x-forwarded-proto": "http",
    }  # fmt: skip
    context = event["requestContext"]
    assert set(context) == CONTEXT_2_0
    assert context["domainName"] == f"{api_id}.execute-api.us-east-1.amazonaws.com"
    assert (context["stage"], context["apiId"], context["domainPrefix"]) == ("$default", api_id, api_id)
    assert context["http"] == {
        "method": "POST", "path": "/orders/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
        "userAgent": "hikari/1",
    }  # fmt: skip

    # What is empty is left out; what is no text is base64.
    event = send(address, "/").json
    assert set(event) == COMMON_2_0
    assert event["routeKey"] == "$default"
    assert event["headers"]["content-length"] == "0"
    event = send(address, "/", "PUT", b"\x00\xff", [("Content-Type", "image/png")]).json
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    event = send(address, "/", "POST", b"a=1", [("Content-Type", "application/x-www-form-urlencoded")]).json
    assert (event["body"], event["isBase64Encoded"]) == ("YT0x", True)
    too_large = send(address, "/", "POST", b"x" * 6_291_456)  # an API takes it, Lambda does not
    assert (too_large.status, too_large.json) == (413, {"message": "Request Entity Too Large"})
    assert aws.local_url(f"https://{api_id}.execute-api.us-east-1.amazonaws.com/x") == f"{address}/x"


def test_the_event_of_format_1_0_has_all_that_aws_sends(kit: Any) -> None:
    _, address = make_api(kit.deploy("echo", ECHO), "ANY /orders/{id+}", format="1.0")
    headers = [("X-Lamp", "desk"), ("X-Lamp", "floor"), ("Cookie", "a=1")]
    event = send(address, "/orders/1/2?q=1&q=2", headers=headers).json
    assert set(event) == {
        "version", "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
        "multiValueQueryStringParameters", "requestContext", "pathParameters", "stageVariables", "body",
        "isBase64Encoded",
    }  # fmt: skip
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/orders/{id+}", "/orders/1/2")
    assert event["headers"]["x-lamp"] == "floor"
    assert event["headers"]["cookie"] == "a=1"
    assert event["multiValueHeaders"]["x-lamp"] == ["desk", "floor"]
    assert event["queryStringParameters"] == {"q": "2"}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert (event["pathParameters"], event["body"], event["stageVariables"]) == ({"id": "1/2"}, None, None)
    context = event["requestContext"]
    assert {"accountId", "apiId", "domainName", "identity", "requestTime", "resourcePath", "protocol"} < set(context)
    assert context["identity"]["sourceIp"] == "127.0.0.1"


ANSWERS = """
import base64, json
KINDS = {
    "object": {"lamp": 1},
    "string": "lamp",
    "list": [1, "a", True],
    "nothing": None,
    "full": {"statusCode": 201, "headers": {"X-Lamp": "desk"}, "cookies": ["a=1; Secure", "b=2"], "body": "made"},
    "number in a string": {"statusCode": "204"},
    "binary": {"statusCode": 200, "headers": {"content-type": "image/png"}, "isBase64Encoded": True,
               "body": base64.b64encode(b"\\x00\\xff").decode()},
    "no status": {"statusCode": "lamp"},
    "body is an object": {"statusCode": 200, "body": {"lamp": 1}},
    "two lines": {"statusCode": 200, "headers": {"x-a": "1\\r\\nx-b: 2"}},
}
def handler(event, context):
    kind = event["queryStringParameters"]["kind"]
    if kind == "error":
        raise ValueError("no lamp")
    return KINDS[kind]
"""


def test_answers_are_read_as_aws_reads_them(kit: Any) -> None:
    arn = kit.deploy("answers", ANSWERS)
    api_id, address = make_api(arn, "$default")
    old = integrate(api_id, arn, "1.0")
    kit.client("apigatewayv2").create_route(ApiId=api_id, RouteKey="GET /old", Target=old)

    def answer(kind: str, path: str = "/") -> http_kit.Got:
        got = send(address, f"{path}?kind={kind.replace(' ', '+')}")
        assert got.header("Apigw-Requestid")
        return got

    for kind, body in (
        ("object", b'{"lamp": 1}'),
        ("string", b"lamp"),
        ("list", b'[1, "a", true]'),
        ("nothing", b"null"),
    ):
        got = answer(kind)
        assert (got.status, got.header("Content-Type"), got.body) == (200, "application/json", body)
    full = answer("full")
    assert (full.status, full.body, full.header("X-Lamp")) == (201, b"made", "desk")
    assert full.all("Set-Cookie") == ["a=1; Secure", "b=2"]
    assert answer("number in a string").status == 204
    binary = answer("binary")
    assert (binary.body, binary.header("Content-Type")) == (b"\x00\xff", "image/png")
    for kind in ("no status", "body is an object", "two lines", "error"):
        got = answer(kind)
        assert (got.status, got.json) == (500, {"message": "Internal Server Error"})
    for kind in ("object", "string", "nothing"):  # format 1.0 infers nothing
        got = answer(kind, "/old")
        assert (got.status, got.json) == (500, {"message": "Internal Server Error"})
    head = send(address, "/?kind=full", "HEAD")
    assert (head.status, head.header("Content-Length"), head.body) == (201, "4", b"")


def test_the_most_specific_route_wins(kit: Any) -> None:
    keys = ["GET /orders/best", "ANY /orders/best", "GET /orders/{id}", "GET /orders/{proxy+}", "ANY /{proxy+}"]
    api_id, address = make_api(kit.deploy("echo", ECHO), *reversed(keys))

    def route(target: str, method: str = "GET") -> Any:
        got = send(address, target, method)
        return got.json["routeKey"] if got.status == 200 else (got.status, got.json["message"])

    assert route("/orders/best") == "GET /orders/best"
    assert route("/orders/best", "DELETE") == "ANY /orders/best"
    assert route("/orders/7") == "GET /orders/{id}"
    assert route("/orders/7/lines") == "GET /orders/{proxy+}"
    assert route("/orders/7", "POST") == "ANY /{proxy+}"
    assert route("/orders%2F7") == "GET /orders/{id}"  # it is decoded first
    assert route("/") == (404, "Not Found")  # a greedy variable is not empty
    api = kit.client("apigatewayv2")
    for route_of_all in api.get_routes(ApiId=api_id)["Items"]:
        if "proxy" in route_of_all["RouteKey"]:
            api.delete_route(ApiId=api_id, RouteId=route_of_all["RouteId"])
    assert route("/orders/7/") == (404, "Not Found")  # a slash at the end makes another path
    assert route("/nothing") == (404, "Not Found")
    assert route("/orders/7", "POST") == (404, "Not Found")


def test_stages_answer_with_what_is_deployed_on_them(kit: Any) -> None:
    api, arn = kit.client("apigatewayv2"), kit.deploy("echo", ECHO)
    made = api.create_api(Name="hikari", ProtocolType="HTTP")
    api_id, address = made["ApiId"], made["ApiEndpoint"]
    named = arn.rsplit(":", 1)[0] + ":${stageVariables.function}"
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integrate(api_id, named))
    stage = api.create_stage(ApiId=api_id, StageName="test", StageVariables={"function": "echo", "lamp": "desk"})
    assert "DeploymentId" not in stage
    assert send(address, "/test/a").status == 404  # nothing is deployed yet
    first = api.create_deployment(ApiId=api_id, StageName="test", Description="first")
    event = send(address, "/test/a").json
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/test/a", "/test/a")
    assert event["requestContext"]["stage"] == "test"
    assert event["stageVariables"] == {"function": "echo", "lamp": "desk"}
    api.create_route(ApiId=api_id, RouteKey="GET /b", Target=integrate(api_id, arn))
    assert send(address, "/test/b").status == 404  # made, not deployed
    second = api.create_deployment(ApiId=api_id, StageName="test")
    assert send(address, "/test/b").status == 200
    api.update_stage(ApiId=api_id, StageName="test", DeploymentId=first["DeploymentId"])
    assert send(address, "/test/b").status == 404  # rolled back
    nowhere = send(address, "/a")  # there is no $default stage
    assert (nowhere.status, len(nowhere.header("Apigw-Requestid") or "")) == (404, 16)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert send(address, "/b").json["rawPath"] == "/b"
    api.create_route(ApiId=api_id, RouteKey="GET /c", Target=integrate(api_id, arn))
    assert send(address, "/c").status == 200  # deployed by itself
    deployments = {d["DeploymentId"]: d["AutoDeployed"] for d in api.get_deployments(ApiId=api_id)["Items"]}
    assert deployments[first["DeploymentId"]] is False
    assert True in deployments.values()
    assert kit.refused(lambda: api.delete_deployment(ApiId=api_id, DeploymentId=first["DeploymentId"])).status == 400
    api.delete_deployment(ApiId=api_id, DeploymentId=second["DeploymentId"])

    limits = {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}
    api.update_stage(ApiId=api_id, StageName="$default", RouteSettings={"GET /b": limits})
    assert [send(address, "/b").status for _ in range(3)] == [200, 200, 429]
    assert send(address, "/b").json == {"message": "Too Many Requests"}
    assert send(address, "/c").status == 200
    api.delete_route_settings(ApiId=api_id, StageName="$default", RouteKey="GET /b")
    assert send(address, "/b").status == 200
    api.update_api(ApiId=api_id, DisableExecuteApiEndpoint=True)
    assert (send(address, "/c").status, send(address, "/c").json) == (403, {"message": "Forbidden"})
    api.delete_api(ApiId=api_id)
    with pytest.raises(OSError, match="refused"):
        send(address, "/c")


def test_quick_create_cors_and_curl(kit: Any) -> None:
    api = kit.client("apigatewayv2")
    origin = "https://lamps.example"
    cors = {
        "AllowOrigins": [origin, "http://*"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["x-lamp"],
        "MaxAge": 60,
    }
    handler = ECHO.replace('"body"', '"headers": {"Access-Control-Allow-Origin": "https://evil.example"}, "body"')
    arn = kit.deploy("echo", handler)
    made = api.create_api(Name="hikari", ProtocolType="HTTP", Target=arn, CorsConfiguration=cors)
    address = made["ApiEndpoint"]
    assert api.get_api(ApiId=made["ApiId"])["ApiEndpoint"] == address
    assert [each["ApiEndpoint"] for each in api.get_apis()["Items"]] == [address]
    ask = [("Origin", origin), ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "x-lamp")]
    got = send(address, "/any", "OPTIONS", headers=ask)
    assert (got.status, got.body) == (204, b"")
    assert got.header("Access-Control-Allow-Origin") == origin
    assert got.header("Access-Control-Allow-Methods") == "GET,POST"
    assert got.header("Access-Control-Allow-Headers") == "x-lamp"
    assert got.header("Access-Control-Max-Age") == "60"
    assert send(address, headers=[("Origin", origin)]).header("Access-Control-Allow-Origin") == origin
    assert (
        send(address, headers=[("Origin", "http://a.example")]).header("Access-Control-Allow-Origin")
        == "http://a.example"
    )
    assert send(address, headers=[("Origin", "https://evil.example")]).header("Access-Control-Allow-Origin") is None
    refused = send(address, "/", "OPTIONS", headers=[("Origin", "https://evil.example"), *ask[1:]])
    assert refused.header("Access-Control-Allow-Origin") is None
    # Without a route for it, the API answers a preflight request; without CORS it is a request like any other.
    api.delete_cors_configuration(ApiId=made["ApiId"])
    assert send(address, "/any", "OPTIONS", headers=ask).json["requestContext"]["http"]["method"] == "OPTIONS"
    if curl := shutil.which("curl"):
        done = subprocess.run([curl, "-s", "-d", "lamp=1", f"{address}/a/b?x=1"], capture_output=True, timeout=20)
        assert json.loads(done.stdout)["rawPath"] == "/a/b"

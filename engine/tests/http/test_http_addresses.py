"""The other ways to an API than its own port: a path of the cloud's port, and the names that AWS and localhost have."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest

from kits.http_kit import ECHO, make_api, send
from kits.rest_kit import Api


def _rest_api(aws: Any, kit: Any) -> str:
    api = Api(aws)
    api.function("/orders/{id}", kit.deploy("echo", ECHO), "ANY")
    api.deploy("prod")
    return str(api.id)


def test_a_rest_api_by_a_path_of_the_cloud_s_own_port(aws: Any, kit: Any) -> None:
    id = _rest_api(aws, kit)
    sent = [("X-Lamp", "a"), ("x-lamp", "b"), ("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "cross-site")]
    for path in (f"/restapis/{id}/prod/_user_request_", f"/_aws/execute-api/{id}/prod"):
        got = send(aws.endpoint_url + path, "/orders/A%2F1?kind=a%20b&kind=c", "POST", b"lamp", sent)
        event = got.json
        assert (got.status, event["resource"], event["path"]) == (200, "/orders/{id}", "/orders/A%2F1")
        assert event["requestContext"]["path"] == "/prod/orders/A%2F1"
        assert event["multiValueQueryStringParameters"] == {"kind": ["a b", "c"]}
        assert (event["body"], event["requestContext"]["stage"]) == ("lamp", "prod")
        assert event["multiValueHeaders"]["X-Lamp"] == ["a"]
        assert event["multiValueHeaders"]["x-lamp"] == ["b"]
        assert event["headers"]["X-Forwarded-Port"] == aws.endpoint_url.rsplit(":", 1)[1]
        bare = send(aws.endpoint_url + path, "?kind=a")
        assert (bare.status, bare.json) == (403, {"message": "Missing Authentication Token"})
        rebound = send(aws.endpoint_url + path, "/orders/7", headers=[("Host", "evil.example")])
        assert (rebound.status, "not at evil.example" in rebound.json["message"]) == (403, True)
    unknown = send(aws.endpoint_url, "/restapis/nolamps/prod/_user_request_/orders")
    assert (unknown.status, "nolamps" in unknown.json["message"]) == (404, True)


def test_an_http_api_by_a_path_with_and_without_a_stage_of_its_own(aws: Any, kit: Any) -> None:
    id, _ = make_api(kit.deploy("echo", ECHO), "GET /orders")
    kit.client("apigatewayv2").create_stage(ApiId=id, StageName="dev", AutoDeploy=True)
    seen = {
        stage: send(aws.endpoint_url, f"/restapis/{id}/{stage}/_user_request_/orders").json
        for stage in ("$default", "%24default", "dev")
    }
    assert {stage: (event["rawPath"], event["requestContext"]["stage"]) for stage, event in seen.items()} == {
        "$default": ("/orders", "$default"),
        "%24default": ("/orders", "$default"),
        "dev": ("/dev/orders", "dev"),
    }


def test_an_api_by_its_name(aws: Any, kit: Any) -> None:
    id = _rest_api(aws, kit)
    port = aws.endpoint_url.rsplit(":", 1)[1]
    own = aws.local_url(id)
    for address in (aws.endpoint_url, own):
        for name in (
            f"{id}.execute-api.us-east-1.amazonaws.com", f"{id.upper()}.execute-api.localhost:{port}",
            f"{id}.execute-api.us-east-1.localhost",
        ):  # fmt: skip
            got = send(address, "/prod/orders/1", headers=[("Host", name)])
            assert (got.status, got.json["headers"]["Host"]) == (200, name), (address, name)
    for strange in ("evil.example", f"{id}.execute-api.us-east-1.evil.example", f"{id}.evil.localhost"):
        assert {
            send(each, "/prod/orders/1", headers=[("Host", strange)]).status for each in (aws.endpoint_url, own)
        } == {403}
    other = "nolamps.execute-api.us-east-1.amazonaws.com"
    assert send(own, "/prod/orders/1", headers=[("Host", other)]).status == 403
    assert send(aws.endpoint_url, "/prod/orders/1", headers=[("Host", other)]).status == 404


def test_a_function_url_by_its_name(aws: Any, kit: Any) -> None:
    kit.deploy("echo", ECHO)
    made = kit.client("lambda").create_function_url_config(FunctionName="echo", AuthType="NONE")
    name = send(made["FunctionUrl"]).json["requestContext"]["domainName"]
    assert re.fullmatch(r"[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws", name)
    assert send(aws.endpoint_url, "/orders", headers=[("Host", name)]).json["rawPath"] == "/orders"


def test_curl_finds_names_below_localhost(aws: Any, kit: Any) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    id = _rest_api(aws, kit)
    address = f"http://{id}.execute-api.localhost:{aws.endpoint_url.rsplit(':', 1)[1]}/prod/orders/7"
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", address], capture_output=True, text=True, timeout=kit.LIMIT_S
    )
    assert '"path": "/orders/7"' in done.stdout, done

"""Any web page that the learner has open could send requests to 127.0.0.1: they are refused and do nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from kits import http_kit
from kits.http_kit import make_api
from kits.rest_kit import Api
from serverless_cloud import Cloud


def send(aws: Cloud, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any]:
    """One request as a browser would send it: status and body."""
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint_url).netloc, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": "text/plain"} | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


FROM_A_PAGE = pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://hikari.example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8888"},
        {"Host": "hikari.example.com"},
        {"Host": "127.0.0.1.example.com:4566"},
        {"Sec-Fetch-Site": "cross-site"},  # what a browser sends with a picture's address, without an Origin
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(f"{k} {v}" for k, v in headers.items()),
)


@FROM_A_PAGE
def test_a_web_page_can_call_no_function(aws: Cloud, kit: Any, headers: dict[str, str]) -> None:
    kit.deploy("price", kit.COUNT)
    path = "/2015-03-31/functions/price/invocations"
    status, body = send(aws, "POST", path, headers, b"{}")
    assert status == 403
    assert "The local cloud" in json.loads(body)["message"]
    assert aws.environments() == []


@FROM_A_PAGE
def test_a_web_page_can_neither_look_inside_nor_stop_it(aws: Cloud, kit: Any, headers: dict[str, str]) -> None:
    kit.deploy("price", kit.COUNT)
    kit.invoke("price")
    for method, call in (("GET", "environments?region=us-east-1"), ("POST", "reset"), ("POST", "stop")):
        assert send(aws, method, f"/_local/{call}", headers)[0] == 403
    assert [e.state for e in aws.environments("price")] == ["frozen"]


def test_it_allows_no_page_of_another_origin(aws: Cloud) -> None:
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint_url).netloc, timeout=20)
    asked = {"Origin": "https://hikari.example.com", "Access-Control-Request-Method": "PUT"}
    connection.request("OPTIONS", "/2015-03-31/functions", headers=asked)
    answer = connection.getresponse()
    assert answer.status == 403
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]
    connection.close()


#: Writes down each method that it is called with.
MARK = """
import os, pathlib
def handler(event, context):
    method = event.get("httpMethod") or event["requestContext"]["http"]["method"]
    pathlib.Path(os.environ["FOLDER"], method).touch()
    return {"statusCode": 200, "body": "ran"}
"""
#: A form of another site: the browser sends it without asking.
FORM = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
        ("Content-Type", "text/plain")]  # fmt: skip


def test_an_api_runs_what_a_page_of_another_site_sends_only_as_its_cors_says(
    aws: Cloud, kit: Any, tmp_path: Path
) -> None:
    arn = kit.deploy("mark", MARK, Environment={"Variables": {"FOLDER": str(tmp_path)}}, Timeout=30)
    id, address = make_api(arn, "$default")
    rest = Api(aws)
    rest.function("/orders", arn, "ANY")
    rest.deploy("prod")
    lam = kit.client("lambda")
    url = lam.create_function_url_config(FunctionName="mark", AuthType="NONE")["FunctionUrl"]
    ways = (
        address,
        aws.local_url(rest.id) + "/prod",
        f"{aws.endpoint_url}/restapis/{id}/$default/_user_request_",
        aws.local_url(url).rstrip("/"),
    )
    for way in ways:
        for method in ("PUT", "DELETE", "POST"):  # the browser's question before these, or before JSON
            question = [*FORM[:2], ("Access-Control-Request-Method", method)]
            assert http_kit.send(way, "/orders", "OPTIONS", headers=question).status == 403, way
        refused = http_kit.send(way, "/orders", "POST", b"lamp", FORM)
        assert refused.status == 403, way
        assert "this POST, but the API's CORS doesn't allow that origin" in refused.json["message"]
        assert "the API did not run the POST" in refused.json["message"]
    assert list(tmp_path.iterdir()) == []  # not even as OPTIONS
    assert http_kit.send(address, "/orders", "POST", b"lamp").status == 200  # curl, a test
    assert http_kit.send(address, "/orders", "POST", b"lamp", [("Origin", "https://evil.example")]).status == 200
    names = rest.method("/orders", "OPTIONS")
    allow = {"method.response.header.Access-Control-Allow-Origin": "'https://shop.example'"}
    rest.gateway.put_integration(**names, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.gateway.put_method_response(**names, statusCode="200", responseParameters=dict.fromkeys(allow, False))
    rest.gateway.put_integration_response(**names, statusCode="200", responseParameters=allow)
    rest.deploy("prod")
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["POST"]}
    kit.client("apigatewayv2").update_api(ApiId=id, CorsConfiguration=cors)
    lam.update_function_url_config(FunctionName="mark", Cors=cors)
    for way in ways:
        assert http_kit.send(way, "/orders", "POST", b"lamp", FORM).status == 403, way
        allowed = [("Origin", "https://shop.example"), *FORM[1:]]
        assert http_kit.send(way, "/orders", "POST", b"lamp", allowed).status == 200, way


def _flood(address: str, path: str, headers: str, size_mb: int) -> bytes:
    """The status line of the answer to a huge POST, sent in chunks or with its length; b"" if there is none."""
    with socket.create_connection((urlsplit(address).hostname or "", urlsplit(address).port or 80), 20) as connection:
        connection.sendall(f"POST {urlsplit(address).path}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        piece = b"x" * 1_000_000
        with contextlib.suppress(OSError):  # hung up on
            for _ in range(size_mb):
                connection.sendall(b"f4240\r\n" + piece + b"\r\n" if "chunked" in headers else piece)
            return connection.recv(4096).partition(b"\r\n")[0]
    return b""


def test_a_huge_body_of_a_page_is_not_held(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    """Three times 300 MB at the same time, by way of the cloud's own port and of an API."""
    arn = kit.deploy("mark", MARK, Environment={"Variables": {"FOLDER": str(tmp_path)}}, Timeout=30)
    id, address = make_api(arn, "$default")
    server = _server()
    before_mb = server.memory_info().rss / 1e6
    page = "".join(f"{name}: {value}\r\n" for name, value in FORM)
    ways = [(aws.endpoint_url, "/_local/reset"), (address, "/orders"),
            (f"{aws.endpoint_url}/restapis/{id}/$default/_user_request_", "/orders")]  # fmt: skip
    for length in ("Content-Length: 300000000\r\n", "Transfer-Encoding: chunked\r\n"):
        most_mb = before_mb
        with ThreadPoolExecutor() as pool:
            floods = [pool.submit(_flood, *way, page + length, 300) for way in ways]
            while wait(floods, 0.02).not_done:
                most_mb = max(most_mb, server.memory_info().rss / 1e6)
        assert {flood.result() for flood in floods} <= {b"HTTP/1.1 403 FORBIDDEN", b"HTTP/1.1 403 Forbidden", b""}
        assert most_mb - before_mb < 60
    assert list(tmp_path.iterdir()) == []
    assert aws.environments("mark") == []
    for way in ways:  # a smaller body is refused with words
        assert b" 403 " in _flood(*way, page + "Content-Length: 3000000\r\n", 3)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_names_of_this_machine_are_answered(aws: Cloud, host: str) -> None:
    port = urlsplit(aws.endpoint_url).port
    assert send(aws, "GET", "/_local/environments?region=us-east-1", {"Host": f"{host}:{port}"}) == (200, b"[]")


@pytest.mark.parametrize(
    ("method", "call", "body", "status"),
    [
        ("GET", "lamps", b"", 404),
        ("GET", "reset", b"", 404),
        ("POST", "settings", b"lamp", 400),
        ("POST", "settings", b'{"idle_expiry_s": 0}', 400),
        ("POST", "settings", b'{"idle_expiry_s": "long"}', 400),
        ("POST", "settings", b"{}", 400),
        ("GET", "environments", b"", 400),
    ],
)
def test_a_call_of_our_own_that_is_wrong(aws: Cloud, method: str, call: str, body: bytes, status: int) -> None:
    got, text = send(aws, method, f"/_local/{call}", {}, body)
    assert got == status
    assert json.loads(text)["message"]
    assert aws.environments() == []


def _server() -> psutil.Process:
    (server,) = [c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline())]
    return server


def test_only_this_machine_can_connect(aws: Cloud) -> None:
    port = urlsplit(aws.endpoint_url).port
    server = _server()
    listeners = [c.laddr.ip for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert port in {c.laddr.port for c in server.net_connections("inet")}
    assert set(listeners) == {"127.0.0.1"}

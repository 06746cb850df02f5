"""A page of another site in a real browser attacks the local cloud: forms, fetch, pictures, a name that leads here.

Only `make test-all` runs these; test_web_pages.py sends the same requests without a browser.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kits.http_kit import make_api
from serverless_cloud import Cloud
from serverless_first.course.chromium import arguments, find_chromium

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

# evil.example leads to this machine: what an attacker reaches by DNS rebinding, and where the attacker's page lies.
EVIL = "--host-resolver-rules=MAP evil.example 127.0.0.1"
#: Writes down that it was called, and with what.
MARK = """
import json, os
def handler(event, context):
    folder = {folder!r}
    method = event.get("requestContext", dict()).get("http", dict()).get("method", "none")
    open(os.path.join(folder, method + "-" + context.aws_request_id), "w").close()
    return dict(statusCode=200, body="ran")
"""
SEND = """async ([address, settings]) => {
    try {
        const answer = await fetch(address, settings);
        return answer.type === "opaque" ? "opaque" : answer.status + " " + await answer.text();
    } catch (error) { return "refused"; }
}"""
FORM = """([address, name]) => {
    const frame = document.createElement("iframe");
    frame.name = name;
    document.body.append(frame);
    const form = document.createElement("form");
    form.method = "POST"; form.enctype = "text/plain"; form.action = address; form.target = name;
    form.innerHTML = '<input name="{&quot;lamp&quot;: 1, &quot;x" value="y&quot;}">';
    document.body.append(form);
    return new Promise(done => { frame.onload = () => done("sent"); form.submit(); });
}"""


@pytest.fixture
def evil() -> Iterator[str]:
    """The address of the attacker's page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Lamps</title><body>Cheap lamps</body>")

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://evil.example:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_site_uses_nothing(aws: Cloud, kit: Any, evil: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    arn = kit.deploy("mark", MARK.format(folder=str(tmp_path)))
    api_id, api = make_api(arn, "$default")
    kit.client("s3").create_bucket(Bucket="hikari-orders")
    own = [f"{aws.endpoint_url}/2015-03-31/functions/mark/invocations", f"{aws.endpoint_url}/_local/reset",
           f"{aws.endpoint_url}/_local/stop", f"{aws.endpoint_url}/hikari-orders"]  # fmt: skip
    other = [f"{api}/orders", f"{aws.endpoint_url}/restapis/{api_id}/$default/_user_request_/orders"]
    port = aws.endpoint_url.rsplit(":", 1)[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments(EVIL))
        page = browser.new_page()
        page.goto(evil)
        for number, address in enumerate([*own, *other]):
            unasked = {"method": "POST", "mode": "no-cors", "body": '{"lamp": 1}'}
            asked = [{"method": method, "body": "{}"} for method in ("POST", "PUT", "DELETE")]
            for settings in (unasked, *asked):
                assert page.evaluate(SEND, [address, settings]) in ("refused", "opaque")
            assert page.evaluate(FORM, [address, f"frame{number}"]) == "sent"
        for address in own:
            assert page.evaluate(SEND, [address, {"method": "GET"}]) == "refused"  # it cannot read either
        # By a name of its own, which leads here, it would be the same origin: it could read as well.
        for path in ("/_local/environments?region=us-east-1", f"/restapis/{api_id}/$default/_user_request_/orders"):
            answer = page.goto(f"http://evil.example:{port}{path}")
            assert answer is not None
            assert (answer.status, "not at evil.example" in answer.text()) == (403, True)
            assert page.evaluate(SEND, [path, {"method": "POST", "body": "{}"}]).startswith("403 ")
        answer = page.goto(f"http://evil.example:{api.rsplit(':', 1)[1]}/orders")
        assert answer is not None
        assert answer.status == 403
        assert list(tmp_path.iterdir()) == []  # not even the browser's own preflight requests
        # With CORS the same page is let in, and nothing else has changed.
        kit.client("apigatewayv2").update_api(
            ApiId=api_id, CorsConfiguration={"AllowOrigins": [evil.rstrip("/")], "AllowMethods": ["POST"]}
        )
        page.goto(evil)
        assert page.evaluate(SEND, [f"{api}/orders", {"method": "POST", "body": "{}"}]) == "200 ran"
        browser.close()
    assert [each.name.split("-")[0] for each in tmp_path.iterdir()].count("POST") == 1
    assert kit.client("s3").list_buckets()["Buckets"][0]["Name"] == "hikari-orders"  # neither reset nor stopped

"""A page in a browser calls an HTTP API of another origin: CORS as a browser enforces it."""

from __future__ import annotations

from typing import Any

import pytest

from kits.http_kit import make_api
from serverless_first.course.chromium import arguments, find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

PAGE = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<h1>Hikari</h1>"}
"""
ORDERS = """
def handler(event, context):
    return {"method": event["requestContext"]["http"]["method"], "order": event.get("body")}
"""
ASK = """async ([address, method]) => {
    try {
        const answer = await fetch(address, {method: method, body: '{"lamp": 1}',
                                             headers: {"Content-Type": "application/json"}});
        return await answer.json();
    } catch (error) { return "refused"; }
}"""


def test_a_page_may_call_an_api_only_as_its_cors_says(kit: Any) -> None:
    from playwright.sync_api import sync_playwright

    _, shop = make_api(kit.deploy("page", PAGE), "GET /")
    api_id, orders = make_api(kit.deploy("orders", ORDERS), "$default")
    api = kit.client("apigatewayv2")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments())
        page = browser.new_page()
        page.goto(shop)
        assert page.locator("h1").inner_text() == "Hikari"
        assert page.evaluate(ASK, [orders, "PUT"]) == "refused"  # without CORS
        cors = {"AllowOrigins": [shop], "AllowMethods": ["PUT"], "AllowHeaders": ["content-type"]}
        api.update_api(ApiId=api_id, CorsConfiguration=cors)
        assert page.evaluate(ASK, [orders, "PUT"]) == {"method": "PUT", "order": '{"lamp": 1}'}
        assert page.evaluate(ASK, [orders, "DELETE"]) == "refused"
        api.update_api(ApiId=api_id, CorsConfiguration=cors | {"AllowOrigins": ["https://other.example"]})
        assert page.evaluate(ASK, [orders, "PUT"]) == "refused"
        browser.close()

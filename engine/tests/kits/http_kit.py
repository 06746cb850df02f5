"""Real HTTP for the tests of APIs and function URLs: a client that sends exactly what it is told."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kits import cloud_kit as kit

#: A handler that answers with the event that it got.
ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@dataclass(frozen=True)
class Got:
    """An answer: the HTTP status, the headers as they came, the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The only value of a header; None if there is none."""
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """The body from JSON."""
        return json.loads(self.body)


def send(
    address: str, target: str = "/", method: str = "GET", body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
) -> Got:
    """A request; nothing is added but Host and Content-Length, unless they are given, and nothing is encoded.

    Args:
        address: "http://127.0.0.1:40123" or with a path, which stands before `target`.
        target: path and query, as they go over the wire.
        headers: names may come twice.
    """
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=kit.LIMIT_S)
    with contextlib.closing(connection):
        given = list(headers)
        own_host = any(name.lower() == "host" for name, _ in given)
        connection.putrequest(method, parts.path.rstrip("/") + target, skip_host=own_host, skip_accept_encoding=True)
        for name, value in given:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Got(answer.status, answer.getheaders(), answer.read())


def make_api(function_arn: str, *keys: str, format: str = "2.0", **settings: Any) -> tuple[str, str]:
    """An HTTP API with routes to a function on a $default stage that deploys by itself: its id and its address.

    Args:
        keys: of the routes.
        settings: CreateApi's.
    """
    api = kit.client("apigatewayv2")
    made = api.create_api(Name="hikari", ProtocolType="HTTP", **settings)
    target = integrate(made["ApiId"], function_arn, format)
    for key in keys:
        api.create_route(ApiId=made["ApiId"], RouteKey=key, Target=target)
    api.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    return made["ApiId"], made["ApiEndpoint"]


def integrate(api_id: str, function_arn: str, format: str = "2.0", **settings: Any) -> str:
    """An integration with a function; the Target of a route."""
    given = {"IntegrationType": "AWS_PROXY", "IntegrationUri": function_arn, "PayloadFormatVersion": format}
    made = kit.client("apigatewayv2").create_integration(ApiId=api_id, **(given | settings))
    return f"integrations/{made['IntegrationId']}"

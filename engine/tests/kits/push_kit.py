"""What the tests of topics and buckets share, on top of cloud_kit."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kits import cloud_kit

#: A handler that adds its event to a file, as one line; "{place}" is put in by `recorder`.
RECORD = """
import json
def handler(event, context):
    with open({place!r}, "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


def sns() -> Any:
    """An SNS client."""
    return cloud_kit.client("sns")


def make_topic(name: str, **attributes: str) -> str:
    """The ARN of a new topic."""
    return str(sns().create_topic(Name=name, Attributes=attributes)["TopicArn"])


def subscribe(topic: str, endpoint: str, **attributes: Any) -> str:
    """Subscribes a queue, a function or a URL; the ARN of the subscription. Policies may be given as objects."""
    protocol = endpoint.split(":")[2] if endpoint.startswith("arn:") else endpoint.split(":")[0]
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}
    made = sns().subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=given, ReturnSubscriptionArn=True
    )
    return str(made["SubscriptionArn"])


def recorder(name: str, place: Path) -> str:
    """Deploys a function that notes its events in a file; its ARN."""
    return str(cloud_kit.deploy(name, RECORD.format(place=str(place))))


def noted(place: Path, count: int = 1) -> list[Any]:
    """What a function has noted, `count` events waited for."""

    def lines() -> list[str]:
        return place.read_text().splitlines() if place.exists() else []

    cloud_kit.eventually(lambda: len(lines()) >= count, f"{count} events in {place.name}")
    assert len(lines()) == count
    return [json.loads(line) for line in lines()]


@dataclass
class Endpoint:
    """A subscriber on this machine.

    Args:
        url: where it listens.
        requests: what came: headers in lower case, and the body as "body".
        statuses: what it answers, in turn; 200 when there are none left.
        open: while it is not set, requests wait for their answer.
    """

    url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def http_endpoint() -> Iterator[Endpoint]:
    """An HTTP server on 127.0.0.1, until the end of the block."""
    endpoint = Endpoint()
    endpoint.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            # Taken before the request can be seen: a test that has seen it may set the answers of the next ones.
            status = endpoint.statuses.pop(0) if endpoint.statuses else 200
            endpoint.requests.append({k.lower(): v for k, v in self.headers.items()} | {"body": body})
            endpoint.open.wait(cloud_kit.LIMIT_S)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/orders?shop=hikari"
    try:
        yield endpoint
    finally:
        endpoint.open.set()
        server.shutdown()
        server.server_close()


def came(endpoint: Endpoint, count: int) -> dict[str, str]:
    """The newest request to an endpoint, `count` of them waited for."""
    cloud_kit.eventually(lambda: len(endpoint.requests) >= count, f"{count} requests")
    return endpoint.requests[count - 1]

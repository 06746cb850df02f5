"""HTTP integrations reach servers on this machine and nothing else, however their address is written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from kits import cloud_kit
from serverless_cloud.errors import CloudError
from serverless_cloud.http.rest.backends import Backend, Backends
from serverless_cloud.stacks import deploying

ELSEWHERE = "http://evil.invalid/stolen"
#: Python's `urlsplit` reads the host 127.0.0.1 out of most of them, urllib3 another one.
TRICKS = [
    "http://evil.invalid\\@127.0.0.1:{port}/",
    "http://evil.invalid:{port}\\@127.0.0.1:{port}/",
    "http://evil.invalid/\\@127.0.0.1:{port}/",
    "http://evil.invalid?@127.0.0.1:{port}/",
    "http://evil.invalid#@127.0.0.1:{port}/",
    "http://127.0.0.1@evil.invalid:{port}/",
    "http://127.0.0.1:{port}@evil.invalid/",
    "http://127.0.0.1.evil.invalid:{port}/",
    "http:\\\\evil.invalid:{port}/",
    "http://[::1]evil.invalid:{port}/",
    "http://evil.invalid\\@a1b2c3.execute-api.us-east-1.amazonaws.com/",
    "//evil.invalid/",
    "http:///evil.invalid/",
]


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server on this machine that sends everybody elsewhere."""
    away = cloud_kit.serve(lambda *_: (302, {"Location": ELSEWHERE}, b""))
    yield away.server_port
    away.shutdown()
    away.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were looked up."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def watched(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(str(host))
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    return asked


def backend(url: str) -> Backend:
    return Backend("GET", url, {}, {"page": ["1"]}, b"")


def local_url(url: str) -> str:
    raise CloudError(f"No API of this cloud has the address {url}, so it is not on this machine.")


@pytest.mark.parametrize("trick", TRICKS)
def test_an_address_that_can_be_read_in_two_ways_is_refused(trick: str, server: int, names: list[str]) -> None:
    with pytest.raises(CloudError, match=r"(only to|not on) this machine") as refused:
        Backends(local_url).send(backend(trick.format(port=server)))
    assert type(refused.value) is CloudError  # not Unreachable: it was not tried
    assert names == []


def test_a_redirect_is_handed_on_and_not_followed(server: int, names: list[str]) -> None:
    answer = Backends(local_url).send(backend(f"http://user@127.0.0.1:{server}/lamps"))
    assert answer.status == 302
    assert ("Location", ELSEWHERE) in answer.headers
    assert set(names) == {"127.0.0.1"}


def test_a_deployment_goes_to_this_machine_only(names: list[str]) -> None:
    with pytest.raises(CloudError, match="not on this machine"):
        deploying.client_of("http://evil.invalid\\@127.0.0.1:4566")
    assert names == []

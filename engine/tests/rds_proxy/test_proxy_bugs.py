"""A bug of the proxy: asyncio drops the client that meets it, so the log and the events must say why."""

from __future__ import annotations

import asyncio
import importlib
from functools import partial
from typing import Any

import pytest

from kits.proxy_kit import proxy_settings
from serverless_cloud.rds_proxy.client_link import ClientLink
from serverless_cloud.rds_proxy.proxy import Proxy
from serverless_cloud.rds_proxy.settings import Settings

process = importlib.import_module("serverless_cloud.rds_proxy.__main__")


async def _dropped_client() -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """What the proxy logs and notes when a client says something that it can't cope with."""
    logged: list[tuple[str, str]] = []
    proxy = Proxy(Settings.from_json(proxy_settings(1)), log=lambda level, text: logged.append((level, text)))
    asyncio.get_running_loop().set_exception_handler(partial(process.report, proxy))
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.listen())
    writer.write(b"\0\0\0\x08\x04\xd2\x16\x2f")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    return logged, proxy.events.after(0)


@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_a_client_that_meets_a_bug_is_in_the_log_and_in_the_events(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_link: ClientLink) -> None:
        raise KeyError("app")

    monkeypatch.setattr(ClientLink, "_log_in", stumble)
    run = pytest.importorskip(library).run
    logged, events = run(_dropped_client())
    ((level, text),) = logged
    client = events[0]["client"]
    assert (level, text) == (
        "ERROR",
        f"[clientConnection={client}] The proxy closed the connection because of a bug: KeyError: 'app'",
    )
    assert [(e["client"], e["kind"], e["detail"]) for e in events if e["kind"] == "refuse"] == [
        (client, "refuse", "a bug of the proxy: KeyError: 'app'")
    ]

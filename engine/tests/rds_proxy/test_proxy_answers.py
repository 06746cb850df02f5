"""What the process of a proxy answers when the cloud's server asks it, and what it makes of new settings."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_cloud.rds_proxy.__main__ import answer
from serverless_cloud.rds_proxy.pool import Key
from serverless_cloud.rds_proxy.proxy import KINDS_KEPT, Proxy
from serverless_cloud.rds_proxy.server_link import ServerLink
from serverless_cloud.rds_proxy.settings import Settings

DATABASE = {"host": "127.0.0.1", "port": 5432, "max_connections": 20}


def new_proxy(**settings: Any) -> Proxy:
    return Proxy(Settings.from_json(settings), log=lambda _level, _text: None)


def state(proxy: Proxy) -> object:
    return answer(proxy, {"call": "metrics"})["target"]


def test_a_database_is_available_as_soon_as_the_proxy_knows_it() -> None:
    """Before the first client the proxy has no connection yet, and nothing is wrong."""
    assert state(new_proxy()) == "UNAVAILABLE"
    proxy = new_proxy(target=DATABASE)
    assert not proxy.is_available  # it has not tried
    assert state(proxy) == "AVAILABLE"
    proxy.is_available = True  # a client was served
    assert state(proxy) == "AVAILABLE"


def test_a_database_comes_and_goes_with_the_settings() -> None:
    proxy = new_proxy(users={"app": "lamplight"})
    for target, wanted, most in ((DATABASE, "AVAILABLE", 10), (None, "UNAVAILABLE", 0), (DATABASE, "AVAILABLE", 10)):
        settings = {"users": {"app": "lanterns"}, "target": target, "pool": {"max_connections_percent": 50}}
        assert answer(proxy, {"call": "configure", "settings": settings}) == {}
        assert (state(proxy), proxy.settings.users) == (wanted, {"app": "lanterns"})
        assert answer(proxy, {"call": "metrics"})["now"]["MaxDatabaseConnectionsAllowed"] == most
        assert (proxy.pool.limit, proxy.pool.max_idle) == (most, most)


def test_a_database_that_moves_has_to_show_itself_again() -> None:
    proxy = new_proxy(target=DATABASE)
    proxy.is_available = True
    answer(proxy, {"call": "configure", "settings": {"target": DATABASE | {"max_connections": 40}}})
    assert proxy.is_available  # the same database, with more seats
    answer(proxy, {"call": "configure", "settings": {"target": DATABASE | {"port": 5433}}})
    assert not proxy.is_available


def test_events_are_told_from_the_number_that_is_asked_for() -> None:
    proxy = new_proxy()
    for client in (1, 2, 3):
        proxy.events.note("connect", client, None)
    assert [event["client"] for event in answer(proxy, {"call": "events"})["events"]] == [1, 2, 3]
    assert [event["client"] for event in answer(proxy, {"call": "events", "after": 2})["events"]] == [3]


def test_what_a_proxy_does_not_know_is_refused() -> None:
    proxy = new_proxy(target=DATABASE)
    with pytest.raises(
        ValueError, match=r"There is no call stop\. The calls are configure, metrics, events and counts"
    ):
        answer(proxy, {"call": "stop"})
    with pytest.raises(TypeError, match="lamp"):
        answer(proxy, {"call": "configure", "settings": {"lamp": 1}})
    assert proxy.settings.target is not None  # the old settings hold


def test_settings_that_clients_choose_are_not_remembered_without_end() -> None:
    proxy = new_proxy(target=DATABASE)
    for number in range(3 * KINDS_KEPT):
        key = Key("app", "shop", (("extra_float_digits", str(number)),))
        proxy.good_statements(key)
        server = ServerLink(proxy, key)
        proxy.pool.opening[key] += 1
        proxy.server_ready(server)
        proxy.pool.lost(server)
        proxy.pool.tick()
    assert len(proxy._good) <= KINDS_KEPT
    assert len(proxy._parameters) <= KINDS_KEPT
    assert (len(proxy.pool.idle), len(proxy.pool.opening)) == (0, 0)

"""Interfaces, addresses and ports: the guide's own numbers, the facts of the course, and Erlang's formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from serverless_first.simulate import network


def test_the_facts_of_slides_19_to_25() -> None:
    """1,000 environments of 1,536 MB in two subnets: about 500 interfaces by the guide, two since Hyperplane."""
    assert network.interfaces_by_the_guide(1000, 1536) == 500
    assert network.interfaces_by_the_guide(100, 512) == 17
    assert network.interfaces_by_the_guide(1000, 3008) == 980  # "about 979"
    assert network.simulate(1000).interfaces == 2
    assert network.simulate(1000, (24, 24), "2019", quota=5000).interfaces == 502  # all addresses of both subnets
    assert [network.addresses(prefix) for prefix in (16, 24, 28)] == [65_531, 251, 11]


def test_a_small_subnet_runs_dry_in_2019() -> None:
    run = network.simulate([0, 5, 11, 12, 60], subnets=[28], model="2019")
    assert run.interfaces.tolist() == [0, 5, 11, 11, 11]
    assert run.refused.tolist() == [0, 0, 0, 1, 49]
    assert run.free_addresses.tolist() == [11, 6, 0, 0, 0]
    others = network.simulate(60, subnets=[28, 28], model="2019", taken=7)
    assert (others.addresses, others.interfaces.item()) == (15, 15)


def test_another_interface_past_65_000_connections() -> None:
    counts = network.simulate([1, 65_000, 65_001, 130_001], subnets=[24]).interfaces
    assert counts.tolist() == [1, 1, 2, 3]
    assert network.simulate(65_001, subnets=[24, 24]).interfaces == 2  # they are spread over both
    assert network.simulate(10, subnets=[24, 24, 24], group_sets=4).interfaces == 12
    assert network.simulate(10_000, subnets=[24], connections_each=20).interfaces == math.ceil(200_000 / 65_000)


def test_the_network_s_share_of_a_cold_start() -> None:
    then, now = network.cold_start(5.6, "2019", interface_s=6.4), network.cold_start(5.6)
    assert (then.total_s, now.total_s) == (12.0, 5.6)  # one test of November 2019 measured these two
    assert then.interface_share == pytest.approx(0.53, abs=0.01)
    assert now.interface_share == 0


def test_a_port_is_used_again_for_another_destination() -> None:
    same = network.translate([(f"env-{n}:40000", "db:5432") for n in range(3)])
    assert [line.port for line in same] == [1024, 1025, 1026]
    spread = network.translate([("env-1:40000", f"api-{n}:443") for n in range(3)])
    assert [line.port for line in spread] == [1024, 1024, 1024]
    assert len({(line.port, line.destination) for line in same + spread}) == 6
    full = [(f"env-{n}:1", "db:5432") for n in range(5)]
    assert len(network.translate(full, ports=5)) == 5
    with pytest.raises(ValueError, match="ports is 4, and db:5432 has more connections"):
        network.translate(full, ports=4)


def test_a_connection_that_finds_no_port_is_refused_or_gets_another_interface() -> None:
    run = network.ports_in_use([0, 1, 3], 2.5, ports=1)
    assert run.in_use.tolist() == [1, 1, 1]
    assert run.refused.tolist() == [False, True, False]
    grows = network.ports_in_use([0, 1, 3], 2.5, ports=1, adds_interfaces=True)
    assert grows.in_use.tolist() == [1, 2, 2]
    assert grows.interfaces == 2
    assert not grows.refused.any()


def test_a_port_is_free_at_the_moment_its_connection_ends() -> None:
    for ports in (1, 100):
        run = network.ports_in_use([0, 1, 2, 2], [1, 1, 1, 5], ports=ports)
        assert run.in_use[:3].tolist() == [1, 1, 1]
        assert run.refused.tolist() == [False, False, False, ports == 1]


def test_a_table_that_is_too_small_refuses_as_erlang_b_says() -> None:
    """Random connections, a number of ports, no waiting: M/M/c/c. Seed 2019, 20 stretches for the standard error."""
    rng = np.random.default_rng(2019)
    ports, load = 40, 36.0  # 36 connections a second, a second each
    shares = []
    for _ in range(20):
        opened_s = np.cumsum(rng.exponential(1 / load, 40_000))
        run = network.ports_in_use(opened_s, rng.exponential(1.0, opened_s.size), ports=ports)
        shares.append(run.refused[2000:].mean())  # without the beginning, when the table is empty
    blocking = 1.0
    for n in range(1, ports + 1):
        blocking = load * blocking / (n + load * blocking)
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares))
    assert abs(float(np.mean(shares)) - blocking) < 3.5 * error, (blocking, np.mean(shares), error)


@given(
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=60),
    held_s=st.floats(0.1, 10),
    ports=st.integers(1, 5),
)
def test_no_port_is_used_twice_and_none_is_idle_when_somebody_is_refused(
    gaps: list[float], held_s: float, ports: int
) -> None:
    opened = np.cumsum(gaps)
    run = network.ports_in_use(opened, held_s, ports)
    assert run.most_in_use <= ports
    for now in range(opened.size):
        before = np.arange(opened.size) < now
        there = before & ~run.refused & (opened + held_s > opened[now])
        assert run.refused[now] == (np.count_nonzero(there) >= ports)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: network.addresses(29), "prefix_length is 29. Give a whole number from 16 to 28"),
        (lambda: network.interfaces_by_the_guide(-1, 512), "concurrency is -1"),
        (lambda: network.interfaces_by_the_guide(1, 0), "memory_mb is 0"),
        (lambda: network.simulate(-1), "environments holds -1"),
        (lambda: network.simulate(1.5), "environments holds 1.5"),
        (lambda: network.simulate(math.nan), "environments holds NaN"),
        (lambda: network.simulate(1, ()), "subnets is (). Give the prefix length"),
        (lambda: network.simulate(1, 24), "subnets is 24. Give the prefix length"),  # type: ignore[arg-type]
        (lambda: network.simulate(1, (30,)), "prefix_length is 30"),
        (lambda: network.simulate(1, model="2018"), "model is '2018'"),  # type: ignore[arg-type]
        (lambda: network.simulate(1, taken=-1), "taken is -1"),
        (lambda: network.simulate(1, quota=0), "quota is 0"),
        (lambda: network.simulate(1, (28,), taken=11), "taken leaves 0 interfaces, 1 are needed"),
        (lambda: network.simulate(1, group_sets=200), "quota leaves 250 interfaces, 400 are needed"),
        (lambda: network.cold_start(0), "start_s is 0"),
        (lambda: network.cold_start(1, interface_s=-1), "interface_s is -1"),
        (lambda: network.translate([("a:1", "b:2")] * 2), "connections has a:1 to b:2 twice"),
        (lambda: network.ports_in_use([1, 0], 1), "arrivals_s goes back in time"),
        (lambda: network.ports_in_use([1], 0), "held_s holds 0"),
        (lambda: network.ports_in_use([1], 1, ports=0), "ports is 0"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)

"""Benchmarks: names, choice, results, limits. How fast something is, is not asserted here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serverless_cloud.rds.binaries import Binaries
from serverless_first import bench
from serverless_first.bench import measure, proxy_speed, simfaas_replay, simulate_speed
from serverless_first.shop import pgbouncer


def test_the_fixed_names_are_there() -> None:
    assert set(bench.names()) >= {
        *("cloud_start_s", "first_cell_s", "lambda_warm_ratio", "lambda_cold_ratio", "lambda_burst50_s"),
        *("sqs_messages_per_s", "http_requests_per_s", "proxy_vs_direct", "states_executions_per_s"),
    }


def test_pgbouncer_is_compared_where_it_is_installed() -> None:
    assert ("proxy_vs_pgbouncer" in bench.names()) == (pgbouncer.program() is not None)


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], list[float]]:
    """Transactions per second as if measured, on a machine that slows down: the proxy is half as fast."""
    fast = [2000.0, 1000.0, 500.0]
    ends = {"proxy": [each / 2 for each in fast], "proxy, TPC-B": [100.0], "direct": fast, "PgBouncer": fast}
    found = {(end, mode): values for end, values in ends.items() for mode in proxy_speed.MODES}
    monkeypatch.setattr(proxy_speed, "_rates", lambda: found)
    return found


@pytest.mark.parametrize(
    ("compare", "other"), [(proxy_speed.proxy_vs_direct, "direct"), (proxy_speed.proxy_vs_pgbouncer, "PgBouncer")]
)
def test_a_proxy_below_its_limit_fails_the_benchmark(
    rates: dict[tuple[str, str], list[float]], compare: Callable[[], bench.Measurement], other: str
) -> None:
    result = compare()
    assert (result.value, result.unit) == (0.5, "ratio")
    assert "prepared 0.50 of 1000/s" in result.against
    rates[other, "simple"] = [20_000.0, 10_000.0, 5000.0]
    with pytest.raises(measure.TooSlow, match=r"0\.05, and must be at least 0\.[23]5"):
        compare()


def test_a_failed_transaction_fails_the_benchmark(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the stand-in for pgbench is a script")
    program = tmp_path / "pgbench"
    program.write_text("#!/bin/sh\necho 'number of failed transactions: 3 (1.000%)'\necho 'tps = 100.0'\n")
    program.chmod(0o755)
    here = proxy_speed._Place(tmp_path, Binaries(tmp_path, "18.0"), None, "secret")
    with pytest.raises(proxy_speed.LoadFailed, match="failed transactions: 3"):
        proxy_speed._per_s(here, "the proxy", 1, "simple")
    program.write_text("#!/bin/sh\necho 'tps = 0.0'\n")
    with pytest.raises(proxy_speed.LoadFailed, match="no transaction with the proxy"):
        proxy_speed._per_s(here, "the proxy", 1, "simple")


@pytest.mark.parametrize(
    ("run", "limit"),
    [
        (simulate_speed.fleet_million, "MOST_FLEET_S"),
        (simulate_speed.pool_million, "MOST_POOL_S"),
        (simulate_speed.fleet_vs_simfaas, "LEAST_OF_SIMFAAS"),
    ],
)
def test_a_simulation_beyond_its_limit_fails_the_benchmark(
    run: Callable[[], bench.Measurement], limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"REQUESTS": 2000, "README_REQUESTS": 2000}.items():
        monkeypatch.setattr(simulate_speed, name, value)
    within, beyond = (1e9, 1e-9) if limit.startswith("MOST") else (1e-9, 1e9)
    monkeypatch.setattr(simulate_speed, limit, within)
    assert run().value > 0
    monkeypatch.setattr(simulate_speed, limit, beyond)
    with pytest.raises(measure.TooSlow, match="must be at"):
        run()


def test_simulators_that_disagree_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simfaas_replay, "timed", lambda _: ((1, 2, 3), 1.0))
    with pytest.raises(simulate_speed.CountsDiffer, match=r"\(1, 2, 3\) cold, warm and rejected"):
        simulate_speed._times_as_fast(100)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(bench.UnknownBenchmark, match=r"no benchmark warp_speed.*cloud_start_s"):
        bench.run(["warp_speed"])


def test_a_chosen_benchmark_runs_and_gives_a_measurement() -> None:
    told: list[str] = []
    (result,) = bench.run(["lambda_warm_ratio"], told.append)
    assert told == ["lambda_warm_ratio"]
    assert result.name == "lambda_warm_ratio"
    assert result.unit == "ratio"
    assert result.value > 0
    assert result.samples > 1
    assert "sts.get_caller_identity" in result.against

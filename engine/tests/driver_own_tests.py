"""Runs the own tests of psycopg and asyncpg on PostgreSQL and through the RDS proxy, and compares what fails.

    pip download asyncpg==0.32.0 --no-deps --no-binary asyncpg && tar -xf asyncpg-0.32.0.tar.gz && pip install distro
    python engine/tests/driver_own_tests.py asyncpg asyncpg-0.32.0

    git clone https://github.com/psycopg/psycopg && pip install pproxy
    python engine/tests/driver_own_tests.py psycopg psycopg

psycopg's source package on PyPI has no tests, so they come from its repository. The installed driver runs, not the one
in the folder. A test that fails through the proxy only must be on the list engine/tests/data/driver_tests.yml.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree

import yaml

from kits.proxy_kit import Endpoint
from kits.servers_kit import ADMIN, ADMIN_PASSWORD, Database, proxy_of

EXPECTED = Path(__file__).parent / "data" / "driver_tests.yml"
DRIVERS = ("asyncpg", "psycopg")
#: Tests of the sources, of name servers, of CockroachDB and of the clock; and those of psycopg_pool, another package.
DESELECTED = {
    "asyncpg": ("--ignore=tests/test__sourcecode.py", "--ignore=tests/test__environment.py"),
    "psycopg": ("-m", "not slow and not dns and not mypy and not crdb", "--ignore=tests/pool"),
}
TEST_LIMIT_S = 60
#: Room for the pools of the drivers' tests.
CONNECTIONS = 200


@contextlib.contextmanager
def ends(side: str) -> Iterator[Endpoint]:
    """A fresh PostgreSQL, or a proxy in front of one. Args: side: "postgres" or "proxy"."""
    with contextlib.closing(Database(CONNECTIONS)) as database:
        passwords = {ADMIN: ADMIN_PASSWORD}
        if side == "postgres":
            yield Endpoint(side, database.port, passwords=passwords)
        else:
            with proxy_of(database, users=passwords, max_connections_percent=80) as proxy:
                yield proxy.endpoint


def surroundings(end: Endpoint) -> dict[str, str]:
    """The environment variables that tell both drivers' tests where the server is."""
    login = {"HOST": end.host, "PORT": str(end.port), "USER": ADMIN, "PASSWORD": ADMIN_PASSWORD, "DATABASE": "postgres"}
    named = {f"PG{name}": value for name, value in login.items()}
    dsn = f"host={end.host} port={end.port} user={ADMIN} password={ADMIN_PASSWORD} dbname=postgres sslmode=disable"
    # Without TLS on both sides, since only the proxy offers it.
    return {**os.environ, **named, "PGSSLMODE": "disable", "PSYCOPG_TEST_DSN": dsn, "PYTHONDONTWRITEBYTECODE": "1"}


def failures(driver: str, tests: Path, end: Endpoint, chosen: list[str]) -> tuple[set[str], int]:
    """Runs a driver's tests, and those that failed once more, since many watch the clock.

    Returns:
        The names of those that failed twice, and how many there are.
    """
    first, count = _failures(driver, tests, end, chosen)
    if not first:
        return first, count
    second, _ = _failures(driver, tests, end, ["--last-failed", *chosen])
    return first & second, count


def _failures(driver: str, tests: Path, end: Endpoint, chosen: list[str]) -> tuple[set[str], int]:
    report = tests.parent / f"{end.kind}.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
    command += ["-p", "no:randomly", f"--rootdir={tests.parent}", "-o", "addopts="]
    command += [f"--timeout={TEST_LIMIT_S}", "--tb=short", *DESELECTED[driver], *chosen]
    with (tests.parent / f"{end.kind}.txt").open("w") as log:
        subprocess.run(command, cwd=tests.parent, env=surroundings(end), stdout=log, stderr=log, check=False)
    if not report.exists():
        raise SystemExit((tests.parent / f"{end.kind}.txt").read_text("utf-8")[-3000:])
    cases = list(ElementTree.parse(report).iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return {f"{case.get('classname')}.{case.get('name')}" for case in bad}, len(cases)


def expected(driver: str) -> dict[str, str]:
    """Patterns of the tests that may fail through the proxy only, with the reasons."""
    groups = yaml.safe_load(EXPECTED.read_text("utf-8"))[driver] or []
    return {pattern: group["reason"] for group in groups for pattern in group["tests"]}


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 if a test fails through the proxy only that isn't expected to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("driver", choices=DRIVERS)
    parser.add_argument("folder", type=Path, help="the driver's sources, which have its tests")
    parser.add_argument("tests", nargs="*", help="only these, such as tests/test_copy.py")
    parser.add_argument("--keep", type=Path, help="a folder for the reports")
    options = parser.parse_args(arguments)
    if not (options.folder / "tests").is_dir():
        parser.error(f"{options.folder / 'tests'} isn't there. This package has no tests; see above.")
    place = options.keep or Path(tempfile.mkdtemp(prefix="driver-tests-"))
    shutil.copytree(options.folder / "tests", place / "tests", dirs_exist_ok=True)
    results = {}
    for side in ("postgres", "proxy"):
        with ends(side) as end:
            results[side] = failures(options.driver, place / "tests", end, options.tests or ["tests"])
        print(f"{side}: {len(results[side][0])} of {results[side][1]} fail", flush=True)
    only = results["proxy"][0] - results["postgres"][0]
    patterns = expected(options.driver)
    surprising = sorted(name for name in only if not any(fnmatchcase(name, pattern) for pattern in patterns))
    for name in surprising:
        print(f"Fails through the proxy only: {name}")
    idle = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in only)]
    print(f"{len(only)} fail through the proxy only, {len(surprising)} of them aren't expected to")
    print(*(f"Passes: {pattern}" for pattern in idle if not options.tests), sep="\n")
    if options.keep is None:
        shutil.rmtree(place)
    return 1 if surprising or not results["proxy"][1] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Seats of an instance and the connections that a function needs: AWS's formulas and worked examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serverless_cloud.rds import classes, db_parameters
from serverless_cloud.rds.binaries import Binaries
from serverless_first.simulate import connections
from serverless_first.simulate.connections import Engine, Role

GIB = 2**30


@pytest.mark.parametrize(
    ("engine", "instance", "seats"),
    [
        ("postgres", "db.t4g.micro", 112),  # 1073741824 / 9531392 = 112.65
        ("postgres", "db.t4g.large", 901),
        ("postgres", "db.r6g.xlarge", 3604),
        ("postgres", "db.r6g.2xlarge", 5000),  # 7209 by its memory
        ("mysql", "db.t4g.micro", 85),  # 1073741824 / 12582880 = 85.33
        ("mysql", "db.r6g.2xlarge", 5461),
    ],
)
def test_the_default_of_max_connections_is_aws_s_formula(engine: Engine, instance: str, seats: int) -> None:
    assert connections.max_connections(engine, instance) == seats
    assert connections.max_connections(engine, classes.memory_bytes(instance)) == seats


def test_an_ordinary_role_gets_what_administrators_leave() -> None:
    def of_twenty(role: Role) -> int:
        return connections.seats("postgres", "db.t4g.micro", role=role, max_connections_set=20)

    assert (of_twenty("ordinary"), of_twenty("rds_superuser"), of_twenty("superuser")) == (15, 17, 20)
    assert connections.seats("postgres", "db.t4g.micro") == 112 - 5
    assert connections.seats("postgres", "db.t4g.micro", max_connections_set=4) == 0
    assert connections.seats("mysql", "db.t4g.micro") == 85
    assert connections.seats("mysql", 8 * GIB, max_connections_set=20) == 20


def test_the_local_cloud_keeps_the_same_seats(tmp_path: Path) -> None:
    local = db_parameters.settings(Binaries(tmp_path, "18.0"), classes.memory_bytes("db.t4g.micro"), {})
    assert int(local["superuser_reserved_connections"]) == connections.SUPERUSER_RESERVED
    assert int(local["reserved_connections"]) == connections.RDS_SUPERUSER_RESERVED
    assert int(local["max_connections"]) == connections.max_connections("postgres", "db.t4g.micro")


def test_a_deployment_doubles_what_a_function_needs() -> None:
    assert connections.needed(60) == 60
    assert connections.needed(60, connections_each=10) == 600
    assert connections.needed(60, versions_alive=2, other=4) == 124
    assert connections.needed(0, other=3) == 3


def test_the_safe_concurrency_is_the_largest_that_fits() -> None:
    assert connections.safe_concurrency(15) == 15
    assert connections.safe_concurrency(15, versions_alive=2) == 7
    assert connections.safe_concurrency(107, connections_each=2, versions_alive=2, other=4) == 25
    assert connections.safe_concurrency(3, other=5) == connections.safe_concurrency(3, connections_each=4) == 0
    for seats in range(0, 60, 7):
        for each in (1, 2, 5):
            for versions in (1, 2):
                for other in (0, 4):
                    safe = connections.safe_concurrency(seats, each, versions, other)
                    assert connections.needed(safe + 1, each, versions, other) > seats
                    assert safe == 0 or connections.needed(safe, each, versions, other) <= seats


@pytest.mark.parametrize(
    ("function", "arguments", "options", "message"),
    [
        ("max_connections", ("oracle", "db.t4g.micro"), {}, 'engine is \'oracle\'. Use "postgres" or "mysql"'),
        ("max_connections", ("postgres", "db.t9.huge"), {}, "Invalid DB Instance class: db.t9.huge"),
        ("max_connections", ("postgres", 0), {}, "instance is 0. Give a whole number from 1"),
        ("max_connections", ("mysql", 1.5), {}, "instance is 1.5. Give a whole number from 1"),
        ("seats", ("postgres", "db.t4g.micro"), {"role": "root"}, "role is 'root'. Use \"ordinary\" or"),
        ("seats", ("postgres", "db.t4g.micro"), {"max_connections_set": 0}, "max_connections_set is 0"),
        ("needed", (-1,), {}, "concurrency is -1. Give a whole number from 0"),
        ("needed", (1.5,), {}, "concurrency is 1.5. Give a whole number from 0"),
        ("needed", (1,), {"connections_each": 0}, "connections_each is 0. Give a whole number from 1"),
        ("needed", (1,), {"versions_alive": 0}, "versions_alive is 0. Give a whole number from 1"),
        ("needed", (1,), {"other": -1}, "other is -1. Give a whole number from 0"),
        ("safe_concurrency", (-1,), {}, "seats is -1. Give a whole number from 0"),
        ("safe_concurrency", (1, 0), {}, "connections_each is 0"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(
    function: str, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(connections, function)(*arguments, **options)

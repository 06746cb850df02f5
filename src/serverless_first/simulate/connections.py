"""How many connections a DB instance accepts, and how many a function needs.

AWS publishes the formulas by which `max_connections` follows from the memory of the instance class. PostgreSQL reserves
some of these seats for administrators, so a function gets fewer.
"""

from __future__ import annotations

from typing import Literal, get_args

from serverless_cloud import rules
from serverless_first.simulate import inputs

Engine = Literal["postgres", "mysql"]
Role = Literal["ordinary", "rds_superuser", "superuser"]

#: AWS's default formulas of max_connections, in the syntax of DB parameters. The local cloud applies the formula for
#: PostgreSQL. Source for MySQL: Amazon RDS User Guide, "Quotas and constraints for Amazon RDS".
FORMULAS: dict[Engine, str] = {
    "postgres": rules.DEFAULT_MAX_CONNECTIONS,
    "mysql": "{DBInstanceClassMemory/12582880}",
}
#: Seats that PostgreSQL reserves for superusers (superuser_reserved_connections).
SUPERUSER_RESERVED = 3
#: Seats that RDS for PostgreSQL reserves for members of rds_superuser (rds.rds_superuser_reserved_connections).
RDS_SUPERUSER_RESERVED = 2


def max_connections(engine: Engine, instance: str | int) -> int:
    """The default of max_connections, computed from all of the class's memory.

    On AWS, the default is lower, because DBInstanceClassMemory excludes the memory of the operating system and of RDS's
    own processes. AWS doesn't publish how much memory that is. To get the real value, run SHOW max_connections.

    >>> max_connections("postgres", "db.t4g.micro"), max_connections("mysql", "db.t4g.micro")
    (112, 85)

    Args:
        engine: "postgres" or "mysql".
        instance: the class, such as "db.t4g.micro", or its memory in bytes.

    Raises:
        ValueError: the engine or class is unknown, or the memory is not a whole number above 0.
    """
    inputs.choice("engine", engine, FORMULAS)
    memory_bytes = rules.memory_bytes(instance) if isinstance(instance, str) else inputs.whole("instance", instance, 1)
    return int(rules.evaluate(FORMULAS[engine], memory_bytes))


def seats(
    engine: Engine, instance: str | int, *, role: Role = "ordinary", max_connections_set: int | None = None
) -> int:
    """How many connections a database user can open on an instance without other users.

    PostgreSQL reserves 3 seats for superusers, and RDS reserves 2 more for members of rds_superuser, such as the master
    user. MySQL reserves none of these seats, because its one seat for administrators is in addition to max_connections
    (MySQL Reference Manual, "Too many connections").

    >>> seats("postgres", "db.t4g.micro"), seats("postgres", "db.t4g.micro", max_connections_set=20)
    (107, 15)

    Args:
        engine: "postgres" or "mysql".
        instance: the class, such as "db.t4g.micro", or its memory in bytes.
        role: "ordinary" for the function's own user, "rds_superuser" for the master user, or "superuser", which only
            AWS itself has on RDS.
        max_connections_set: max_connections from a parameter group; None for the formula's default.

    Raises:
        ValueError: an argument is out of its range or unknown.
    """
    inputs.choice("role", role, get_args(Role))
    default = max_connections(engine, instance)
    most = default if max_connections_set is None else inputs.whole("max_connections_set", max_connections_set, 1)
    if engine == "mysql" or role == "superuser":
        return most
    reserved = SUPERUSER_RESERVED + (RDS_SUPERUSER_RESERVED if role == "ordinary" else 0)
    return max(0, most - reserved)


def needed(concurrency: int, connections_each: int = 1, versions_alive: int = 1, other: int = 0) -> int:
    """The most connections that a function can need, because each environment keeps its own, even while it is frozen.

    concurrency x connections_each x versions_alive + other.

    >>> needed(60, versions_alive=2, other=5)
    125

    Args:
        concurrency: the most execution environments of one version at the same time, as with reserved concurrency.
        connections_each: how many connections one environment opens.
        versions_alive: versions whose environments exist at the same time; 2 during and after a deployment, when the
            old version's environments are frozen and not yet ended.
        other: all other connections, such as reports, migrations and administrators without reserved seats.

    Raises:
        ValueError: an argument is not a whole number, or it is below its minimum (0, 1, 1, 0).
    """
    factor = inputs.whole("connections_each", connections_each, 1) * inputs.whole("versions_alive", versions_alive, 1)
    return inputs.whole("concurrency", concurrency, 0) * factor + inputs.whole("other", other, 0)


def safe_concurrency(seats: int, connections_each: int = 1, versions_alive: int = 1, other: int = 0) -> int:
    """The highest concurrency at which every connection gets a seat, for example as reserved concurrency.

    (seats - other) / (connections_each x versions_alive), rounded down.

    >>> safe_concurrency(15, versions_alive=2, other=3)
    6

    Args:
        seats: how many connections the function's user can open.
        connections_each, versions_alive, other: as in `needed`.

    Returns:
        The highest `concurrency` for which `needed` is at most `seats`; 0 if even one environment is too many.

    Raises:
        ValueError: an argument is not a whole number, or it is below its minimum (0, 1, 1, 0).
    """
    factor = inputs.whole("connections_each", connections_each, 1) * inputs.whole("versions_alive", versions_alive, 1)
    return max(0, inputs.whole("seats", seats, 0) - inputs.whole("other", other, 0)) // factor

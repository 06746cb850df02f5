"""DB parameters: allowed values, formulas, and the resulting settings of PostgreSQL.

Sources, looked up 2026-11-24: Amazon RDS User Guide, "Specifying DB parameters" (formulas); AWS Prescriptive Guidance
(the default of max_connections); AWS knowledge center 2022-06-14, "remaining connection slots are reserved" (3 seats
for the superuser, 2 for rds_superuser).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from serverless_cloud.rds.binaries import Binaries

DEFAULT_MAX_CONNECTIONS = "LEAST({DBInstanceClassMemory/9531392},5000)"
RESERVED = "rds.rds_superuser_reserved_connections"
_HONOURED_OF_RDS = {RESERVED: "2"}
#: Ours to set: the endpoint, the folders, who may log in. RDS does not let them be changed either.
NOT_MODIFIABLE = re.compile(
    r"listen_addresses|port|unix_socket_\w+|ssl\w*|data_directory|config_file|hba_file|ident_file|external_pid_file|"
    r"fsync|dynamic_shared_memory_type|shared_memory_type|password_encryption|log_directory|log_filename|"
    r"log_destination|logging_collector|archive_\w+|primary_\w+|restore_command|recovery_\w+|allow_alter_system|"
    r"superuser_reserved_connections|reserved_connections|huge_pages|dynamic_library_path|\w+_preload_libraries"
)
_SECONDS = 10.0


class BadParameter(ValueError):
    """A parameter cannot have this name or value."""


@lru_cache(maxsize=4)
def contexts(binaries: Binaries) -> dict[str, str]:
    """PostgreSQL's settings by name, with the time when a change takes effect ("postmaster": at a restart)."""
    command = [binaries.program("postgres"), "--describe-config"]
    output = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS, check=True
    ).stdout
    rows = [line.split("\t") for line in output.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) > 1}


def is_static(binaries: Binaries, name: str) -> bool:
    """Whether a change of this parameter needs a reboot."""
    return name in _HONOURED_OF_RDS or contexts(binaries).get(name) == "postmaster"


def check(binaries: Binaries, name: str, value: str) -> None:
    """Raises BadParameter, with the reason, for a parameter that cannot be set so."""
    if NOT_MODIFIABLE.fullmatch(name):
        raise BadParameter(f"The parameter {name} cannot be modified.")
    if name.startswith("rds.") and name not in _HONOURED_OF_RDS:
        raise BadParameter(
            f"The local cloud doesn't support {name}. Of RDS's own parameters, it supports only {RESERVED} "
            "(docs/fidelity.md)."
        )
    if name not in _HONOURED_OF_RDS and name not in contexts(binaries):
        raise BadParameter(
            f"Could not find parameter with name: {name}. PostgreSQL {binaries.version} doesn't have it."
        )
    number = evaluate(value, 2**30)
    if name == RESERVED:
        if not number.isdigit():
            raise BadParameter(f"{name} is {value!r}. It must be a whole number.")
    elif reason := _refusal(binaries, name, number):
        raise BadParameter(f"Invalid parameter value: {value} for: {name}. PostgreSQL says: {reason}")


def _refusal(binaries: Binaries, name: str, value: str) -> str:
    """PostgreSQL's own refusal of a value; empty if it accepts the value."""
    with tempfile.TemporaryDirectory(prefix="serverless-first-check-") as folder:
        empty = Path(folder) / "empty.conf"
        empty.touch()
        files = [f"{kind}={empty}" for kind in ("config_file", "hba_file", "ident_file")]
        options = [o for s in (*files, f"data_directory={folder}", f"{name}={value}") for o in ("-c", s)]
        command = [binaries.program("postgres"), "-C", name, *options]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS)
    bad = [line.split("FATAL:")[-1].strip() for line in done.stderr.splitlines() if "FATAL:" in line or "HINT:" in line]
    return " ".join(bad)


def settings(binaries: Binaries, memory_bytes: int, parameters: Mapping[str, str]) -> dict[str, str]:
    """PostgreSQL's settings for an instance.

    Args:
        memory_bytes: the memory of its class.
        parameters: what its parameter group sets.

    Raises:
        BadParameter: a formula that cannot be evaluated.
    """
    values = {name: evaluate(value, memory_bytes) for name, value in parameters.items()}
    values.setdefault("max_connections", evaluate(DEFAULT_MAX_CONNECTIONS, memory_bytes))
    values.setdefault(RESERVED, _HONOURED_OF_RDS[RESERVED])
    values["superuser_reserved_connections"] = "3"
    if binaries.major >= 16:  # older versions have no such setting; RDS has its own extension for it
        values["reserved_connections"] = values[RESERVED]
    return values


def evaluate(value: str, memory_bytes: int) -> str:
    """The value of a parameter that may be a formula; a text that is none is itself.

    The grammar comes from "DB parameter formulas": {DBInstanceClassMemory/n} or {DBInstanceClassMemory*n}, with several
    factors; LEAST, GREATEST and SUM over formulas and numbers, their names in capitals. Every result is rounded down.
    DBInstanceClassMemory is less on AWS, which takes off what the system and RDS need; it does not document how much.
    Not here: AWS's other variables, IF and log expressions.

    Raises:
        BadParameter: it looks like a formula and is none.
    """
    if "{" not in value and not re.match(r"\s*(LEAST|GREATEST|SUM)\s*\(", value):
        return value
    try:
        text = _PRODUCT.sub(lambda match: f" {_product(match[1], memory_bytes)} ", value)
    except ZeroDivisionError:
        text = ""
    while (shorter := _CALL.sub(_call, text)) != text:  # the innermost ones first
        text = shorter
    if not _NUMBER.fullmatch(text):
        raise BadParameter(
            f"The local cloud can't evaluate the formula {value!r}. Build it from {{DBInstanceClassMemory/number}}, "
            "LEAST(...), GREATEST(...) and SUM(...), as in " + DEFAULT_MAX_CONNECTIONS
        )
    return str(int(text))


_FACTOR = r"\s*(?:DBInstanceClassMemory|\d+)\s*"
_PRODUCT = re.compile(rf"\{{({_FACTOR}(?:[*/]{_FACTOR})*)\}}")
_NUMBER = re.compile(r"\s*\d+\s*")
_CALL = re.compile(rf"\b(LEAST|GREATEST|SUM)\s*\(({_NUMBER.pattern}(?:,{_NUMBER.pattern})*)\)")
_FUNCTIONS: dict[str, Callable[[Iterable[int]], int]] = {"LEAST": min, "GREATEST": max, "SUM": sum}


def _product(text: str, memory_bytes: int) -> int:
    signs = ["*", *re.findall(r"[*/]", text)]
    value = 1
    for sign, factor in zip(signs, re.findall(r"\w+", text), strict=True):
        number = memory_bytes if factor == "DBInstanceClassMemory" else int(factor)
        value = value * number if sign == "*" else value // number
    return value


def _call(match: re.Match[str]) -> str:
    return f" {_FUNCTIONS[match[1]](map(int, match[2].split(',')))} "

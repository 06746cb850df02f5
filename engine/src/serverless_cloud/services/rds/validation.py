"""Refuses settings of DB instances that AWS refuses or the local cloud doesn't support.

Source of the limits: API reference of Amazon RDS, CreateDBInstance (botocore 1.44's service model).
"""

from __future__ import annotations

import re
import socket

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, DBParameterGroup

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.rds import classes
from serverless_cloud.rds.binaries import Binaries

_PORTS = range(1150, 65536)
_LICENSE_MODEL = "postgresql-license"
_RESERVED_USERS = re.compile(r"rdsadmin|rds_superuser|admin|pg_\w*", re.IGNORECASE)
_NOT_HONOURED = ("multi_az", "enable_iam_database_authentication", "enable_performance_insights", "domain",
                 "custom_iam_instance_profile", "db_cluster_identifier")  # fmt: skip
_NOT_CHANGEABLE = ("new_db_instance_identifier", "db_instance_class", "engine_version", "db_port_number", "engine",
                   "manage_master_user_password", "rotate_master_user_password")  # fmt: skip


def refuse_bad_instance(given: JsonObject, programs: Binaries) -> None:
    """Raises InvalidParameterValue or ...Combination for a new instance that AWS or the local cloud does not accept."""
    engine = given.get("engine")
    if engine != "postgres":
        raise InvalidParameterValue(f'Invalid DB engine: {engine}. The local cloud runs only Engine="postgres".')
    _refuse_not_honoured(given)
    try:
        classes.memory_bytes(given.get("db_instance_class") or "")
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error
    version = given.get("engine_version") or str(programs.major)
    if not re.fullmatch(rf"{programs.major}(\.\d+)?", version):
        raise InvalidParameterValue(
            f"Cannot find version {version} for postgres. This machine has PostgreSQL {programs.version}. Give "
            f'EngineVersion="{programs.major}", or leave it out.'
        )
    _check_names(given)
    managed, password = given.get("manage_master_user_password"), given.get("master_user_password")
    if managed and password:
        raise InvalidParameterCombination(
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled."
        )
    if not managed:
        check_password(password)
    if port := given.get("port"):
        _check_port(port)
    if given.setdefault("license_model", _LICENSE_MODEL) != _LICENSE_MODEL:
        raise InvalidParameterValue(f"Invalid license model for postgres. Valid license model: {_LICENSE_MODEL}.")


def _refuse_not_honoured(given: JsonObject) -> None:
    for name in _NOT_HONOURED:
        if given.get(name):
            raise InvalidParameterValue(
                f"The local cloud doesn't support {_api_name(name)}. Leave it out; docs/fidelity.md lists what works "
                "here."
            )


def _api_name(name: str) -> str:
    """AWS's name of a parameter that moto names so: multi_az is MultiAZ."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return words.replace("Az", "AZ").replace("Db", "DB").replace("Iam", "IAM")


def _check_names(given: JsonObject) -> None:
    user, database = given.get("master_username") or "", given.get("db_name")
    if _RESERVED_USERS.fullmatch(user):
        raise InvalidParameterValue(f"MasterUsername {user} cannot be used as it is a reserved word used by the engine")
    if not re.fullmatch(r"[A-Za-z]\w{0,15}", user, re.ASCII):
        raise InvalidParameterValue(
            f"MasterUsername is {user!r}. It must be 1 to 16 letters, numbers or underscores and begin with a letter."
        )
    if database is not None and (
        not re.fullmatch(r"[A-Za-z]\w{0,62}", database, re.ASCII) or database.lower() in ("template0", "template1")
    ):
        raise InvalidParameterValue(
            f"DBName is {database!r}. It must be 1 to 63 letters, digits or underscores, begin with a letter, "
            "and not be a word reserved by the engine."
        )


def check_password(password: object) -> None:
    """Raises InvalidParameterValue for a master user's password that AWS does not accept."""
    if not isinstance(password, str) or not re.fullmatch(r"[ -~]{8,128}", password) or re.search(r'[/"@]', password):
        raise InvalidParameterValue(
            "The parameter MasterUserPassword is not a valid password. It must be 8 to 128 printable ASCII characters "
            'other than /, " and @.'
        )


def _check_port(port: int) -> None:
    if port not in _PORTS:
        raise InvalidParameterValue(f"Port is {port}. It must be 1150 to 65535.")
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise InvalidParameterValue(
                f"Port {port} is taken, and all DB instances of the local cloud share this machine's ports. Leave out "
                "Port to get a free port, and read it from the instance's Endpoint."
            ) from None


def refuse_bad_change(database: DBInstance, given: JsonObject) -> None:
    """Raises InvalidParameterValue for a change of an instance that the local cloud does not make."""
    _refuse_not_honoured(given)
    for name in _NOT_CHANGEABLE:
        if given.get(name) not in (None, False, getattr(database, name, None)):
            raise InvalidParameterValue(
                f"The local cloud can't change {_api_name(name)} of a DB instance. It can change only the parameter "
                "group, the master user's password, deletion protection and tags (docs/fidelity.md)."
            )


def check_family(group: DBParameterGroup, programs: Binaries) -> None:
    """Raises InvalidParameterCombination for a parameter group of another engine or version."""
    family = f"postgres{programs.major}"
    if group.family != family:
        raise InvalidParameterCombination(
            f"The Parameter Group {group.name} with DBParameterGroupFamily {group.family} cannot be used for this "
            f"instance. Please use a Parameter Group with DBParameterGroupFamily {family}"
        )

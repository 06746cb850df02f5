"""DB instances and their parameter groups: they act on a real PostgreSQL, and refuse as AWS does.

Snapshots, replicas, restores and clusters, which the local cloud does not have, are refused.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable
from typing import NoReturn

from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, DBParameterGroup, MasterUserSecret, RDSBackend, rds_backends

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.moves import IllegalMove
from serverless_cloud.core.patches import ANY, Patch, Service
from serverless_cloud.errors import CloudError
from serverless_cloud.plane import DataPlane
from serverless_cloud.rds import binaries, classes, db_parameters
from serverless_cloud.rds.instances import DatabaseInstance, Order
from serverless_cloud.rds.life import State
from serverless_cloud.services.rds.validation import (
    check_family,
    check_password,
    refuse_bad_change,
    refuse_bad_instance,
)

patches = Service("rds")

NOT_THERE = {
    "create_db_snapshot": "snapshots",
    "copy_db_snapshot": "snapshots",
    "restore_db_instance_from_db_snapshot": "snapshots",
    "restore_db_instance_to_point_in_time": "backups",
    "create_db_instance_read_replica": "read replicas",
    "create_db_cluster": "clusters (Aurora and Multi-AZ)",
    "create_blue_green_deployment": "blue/green deployments",
}


def connect(plane: DataPlane) -> None:
    """Lets moto forget an instance when its PostgreSQL is gone."""
    plane.databases.subscribe(_forget)


@patches.replaces(
    "moto.rds.models:RDSBackend.create_db_instance",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
    upstream="CreateDBInstance refuses classes and versions that do not exist.",
)
def create_db_instance(backend: RDSBackend, db_kwargs: JsonObject) -> DBInstance:
    given = {**db_kwargs, "db_instance_identifier": db_kwargs["db_instance_identifier"].lower()}
    if given["db_instance_identifier"] in backend.databases:
        raise DBInstanceAlreadyExists()
    programs = installed()
    refuse_bad_instance(given, programs)
    given["engine_version"] = programs.version
    database = create_db_instance.original(backend, given)
    try:
        check_family(database.db_parameter_groups()[0], programs)
        database.dbi_resource_id = "db-" + secrets.token_hex(13).upper()
        order = Order(
            master_username=given["master_username"],
            master_password=getattr(database, "generated_password", None) or given["master_user_password"],
            db_name=given.get("db_name"),
            port=given.get("port") or 0,
            settings=settings_of(database),
        )
        current.plane.databases.create(backend.account_id, backend.region_name, given["db_instance_identifier"], order)
    except (RDSClientError, CloudError) as error:
        delete_db_instance.original(backend, given["db_instance_identifier"], skip_final_snapshot=True)
        if isinstance(error, CloudError):
            raise RDSClientError("InsufficientDBInstanceCapacity", str(error)) from error
        raise
    return database


@patches.replaces("moto.rds.models:RDSBackend.modify_db_instance")
def modify_db_instance(backend: RDSBackend, db_instance_identifier: str, db_kwargs: JsonObject) -> DBInstance:
    database, instance = _found(backend, db_instance_identifier)
    refuse_bad_change(database, db_kwargs)
    password = db_kwargs.get("master_user_password")
    if (name := db_kwargs.get("db_parameter_group_name")) and name in backend.db_parameter_groups:
        check_family(backend.db_parameter_groups[name], installed())
    if password is not None:
        if instance.state is not State.AVAILABLE:
            message = f"Instance {db_instance_identifier} is {instance.state}. It must be available."
            raise RDSClientError("InvalidDBInstanceState", message)
        check_password(password)
        try:
            instance.change_password(password)
        except CloudError as error:
            raise InvalidParameterValue(str(error)) from error
    return modify_db_instance.original(backend, db_instance_identifier.lower(), db_kwargs)


@patches.replaces("moto.rds.models:RDSBackend.reboot_db_instance")
def reboot_db_instance(backend: RDSBackend, db_instance_identifier: str) -> DBInstance:
    database, instance = _found(backend, db_instance_identifier)
    _in_state(db_instance_identifier, lambda: instance.reboot(settings_of(database)))
    return database


@patches.replaces("moto.rds.models:RDSBackend.stop_db_instance")
def stop_db_instance(
    backend: RDSBackend, db_instance_identifier: str, db_snapshot_identifier: str | None = None
) -> DBInstance:
    database, instance = _found(backend, db_instance_identifier)
    if db_snapshot_identifier:
        raise _not_there("snapshots")
    _in_state(db_instance_identifier, instance.stop)
    return database


@patches.replaces("moto.rds.models:RDSBackend.start_db_instance")
def start_db_instance(backend: RDSBackend, db_instance_identifier: str) -> DBInstance:
    database, instance = _found(backend, db_instance_identifier)
    _in_state(db_instance_identifier, lambda: instance.start(settings_of(database)))
    return database


@patches.replaces(
    "moto.rds.models:RDSBackend.delete_db_instance",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
    upstream="An instance that is being deleted can be seen in the state deleting.",
)
def delete_db_instance(
    backend: RDSBackend,
    db_instance_identifier: str,
    final_db_snapshot_identifier: str | None = None,
    skip_final_snapshot: bool | None = False,
    delete_automated_backups: bool | None = True,
) -> DBInstance:
    del delete_automated_backups  # there are none
    database, instance = _found(backend, db_instance_identifier)
    if database.deletion_protection:
        raise InvalidParameterCombination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again."
        )
    if final_db_snapshot_identifier or not skip_final_snapshot:
        raise InvalidParameterCombination(
            "The local cloud doesn't take snapshots, so it can't take the final snapshot that this call asks for. "
            "Give SkipFinalSnapshot=True and no FinalDBSnapshotIdentifier."
        )
    if instance.state is State.DELETING:
        raise RDSClientError("InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted.")
    instance.delete()
    return database


@patches.replaces(
    "moto.rds.models:RDSBackend.modify_db_parameter_group",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
)
def modify_db_parameter_group(
    backend: RDSBackend, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[JsonObject]
) -> DBParameterGroup:
    changes = list(db_parameter_group_parameters)
    group = backend.db_parameter_groups.get(db_parameter_group_name)
    if group is None or not str(group.family).startswith("postgres"):
        return modify_db_parameter_group.original(backend, db_parameter_group_name, changes)
    programs = installed()
    for change in changes:
        _check_parameter(programs, change)
    answer = modify_db_parameter_group.original(backend, db_parameter_group_name, changes)
    now = {c["ParameterName"] for c in changes if c.get("ApplyMethod") == "immediate"}
    for database in list(backend.databases.values()):
        instance = current.plane.databases.get(backend.account_id, backend.region_name, database.db_instance_identifier)
        if instance is not None and database.db_parameter_groups()[0] is group and now:
            wanted = settings_of(database)
            instance.configure(instance.settings | {name: wanted[name] for name in now})
    return answer


def _found(backend: RDSBackend, identifier: str) -> tuple[DBInstance, DatabaseInstance]:
    database = backend.databases.get(identifier.lower())
    instance = current.plane.databases.get(backend.account_id, backend.region_name, identifier)
    if database is None or instance is None:
        raise DBInstanceNotFoundError(identifier)
    return database, instance


def _in_state(identifier: str, act: Callable[[], None]) -> None:
    try:
        act()
    except IllegalMove as error:
        raise RDSClientError("InvalidDBInstanceState", f"Instance {identifier}: {error}") from error


def _forget(account: str, region: str, identifier: str, event: str) -> None:
    there = rds_backends[account][region]
    if event == State.DELETED and identifier in there.databases:
        delete_db_instance.original(there, identifier, skip_final_snapshot=True)


def settings_of(database: DBInstance) -> dict[str, str]:
    """PostgreSQL's settings as an instance's class and parameter group want them now."""
    group = database.db_parameter_groups()[0]
    given = {name: str(p["ParameterValue"]) for name, p in group.parameters.items() if p.get("ParameterValue")}
    try:
        return db_parameters.settings(installed(), classes.memory_bytes(database.db_instance_class), given)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error


def _keep_nothing(_: DBInstance, __: str) -> None:
    """moto's status is not real. Here, an instance has the status of its PostgreSQL."""


@patches.replaces(
    "moto.rds.models:DBInstance.address",
    kind="property",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
)
def address(_: DBInstance) -> str:
    return "127.0.0.1"


@patches.replaces("moto.rds.models:DBInstance.db_instance_port", kind="property")
def db_instance_port(database: DBInstance) -> int:
    return int((database.endpoint or {}).get("Port", 0))


@patches.replaces(
    "moto.rds.models:DBInstance.status",
    expects="",
    kind="property",
    setter=_keep_nothing,
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
)
def status(database: DBInstance) -> str:
    instance = _instance_of(database)
    return instance.state.value if instance else str(State.DELETING)


@patches.replaces("moto.rds.models:DBInstance.endpoint", kind="property")
def endpoint(database: DBInstance) -> JsonObject | None:
    instance = _instance_of(database)
    port = instance.port if instance else None
    return None if port is None else {"Address": "127.0.0.1", "Port": port}


@patches.replaces(
    "moto.rds.models:DBInstance.db_parameter_group_status_list",
    kind="property",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
    upstream="ParameterApplyStatus is pending-reboot after a change that needs a reboot.",
)
def db_parameter_group_status_list(database: DBInstance) -> list[dict[str, str]]:
    instance = _instance_of(database)
    in_sync = instance is None or instance.settings == settings_of(database)
    name = database.db_parameter_groups()[0].name
    return [{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync" if in_sync else "pending-reboot"}]


@patches.replaces("moto.rds.models:DBInstance.save_automated_backup")
def save_automated_backup(_: DBInstance) -> None:
    """There are no backups."""


def _instance_of(database: DBInstance) -> DatabaseInstance | None:
    return current.plane.databases.get(database.account_id, database.region, database.db_instance_identifier)


@patches.replaces(
    "moto.rds.models:MasterUserSecret._generate_secret_string",
    defect="engine/tests/rds/test_rds_patches.py::test_stock_moto_still_has_the_defects",
    upstream="A managed secret has the master user's name and a random password.",
)
def _generate_secret_string(secret: MasterUserSecret) -> str:
    password = secrets.token_urlsafe(24)
    vars(secret.resource)["generated_password"] = password
    return json.dumps({"username": secret.resource.master_username, "password": password})


def _check_parameter(programs: binaries.Binaries, change: JsonObject) -> None:
    name, value = str(change.get("ParameterName", "")), str(change.get("ParameterValue", ""))
    method = change.get("ApplyMethod")
    if method not in (None, "immediate", "pending-reboot"):
        raise InvalidParameterValue(f"ApplyMethod is {method!r}. It must be immediate or pending-reboot.")
    try:
        db_parameters.check(programs, name, value)
    except db_parameters.BadParameter as error:
        raise InvalidParameterValue(str(error)) from error
    if method == "immediate" and db_parameters.is_static(programs, name):
        raise InvalidParameterCombination(
            f"cannot use immediate apply method for static parameter ({name}; use pending-reboot)"
        )


def installed() -> binaries.Binaries:
    try:
        return binaries.from_environment()
    except CloudError as error:
        raise RDSClientError("InsufficientDBInstanceCapacity", re.sub(r"\s+", " ", str(error))) from error


def _not_there(what: str) -> RDSClientError:
    return RDSClientError(
        "NotImplementedException", f"The local cloud doesn't support {what}; docs/fidelity.md lists what works here."
    )


@patches.replaces_each("moto.rds.models:RDSBackend", NOT_THERE, expects=ANY)
def _refuse(patch: Patch[..., object], /, *_: object, **__: object) -> NoReturn:
    raise _not_there(NOT_THERE[patch.name])

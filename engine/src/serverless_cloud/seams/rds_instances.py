"""Seam: DB instances and their parameter groups (moto 5.2.5).

Replaced here:

- `RDSBackend.create_db_instance`, `modify_db_instance`, `reboot_db_instance`, `stop_db_instance`, `start_db_instance`,
  `delete_db_instance`, `modify_db_parameter_group`: they act on a real PostgreSQL, and refuse as AWS does.
- `DBInstance.status`, `endpoint`, `address`, `db_instance_port`, `db_parameter_group_status_list`: as they are.
- `MasterUserSecret._generate_secret_string`: the password is random and is the master user's.
- Snapshots, replicas, restores and clusters, which the local cloud does not have, are refused.

Worth an upstream change: ParameterApplyStatus, the generated secret's user, "deleting" as a state that can be seen.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from moto.rds import models
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)

from serverless_cloud.errors import CloudError
from serverless_cloud.moves import IllegalMove
from serverless_cloud.plane import DataPlane
from serverless_cloud.rds import binaries, classes, parameters
from serverless_cloud.rds.instances import DatabaseInstance, DatabaseInstances, Order
from serverless_cloud.rds.life import State
from serverless_cloud.seams.rds_rules import (
    check_family,
    check_password,
    refuse_bad_change,
    refuse_bad_instance,
)
from serverless_cloud.seams.replacement import Replacement

NOT_THERE = {
    "create_db_snapshot": "snapshots",
    "copy_db_snapshot": "snapshots",
    "restore_db_instance_from_db_snapshot": "snapshots",
    "restore_db_instance_to_point_in_time": "backups",
    "create_db_instance_read_replica": "read replicas",
    "create_db_cluster": "clusters (Aurora and Multi-AZ)",
    "create_blue_green_deployment": "blue/green deployments",
}


def install(plane: DataPlane) -> None:
    """Puts PostgreSQL behind moto's DB instances."""
    _Backend.install(instances=plane.databases)
    _Instance.install()
    _Secret.install()
    for name, what in NOT_THERE.items():
        setattr(models.RDSBackend, name, _refuser(what))
    plane.databases.subscribe(_forget)


class _Backend(Replacement, of=models.RDSBackend):
    instances: DatabaseInstances

    def create_db_instance(self: Any, db_kwargs: dict[str, Any]) -> Any:
        given = {**db_kwargs, "db_instance_identifier": db_kwargs["db_instance_identifier"].lower()}
        if given["db_instance_identifier"] in self.databases:
            raise DBInstanceAlreadyExists()
        programs = _programs()
        refuse_bad_instance(given, programs)
        given["engine_version"] = programs.version
        database = _Backend.moto.create_db_instance(self, given)
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
            _Backend.instances.create(self.account_id, self.region_name, given["db_instance_identifier"], order)
        except (RDSClientError, CloudError) as error:
            _Backend.moto.delete_db_instance(self, given["db_instance_identifier"], skip_final_snapshot=True)
            if isinstance(error, CloudError):
                raise RDSClientError("InsufficientDBInstanceCapacity", str(error)) from error
            raise
        return database

    def modify_db_instance(self: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
        database, instance = _found(self, db_instance_identifier)
        refuse_bad_change(database, db_kwargs)
        password = db_kwargs.get("master_user_password")
        if (name := db_kwargs.get("db_parameter_group_name")) and name in self.db_parameter_groups:
            check_family(self.db_parameter_groups[name], _programs())
        if password is not None:
            if instance.state is not State.AVAILABLE:
                message = f"Instance {db_instance_identifier} is {instance.state}. It must be available."
                raise RDSClientError("InvalidDBInstanceState", message)
            check_password(password)
            try:
                instance.change_password(password)
            except CloudError as error:
                raise InvalidParameterValue(str(error)) from error
        return _Backend.moto.modify_db_instance(self, db_instance_identifier.lower(), db_kwargs)

    def reboot_db_instance(self: Any, db_instance_identifier: str) -> Any:
        database, instance = _found(self, db_instance_identifier)
        _in_state(db_instance_identifier, lambda: instance.reboot(settings_of(database)))
        return database

    def stop_db_instance(self: Any, db_instance_identifier: str, db_snapshot_identifier: str | None = None) -> Any:
        database, instance = _found(self, db_instance_identifier)
        if db_snapshot_identifier:
            raise _not_there("snapshots")
        _in_state(db_instance_identifier, instance.stop)
        return database

    def start_db_instance(self: Any, db_instance_identifier: str) -> Any:
        database, instance = _found(self, db_instance_identifier)
        _in_state(db_instance_identifier, lambda: instance.start(settings_of(database)))
        return database

    def delete_db_instance(
        self: Any,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> Any:
        del delete_automated_backups  # there are none
        database, instance = _found(self, db_instance_identifier)
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
            raise RDSClientError(
                "InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted."
            )
        instance.delete()
        return database

    def modify_db_parameter_group(
        self: Any, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[dict[str, Any]]
    ) -> Any:
        changes = list(db_parameter_group_parameters)
        group = self.db_parameter_groups.get(db_parameter_group_name)
        if group is None or not str(group.family).startswith("postgres"):
            return _Backend.moto.modify_db_parameter_group(self, db_parameter_group_name, changes)
        programs = _programs()
        for change in changes:
            _check_parameter(programs, change)
        answer = _Backend.moto.modify_db_parameter_group(self, db_parameter_group_name, changes)
        now = {c["ParameterName"] for c in changes if c.get("ApplyMethod") == "immediate"}
        for database in list(self.databases.values()):
            instance = _Backend.instances.get(self.account_id, self.region_name, database.db_instance_identifier)
            if instance is not None and database.db_parameter_groups()[0] is group and now:
                wanted = settings_of(database)
                instance.configure(instance.settings | {name: wanted[name] for name in now})
        return answer


def _found(backend: Any, identifier: str) -> tuple[Any, DatabaseInstance]:
    database = backend.databases.get(identifier.lower())
    instance = _Backend.instances.get(backend.account_id, backend.region_name, identifier)
    if database is None or instance is None:
        raise DBInstanceNotFoundError(identifier)
    return database, instance


def _in_state(identifier: str, act: Callable[[], None]) -> None:
    try:
        act()
    except IllegalMove as error:
        raise RDSClientError("InvalidDBInstanceState", f"Instance {identifier}: {error}") from error


def _forget(account: str, region: str, identifier: str, event: str) -> None:
    there = models.rds_backends[account][region]
    if event == State.DELETED and identifier in there.databases:
        _Backend.moto.delete_db_instance(there, identifier, skip_final_snapshot=True)


def settings_of(database: Any) -> dict[str, str]:
    """PostgreSQL's settings as an instance's class and parameter group want them now."""
    group = database.db_parameter_groups()[0]
    given = {name: str(p["ParameterValue"]) for name, p in group.parameters.items() if p.get("ParameterValue")}
    try:
        return parameters.settings(_programs(), classes.memory_bytes(database.db_instance_class), given)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error


class _Instance(Replacement, of=models.DBInstance):
    """An instance is as its PostgreSQL is."""

    address = property(lambda _: "127.0.0.1")
    db_instance_port = property(lambda self: (self.endpoint or {}).get("Port", 0))

    @property
    def status(self: Any) -> str:
        instance = _instance_of(self)
        return instance.state.value if instance else str(State.DELETING)

    @status.setter
    def status(self: Any, _: str) -> None:
        """moto's own is not real."""

    @property
    def endpoint(self: Any) -> dict[str, Any] | None:
        instance = _instance_of(self)
        port = instance.port if instance else None
        return None if port is None else {"Address": "127.0.0.1", "Port": port}

    @property
    def db_parameter_group_status_list(self: Any) -> list[dict[str, str]]:
        instance = _instance_of(self)
        in_sync = instance is None or instance.settings == settings_of(self)
        name = self.db_parameter_groups()[0].name
        return [{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync" if in_sync else "pending-reboot"}]

    def save_automated_backup(self: Any) -> None:
        """There are no backups."""


def _instance_of(database: Any) -> DatabaseInstance | None:
    return _Backend.instances.get(database.account_id, database.region, database.db_instance_identifier)


class _Secret(Replacement, of=models.MasterUserSecret):
    def _generate_secret_string(self: Any) -> str:
        password = secrets.token_urlsafe(24)
        self.resource.generated_password = password
        return json.dumps({"username": self.resource.master_username, "password": password})


def _check_parameter(programs: binaries.Binaries, change: dict[str, Any]) -> None:
    name, value = str(change.get("ParameterName", "")), str(change.get("ParameterValue", ""))
    method = change.get("ApplyMethod")
    if method not in (None, "immediate", "pending-reboot"):
        raise InvalidParameterValue(f"ApplyMethod is {method!r}. It must be immediate or pending-reboot.")
    try:
        parameters.check(programs, name, value)
    except parameters.BadParameter as error:
        raise InvalidParameterValue(str(error)) from error
    if method == "immediate" and parameters.is_static(programs, name):
        raise InvalidParameterCombination(
            f"cannot use immediate apply method for static parameter ({name}; use pending-reboot)"
        )


def _programs() -> binaries.Binaries:
    try:
        return binaries.from_environment()
    except CloudError as error:
        raise RDSClientError("InsufficientDBInstanceCapacity", re.sub(r"\s+", " ", str(error))) from error


def _not_there(what: str) -> RDSClientError:
    return RDSClientError(
        "NotImplementedException", f"The local cloud doesn't support {what}; docs/fidelity.md lists what works here."
    )


def _refuser(what: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise _not_there(what)

    return refuse

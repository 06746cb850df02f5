"""Seam: DB instances in CloudFormation stacks (moto 5.2.5).

Replaced here, of `DBInstance`: `create_from_cloudformation_json` (moto knows 20 properties, passes over the others in
silence, and gives every engine port 3306), `delete`, `has_cfn_attr`, `get_cfn_attribute`, `resource_id` and, added,
`update_from_cloudformation_json`. Creating and deleting a stack wait for the instance, as CloudFormation does.

Worth an upstream change: the properties, Endpoint.Port, deletion without a final snapshot.
"""

from __future__ import annotations

import re
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.rds import models
from moto.rds.exceptions import DBInstanceNotFoundError, InvalidParameterValue, RDSClientError

from serverless_first.cloud.rds.instances import DatabaseInstances
from serverless_first.cloud.rds.life import State

_LIMIT_S = 90.0
#: Properties and the names that moto's backend has for them; what is not here is refused.
_PROPERTIES = {
    "AllocatedStorage": "allocated_storage",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "AvailabilityZone": "availability_zone",
    "BackupRetentionPeriod": "backup_retention_period",
    "CopyTagsToSnapshot": "copy_tags_to_snapshot",
    "DBInstanceClass": "db_instance_class",
    "DBInstanceIdentifier": "db_instance_identifier",
    "DBName": "db_name",
    "DBParameterGroupName": "db_parameter_group_name",
    "DBSubnetGroupName": "db_subnet_group_name",
    "DeleteAutomatedBackups": "delete_automated_backups",
    "DeletionProtection": "deletion_protection",
    "EnableIAMDatabaseAuthentication": "enable_iam_database_authentication",
    "EnablePerformanceInsights": "enable_performance_insights",
    "Engine": "engine",
    "EngineVersion": "engine_version",
    "Iops": "iops",
    "LicenseModel": "license_model",
    "KmsKeyId": "kms_key_id",
    "ManageMasterUserPassword": "manage_master_user_password",
    "MasterUserPassword": "master_user_password",
    "MasterUsername": "master_username",
    "MaxAllocatedStorage": "max_allocated_storage",
    "MultiAZ": "multi_az",
    "Port": "port",
    "PreferredBackupWindow": "preferred_backup_window",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "PubliclyAccessible": "publicly_accessible",
    "StorageEncrypted": "storage_encrypted",
    "StorageThroughput": "storage_throughput",
    "StorageType": "storage_type",
    "Tags": "tags",
    "VPCSecurityGroups": "vpc_security_group_ids",
}
_NUMBERS = ("AllocatedStorage", "BackupRetentionPeriod", "Iops", "MaxAllocatedStorage", "Port", "StorageThroughput")
#: Source: CloudFormation Template Reference, AWS::RDS::DBInstance, "Return values" (recalled, not verified).
_ATTRIBUTES = ("Endpoint.Address", "Endpoint.Port", "DBInstanceArn", "DbiResourceId", "MasterUserSecret.SecretArn")


def install(instances: DatabaseInstances) -> None:
    """Lets stacks make and delete DB instances."""
    instance_class: Any = models.DBInstance

    def create(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        del cls
        if cloudformation_json.get("DeletionPolicy") == "Snapshot":
            raise InvalidParameterValue(
                "The local cloud takes no snapshots, and the DB instance's DeletionPolicy asks for one. Write "
                "DeletionPolicy: Delete."
            )
        given = settings_of(cloudformation_json["Properties"]) | {"db_instance_identifier": _name(resource_name)}
        database = models.rds_backends[account_id][region_name].create_db_instance(given)
        instance = instances.get(account_id, region_name, database.db_instance_identifier)
        state = instance.wait_until_settled(_LIMIT_S) if instance else State.DELETED
        if instance is None or state is not State.AVAILABLE:
            reason = instance.reason if instance else "it was deleted meanwhile"
            raise RDSClientError(
                "InvalidDBInstanceState", f"DB instance {database.db_instance_identifier} is {state}: {reason}"
            )
        return database

    def update(cls: Any, /, original_resource: Any, *_: Any, **__: Any) -> Any:
        del cls
        raise InvalidParameterValue(
            f"The local cloud does not update the DB instance {original_resource.db_instance_identifier} of a stack "
            "(docs/fidelity.md). Change it with modify_db_instance, or delete the stack and make it again."
        )

    def delete(self: Any, account_id: str, region_name: str) -> None:
        instance = instances.get(account_id, region_name, self.db_instance_identifier)
        try:
            models.rds_backends[account_id][region_name].delete_db_instance(
                self.db_instance_identifier, skip_final_snapshot=True
            )
        except DBInstanceNotFoundError:
            return  # somebody has deleted it by hand: CloudFormation takes that for done
        if instance is not None:
            instance.wait_until_settled(_LIMIT_S)

    def get_attribute(self: Any, attribute_name: str) -> Any:
        values = {
            "Endpoint.Address": self.address,
            "Endpoint.Port": str(self.db_instance_port),
            "DBInstanceArn": self.arn,
            "DbiResourceId": self.dbi_resource_id,
        }
        if self.manage_master_user_password:
            values["MasterUserSecret.SecretArn"] = self.master_user_secret.secret_arn
        if attribute_name not in values:
            raise UnformattedGetAttTemplateException()
        return values[attribute_name]

    instance_class.create_from_cloudformation_json = classmethod(create)
    instance_class.update_from_cloudformation_json = classmethod(update)
    instance_class.delete = delete
    instance_class.has_cfn_attr = classmethod(lambda _, attr: attr in _ATTRIBUTES)
    instance_class.get_cfn_attribute = get_attribute


def settings_of(properties: dict[str, Any]) -> dict[str, Any]:
    """What `create_db_instance` is given for a stack's properties.

    Raises:
        InvalidParameterValue: a property that the local cloud does not know, or a value of the wrong kind.
    """
    given = dict(properties)
    secret = given.pop("MasterUserSecret", None) or {}
    if unknown := sorted(set(given) - set(_PROPERTIES)):
        raise InvalidParameterValue(
            f"The local cloud does not honour {', '.join(unknown)} of AWS::RDS::DBInstance (docs/fidelity.md). "
            f"It knows {', '.join(sorted(_PROPERTIES))}."
        )
    settings = {_PROPERTIES[name]: _value(name, value) for name, value in given.items() if value is not None}
    if key := secret.get("KmsKeyId"):
        settings["master_user_secret_kms_key_id"] = key
    return settings


def _value(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        if not re.fullmatch(r"\d+", str(value)):
            raise InvalidParameterValue(f"{name} is {value!r}; it must be a whole number.")
        return int(value)
    if str(value) in ("true", "false", "True", "False"):
        return str(value).lower() == "true"
    if name in ("DBParameterGroupName", "DBSubnetGroupName"):
        return getattr(value, "name", value)  # moto hands over the group itself for a Ref
    return value


def _name(physical_name: str) -> str:
    """CloudFormation's generated names may hold what an identifier may not."""
    return re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9-]", "-", physical_name))[:63].strip("-").lower()

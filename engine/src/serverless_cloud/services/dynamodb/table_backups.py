"""Backups of DynamoDB's tables, and tables that are restored.

The patches and their reasons:

- `DynamoHandler.describe_backup`, `delete_backup`, `list_backups`, `create_backup`: moto takes any ARN, and ignores
  ranges of time and pages.
- `Backup.details`, `summary`, `description`: moto tells a fixed size, and nothing about the table's billing, indexes
  and settings.
- `DynamoHandler.restore_table_from_backup`, `restore_table_to_point_in_time`: moto ignores overrides.
- `RestoredTable._parse_params_from_backup`, `RestoredPITTable._parse_params_from_table`: moto forgets that a table is
  billed on demand.

Source: the API reference, "DescribeBackup" and "ListBackups".
"""

from __future__ import annotations

import re

from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException, PointInTimeRecoveryUnavailable
from moto.dynamodb.models.table import Backup, RestoredPITTable, RestoredTable, Table
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.dynamodb import table_shapes
from serverless_cloud.services.dynamodb.stored import bytes_of
from serverless_cloud.services.dynamodb.tables import checked, described, extra_of

patches = Service(
    "dynamodb", defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects"
)

_PAGE = 100  # backups in an answer
_BACKUP = re.compile(r"arn:[^:]*:dynamodb:[^:]*:[^:]*:table/[^/]+/backup/[^/]+")
_OF_INDEXES = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput", "OnDemandThroughput")


@patches.replaces("moto.dynamodb.models.table:Backup.details", kind="property")
def details(backup: Backup) -> JsonObject:
    return details.original(backup) | {"BackupSizeBytes": bytes_of(backup.table)}


@patches.replaces("moto.dynamodb.models.table:Backup.summary", kind="property")
def summary(backup: Backup) -> JsonObject:
    return summary.original(backup) | {"BackupSizeBytes": bytes_of(backup.table)}


@patches.replaces("moto.dynamodb.models.table:Backup.description", kind="property")
def description(backup: Backup) -> JsonObject:
    result, table = description.original(backup), backup.table
    source = result["SourceTableDetails"]
    source["BillingMode"] = table.billing_mode or "PROVISIONED"
    features: JsonObject = {
        kind: [{name: index[name] for name in _OF_INDEXES if name in index} for index in source[kind]]
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        if kind in source
    }
    for name, member in (("StreamSpecification", "StreamDescription"), ("SSEDescription", "SSEDescription")):
        if name in source:
            features[member] = source[name]
    if table.ttl["TimeToLiveStatus"] == "ENABLED":
        features["TimeToLiveDescription"] = table.ttl
    return result | {"SourceTableFeatureDetails": features}


@patches.replaces_each("moto.dynamodb.responses:DynamoHandler", ("describe_backup", "delete_backup"), expects="self")
def _check_backup(patch: Patch[..., ActionResult], /, handler: DynamoHandler) -> ActionResult:
    if not _BACKUP.fullmatch(handler.body.get("BackupArn") or ""):
        raise MockValidationException("Invalid Backup ARN")
    return patch.original(handler)


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.list_backups", upstream="ListBackups tells tables' IDs, in pages."
)
def list_backups(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    most, after = body.get("Limit") or _PAGE, body.get("ExclusiveStartBackupArn")
    found = [backup for backup in handler.dynamodb_backend.backups.values() if _wanted(backup, body)]
    arns = [backup.arn for backup in found]
    found = found[arns.index(after) + 1 :] if after in arns else found
    answer: JsonObject = {
        "BackupSummaries": [each.summary | {"TableId": extra_of(each.table).table_id} for each in found[:most]]
    }
    if len(found) > most:
        answer["LastEvaluatedBackupArn"] = found[most - 1].arn
    return ActionResult(answer)


def _wanted(backup: Backup, body: JsonObject) -> bool:
    """Whether ListBackups asks for a backup. The lower bound of its time is inclusive, and the upper isn't."""
    name, made = body.get("TableName"), backup.creation_date_time
    if (name and backup.table.name != name) or body.get("BackupType") not in (None, "ALL", backup.type):
        return False
    first, end = body.get("TimeRangeLowerBound"), body.get("TimeRangeUpperBound")
    return (first is None or made >= first) and (end is None or made < end)


@patches.replaces("moto.dynamodb.responses:DynamoHandler.create_backup")
def create_backup(handler: DynamoHandler) -> ActionResult:
    checked(handler)
    answer = create_backup.original(handler)
    answer.result["BackupDetails"]["BackupStatus"] = "CREATING"  # type: ignore[index]
    return answer


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.restore_table_from_backup", upstream="A restore heeds its overrides."
)
def restore_from_backup(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    if not _BACKUP.fullmatch(body["BackupArn"]):
        raise MockValidationException("Invalid Backup ARN")
    restore_from_backup.original(handler)
    return _restored(handler, body)


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.restore_table_to_point_in_time",
    upstream="Point-in-time recovery must be enabled.",
)
def restore_to_point_in_time(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    name, arn = body.get("SourceTableName"), body.get("SourceTableArn")
    if bool(name) == bool(arn):
        raise MockValidationException("Must provide exactly one of: sourceTableArn, sourceTableName")
    if bool(body.get("RestoreDateTime")) == bool(body.get("UseLatestRestorableTime")):
        raise MockValidationException(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    body["SourceTableName"] = table_shapes.name_of(str(name or arn), handler.region)
    source = handler.dynamodb_backend.tables.get(body["SourceTableName"])
    recovery = source.continuous_backups["PointInTimeRecoveryDescription"] if source else {}
    if source and recovery["PointInTimeRecoveryStatus"] != "ENABLED":
        raise PointInTimeRecoveryUnavailable(name=source.name)
    restore_to_point_in_time.original(handler)
    return _restored(handler, body)


def _restored(handler: DynamoHandler, body: JsonObject) -> ActionResult:
    """The answer to a restore, after what its request overrides."""
    table = handler.dynamodb_backend.tables[body["TargetTableName"]]
    table.billing_mode = body.get("BillingModeOverride") or table.billing_mode
    table.throughput |= body.get("ProvisionedThroughputOverride") or {}
    if table.billing_mode == "PAY_PER_REQUEST":
        table.throughput |= dict.fromkeys(("ReadCapacityUnits", "WriteCapacityUnits"), 0)
    for key, name in (("GlobalSecondaryIndexOverride", "global_indexes"), ("LocalSecondaryIndexOverride", "indexes")):
        if (wanted := body.get(key)) is not None:
            names = {each["IndexName"] for each in wanted}
            setattr(table, name, [index for index in getattr(table, name) if index.name in names])
    used = {*table.table_key_attrs, *table.attribute_keys}
    table.attr = [each for each in table.attr if each["AttributeName"] in used]
    answer = described(table, "CREATING")
    answer.result["TableDescription"]["RestoreSummary"]["RestoreInProgress"] = True  # type: ignore[index]
    return answer


@patches.replaces("moto.dynamodb.models.table:RestoredTable._parse_params_from_backup")
def parameters_of_backup(restored: RestoredTable, backup: Backup) -> JsonObject:
    return parameters_of_backup.original(restored, backup) | _billing(backup.table)


@patches.replaces("moto.dynamodb.models.table:RestoredPITTable._parse_params_from_table")
def parameters_of_table(restored: RestoredPITTable, table: Table) -> JsonObject:
    return parameters_of_table.original(restored, table) | _billing(table)


def _billing(source: Table) -> JsonObject:
    on_demand = source.billing_mode == "PAY_PER_REQUEST"
    return {"billing_mode": source.billing_mode} | ({"throughput": None} if on_demand else {})

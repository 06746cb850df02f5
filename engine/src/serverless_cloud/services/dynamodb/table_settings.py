"""The settings of a table of DynamoDB, such as time to live and backups, and refusals of calls that the cloud lacks.

The patches and their reasons:

- `DynamoHandler.update_time_to_live`, `describe_time_to_live`: moto enables what is enabled, and disables another
  attribute than the one that is enabled.
- `DynamoHandler.update_continuous_backups`, `describe_backup`, `delete_backup`, `describe_import`, `describe_export`,
  `export_table_to_point_in_time`: moto lets more pass than DynamoDB, or answers 500.
- `RestoredTable._parse_params_from_backup`, `RestoredPITTable._parse_params_from_table`: moto forgets that a table is
  billed on demand.
- `DynamoHandler.describe_limits`: moto has older quotas.
- `DynamoHandler`, calls that moto lacks: of what the local cloud doesn't have, the answer is that there is none, and
  the call that would make it is refused by name.
"""

from __future__ import annotations

import re
from typing import NoReturn

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import (
    ERROR_TYPE_PREFIX,
    MockValidationException,
    PointInTimeRecoveryUnavailable,
    ResourceNotFoundException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Backup, RestoredPITTable, RestoredTable, Table
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.refusals import NotHonoured
from serverless_cloud.services.dynamodb import table_shapes
from serverless_cloud.services.dynamodb.table_rules import invalid
from serverless_cloud.services.dynamodb.tables import checked, described, extra_of, table_of

patches = Service("dynamodb", defect="engine/tests/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects")

_TABLE_UNITS, _ACCOUNT_UNITS = 40_000, 80_000  # Service Quotas: throughput of a table, and of an account and Region
_PAGE = 100  # backups in an answer
_BACKUP = re.compile(r"arn:[^:]*:dynamodb:[^:]*:[^:]*:table/[^/]+/backup/[^/]+")
#: Calls that moto lacks, and that the local cloud refuses by name.
REFUSED = (
    "enable_kinesis_streaming_destination", "update_kinesis_streaming_destination", "start_bulk_put_items",
    "search_vectors", "update_table_replica_auto_scaling", "update_global_table_settings",
)  # fmt: skip
_LEGACY = (
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
    "2019.11.21, instead of version 2017.11.29 (Legacy)."
)


def _error(name: str, text: str) -> JsonRESTError:
    return JsonRESTError(f"{ERROR_TYPE_PREFIX}{name}", text)


def _table(handler: DynamoHandler) -> Table:
    """The table of a request, which is checked first."""
    return table_of(handler.dynamodb_backend, checked(handler)["TableName"])


# ---- time to live


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.update_time_to_live",
    upstream="A change that changes nothing, or another attribute, is refused.",
)
def update_time_to_live(handler: DynamoHandler) -> ActionResult:
    table = _table(handler)
    wanted: JsonObject = handler.body["TimeToLiveSpecification"]
    enabled, current = table.ttl["TimeToLiveStatus"] == "ENABLED", table.ttl.get("AttributeName")
    if enabled and wanted["AttributeName"] != current:
        raise MockValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        )
    if enabled == wanted["Enabled"]:
        raise MockValidationException(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
    table.ttl = {"TimeToLiveStatus": "DISABLED"}
    if wanted["Enabled"]:
        table.ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": wanted["AttributeName"]}
    return ActionResult({"TimeToLiveSpecification": wanted})


@patches.replaces("moto.dynamodb.responses:DynamoHandler.describe_time_to_live")
def describe_time_to_live(handler: DynamoHandler) -> ActionResult:
    return ActionResult({"TimeToLiveDescription": _table(handler).ttl})


# ---- backups, imports and exports


@patches.replaces("moto.dynamodb.responses:DynamoHandler.update_continuous_backups")
def update_continuous_backups(handler: DynamoHandler) -> ActionResult:
    wanted = checked(handler)["PointInTimeRecoverySpecification"]
    if not wanted["PointInTimeRecoveryEnabled"] and wanted.get("RecoveryPeriodInDays"):
        raise MockValidationException(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    return update_continuous_backups.original(handler)


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
    kind = body.get("BackupType")
    found = [
        backup
        for backup in handler.dynamodb_backend.backups.values()
        if kind in (None, "ALL", backup.type) and body.get("TableName") in (None, backup.table.name)
    ]
    arns = [backup.arn for backup in found]
    found = found[arns.index(after) + 1 :] if after in arns else found
    answer: JsonObject = {
        "BackupSummaries": [each.summary | {"TableId": extra_of(each.table).table_id} for each in found[:most]]
    }
    if len(found) > most:
        answer["LastEvaluatedBackupArn"] = found[most - 1].arn
    return ActionResult(answer)


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


@patches.replaces_each(
    "moto.dynamodb.models:DynamoDBBackend",
    ("describe_import", "describe_export"),
    expects={"describe_import": "self, import_arn", "describe_export": "self, export_arn"},
    upstream="An import or export that doesn't exist is an error of DynamoDB.",
)
def _describe_transfer(patch: Patch[..., object], /, backend: DynamoDBBackend, arn: str) -> object:
    try:
        return patch.original(backend, arn)
    except KeyError:
        kind = "Import" if patch.name == "describe_import" else "Export"
        raise _error(f"{kind}NotFoundException", f"{kind} not found: {arn}") from None


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.export_table_to_point_in_time", upstream="An export needs no S3Prefix."
)
def export_table(handler: DynamoHandler) -> ActionResult:
    checked(handler).setdefault("S3Prefix", "")
    return export_table.original(handler)


@patches.replaces("moto.dynamodb.responses:DynamoHandler.list_exports", upstream="ListExports needs no TableArn.")
def list_exports(handler: DynamoHandler) -> ActionResult:
    wanted = checked(handler).get("TableArn")
    exports = handler.dynamodb_backend.table_exports.values()
    return ActionResult(
        {
            "ExportSummaries": [
                {"ExportArn": each.arn, "ExportStatus": each.status, "ExportType": each.export_type}
                for each in exports
                if wanted in (None, each.table.table_arn)
            ]
        }
    )


@patches.replaces("moto.dynamodb.responses:DynamoHandler.list_imports", expects="")
def list_imports(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    wanted = body.get("TableArn")
    imports = handler.dynamodb_backend.table_imports.values()
    return ActionResult(
        {
            "ImportSummaryList": [
                {"ImportArn": each.arn, "ImportStatus": each.status, "TableArn": each.table_arn}
                for each in imports
                if wanted in (None, each.table_arn)
            ]
        }
    )


# ---- quotas


@patches.replaces("moto.dynamodb.responses:DynamoHandler.describe_limits", upstream="The default quotas are AWS's.")
def describe_limits(_: DynamoHandler) -> ActionResult:
    return ActionResult(
        {
            f"{owner}Max{kind}CapacityUnits": units
            for owner, units in (("Account", _ACCOUNT_UNITS), ("Table", _TABLE_UNITS))
            for kind in ("Read", "Write")
        }
    )


# ---- what the local cloud doesn't have


@patches.replaces("moto.dynamodb.responses:DynamoHandler.describe_contributor_insights", expects="")
def describe_insights(handler: DynamoHandler) -> ActionResult:
    table, index = _table(handler), handler.body.get("IndexName")
    if index and index not in (each.name for each in table.all_indexes()):
        raise ResourceNotFoundException(
            f"Requested resource not found: Index: {index} not found for table: {table.name}"
        )
    names = {"TableName": table.name} | ({"IndexName": index} if index else {})
    return ActionResult(names | {"ContributorInsightsStatus": "DISABLED"})


@patches.replaces("moto.dynamodb.responses:DynamoHandler.update_contributor_insights", expects="")
def update_insights(handler: DynamoHandler) -> ActionResult:
    answer = describe_insights(handler)
    if handler.body["ContributorInsightsAction"] == "ENABLE":
        raise NotHonoured("ContributorInsightsAction ENABLE of update_contributor_insights")
    return answer


@patches.replaces("moto.dynamodb.responses:DynamoHandler.list_contributor_insights", expects="")
def list_insights(handler: DynamoHandler) -> ActionResult:
    if "TableName" in checked(handler):
        _table(handler)
    return ActionResult({"ContributorInsightsSummaries": []})


@patches.replaces("moto.dynamodb.responses:DynamoHandler.describe_kinesis_streaming_destination", expects="")
def describe_kinesis_destination(handler: DynamoHandler) -> ActionResult:
    return ActionResult({"TableName": _table(handler).name, "KinesisDataStreamDestinations": []})


@patches.replaces("moto.dynamodb.responses:DynamoHandler.disable_kinesis_streaming_destination", expects="")
def disable_kinesis_destination(handler: DynamoHandler) -> ActionResult:
    _table(handler)
    raise MockValidationException(
        "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be "
        "ACTIVE to perform DISABLE operation."
    )


@patches.replaces("moto.dynamodb.responses:DynamoHandler.describe_table_replica_auto_scaling", expects="")
def describe_replica_scaling(handler: DynamoHandler) -> ActionResult:
    table = _table(handler)
    return ActionResult({"TableAutoScalingDescription": {"TableName": table.name, "TableStatus": "ACTIVE"}})


@patches.replaces("moto.dynamodb.responses:DynamoHandler.list_global_tables", expects="")
def list_global_tables(handler: DynamoHandler) -> ActionResult:
    checked(handler)
    return ActionResult({"GlobalTables": []})


@patches.replaces_each(
    "moto.dynamodb.responses:DynamoHandler",
    ("describe_global_table", "describe_global_table_settings"),
    expects="",
)
def _no_global_table(_: Patch[..., ActionResult], /, handler: DynamoHandler) -> NoReturn:
    name = checked(handler)["GlobalTableName"]
    raise _error(
        "GlobalTableNotFoundException", f"Global table not found: Global table with name: '{name}' does not exist."
    )


@patches.replaces_each(
    "moto.dynamodb.responses:DynamoHandler", ("create_global_table", "update_global_table"), expects=""
)
def _legacy_global_table(_: Patch[..., ActionResult], /, handler: DynamoHandler) -> NoReturn:
    checked(handler)
    invalid(_LEGACY)


@patches.replaces_each("moto.dynamodb.responses:DynamoHandler", REFUSED, expects="")
def _refuse(patch: Patch[..., ActionResult], /, _: DynamoHandler) -> NoReturn:
    raise NotHonoured(patch.name)

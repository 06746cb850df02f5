"""The settings of a table of DynamoDB, such as time to live, and refusals of calls that the cloud lacks.

The patches and their reasons:

- `DynamoHandler.update_time_to_live`, `describe_time_to_live`: moto enables what is enabled, and disables another
  attribute than the one that is enabled.
- `DynamoHandler.update_continuous_backups`: moto lets more pass than DynamoDB.
- `DynamoHandler.describe_limits`: moto has older quotas.
- `DynamoHandler`, calls that moto lacks: of what the local cloud doesn't have, the answer is that there is none, and
  the call that would make it is refused by name.
- `DynamoHandler`, calls with PartiQL, exports, imports and policies of tables: moto does a part of a transaction that
  fails, transfers every format as JSON, and never acts on a policy. These calls are refused by name.
"""

from __future__ import annotations

from typing import NoReturn

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import (
    ERROR_TYPE_PREFIX,
    MockValidationException,
    ResourceNotFoundException,
)
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import INSTEAD, NotHonoured
from serverless_cloud.services.dynamodb.table_rules import invalid
from serverless_cloud.services.dynamodb.tables import checked, table_of

patches = Service(
    "dynamodb", defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects"
)

_TABLE_UNITS, _ACCOUNT_UNITS = 40_000, 80_000  # Service Quotas: throughput of a table, and of an account and Region
#: Calls that moto lacks, and that the local cloud refuses by name.
REFUSED = (
    "enable_kinesis_streaming_destination", "update_kinesis_streaming_destination", "start_bulk_put_items",
    "search_vectors", "update_table_replica_auto_scaling", "update_global_table_settings",
)  # fmt: skip
#: Calls of moto that the local cloud refuses by name, with what to do instead.
_INSTEAD_OF = {
    "execute_statement": "Call get_item, query, put_item, update_item or delete_item.",
    "batch_execute_statement": "Call batch_get_item or batch_write_item.",
    "execute_transaction": "Call transact_get_items or transact_write_items.",
    "export_table_to_point_in_time": "Read the items with scan, and write them to S3.",
    "import_table": "Read the objects from S3, and write the items with batch_write_item.",
    **dict.fromkeys(("describe_export", "describe_import", "list_exports"), "Leave it out."),
    **dict.fromkeys(
        ("put_resource_policy", "get_resource_policy", "delete_resource_policy"), "Use policies of roles instead."
    ),
}
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


# ---- point-in-time recovery


@patches.replaces("moto.dynamodb.responses:DynamoHandler.update_continuous_backups")
def update_continuous_backups(handler: DynamoHandler) -> ActionResult:
    wanted = checked(handler)["PointInTimeRecoverySpecification"]
    if not wanted["PointInTimeRecoveryEnabled"] and wanted.get("RecoveryPeriodInDays"):
        raise MockValidationException(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    return update_continuous_backups.original(handler)


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


@patches.replaces_each("moto.dynamodb.responses:DynamoHandler", tuple(_INSTEAD_OF), expects="self")
def _refuse_instead(patch: Patch[..., ActionResult], /, _: DynamoHandler) -> NoReturn:
    raise NotHonoured(patch.name, INSTEAD.format("{}", _INSTEAD_OF[patch.name]))

"""UpdateTable of DynamoDB.

The patch and its reason: moto answers 500 for an index that is missing or there already, takes what DynamoDB refuses,
passes over the encryption, the class and the limits of a table, and knows no dates of changes.

Sources: the API reference, and answers of DynamoDB that were published in 2025 and 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, MockValidationException, ResourceNotFoundException
from moto.dynamodb.models.table import (
    DEFAULT_WARM_THROUGHPUT_RCU,
    DEFAULT_WARM_THROUGHPUT_WCU,
    GlobalSecondaryIndex,
    Table,
)
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.dynamodb import table_rules
from serverless_cloud.services.dynamodb.table_rules import invalid
from serverless_cloud.services.dynamodb.tables import checked, described, extra_of, refuse, table_of

patches = Service(
    "dynamodb", defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects"
)

#: The members of a request that change something. DynamoDB's message names members that nobody else knows.
_CHANGES = (
    "ProvisionedThroughput", "BillingMode", "StreamSpecification", "GlobalSecondaryIndexUpdates", "SSESpecification",
    "ReplicaUpdates", "MultiRegionConsistency", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput",
    "TableClass", "VectorIndexUpdates", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
)  # fmt: skip
_NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
_ONLY_HERE = (
    "ReplicaUpdates", "MultiRegionConsistency", "VectorIndexUpdates", "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode", "DisassociationProtectionEnabled",
)  # fmt: skip
#: Members that must be alone in a request, with DynamoDB's names for them.
_ALONE = {
    "SSESpecification": "Server-Side Encryption modification",
    "TableClass": "TableClass modification",
    "DeletionProtectionEnabled": "DeletionProtection modification",
    "WarmThroughput": "WarmThroughput",
}
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
_MORE = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
_BOTH_UNITS = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
#: Changes during which a table is UPDATING on AWS.
_TAKE_TIME = ("ProvisionedThroughput", "BillingMode", "StreamSpecification", "SSESpecification", "TableClass")


class LimitExceeded(JsonRESTError):
    """LimitExceededException, in DynamoDB's words."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{ERROR_TYPE_PREFIX}LimitExceededException", f"Subscriber limit exceeded: {text}")


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.update_table",
    upstream="UpdateTable refuses what DynamoDB refuses, and does the rest.",
)
def update_table(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    steps: list[JsonObject] = body.get("GlobalSecondaryIndexUpdates") or []
    _check_request(body, steps)
    refuse(body, _ONLY_HERE, "UpdateTable")
    backend = handler.dynamodb_backend
    table = table_of(backend, body["TableName"])
    on_demand = (body.get("BillingMode") or table.billing_mode) == "PAY_PER_REQUEST"
    _check_against(table, body, steps, on_demand=on_demand)
    shown = dict(table.throughput), {index.name: dict(index.throughput) for index in table.global_indexes}
    if stream := body.get("StreamSpecification"):
        backend.update_table_streams(table, stream)
    _apply(table, body)
    gone = [index for index in table.global_indexes if {"Delete": {"IndexName": index.name}} in steps]
    states = dict(_change_indexes(table, steps, body.get("AttributeDefinitions") or []))
    slow = any(body.get(name) is not None for name in _TAKE_TIME) or {"CREATING", "DELETING"} & set(states.values())
    answer = described(table, "UPDATING" if slow else "ACTIVE", states)
    text: JsonObject = answer.result["TableDescription"]  # type: ignore[index]
    if not body.get("BillingMode"):
        text["ProvisionedThroughput"] = shown[0]
    for index in text.get("GlobalSecondaryIndexes", ()):
        if states.get(index["IndexName"]) == "CREATING":
            index["Backfilling"] = False
        elif states.get(index["IndexName"]) == "UPDATING" and not body.get("BillingMode"):
            index["ProvisionedThroughput"] = {"NumberOfDecreasesToday": 0} | shown[1][index["IndexName"]]
    for index in gone:
        text.setdefault("GlobalSecondaryIndexes", []).append(index.describe() | {"IndexStatus": "DELETING"})
    return answer


def _check_request(body: JsonObject, steps: list[JsonObject]) -> None:
    """Raises for a request that DynamoDB refuses before it looks at the table."""
    changes = [name for name in _CHANGES if body.get(name) not in (None, [])]
    if not changes:
        raise MockValidationException(_NOTHING)
    if body.get("GlobalSecondaryIndexUpdates") == []:
        invalid("List of GlobalSecondaryIndexUpdates is empty")
    table_rules.check_class(body.get("TableClass"))
    for name, words in _ALONE.items():
        if name in changes and len(changes) > 1:
            invalid(f"{words} must be the only operation in the request")
    if "OnDemandThroughput" in changes and set(changes) - {"OnDemandThroughput", "BillingMode"}:
        invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    if body.get("BillingMode") == "PAY_PER_REQUEST" and "ProvisionedThroughput" in changes:
        invalid(f"{_BOTH_UNITS} when BillingMode is PAY_PER_REQUEST")
    if body.get("BillingMode") == "PROVISIONED" and "ProvisionedThroughput" not in changes:
        invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    if "StreamSpecification" in changes and {"ProvisionedThroughput", "BillingMode"} & set(changes):
        invalid("You cannot modify stream status while updating table IOPS")
    online = [step for step in steps if step.get("Create") or step.get("Delete")]
    if online and "ProvisionedThroughput" in changes:
        invalid("You cannot create or delete index while updating table IOPS")
    if online and "StreamSpecification" in changes:
        invalid("You cannot create or delete index while changing stream status")
    table_rules.check_bounds(body.get("ProvisionedThroughput"))
    stream = body.get("StreamSpecification") or {}
    if stream.get("StreamEnabled") and not stream.get("StreamViewType"):
        invalid("If stream is being enabled then UpdateViewType is required")
    if stream and not stream.get("StreamEnabled") and stream.get("StreamViewType"):
        invalid("If stream is being disabled, then UpdateViewType must not be specified")
    table_rules.check_encryption(body.get("SSESpecification"))
    _check_steps(steps)


def _check_steps(steps: list[JsonObject]) -> None:
    names: set[str] = set()
    for step in steps:
        actions = [action for action in (step.get(kind) for kind in ("Update", "Create", "Delete")) if action]
        if not actions:
            kinds = ", ".join(f"GlobalSecondaryIndexUpdate.{kind}" for kind in ("Update", "Create", "Delete"))
            invalid(f"One of {kinds} must not be null")
        if len(actions) > 1:
            invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
        name = actions[0]["IndexName"]
        if name in names:
            invalid(f"Only one global secondary index update per index is allowed simultaneously. Index: {name}")
        names.add(name)


def _check_against(table: Table, body: JsonObject, steps: list[JsonObject], *, on_demand: bool) -> None:
    """Raises for a request that DynamoDB refuses because of the table as it is."""
    wanted = body.get("ProvisionedThroughput")
    if wanted and on_demand:
        invalid(f"{_BOTH_UNITS} when BillingMode is PAY_PER_REQUEST")
    if wanted and table.billing_mode != "PAY_PER_REQUEST":
        _check_change("the table", "the table", table.throughput, wanted)
    if sum(bool(step.get("Create") or step.get("Delete")) for step in steps) > 1:
        raise LimitExceeded("Only 1 online index can be created or deleted simultaneously per table")
    for step in steps:
        _check_step(table, step, body.get("AttributeDefinitions"), on_demand=on_demand)
    if body.get("BillingMode") == "PROVISIONED" and table.billing_mode == "PAY_PER_REQUEST":
        updated = {(step.get("Update") or step.get("Delete") or {}).get("IndexName") for step in steps}
        if missing := [index.name for index in table.global_indexes if index.name not in updated]:
            invalid(f"ProvisionedThroughput must be specified for index: {','.join(missing)}")
    table_rules.check_on_demand(body.get("OnDemandThroughput"), on_demand=on_demand, least=-1)
    for name, value in (body.get("WarmThroughput") or {}).items():
        if value < table.warm_throughput.get(name, 0):
            invalid(
                f"Requested {name} for WarmThroughput for table is lower than current WarmThroughput, decreasing "
                "WarmThroughput is not supported"
            )


def _check_step(table: Table, step: JsonObject, defined: list[JsonObject] | None, *, on_demand: bool) -> None:
    world = {index.name: index for index in table.global_indexes}
    local = {index.name for index in table.indexes}
    if new := step.get("Create"):
        _check_new(table, new, defined, on_demand=on_demand)
        return
    kind = "update" if step.get("Update") else "delete"
    action = step.get("Update") or step["Delete"]
    name, wanted = action["IndexName"], action.get("ProvisionedThroughput")
    if name in local:
        raise MockValidationException(f"Cannot {kind} an index that is not a GlobalSecondaryIndex: {name}")
    if name not in world:
        raise ResourceNotFoundException(f"Requested resource not found: Index {name} for table {table.name}")
    if kind == "delete":
        return
    if on_demand and wanted:
        invalid(f"{_BOTH_UNITS} for index: {name} when BillingMode is PAY_PER_REQUEST")
    if on_demand and not (action.get("OnDemandThroughput") or action.get("WarmThroughput")):
        invalid(
            f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput"
        )
    if wanted and table.billing_mode != "PAY_PER_REQUEST":
        _check_change(f"the index {name}", f"index {name}", world[name].throughput, wanted)
    table_rules.check_on_demand(action.get("OnDemandThroughput"), on_demand=on_demand, index=name, least=-1)


def _check_new(table: Table, new: JsonObject, defined: list[JsonObject] | None, *, on_demand: bool) -> None:
    name = new["IndexName"]
    if name in (index.name for index in table.all_indexes()):
        raise MockValidationException("Attempting to create an index which already exists")
    if not defined:
        invalid(f"AttributeDefinitions is not specified for index: {name}")
    known = [str(each["AttributeName"]) for each in (*table.attr, *defined)]
    table_rules.check_defined(new["KeySchema"], list(dict.fromkeys(known)))
    table_rules.check_global_key(new["KeySchema"])
    table_rules.check_projection(new["Projection"])
    if on_demand and new.get("ProvisionedThroughput"):
        invalid(f"{_BOTH_UNITS} for index: {name} when BillingMode is PAY_PER_REQUEST")
    if not on_demand and not new.get("ProvisionedThroughput"):
        invalid(f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}")
    table_rules.check_on_demand(new.get("OnDemandThroughput"), on_demand=on_demand, index=name)
    if len(table.global_indexes) >= table_rules.MOST_GLOBAL:
        raise LimitExceeded(f"Number of global secondary indexes exceeds per-table limit of {table_rules.MOST_GLOBAL}")


def _check_change(what: str, place: str, now: JsonObject, wanted: JsonObject) -> None:
    if any(now[name] != wanted[name] for name in _UNITS):
        return
    parts = (
        f"Current {name} provisioned for {place}: {now[name]}. Requested {name}: {wanted[name]}." for name in _UNITS
    )
    raise MockValidationException(
        f"The provisioned throughput for {what} will not change. The requested value equals the current value. "
        f"{' '.join(parts)} {_MORE}"
    )


def _apply(table: Table, body: JsonObject) -> None:
    """Changes what belongs to the table itself."""
    extra = extra_of(table)
    mode = body.get("BillingMode")
    if mode == "PAY_PER_REQUEST" and table.billing_mode != mode:
        extra.switched = utcnow()
        parts: list[Any] = [table, *table.global_indexes]
        for part in parts:
            part.throughput = _changed(part.throughput, dict.fromkeys(_UNITS, 0))
            part.warm_throughput = _at_least(
                part.warm_throughput, DEFAULT_WARM_THROUGHPUT_RCU, DEFAULT_WARM_THROUGHPUT_WCU
            )
    elif mode == "PROVISIONED" and table.billing_mode != mode:
        extra.on_demand, extra.on_demand_of = None, {}
    if mode:
        table.billing_mode = mode
    if wanted := body.get("ProvisionedThroughput"):
        table.throughput = _changed(table.throughput, wanted)
        table.warm_throughput = _at_least(table.warm_throughput, *(wanted[name] for name in _UNITS))
    if limits := body.get("OnDemandThroughput"):
        extra.on_demand = _limits(extra.on_demand, limits)
    if (protected := body.get("DeletionProtectionEnabled")) is not None:
        table.deletion_protection_enabled = protected
    if new_class := body.get("TableClass"):
        extra.table_class, extra.class_changed = new_class, utcnow()
    if warm := body.get("WarmThroughput"):
        table.warm_throughput = table.warm_throughput | warm
    if encryption := body.get("SSESpecification"):
        if encryption.get("Enabled") and "KMSMasterKeyId" not in encryption:
            encryption["KMSMasterKeyId"] = table._get_default_encryption_key(table.account_id, table.region_name)
        table.sse_specification = encryption


def _change_indexes(table: Table, steps: list[JsonObject], defined: list[JsonObject]) -> Iterator[tuple[str, str]]:
    """Changes the global indexes. Gives each name that changed, and its state on AWS at this moment."""
    extra = extra_of(table)
    for step in steps:
        if new := step.get("Create"):
            types = {each["AttributeName"]: each for each in (*defined, *table.attr)}
            table.attr = [types[name] for name in sorted(types)]
            table.global_indexes = [*table.global_indexes, GlobalSecondaryIndex.create(new, table.table_key_attrs)]
            yield new["IndexName"], "CREATING"
        elif gone := step.get("Delete"):
            table.global_indexes = [index for index in table.global_indexes if index.name != gone["IndexName"]]
            extra.on_demand_of.pop(gone["IndexName"], None)
            yield gone["IndexName"], "DELETING"
        else:
            index = next(index for index in table.global_indexes if index.name == step["Update"]["IndexName"])
            _change_index(index, step["Update"])
            yield index.name, "UPDATING"
        action = step.get("Create") or step.get("Update") or {}
        if limits := action.get("OnDemandThroughput"):
            name = action["IndexName"]
            extra.on_demand_of[name] = _limits(extra.on_demand_of.get(name), limits) or {}
    if steps:
        used = {*table.table_key_attrs, *table.attribute_keys}
        table.attr = [each for each in table.attr if each["AttributeName"] in used]


def _change_index(index: GlobalSecondaryIndex, action: JsonObject) -> None:
    if wanted := action.get("ProvisionedThroughput"):
        index.throughput = _changed(index.throughput, wanted)
        index.warm_throughput = _at_least(index.warm_throughput, *(wanted[name] for name in _UNITS))
    if warm := action.get("WarmThroughput"):
        index.warm_throughput = index.warm_throughput | warm


def _changed(now: JsonObject, wanted: JsonObject) -> dict[str, Any]:
    """A throughput with its new units, and the date and number of its changes."""
    result = {"NumberOfDecreasesToday": 0} | now | {name: wanted[name] for name in _UNITS}
    if any(wanted[name] > now[name] for name in _UNITS):
        result["LastIncreaseDateTime"] = utcnow()
    if any(wanted[name] < now[name] for name in _UNITS):
        result["LastDecreaseDateTime"] = utcnow()
        result["NumberOfDecreasesToday"] += 1
    return result


def _at_least(warm: JsonObject, read: int, write: int) -> dict[str, Any]:
    """A warm throughput, which never falls."""
    least = {"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write}
    return warm | {name: max(units, warm.get(name, 0)) for name, units in least.items()}


def _limits(now: JsonObject | None, wanted: JsonObject) -> JsonObject | None:
    """On-demand limits after a change; -1 takes one away."""
    return {name: units for name, units in ((now or {}) | wanted).items() if units != -1} or None

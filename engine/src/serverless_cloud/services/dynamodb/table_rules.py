"""The rules for a description of a table or of an index, in DynamoDB's words and order.

Only requests that have passed `table_shapes.check` come here. Nothing of moto is replaced.

Sources: the API reference, and answers of DynamoDB that were published in 2025 and 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.table import DEFAULT_WARM_THROUGHPUT_RCU, DEFAULT_WARM_THROUGHPUT_WCU

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.dynamodb.table_shapes import java_order

_KINDS = ("Read", "Write")
MOST_GLOBAL, MOST_LOCAL, MOST_PROJECTED = 20, 5, 100
_MOST_OF_KIND = 4  # attributes of one type in the key of a global index
_MOST_UNITS = 1_000_000_000_000
_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")


def invalid(text: str) -> NoReturn:
    """Raises DynamoDB's most frequent error."""
    raise MockValidationException(f"One or more parameter values were invalid: {text}")


def check_table(body: JsonObject) -> None:
    """Raises unless CreateTable would make this table."""
    on_demand = body.get("BillingMode") == "PAY_PER_REQUEST"
    _check_billing(body.get("ProvisionedThroughput"), on_demand)
    check_class(body.get("TableClass"))
    defined = [str(each["AttributeName"]) for each in body["AttributeDefinitions"]]
    for name in defined:
        if defined.count(name) > 1:
            raise MockValidationException(f"Attribute Name is duplicated: {name}")
    _check_table_key(body["KeySchema"], defined)
    local, world = body.get("LocalSecondaryIndexes"), body.get("GlobalSecondaryIndexes")
    if local is None and world is None and len(defined) != len(body["KeySchema"]):
        invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )
    for kind, indexes in (("LocalSecondaryIndexes", local), ("GlobalSecondaryIndexes", world)):
        if indexes is not None and not indexes:
            invalid(f"List of {kind} is empty")
    _check_attributes(body["KeySchema"], [*(local or ()), *(world or ())], defined)
    _check_local(local or (), body["KeySchema"])
    for index in world or ():
        check_global(index, on_demand=on_demand)
    _check_numbers(local or (), world or ())
    check_on_demand(body.get("OnDemandThroughput"), on_demand=on_demand)
    _check_warm(body.get("WarmThroughput"), body.get("ProvisionedThroughput"), "table")
    _check_new_stream(body.get("StreamSpecification"))
    check_encryption(body.get("SSESpecification"))


def check_global(index: JsonObject, *, on_demand: bool) -> None:
    """Raises unless an index of CreateTable can be made."""
    name, throughput = index["IndexName"], index.get("ProvisionedThroughput")
    check_global_key(index["KeySchema"])
    check_projection(index["Projection"])
    if on_demand and throughput:
        invalid(f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST")
    if not on_demand and not throughput:
        invalid(f"ProvisionedThroughput is not specified for index: {name}")
    check_on_demand(index.get("OnDemandThroughput"), on_demand=on_demand, index=name)
    _check_warm(index.get("WarmThroughput"), throughput, f"index {name}")


def check_global_key(schema: list[JsonObject]) -> None:
    """Raises unless a global index can have this key: up to four attributes of each type."""
    names, types = [each["AttributeName"] for each in schema], [each["KeyType"] for each in schema]
    if len(names) == 2 and names[0] == names[1]:
        raise MockValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if len(set(names)) < len(names):
        raise MockValidationException("The KeySchema contains multiple key attributes with the same name")
    if types[0] != "HASH":
        raise MockValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if types != sorted(types):
        invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema")
    for kind in ("HASH", "RANGE"):
        if types.count(kind) > _MOST_OF_KIND:
            invalid(f"The KeySchema exceeds the maximum allowed number of {kind} key attributes")


def check_projection(projection: JsonObject) -> None:
    """Raises unless an index can have this projection."""
    kind, others = projection.get("ProjectionType"), projection.get("NonKeyAttributes") or []
    if kind is None:
        invalid("Unknown ProjectionType: null")
    if kind == "INCLUDE" and not others:
        invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and others:
        invalid(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    for name in others:
        if others.count(name) > 1:
            invalid(f"Duplicate element in NonKeyAttributes: {name}")


def check_defined(schema: Iterable[JsonObject], defined: list[str]) -> None:
    """Raises unless each attribute of a key is defined."""
    names = [each["AttributeName"] for each in schema]
    if not set(names) <= set(defined):
        invalid(
            f"Some index key attributes are not defined in AttributeDefinitions. Keys: {_list(names)}, "
            f"AttributeDefinitions: {_list(java_order(defined))}"
        )


def check_class(table_class: str | None) -> None:
    """Raises for a class of tables that doesn't exist."""
    if table_class is not None and table_class not in _CLASSES:
        raise MockValidationException(
            "Invalid table-class parameter provided. Please try again with a valid table-class value: "
            f"[{', '.join(_CLASSES)}]."
        )


def check_on_demand(wanted: JsonObject | None, *, on_demand: bool, index: str | None = None, least: int = 1) -> None:
    """Raises for limits of on-demand throughput that a table or index can't have."""
    for name in (f"Max{kind}RequestUnits" for kind in _KINDS):
        units = (wanted or {}).get(name)
        if units is None:
            continue
        if not on_demand:
            where = f" for index : {index}" if index else ""
            invalid(
                f"{name} for OnDemandThroughput{where} cannot be specified when the table BillingMode is PROVISIONED"
            )
        if units < least or units == 0:
            where = f"index : {index}" if index else "table"
            invalid(f"Requested {name} for OnDemandThroughput for {where} is outside of valid range")


def check_encryption(wanted: JsonObject | None) -> None:
    """Raises for an SSESpecification that contradicts itself."""
    wanted = wanted or {}
    if not wanted.get("Enabled"):
        for name in ("SSEType", "KMSMasterKeyId"):
            if wanted.get(name):
                invalid(f"{name} can not be specified if Enabled is false")
    if wanted.get("SSEType") == "AES256":
        invalid("SSEType AES256 is not supported")


def check_bounds(throughput: JsonObject | None) -> None:
    """Raises for a throughput that no table can have."""
    for name in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if throughput and throughput[name] > _MOST_UNITS:
            raise MockValidationException(f"Given value {throughput[name]} for {name} is out of bounds")


def _check_billing(throughput: JsonObject | None, on_demand: bool) -> None:
    if on_demand and throughput:
        invalid("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
    if not on_demand and not throughput:
        invalid("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
    check_bounds(throughput)


def _check_table_key(schema: list[JsonObject], defined: list[str]) -> None:
    if len(schema) > len(defined):
        raise MockValidationException("Invalid KeySchema: Some index key attribute have no definition")
    check_defined(schema, defined)
    _check_pair(schema)


def _check_pair(schema: list[JsonObject]) -> None:
    """The key of a table or of a local index: one attribute or two."""
    if len(schema) > 1 and schema[0]["AttributeName"] == schema[1]["AttributeName"]:
        raise MockValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    for place, kind, element in zip(("first", "second"), ("HASH", "RANGE"), schema, strict=False):
        if element["KeyType"] != kind:
            raise MockValidationException(f"Invalid KeySchema: The {place} KeySchemaElement is not a {kind} key type")


def _check_attributes(schema: list[JsonObject], indexes: list[JsonObject], defined: list[str]) -> None:
    for index in indexes:
        check_defined(index["KeySchema"], defined)
    used = [each["AttributeName"] for part in (schema, *(index["KeySchema"] for index in indexes)) for each in part]
    if not set(defined) <= set(used):
        invalid(
            f"Some AttributeDefinitions are not used. AttributeDefinitions: {_list(java_order(defined))}, "
            f"keys used: {_list(java_order(used, 16))}"
        )


def _check_local(indexes: Iterable[JsonObject], table: list[JsonObject]) -> None:
    for index in indexes:
        if len(table) < 2:
            invalid(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
            )
        name, schema, first = index["IndexName"], index["KeySchema"], table[0]["AttributeName"]
        _check_pair(schema)
        if len(schema) < 2:
            invalid(f"Index KeySchema does not have a range key for index: {name}")
        if schema[0]["AttributeName"] != first:
            invalid(
                f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
                f"index hash key: {schema[0]['AttributeName']}, table hash key: {first}"
            )
        check_projection(index["Projection"])


def _check_numbers(local: Iterable[JsonObject], world: Iterable[JsonObject]) -> None:
    indexes = [*local, *world]
    names = [index["IndexName"] for index in indexes]
    for name in names:
        if names.count(name) > 1:
            invalid(f"Duplicate index name: {name}")
    if len([*local]) > MOST_LOCAL:
        invalid(f"Number of LocalSecondaryIndexes exceeds per-table limit of {MOST_LOCAL}")
    if len([*world]) > MOST_GLOBAL:
        invalid(f"GlobalSecondaryIndex count exceeds the per-table limit of {MOST_GLOBAL}")
    projected = sum(len(index["Projection"].get("NonKeyAttributes") or ()) for index in indexes)
    if projected > MOST_PROJECTED:
        invalid(f"Number of projected attributes exceeds the per-table limit of {MOST_PROJECTED}")


def _check_warm(wanted: JsonObject | None, throughput: JsonObject | None, where: str) -> None:
    least = {"Read": DEFAULT_WARM_THROUGHPUT_RCU, "Write": DEFAULT_WARM_THROUGHPUT_WCU}
    for kind in _KINDS:
        name = f"{kind}UnitsPerSecond"
        if throughput:
            least[kind] = throughput[f"{kind}CapacityUnits"]
        if (wanted or {}).get(name, least[kind]) < least[kind]:
            end = f"{kind}CapacityUnits of ProvisionedThroughput" if throughput else "initial throughput for OnDemand"
            invalid(f"Requested {name} for WarmThroughput for {where} is lower than {end}")


def _check_new_stream(wanted: JsonObject | None) -> None:
    if wanted and wanted.get("StreamEnabled") and not wanted.get("StreamViewType"):
        invalid("Table is being created with a stream enabled, UpdateViewType is required")
    if wanted and not wanted.get("StreamEnabled") and wanted.get("StreamViewType"):
        invalid("Table is being created with a stream disabled, UpdateViewType should not be specified")


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"

"""Tables of DynamoDB: how they are made, described, listed and deleted.

The patches and their reasons:

- `DynamoHandler.create_table`, `delete_table`, `list_tables`: moto takes many requests that DynamoDB refuses, and says
  other words. It drops TableClass and OnDemandThroughput.
- `Table.describe`: moto's description lacks the table's ID and everything about its indexes but their keys, and has
  members that DynamoDB leaves out.
- `DynamoHandler`, the other calls about tables and what belongs to them: names, limits and values are checked first.

A change takes effect at once. The answer to the call that makes it names the state that the table or the index has on
AWS at this moment, such as CREATING, and the next DescribeTable says ACTIVE.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import INSTEAD, NotHonoured
from serverless_cloud.services.dynamodb import table_rules, table_shapes, table_tags
from serverless_cloud.services.dynamodb.stored import bytes_of

patches = Service(
    "dynamodb", defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects"
)

PAGE = 100  # names of tables in an answer
#: Calls whose requests are checked, and which moto then answers.
CHECKED = ("describe_table", "describe_continuous_backups")
_ONLY_HERE = ("VectorIndexes", "ResourcePolicy", "GlobalTableSourceArn", "GlobalTableSettingsReplicationMode")


@dataclass
class Extra:
    """The rest of a table, which moto doesn't keep.

    Attributes:
        table_id: A UUID.
        table_class: As it was requested; None if it never was.
        class_changed: When an update changed the class.
        on_demand: The limits of an on-demand table.
        switched: When the table became an on-demand table; None if it never was one.
        on_demand_of: As `on_demand`, for the global indexes by name.
    """

    table_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    table_class: str | None = None
    class_changed: datetime.datetime | None = None
    on_demand: JsonObject | None = None
    switched: datetime.datetime | None = None
    on_demand_of: dict[str, JsonObject] = field(default_factory=dict)


def extra_of(table: Table) -> Extra:
    """The rest of a table. It is made when the table is first described, and copied with the table."""
    extra: Extra = vars(table).setdefault("extra", Extra())
    return extra


def table_of(backend: DynamoDBBackend, name: str) -> Table:
    """A table by its name.

    Raises:
        ResourceNotFoundException: There is no such table.
    """
    table = backend.tables.get(name)
    if table is None:
        raise ResourceNotFoundException(table_name=name)
    return table


def checked(handler: DynamoHandler) -> JsonObject:
    """The request, after a check of names, limits and values; an ARN in TableName is replaced by the table's name."""
    body: JsonObject = handler.body
    table_shapes.check(handler._get_action(), body)
    if "TableName" in body:
        body["TableName"] = table_shapes.name_of(body["TableName"], handler.region)
    return body


def refuse(body: Mapping[str, object], names: Iterable[str], call: str) -> None:
    """Raises for the first of these members that a request has."""
    for name in names:
        if body.get(name):
            raise NotHonoured(f"{name} in {call}", INSTEAD.replace("{} docs", "Leave it out. docs"))


@patches.replaces_each("moto.dynamodb.responses:DynamoHandler", CHECKED, expects="self")
def _check_first(patch: Patch[..., ActionResult], /, handler: DynamoHandler) -> ActionResult:
    checked(handler)
    return patch.original(handler)


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.create_table",
    upstream="CreateTable refuses what DynamoDB refuses, and keeps the class and the limits of a table.",
)
def create_table(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    table_rules.check_table(body)
    tags = table_tags.checked(body.get("Tags") or ())
    refuse(body, _ONLY_HERE, "CreateTable")
    backend, name = handler.dynamodb_backend, body["TableName"]
    table = backend.create_table(
        name,
        schema=body["KeySchema"],
        throughput=body.get("ProvisionedThroughput"),
        attr=sorted(body["AttributeDefinitions"], key=lambda each: str(each["AttributeName"])),
        global_indexes=body.get("GlobalSecondaryIndexes") or [],
        indexes=body.get("LocalSecondaryIndexes") or [],
        streams=body.get("StreamSpecification"),
        billing_mode=body.get("BillingMode") or "PROVISIONED",
        sse_specification=body.get("SSESpecification"),
        tags=tags,
        deletion_protection_enabled=body.get("DeletionProtectionEnabled", False),
        warm_throughput=body.get("WarmThroughput"),
    )
    extra = extra_of(table)
    extra.table_class, extra.on_demand = body.get("TableClass"), body.get("OnDemandThroughput")
    for index in body.get("GlobalSecondaryIndexes") or ():
        if limits := index.get("OnDemandThroughput"):
            extra.on_demand_of[index["IndexName"]] = limits
    answer = described(table, "CREATING", dict.fromkeys((index.name for index in table.global_indexes), "CREATING"))
    if table.billing_mode == "PAY_PER_REQUEST":
        extra.switched = table.created_at
    return answer


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.delete_table", upstream="A protected table says so in DynamoDB's words."
)
def delete_table(handler: DynamoHandler) -> ActionResult:
    backend, name = handler.dynamodb_backend, checked(handler)["TableName"]
    table = table_of(backend, name)
    if table.deletion_protection_enabled:
        raise MockValidationException(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
            "first."
        )
    backend.delete_table(name)
    answer = described(table, "DELETING")
    answer.result["TableDescription"].pop("GlobalSecondaryIndexes", None)  # type: ignore[index]
    return answer


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.list_tables", upstream="ListTables sorts the names and checks the page."
)
def list_tables(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    after, most = body.get("ExclusiveStartTableName") or "", body.get("Limit") or PAGE
    names = sorted(name for name in list(handler.dynamodb_backend.tables) if name > after)
    answer: JsonObject = {"TableNames": names[:most]}
    if len(names) > most:
        answer["LastEvaluatedTableName"] = names[most - 1]
    return ActionResult(answer)


@patches.replaces(
    "moto.dynamodb.models.table:Table.describe",
    upstream="A description has the table's ID and its indexes' ARNs, and leaves out what the table doesn't have.",
)
def describe(table: Table, base_key: str = "TableDescription") -> JsonObject:
    result = describe.original(table, base_key)
    text, extra = result[base_key], extra_of(table)
    text |= {"TableId": extra.table_id, "TableSizeBytes": bytes_of(table)}
    if extra.switched is None and table.billing_mode != "PAY_PER_REQUEST":
        del text["BillingModeSummary"]
    elif extra.switched is not None:
        text["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = extra.switched
    if extra.table_class:
        text["TableClassSummary"] = {"TableClass": extra.table_class}
        if extra.class_changed:
            text["TableClassSummary"]["LastUpdateDateTime"] = extra.class_changed
    if extra.on_demand:
        text["OnDemandThroughput"] = extra.on_demand
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in text[kind]:
            name = index["IndexName"]
            items = len(table.has_idx_items(name))
            index |= {"IndexArn": f"{table.table_arn}/index/{name}", "IndexSizeBytes": 0, "ItemCount": items}
            if "ProvisionedThroughput" in index:
                index["ProvisionedThroughput"] = {"NumberOfDecreasesToday": 0} | index["ProvisionedThroughput"]
            if others := index["Projection"].get("NonKeyAttributes"):
                index["Projection"] = index["Projection"] | {"NonKeyAttributes": sorted(others)}
            if limits := extra.on_demand_of.get(name):
                index["OnDemandThroughput"] = limits
        if not text[kind]:
            del text[kind]
    return result


def described(table: Table, status: str, indexes: Mapping[str, str] | None = None) -> DynamoResult:
    """An answer with a table, and with the states that it and its global indexes have on AWS at this moment."""
    answer = table.describe()
    text = answer["TableDescription"]
    text["TableStatus"] = status
    for index in text.get("GlobalSecondaryIndexes", ()):
        index["IndexStatus"] = (indexes or {}).get(index["IndexName"], index["IndexStatus"])
    return DynamoResult(answer)

"""Tags of DynamoDB's tables.

The patches and their reasons: moto takes any ARN and any tags, keeps a key twice, and pages at ten tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb.exceptions import MockValidationException, ResourceNotFoundException
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.dynamodb import table_shapes
from serverless_cloud.services.dynamodb.table_rules import invalid

patches = Service(
    "dynamodb",
    defect="engine/tests/dynamodb/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects",
    upstream="Tags are checked, and a key has one value.",
)

MOST, MOST_KEY, MOST_VALUE = 50, 128, 256
_TEXT = re.compile(r"[\w\s.:/=+\-@]*")
_TABLE = re.compile(r"arn:[^:]*:dynamodb:([^:]*):[^:]*:table/([^/]+)")
_TOO_MANY = "Number of Tags exceed the current limit for the provided ResourceArn"


def checked(tags: Iterable[JsonObject]) -> list[JsonObject]:
    """The tags of a request.

    Raises:
        MockValidationException: A tag or their number isn't allowed.
    """
    found: dict[str, JsonObject] = {}
    for tag in tags:
        key, value = tag.get("Key"), tag.get("Value")
        if not key or len(key) > MOST_KEY or not _TEXT.fullmatch(key):
            raise MockValidationException(f"The Tag Key provided is invalid, Key: {'null' if key is None else key}")
        if value is None or len(value) > MOST_VALUE or not _TEXT.fullmatch(value):
            shown = "null" if value is None else value
            raise MockValidationException(f"The Tag Value provided is invalid, Value: {shown}")
        if key.lower().startswith("aws:"):
            raise MockValidationException(f"Tag Key cannot be prefixed with aws:, Key: {key}")
        if key in found:
            raise MockValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        found[key] = {"Key": key, "Value": value}
    if len(found) > MOST:
        raise MockValidationException(_TOO_MANY)
    return list(found.values())


def _check_arn(arn: str) -> None:
    """Raises unless an ARN is one of DynamoDB's tables or streams."""
    if not arn.startswith("arn:"):
        invalid(f"ARNs must start with 'arn:': {arn}")
    if arn.split(":")[2:3] != ["dynamodb"]:
        invalid(f"Provided Arn is not a DynamoDB resource arn: {arn}")
    if ":table/" not in arn or "/index/" in arn or "/backup/" in arn:
        invalid(f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}")


@patches.replaces("moto.dynamodb.responses:DynamoHandler.tag_resource")
def tag_resource(handler: DynamoHandler) -> ActionResult:
    body: JsonObject = handler.body
    _check(handler)
    tags = checked(body["Tags"])
    if not tags:
        raise MockValidationException("Atleast one Tag needs to be provided as Input.")
    table = _table(handler, f": ResourcArn: {body['ResourceArn']} not found")
    given = {tag["Key"]: tag for tag in tags}
    merged = {tag["Key"]: tag for tag in table.tags} | given
    if len(merged) > MOST:
        raise MockValidationException(_TOO_MANY)
    table.tags = list(merged.values())
    return EmptyResult()


@patches.replaces("moto.dynamodb.responses:DynamoHandler.untag_resource")
def untag_resource(handler: DynamoHandler) -> ActionResult:
    _check(handler)
    keys = handler.body["TagKeys"]
    if not keys:
        raise MockValidationException("Atleast one Tag Key needs to be provided as Input.")
    for key in keys:
        if not key or len(key) > MOST_KEY or not _TEXT.fullmatch(key):
            raise MockValidationException(f"The Tag Key provided is invalid, Key: {key}")
    table = _table(handler, "")
    table.tags = [tag for tag in table.tags if tag["Key"] not in keys]
    return EmptyResult()


@patches.replaces("moto.dynamodb.responses:DynamoHandler.list_tags_of_resource")
def list_tags_of_resource(handler: DynamoHandler) -> ActionResult:
    _check(handler)
    table = _table(handler, f": ResourcArn: {handler.body['ResourceArn']} not found")
    return ActionResult({"Tags": table.tags})


def _check(handler: DynamoHandler) -> None:
    table_shapes.check(handler._get_action(), handler.body)
    _check_arn(handler.body["ResourceArn"])


def _table(handler: DynamoHandler, missing: str) -> Table:
    arn = handler.body["ResourceArn"]
    parts = _TABLE.match(arn)
    if parts is None or parts[1] != handler.region:
        raise MockValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    table = handler.dynamodb_backend.tables.get(parts[2])
    if table is None or table.table_arn != arn.split("/stream/")[0]:
        raise ResourceNotFoundException(f"Requested resource not found{missing}")
    return table

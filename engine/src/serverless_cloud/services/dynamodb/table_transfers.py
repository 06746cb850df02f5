"""Exports of DynamoDB's tables to S3, and imports from S3.

The patches and their reasons:

- `TableExport.__init__`, `TableImport.__init__`: moto's ARNs aren't in the form of DynamoDB's.
- `TableExport.response`, `TableImport.response`: moto leaves out times, tokens, and most of what the request said.
- `DynamoHandler.export_table_to_point_in_time`, `import_table`: moto needs a prefix, exports and imports other formats
  as JSON, and does a call with the same ClientToken twice.
- `DynamoHandler.list_exports`, `list_imports`, `DynamoDBBackend.describe_export`, `describe_import`: moto needs a
  table, lacks the second call, and answers 500 for what isn't there.

Source: the API reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.table_import import TableImport
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import ANY, Patch, Service
from serverless_cloud.refusals import NotHonoured
from serverless_cloud.services.dynamodb import table_rules
from serverless_cloud.services.dynamodb.tables import checked, extra_of

patches = Service("dynamodb", defect="engine/tests/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects")

_OF_IMPORT = (
    "S3BucketSource", "InputFormat", "InputFormatOptions", "InputCompressionType", "TableCreationParameters",
)  # fmt: skip


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
        raise JsonRESTError(f"{ERROR_TYPE_PREFIX}{kind}NotFoundException", f"{kind} not found: {arn}") from None


@patches.replaces("moto.dynamodb.models.table_export:TableExport.__init__", expects=ANY)
def init_export(export: TableExport, *given: object, **more: object) -> None:
    init_export.original(export, *given, **more)
    export.arn = f"{export.table.table_arn}/export/{_name()}"
    vars(export)["started"] = utcnow()


@patches.replaces("moto.dynamodb.models.table_import:TableImport.__init__", expects=ANY)
def init_import(made: TableImport, *given: object, **more: object) -> None:
    init_import.original(made, *given, **more)
    made.arn = f"{made.table_arn}/import/{_name()}"
    vars(made)["started"] = utcnow()


def _name() -> str:
    return f"{int(unix_time() * 1000):014d}-{uuid.uuid4().hex[:8]}"


@patches.replaces("moto.dynamodb.models.table_export:TableExport.response")
def describe_export(export: TableExport) -> JsonObject:
    request = _request_of(export)
    return _described(export, describe_export.original(export)) | {
        "TableId": extra_of(export.table).table_id,
        "ExportTime": request.get("ExportTime") or vars(export)["started"],
        "S3SseAlgorithm": request.get("S3SseAlgorithm") or "AES256",
    }


@patches.replaces("moto.dynamodb.models.table_import:TableImport.response")
def describe_import(made: TableImport) -> JsonObject:
    request = _request_of(made)
    result = _described(made, describe_import.original(made))
    result |= {name: request[name] for name in _OF_IMPORT if name in request}
    return result | ({"TableId": extra_of(made.table).table_id} if made.table else {})


def _request_of(transfer: TableExport | TableImport) -> JsonObject:
    """The request that a transfer was made for, as soon as it is known."""
    request: JsonObject = vars(transfer).get("request", {})
    return request


def _described(transfer: TableExport | TableImport, result: JsonObject) -> JsonObject:
    token = _request_of(transfer).get("ClientToken")
    return result | {"StartTime": vars(transfer)["started"]} | ({"ClientToken": token} if token else {})


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.export_table_to_point_in_time", upstream="An export needs no S3Prefix."
)
def export_table(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    body.setdefault("S3Prefix", "")
    body.setdefault("ExportFormat", "DYNAMODB_JSON")
    _refuse_others(body, {"ExportFormat": "DYNAMODB_JSON", "ExportType": "FULL_EXPORT"}, "ExportTableToPointInTime")
    exports = handler.dynamodb_backend.table_exports
    return _once(exports, body, "ExportDescription", lambda: export_table.original(handler))


@patches.replaces("moto.dynamodb.responses:DynamoHandler.import_table", upstream="An import checks its format.")
def import_table(handler: DynamoHandler) -> ActionResult:
    body = checked(handler)
    body.setdefault("InputCompressionType", "NONE")
    _refuse_others(body, {"InputFormat": "DYNAMODB_JSON"}, "ImportTable")
    if body["InputCompressionType"] == "ZSTD":
        raise NotHonoured("InputCompressionType ZSTD of ImportTable")
    table_rules.check_table(body["TableCreationParameters"])
    imports = handler.dynamodb_backend.table_imports
    return _once(imports, body, "ImportTableDescription", lambda: import_table.original(handler))


def _refuse_others(body: JsonObject, only: dict[str, str], call: str) -> None:
    """Raises for a format or a kind of transfer that moto would pass over."""
    for name, value in only.items():
        if body.get(name) not in (None, value):
            raise NotHonoured(f"{name} {body[name]} of {call}")


def _once(
    transfers: Mapping[str, TableExport | TableImport], body: JsonObject, member: str, start: Callable[[], ActionResult]
) -> ActionResult:
    """The answer to a call that starts a transfer; a call with a known ClientToken starts nothing."""
    token = body.get("ClientToken")
    known = [each for each in transfers.values() if token and _request_of(each).get("ClientToken") == token]
    if known and _request_of(known[0]) != body:
        kind = "Import" if "Import" in member else "Export"
        raise JsonRESTError(
            f"{ERROR_TYPE_PREFIX}{kind}ConflictException", f"{kind} conflict: ClientToken {token} has other parameters"
        )
    if not known:
        before = {*transfers}
        start()
        known = [transfers[arn] for arn in transfers if arn not in before]
        vars(known[0])["request"] = body
    return ActionResult({member: known[0].response() | {f"{member[:6]}Status": "IN_PROGRESS"}})


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

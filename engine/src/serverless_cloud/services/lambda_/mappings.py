"""Event source mappings start pollers.

moto calls functions from inside SendMessage, PutItem and PutRecord, one record a call, and forgets what fails. Here a
mapping of moto becomes a `Mapping`, and the service of its source gives the poller (`DataPlane.pollers`). Since no
queue, table or stream of moto learns of a mapping, moto calls nothing by itself. A poller ends with its function and
reads in its present role, because `changes.py` calls `follow`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError, UnknownFunctionException
from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.kinesis.models import kinesis_backends

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.errors import AccessDenied
from serverless_cloud.lambda_.event_source_mapping import Mapping, Poller
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.lambda_.functions import ResourceConflict, latest, refuse_tags, route
from serverless_cloud.services.lambda_.mapping_rules import Kind, checked, kind_of
from serverless_cloud.sources.batches import deliver_to_function

patches = Service("lambda")

#: Actions that the execution role must allow (AWS Lambda Developer Guide, "Execution role permissions" of each source).
_NEEDED = {
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    "dynamodb": ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"),
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards", "DescribeStreamSummary"),
}


def mapping_of(esm: EventSourceMapping, role_arn: str) -> Mapping:
    """moto's mapping, as a poller sees it.

    Args:
        role_arn: the execution role of its function.
    """
    given = settings_of(esm)
    age_s, retries = given.get("MaximumRecordAgeInSeconds", -1), given.get("MaximumRetryAttempts", -1)
    since = given.get("StartingPositionTimestamp")
    return Mapping(
        uuid=esm.uuid,
        arn=esm.arn,
        source_arn=esm.event_source_arn,
        function_arn=esm.function_arn,
        role_arn=role_arn,
        batch_size=given["BatchSize"],
        window_s=float(given["MaximumBatchingWindowInSeconds"]),
        filters=tuple(each["Pattern"] for each in (given.get("FilterCriteria") or {}).get("Filters", [])),
        reports_failures=bool(given["FunctionResponseTypes"]),
        maximum_concurrency=(given.get("ScalingConfig") or {}).get("MaximumConcurrency"),
        starting_position=given.get("StartingPosition"),
        starting_at=None if since is None else datetime.fromtimestamp(since, UTC),
        maximum_record_age_s=None if age_s < 0 else float(age_s),
        maximum_retries=None if retries < 0 else retries,
        bisects=given.get("BisectBatchOnFunctionError", False),
        parallelization_factor=given.get("ParallelizationFactor", 1),
        on_failure=((given.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination"),
    )


class RunningPollers:
    """The pollers of all mappings that are enabled."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Mapping, Poller]] = {}

    def align(self, backend: LambdaBackend) -> None:
        """Starts and stops pollers, so that they match the mappings of moto's backend."""
        with self._lock:
            wanted = dict(_wanted(backend))
            place = f"{backend.region_name}:{backend.account_id}"
            for uuid, (mapping, poller) in list(self._running.items()):
                if mapping != wanted.get(uuid) and f"{mapping.region}:{mapping.account_id}" == place:
                    poller.stop()
                    del self._running[uuid]
            for uuid, mapping in wanted.items():
                if uuid not in self._running:
                    factory = self._plane.pollers[kind_of(mapping.source_arn).service]
                    self._running[uuid] = (mapping, factory(mapping, deliver_to_function(self._plane, mapping)))

    def last_result(self, uuid: str) -> str:
        """LastProcessingResult of a mapping."""
        with self._lock:
            found = self._running.get(uuid)
        return found[1].last_result if found else "No records processed"

    def clear(self) -> None:
        """The cloud is emptied."""
        with self._lock:
            for _, poller in self._running.values():
                poller.stop()
            self._running.clear()


def _wanted(backend: LambdaBackend) -> list[tuple[str, Mapping]]:
    found = []
    for uuid, esm in list(backend._event_source_mappings.items()):
        with contextlib.suppress(UnknownFunctionException, LambdaClientError):  # its function is gone; AWS keeps it
            if settings_of(esm)["Enabled"]:
                route(backend, esm.function_arn, None)  # raises without the version or alias
                found.append((uuid, mapping_of(esm, latest(backend, esm.function_arn).role)))
    return found


def _find_source(backend: LambdaBackend, kind: Kind, arn: str) -> int | None:
    """The visibility timeout of a queue in seconds; None for a stream.

    Raises:
        InvalidParameterValueException: there is none.
    """
    account, region = backend.account_id, backend.region_name
    if kind.service == "sqs":
        here = current.plane.queues.of(account, region)
        queue = next((queue for queue in list(here.values()) if queue.arn == arn), None)
        if queue is None:
            raise InvalidParameterValueException(
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
                "SQS Error Message: The specified queue does not exist or you do not have access to it."
            )
        return int(queue.number("VisibilityTimeout"))
    if kind.service == "dynamodb":
        there = {stream["StreamArn"] for stream in dynamodbstreams_backends[account][region].list_streams()}
    else:
        there = {stream.arn for stream in kinesis_backends[account][region].streams.values()}
    if arn not in there:
        raise InvalidParameterValueException(f"Stream not found: {arn}")
    return None


def _require(plane: DataPlane, kind: Kind, role_arn: str, arn: str) -> None:
    """Raises unless the execution role may read the source."""
    try:
        for action in _NEEDED[kind.service]:
            plane.permissions.require(role_arn, f"{kind.service}:{action}", arn)
    except AccessDenied as error:
        if kind.service == "sqs":
            text = f"The provided execution role does not have permissions to call {action} on SQS"
        else:
            actions = ", ".join(_NEEDED[kind.service][:-1]) + f", and {_NEEDED[kind.service][-1]}"
            text = (
                f"Cannot access stream {arn}. Please ensure the role can perform the {actions} Actions on your stream "
                "in IAM."
            )
        raise InvalidParameterValueException(text) from error


def _refuse_a_second(backend: LambdaBackend, source_arn: str, function_arn: str) -> None:
    for uuid, esm in backend._event_source_mappings.items():
        if (esm.event_source_arn, esm.function_arn) == (source_arn, function_arn):
            pair = f'arn (" {source_arn} ") and function (" {function_arn.split(":")[6]} ")'
            first = f"The event source {pair} provided mapping already exists."
            if kind_of(source_arn).service == "sqs":
                first = f"An event source mapping with SQS {pair} already exists."
            raise ResourceConflict(f"{first} Please update or delete the existing mapping with UUID {uuid}")


def connect(plane: DataPlane) -> None:
    """Lets mappings start and stop pollers."""
    current.parts[RunningPollers] = pollers = RunningPollers(plane)
    plane.forgetting.append(pollers.clear)


def follow(backend: LambdaBackend) -> None:
    """A function was changed, and its pollers follow."""
    if backend._event_source_mappings:
        current.parts[RunningPollers].align(backend)


def settings_of(esm: EventSourceMapping) -> JsonObject:
    """The settings of a mapping by the API's names, with AWS's defaults."""
    settings: JsonObject = vars(esm)["settings"]
    return settings


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.create_event_source_mapping",
    defect="engine/tests/sources/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_second_mapping_is_accepted]",
    upstream="CreateEventSourceMapping refuses a second mapping of a source to a function.",
)
def create_event_source_mapping(backend: LambdaBackend, spec: JsonObject) -> EventSourceMapping:
    given = {name: value for name, value in spec.items() if name != "Tags"}
    settings, arn = _check(backend, given)
    _refuse_a_second(backend, settings["EventSourceArn"], arn)
    tags = spec.get("Tags") or {}
    if isinstance(tags, list):  # as in a stack
        tags = {tag["Key"]: tag["Value"] for tag in tags}
    refuse_tags(tags)
    own = {"RegionName": backend.region_name, "AccountId": backend.account_id, "FunctionArn": arn, "Tags": tags}
    esm = EventSourceMapping(settings | own)  # type: ignore[abstract]
    vars(esm)["settings"], esm.last_modified = settings, time.time()
    backend._event_source_mappings[esm.uuid] = esm
    current.parts[RunningPollers].align(backend)
    return esm


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.update_event_source_mapping",
    defect="engine/tests/sources/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_large_batch_without_a_window_is_accepted]",
    upstream="UpdateEventSourceMapping refuses settings that AWS refuses.",
)
def update_event_source_mapping(backend: LambdaBackend, uuid: str, spec: JsonObject) -> EventSourceMapping | None:
    esm = backend._event_source_mappings.get(uuid)
    if esm is None:
        return None
    before, change = settings_of(esm), {name: value for name, value in spec.items() if name not in ("UUID", "Tags")}
    for fixed in ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp"):
        if change.get(fixed, before.get(fixed)) != before.get(fixed):
            raise InvalidParameterValueException(f"{fixed} of a mapping can't be changed. Create another mapping.")
    if str(change.get("Enabled")).lower() == "false" and len(change) == 1:  # whatever has become of its function
        settings, arn = before | {"Enabled": False}, esm.function_arn
    else:
        settings, arn = _check(backend, {"FunctionName": esm.function_arn} | before | change)
    if arn != esm.function_arn:
        _refuse_a_second(backend, esm.event_source_arn, arn)
    vars(esm)["settings"], esm.function_arn, vars(esm)["function_name"] = settings, arn, settings["FunctionName"]
    esm.last_modified = time.time()
    current.parts[RunningPollers].align(backend)
    return esm


@patches.replaces("moto.awslambda.models:LambdaBackend.delete_event_source_mapping")
def delete_event_source_mapping(backend: LambdaBackend, uuid: str) -> EventSourceMapping | None:
    esm = backend._event_source_mappings.pop(uuid, None)
    current.parts[RunningPollers].align(backend)
    return esm


@patches.replaces("moto.awslambda.models:LambdaBackend.list_event_source_mappings")
def list_event_source_mappings(
    backend: LambdaBackend, event_source_arn: str | None, function_name: str | None
) -> list[EventSourceMapping]:
    wanted = ""
    if function_name:  # any form of the name of a function that may be gone
        name = function_name.split(":function:")[-1]
        wanted = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}:"
    return [
        esm
        for esm in backend._event_source_mappings.values()
        if event_source_arn in (None, "", esm.event_source_arn) and f"{esm.function_arn}:".startswith(wanted)
    ]


@patches.replaces(
    "moto.awslambda.models:EventSourceMapping.get_configuration",
    defect="engine/tests/sources/test_mapping_patches.py::test_stock_moto_still_has_the_defect[the_answer_lacks_defaults]",
    upstream="The answers of event source mappings have all settings, with defaults.",
)
def get_configuration(esm: EventSourceMapping) -> JsonObject:
    kind = kind_of(esm.event_source_arn)
    settings = settings_of(esm)
    shown = {name: value for name, value in settings.items() if name not in ("FunctionName", "Enabled")}
    shown |= {
        "UUID": esm.uuid,
        "EventSourceMappingArn": esm.arn,
        "FunctionArn": esm.function_arn,
        "LastModified": esm.last_modified,
        "State": "Enabled" if settings["Enabled"] else "Disabled",
        "StateTransitionReason": "User action" if kind.is_stream else "USER_INITIATED",
    }
    if kind.is_stream:
        shown |= {
            "LastProcessingResult": current.parts[RunningPollers].last_result(esm.uuid),
            "TumblingWindowInSeconds": 0,
        }
    return {name: value for name, value in shown.items() if value is not None}


def _check(backend: LambdaBackend, given: JsonObject) -> tuple[JsonObject, str]:
    """The settings, and the ARN of the function as it was named."""
    if not given.get("EventSourceArn"):
        if given.get("SelfManagedEventSource"):
            raise InvalidParameterValueException(
                "The local cloud doesn't support SelfManagedEventSource in event source mappings. Map an SQS queue, a "
                "DynamoDB stream or a Kinesis stream (docs/fidelity.md)."
            )
        raise InvalidParameterValueException("Unrecognized event source.")
    kind = kind_of(given["EventSourceArn"])
    settings = checked(kind, given)
    if kind.service not in current.plane.pollers:
        raise InvalidParameterValueException(f"The local cloud doesn't read {kind.service} (docs/fidelity.md).")
    try:
        function, arn = route(backend, settings["FunctionName"], None)
    except (UnknownFunctionException, LambdaClientError) as error:
        raise InvalidParameterValueException("Function does not exist") from error
    timeout_s = _find_source(backend, kind, given["EventSourceArn"])
    if timeout_s is not None and timeout_s < int(function.timeout):
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {timeout_s} seconds is less than Function timeout: {function.timeout} seconds"
        )
    _require(current.plane, kind, function.role, given["EventSourceArn"])
    return settings, arn

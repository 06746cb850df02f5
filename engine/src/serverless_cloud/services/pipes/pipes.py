"""Pipes of EventBridge Pipes carry records.

moto keeps pipes and reads no source. The patches and their reasons:

- `EventBridgePipesResponse.create_pipe`, `update_pipe`, `start_pipe`, `stop_pipe`, `delete_pipe`: refuse as
  AWS does (moto overwrites a pipe of the same name); the source is read while the pipe runs. The answer says CREATING,
  STARTING and so on; the next look finds RUNNING, STOPPED or CREATE_FAILED.
- `EventBridgePipesResponse.describe_pipe`: moto has no StateReason. It says why a pipe has not begun (CREATE_FAILED and
  so on), or what is wrong at the moment.
- `Pipe.advance`: moto lets a stopped pipe start again when somebody looks at it, and forgets the DesiredState STOPPED.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.core.responses import ActionResult
from moto.pipes import models
from moto.pipes.exceptions import ConflictException
from moto.pipes.responses import EventBridgePipesResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.event_source_mapping import Mapping, Poller
from serverless_cloud.pipes.run import Pipe, deliver_through
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.pipes.validation import checked, own_parameters, target_parameters, why_not
from serverless_cloud.services.shape_rules import asked_by_path, require_shape

patches = Service(
    "pipes", defect="engine/tests/schedules/test_schedule_patches.py::test_stock_moto_still_has_the_defects"
)

USER_INITIATED = "USER_INITIATED"  # StateReason of a pipe that is as it was asked to be; seen in public samples
_FAILED = {"CREATING": "CREATE_FAILED", "UPDATING": "UPDATE_FAILED"}


def parameters_of(pipe: models.Pipe) -> JsonObject:
    """moto's pipe, as CreatePipe takes it."""
    return {
        "Name": pipe.name,
        "Source": pipe.source,
        "SourceParameters": pipe.source_parameters or {},
        "Enrichment": pipe.enrichment or None,
        "EnrichmentParameters": pipe.enrichment_parameters or {},
        "Target": pipe.target,
        "TargetParameters": pipe.target_parameters or {},
        "RoleArn": pipe.role_arn,
    }


def view(pipe: models.Pipe) -> Pipe:
    """moto's pipe, as the data plane sees it."""
    given = parameters_of(pipe)
    return Pipe(
        name=pipe.name,
        arn=pipe.arn,
        role_arn=pipe.role_arn,
        source_arn=pipe.source,
        target=pipe.target,
        target_template=given["TargetParameters"].get("InputTemplate"),
        parameters=target_parameters(given),
        enrichment=given["Enrichment"],
        enrichment_template=given["EnrichmentParameters"].get("InputTemplate"),
    )


def mapping_of(pipe: models.Pipe) -> Mapping:
    """moto's pipe, as the poller of its source sees it."""
    given = parameters_of(pipe)
    own = own_parameters(given)
    age_s, retries = own.get("MaximumRecordAgeInSeconds", -1), own.get("MaximumRetryAttempts", -1)
    since = own.get("StartingPositionTimestamp")
    filters = (given["SourceParameters"].get("FilterCriteria") or {}).get("Filters") or []
    # One life of a pipe: one that is stopped and started goes on where it was, a new one of the same name does not.
    life = vars(pipe).setdefault("life", str(uuid.uuid4()))
    return Mapping(
        uuid=life,
        arn=pipe.arn,
        source_arn=pipe.source,
        function_arn=pipe.arn,
        role_arn=pipe.role_arn,
        batch_size=own["BatchSize"],
        window_s=float(own.get("MaximumBatchingWindowInSeconds") or 0),
        filters=tuple(each["Pattern"] for each in filters),
        reports_failures=True,
        starting_position=own.get("StartingPosition"),
        starting_at=None if since is None else datetime.fromtimestamp(float(since), UTC),
        maximum_record_age_s=None if age_s < 0 else float(age_s),
        maximum_retries=None if retries < 0 else retries,
        bisects=own.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT",
        parallelization_factor=own.get("ParallelizationFactor") or 1,
        on_failure=(own.get("DeadLetterConfig") or {}).get("Arn"),
    )


class RunningPipes:
    """The pollers of the pipes that run."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lock = threading.Lock()
        self._pollers: dict[str, Poller] = {}

    def settle(self, pipe: Any) -> None:
        """The pipe is now what it is desired to be, or says why it cannot be that."""
        wanted = pipe.desired_state == "RUNNING"
        obstacle = why_not(self._plane, parameters_of(pipe)) if wanted else None
        with self._lock:
            if (before := self._pollers.pop(pipe.arn, None)) is not None:
                before.stop()
            if wanted and obstacle is None:
                mapping = mapping_of(pipe)
                factory = self._plane.pollers[pipe.source.split(":")[2]]
                self._pollers[pipe.arn] = factory(mapping, deliver_through(self._plane, view(pipe)))
            pipe.status = pipe.desired_state if obstacle is None else _FAILED.get(pipe.status, "START_FAILED")
            pipe.state_reason = obstacle or USER_INITIATED

    def look(self, pipe: Any) -> None:
        """The pipe says what its poller has met last."""
        with self._lock:
            poller = self._pollers.get(pipe.arn)
        if poller is not None:
            result = poller.last_result
            pipe.state_reason = result if result.startswith("PROBLEM") else USER_INITIATED

    def clear(self) -> None:
        """The cloud is emptied."""
        with self._lock:
            for poller in self._pollers.values():
                poller.stop()
            self._pollers.clear()


def connect(plane: DataPlane) -> None:
    """Lets pipes run."""
    current.parts[RunningPipes] = running = RunningPipes(plane)
    plane.forgetting.append(running.clear)


@patches.replaces("moto.pipes.models:Pipe.advance")
def advance(_: models.Pipe) -> None:
    """Looking at a pipe changes nothing."""


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.create_pipe")
def create_pipe(response: EventBridgePipesResponse) -> ActionResult:
    given = asked_by_path(response)
    require_shape("pipes", "CreatePipe", given)
    if given["Name"] in response.pipes_backend.pipes:
        raise ConflictException(f"Pipe {given['Name']} already exists.")
    checked(current.plane, given)
    answer = create_pipe.original(response)
    current.parts[RunningPipes].settle(response.pipes_backend.pipes[given["Name"]])
    return answer


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.update_pipe")
def update_pipe(response: EventBridgePipesResponse) -> ActionResult:
    given = asked_by_path(response)
    require_shape("pipes", "UpdatePipe", given)
    pipe = response.pipes_backend.describe_pipe(given["Name"])
    wanted = parameters_of(pipe) | given
    wanted["SourceParameters"] = _merged(pipe.source_parameters or {}, given.get("SourceParameters") or {})
    checked(current.plane, wanted)
    update_pipe.original(response)
    pipe.source_parameters = wanted["SourceParameters"]
    pipe.enrichment = wanted["Enrichment"] or None
    pipe.status = "UPDATING"
    answer = response.describe_pipe()
    current.parts[RunningPipes].settle(pipe)
    return answer


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.start_pipe")
def start_pipe(response: EventBridgePipesResponse) -> ActionResult:
    return _switch(response, start_pipe.original, "RUNNING")


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.stop_pipe")
def stop_pipe(response: EventBridgePipesResponse) -> ActionResult:
    return _switch(response, stop_pipe.original, "STOPPED")


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.delete_pipe")
def delete_pipe(response: EventBridgePipesResponse) -> ActionResult:
    pipe = response.pipes_backend.describe_pipe(asked_by_path(response)["Name"])
    answer = delete_pipe.original(response)
    current.parts[RunningPipes].settle(pipe)
    return answer


@patches.replaces("moto.pipes.responses:EventBridgePipesResponse.describe_pipe")
def describe_pipe(response: EventBridgePipesResponse) -> ActionResult:
    current.parts[RunningPipes].look(response.pipes_backend.describe_pipe(asked_by_path(response)["Name"]))
    return describe_pipe.original(response)


def _switch(
    response: EventBridgePipesResponse,
    moto_call: Callable[[EventBridgePipesResponse], ActionResult],
    name_of_state: str,
) -> ActionResult:
    pipe = response.pipes_backend.describe_pipe(unquote(response.uri.split("?")[0].split("/")[-2]))
    was_so = pipe.status == name_of_state
    answer = moto_call(response)
    if not was_so:
        current.parts[RunningPipes].settle(pipe)
    return answer


def _merged(old: JsonObject, new: JsonObject) -> JsonObject:
    """Parameters of a source after an update. The update keeps parameters that it doesn't name."""
    found = dict(old)
    for name, value in new.items():
        if name == "FilterCriteria" or not isinstance(found.get(name), dict):
            found[name] = value
        else:
            found[name] = found[name] | value
    return found

"""The child executions of distributed Map states, for map_runs.py and executions.py. Nothing of moto is
replaced.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from serverless_cloud.plane import DataPlane
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.running import RunningExecution
from serverless_cloud.workflows.map_definitions import Distributed
from serverless_cloud.workflows.map_run import MapRun
from serverless_cloud.workflows.parameter_names import compact


class ChildExecution(RunningExecution):
    """A child of a Map Run. Args: run: is told when it has ended; given: as for RunningExecution."""

    def __init__(self, run: Run, plane: DataPlane, **given: Any) -> None:
        super().__init__(plane, **given)
        self.map_run_arn = run.arn
        self._run_of = run

    def _settle(self, env: Frame) -> None:
        super()._settle(env)
        with self._run_of.changed:
            self._run_of.changed.notify_all()


Run = MapRun[ChildExecution]


def runs_of(machine: StateMachine) -> list[Run]:
    """The Map Runs of all executions of a machine."""
    runs: list[Run] = vars(machine).setdefault("map_runs", [])
    return runs


def children_of(machine: StateMachine) -> list[ChildExecution]:
    """The child executions of all Map Runs of a machine."""
    return [child for run in runs_of(machine) for child in list(run.children)]


def machine_of(env: Frame) -> StateMachine:
    """moto's machine whose execution `env` belongs to; of a nested run, the outermost machine."""
    arn = env.states.context_object.context_object_data["StateMachine"]["Id"].split("/")[0]
    details = env.aws_execution_details
    backend = stepfunctions_parser_backends[details.account][details.region]
    return next(machine for machine in backend.state_machines if machine.arn == arn)


def starter(
    plane: DataPlane, env: Frame, run: Run, distributed: Distributed, machine: StateMachine
) -> Callable[[object], ChildExecution]:
    """A function that starts a child of a run, given its input."""
    kind = machine if distributed.child_type == "STANDARD" else None
    child_machine = copy.copy(machine)
    child_machine.arn, child_machine.executions = run.machine_arn, []
    child_machine.name = f"{machine.name}/{run.label}"
    child_machine.definition, child_machine.sm_type = distributed.child, distributed.child_type
    vars(child_machine).pop("map_runs", None)
    details = env.aws_execution_details

    def start(given: object) -> ChildExecution:
        name = str(uuid.uuid4())
        arn = run.machine_arn.replace(":stateMachine:", ":execution:" if kind else ":express:", 1) + f":{name}"
        child = ChildExecution(
            run,
            plane,
            name=name,
            sm_type=distributed.child_type,
            role_arn=details.role_arn,
            exec_arn=arn if kind else f"{arn}:{uuid.uuid4()}",
            account_id=details.account,
            region_name=details.region,
            state_machine=child_machine,
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=None,
            activity_store={},
            input_data=compact(given),
        )
        child.start()
        return child

    return start

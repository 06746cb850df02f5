"""An execution of moto's interpreter that can be stopped, waited for and started again. Nothing of moto is replaced.

moto's own `Execution` and `ExecutionWorker` start two threads for each execution, make its environment late (an
execution that is stopped at once raises), forget the error of StopExecution, and keep every thread for ever.
"""

from __future__ import annotations

import itertools
import json
import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionStartedEventDetails,
    ExecutionStatus,
    HistoryEventExecutionDataDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.eval.evaluation_details import EvaluationDetails
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramRunning,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from serverless_cloud.core.once import once
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.states.answers import described, stamp
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import FULL, note
from serverless_cloud.services.states.places import note_places
from serverless_cloud.workflows.execution_clock import ExecutionClock
from serverless_cloud.workflows.status_event import status_event

EXPRESS_LIMIT_S = 300.0  # Step Functions Developer Guide, "Choosing workflow type": 5 minutes
_numbers = itertools.count(1)


_parsing = threading.Lock()  # moto's parser keeps its place in the class


def new_program(definition: str) -> Any:
    """The parsed definition, for one user who may change it."""
    with _parsing:
        program: Any = AmazonStateLanguageParser.parse(definition)[0]
    _name_all(program, set())
    note_places(program.states.states)
    return program


#: The parsed definition. Evaluation doesn't change it, because an execution's data is in its environment.
program_of = once(most=256)(new_program)


def _name_all(part: object, seen: set[int]) -> None:
    """Gives each component its key in an execution's heap now: two executions that make one at once would differ."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, EvalComponent):
        _ = part.heap_key
    if isinstance(part, dict):
        for inner in part.values():
            _name_all(inner, seen)
    elif isinstance(part, list | tuple):
        for inner in part:
            _name_all(inner, seen)
    elif type(part).__module__.startswith("moto.stepfunctions"):
        for inner in vars(part).values() if hasattr(part, "__dict__") else ():
            _name_all(inner, seen)


_Moto: Any = Execution
_Worker: Any = ExecutionWorker


class RunningExecution(_Moto):  # type: ignore[misc]  # moto says little of its types
    """moto's execution, with our own threads.

    Args:
        plane: says what AWS's own waits are divided by, and takes the events of Standard executions.
        given: as for moto's.
    """

    def __init__(self, plane: DataPlane, **given: Any) -> None:
        super().__init__(**given)
        self.redrive_count = 0
        self.redrive_date: datetime | None = None
        self.being_redriven = threading.Lock()  # of several calls at the same moment one redrives it
        self.done = threading.Event()
        self._plane = plane
        self.map_run_arn: str | None = None
        self.is_forgotten = False  # the cloud is emptied: nobody is told of its end

    @property
    def is_express(self) -> bool:
        """Whether its machine is an Express one."""
        return str(self.sm_type) in ("EXPRESS", "StateMachineType.EXPRESS")

    def start(self) -> None:
        """Starts it; returns at once."""
        program = program_of(self.state_machine.definition)
        env = self.prepare(program)
        self._run(lambda: program.eval(env), env)

    def prepare(self, program: Any) -> Frame:
        """Makes the environment of an execution that has started and done nothing else."""
        details = EvaluationDetails(
            aws_execution_details=self._get_start_aws_execution_details(),
            execution_details=self.get_start_execution_details(),
            state_machine_details=self.get_start_state_machine_details(),
        )
        vars(details.execution_details)["start_time"] = stamp(self.start_date)
        worker = _Worker(
            evaluation_details=details,
            exec_comm=self._get_start_execution_worker_comm(),
            cloud_watch_logging_session=self._cloud_watch_logging_session,
            activity_store=self._activity_store,
        )
        env: Any = worker._get_evaluation_environment()
        worker.env = env
        given = program.timeout_seconds.timeout_seconds if program.timeout_seconds else None
        env.clock = ExecutionClock(lambda: self._plane.time_scale, _timeout_s(given, self.is_express))
        env.states.context_object.context_object_data["Execution"]["RedriveCount"] = 0
        env.next_state_name = program.start_at.start_at_name
        env.event_manager.root = env
        if not self.is_express:
            env.event_manager.on_full = env.set_error
        started = ExecutionStartedEventDetails(
            input=self.execution_input,
            inputDetails=HistoryEventExecutionDataDetails(truncated=False),
            roleArn=self.role_arn,
        )
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionStarted,
            event_details={"executionStartedEventDetails": started},
            update_source_event_id=False,
        )
        self.exec_worker = worker
        self.exec_status = ExecutionStatus.RUNNING
        frame: Frame = env
        return frame

    def _run(self, evaluate: Callable[[], None], env: Frame) -> None:
        self.done.clear()
        self._tell()

        def work() -> None:
            try:
                evaluate()
            finally:
                self._settle(env)
                self._tell()
                self.done.set()

        threading.Thread(target=work, name=f"workflow-{next(_numbers)}", daemon=True).start()

    def _tell(self) -> None:
        """EventBridge hears how a Standard execution stands now."""
        if not self.is_express and not self.is_forgotten:
            self._plane.events.publish(status_event(described(self)))

    def _settle(self, env: Frame) -> None:
        """How it ended is what its environment says."""
        ended = env.program_state()
        self.stop_date = datetime.now(UTC)
        status = ExecutionStatus.FAILED
        if isinstance(ended, ProgramEnded):
            status = ExecutionStatus.SUCCEEDED
            self.output = env.states.get_input()
        elif isinstance(ended, ProgramStopped):
            status = ExecutionStatus.ABORTED
            self.error, self.cause = ended.error, ended.cause
        elif isinstance(ended, ProgramTimedOut):
            status = ExecutionStatus.TIMED_OUT
        elif isinstance(ended, ProgramError):
            told = ended.error or {}
            self.error, self.cause = told.get("error"), told.get("cause")
        else:  # the interpreter itself has failed
            self.error, self.cause = "States.Runtime", "The execution ended without a result."
        self.exec_status = status  # last, so that anyone who sees it also sees the rest

    def stop(self, stop_date: datetime, error: str | None, cause: str | None) -> None:
        """Ends it as StopExecution does, and waits for its end (at most a few seconds)."""
        if self.exec_worker is not None and not self.done.is_set():
            self.exec_worker.env.set_stop(stop_date=stop_date, cause=cause, error=error)
            self.done.wait(5.0)

    @property
    def why_not_redrivable(self) -> str | None:
        """Why RedriveExecution would be refused; None if it would not."""
        if self.is_express:
            return "Execution is of an EXPRESS state machine and cannot be redriven"
        if self.status == "RUNNING":
            return "Execution is RUNNING and cannot be redriven"
        if self.status == "SUCCEEDED":
            return "Execution is SUCCEEDED and cannot be redriven"
        if self.cause == FULL["cause"]:
            return "Execution has reached the maximum number of history events and cannot be redriven"
        return None

    def redrive(self) -> None:
        """Goes on with the state that it ended in, with that state's input and the variables as they were."""
        env = self.exec_worker.env
        events = env.event_manager.get_event_history()
        entered = [event for event in events if str(getattr(event["type"], "value", event["type"])).endswith("Entered")]
        program = program_of(self.state_machine.definition)
        last = [e for e in entered if e["stateEnteredEventDetails"]["name"] in program.states.states][-1]
        details = last["stateEnteredEventDetails"]
        self.redrive_count += 1
        self.redrive_date = datetime.now(UTC)
        self.error = self.cause = None
        about = env.states.context_object.context_object_data["Execution"]
        about["RedriveCount"], about["RedriveTime"] = self.redrive_count, stamp(self.redrive_date)
        env.event_history_context.source_event_id = events[-1]["id"]
        env.event_manager.has_ended = False
        note(env, "ExecutionRedriven", {"redriveCount": self.redrive_count})
        env.program_state_event = type(env.program_state_event)()
        running: Any = ProgramRunning
        env._program_state = running()
        env._frames.clear()
        env.stack.clear()
        env.heap.clear()
        env.ahead_s, env.clock = 0.0, ExecutionClock(lambda: self._plane.time_scale, env.clock.timeout_s)
        env.next_state_name = details["name"]
        env.states.reset(json.loads(details["input"]))
        self.exec_status = ExecutionStatus.RUNNING
        self._run(lambda: EvalComponent.eval(program, env), env)

    @property
    def billing(self) -> dict[str, int]:
        """BillingDetails of StartSyncExecution: by 100 ms (Step Functions pricing); the memory is always 64 MB."""
        took_ms = (self.stop_date - self.start_date).total_seconds() * 1000
        return {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": max(100, math.ceil(took_ms / 100) * 100)}


def _timeout_s(given: float | None, is_express: bool) -> float | None:
    if is_express:
        return min(given or EXPRESS_LIMIT_S, EXPRESS_LIMIT_S)
    return given

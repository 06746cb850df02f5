"""One execution environment: a process with AWS's runtime, its own Runtime API, and a private folder.

It serves one invocation at a time. Between two it is frozen: the operating system gives it no processor time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from serverless_cloud.core import clock
from serverless_cloud.core.moves import IllegalMove
from serverless_cloud.errors import ADVICE
from serverless_cloud.lambda_ import report
from serverless_cloud.lambda_.forking import Template
from serverless_cloud.lambda_.function import Call, FunctionSpec, Invocation, Outcome
from serverless_cloud.lambda_.lifecycle import Life, State, Trigger
from serverless_cloud.lambda_.process import INHERITED, RuntimeProcess
from serverless_cloud.lambda_.runtime_api import RuntimeApi


class InitFailed(Exception):
    """Init ended in an error, or took too long; the environment has ended.

    Args:
        payload: the error as JSON; empty if it took too long.
        log: what was printed meanwhile.
        status: "error" or "timeout".
        peak_memory_mb: the most that the process held, if it could be told.
        took_s: how long Init went on, in seconds.
    """

    def __init__(self, payload: bytes, log: str, status: str, peak_memory_mb: int = 0, took_s: float = 0.0) -> None:
        super().__init__(payload.decode(errors="replace") or status)
        self.payload, self.log, self.status = payload, log, status
        self.peak_memory_mb, self.took_s = peak_memory_mb, took_s


#: The credentials of an environment whose function has no role (any more); nobody accepts them.
NO_ROLE = {
    "AWS_ACCESS_KEY_ID": "ASIALOCALEXECUTIONROLE",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
}


@dataclass(frozen=True)
class Surroundings:
    """The settings that all environments of one local cloud share.

    Args:
        endpoint_url: where boto3 in a handler finds the local cloud.
        folder: the cloud's folder for what its environments write.
        guarded: whether boto3 in a handler is kept on this machine.
        credentials: environment variables with temporary credentials of a function's execution role, new ones for each
            environment.
    """

    endpoint_url: str
    folder: Path
    guarded: bool = True
    credentials: Callable[[FunctionSpec], Mapping[str, str]] = lambda _: NO_ROLE


class Environment:
    """An execution environment of `spec`; its process starts at once.

    Args:
        spec: the function version it serves, for as long as it lives.
        task_root: the folder with the unpacked code.
        opt: the folder with its unpacked layers, what /opt is on Lambda; None without layers.
        provisioned: whether it is initialized ahead of the first call, by provisioned concurrency.
        when_ended: called once, when it has ended in whatever way.

    Raises:
        OSError: the process cannot be started; nothing is left of the environment.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        task_root: Path,
        opt: Path | None,
        around: Surroundings,
        template: Template,
        *,
        provisioned: bool = False,
        when_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.spec = spec
        self._when_ended = when_ended
        self.provisioned = provisioned
        self.id = uuid.uuid4().hex
        self.log_stream = time.strftime(f"%Y/%m/%d/[{spec.version}]", time.gmtime()) + self.id
        self.life = Life()
        self.invocations = 0
        self.has_failed = False  # in its last call
        self.init_ms = 0.0
        self._changed = threading.Condition()
        self._waiting: Invocation | None = None  # handed over, not yet fetched
        self._under_way: str | None = None  # request id between fetch and result
        self._result: tuple[str, bytes] | None = None
        self._init_error: bytes | None = None
        self._asks_for_next = False
        self._log_position = 0
        self._task_root = json.dumps(str(task_root))[1:-1].encode()
        self._folder = around.folder / "environments" / self.id
        (self._folder / "tmp").mkdir(parents=True)
        self._log = self._folder / "output.log"
        with contextlib.ExitStack() as undo:  # if the process does not start
            undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._api = RuntimeApi(self)
            undo.callback(self._api.close)
            environ = self._environ(task_root, opt, around)
            self._process = RuntimeProcess(template.start(spec.handler, environ, task_root, self._log))
            undo.pop_all()
        self.pid = self._process.pid
        threading.Thread(target=self._watch, name=f"watch-{self.pid}", daemon=True).start()

    def _environ(self, task_root: Path, opt: Path | None, around: Surroundings) -> dict[str, str]:
        spec, tmp = self.spec, str(self._folder / "tmp")
        json_logs = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": spec.logging.level}
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{"LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": tmp, "USERPROFILE": tmp},
            **{"TMPDIR": tmp, "TEMP": tmp, "TMP": tmp},
            "AWS_ENDPOINT_URL": around.endpoint_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            **around.credentials(spec),
            **spec.environment,
            # Ours: a function's variables do not switch the guard off.
            "SERVERLESS_FIRST_GUARD": "on" if around.guarded else "off",
            "SERVERLESS_FIRST_OPT": str(opt or ""),
            ADVICE: os.environ.get(ADVICE, ""),
            # Reserved names: Lambda sets these, whatever the configuration says.
            "AWS_REGION": spec.region,
            "AWS_DEFAULT_REGION": spec.environment.get("AWS_DEFAULT_REGION", spec.region),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if self.provisioned else "on-demand",
            **(json_logs if spec.logging.format == "JSON" else {}),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": spec.handler,
        }

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self.life.state

    @property
    def created_s(self) -> float:
        """When its process was started, Unix time in seconds."""
        return self.life.history[0][0]

    @property
    def last_used_s(self) -> float:
        """When its state last changed, Unix time in seconds."""
        return self.life.history[-1][0]

    @property
    def memory_mb(self) -> float:
        """The memory that its process holds now, in MB."""
        return self._process.memory_mb()

    # ---- the runtime's side (RuntimeSide); called from the threads of the Runtime API

    def next_invocation(self) -> Invocation | None:
        """The runtime is ready for an event and waits for it."""
        with self._changed:
            self._asks_for_next = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self.state is State.ENDED)
            if self._waiting is None:
                return None
            invocation, self._waiting = self._waiting, None
            self._under_way, self._asks_for_next = invocation.call.request_id, False
            return invocation

    def finished(self, request_id: str, kind: str, payload: bytes) -> bool:
        """The runtime hands over a result."""
        with self._changed:
            if request_id != self._under_way:
                return False
            if kind == "error":
                payload = self._as_on_lambda(payload)
            self._under_way, self._result = None, (kind, payload)  # `invoke` waits for the next question as well
            return True

    def init_failed(self, payload: bytes) -> None:
        """The runtime could not load the handler."""
        with self._changed:
            self._init_error = self._as_on_lambda(payload)
            self._changed.notify_all()

    def _as_on_lambda(self, error: bytes) -> bytes:
        """An error whose stack trace has Lambda's path of the code."""
        return error.replace(self._task_root, b"/var/task")

    # ---- Lambda's side

    def wait_initialised(self, limit_s: float) -> bool:
        """Waits for the end of Init; False if it is still going on after `limit_s` seconds.

        Raises:
            InitFailed: the handler could not be loaded, or the process ended.
        """
        with self._changed:
            settled = self._changed.wait_for(
                lambda: self._asks_for_next or self._init_error or self.state is State.ENDED, limit_s
            )
            if settled and self._asks_for_next:
                self.init_ms = (clock.now_s() - self.created_s) * 1000
                return True
        if not settled:
            return False
        status = None if self._init_error else self._process.wait()
        text = f"Error: Runtime exited {report.how_it_exited(status)}"
        self._give_up_init(self._init_error or report.failure("Runtime.ExitError", text), "error")
        return False  # not reached

    def init_took_too_long(self) -> NoReturn:
        """Ends it in the middle of Init, and raises InitFailed."""
        self._give_up_init(b"", "timeout")

    def _give_up_init(self, payload: bytes, status: str) -> NoReturn:
        log, peak, took_s = self.read_log(), self._process.peak_memory_mb(), clock.now_s() - self.created_s
        self.end()
        raise InitFailed(payload, log, status, peak, took_s)

    def invoke(self, call: Call, timeout_s: float) -> Outcome:
        """Thaws, hands over the event, waits for the result, freezes.

        After a timeout or the end of its process the environment has ended. Calls must not overlap.

        Args:
            timeout_s: what is left of the function's timeout, in seconds.
        """
        self._process.thaw()
        with contextlib.suppress(IllegalMove):  # it has just ended: noticed below
            self.life.move(Trigger.INVOKE)
        self.invocations += 1
        begun = time.perf_counter()
        with self._changed:
            self._result = None
            self._waiting = Invocation(call, time.time() + timeout_s)
            self._changed.notify_all()
            # It is ready again once it has handed over the result and asked for the next event, as on Lambda.
            self._changed.wait_for(
                lambda: (self._result and self._asks_for_next) or self.state is State.ENDED, timeout_s
            )
            result, ready = self._result, self._asks_for_next
        duration_ms = (time.perf_counter() - begun) * 1000
        peak = self._process.peak_memory_mb()
        ended = self.state is State.ENDED
        if ended or not (result and ready):
            kind, payload = (result or ("exit", b"")) if ended else ("timeout", b"")
            log, self.has_failed = self.read_log(), True
            self.end()
            return Outcome(kind, payload, log, duration_ms, peak)
        self._process.freeze()
        self.has_failed = result[0] != "response"
        with contextlib.suppress(IllegalMove):  # it has just ended: the result counts all the same
            self.life.move(Trigger.FREEZE)
        return Outcome(result[0], result[1], self.read_log(), duration_ms, peak)

    def exit_status(self) -> int:
        """Waits for the process; its exit status."""
        return self._process.wait()

    def freeze(self) -> None:
        """Freezes it after Init, with no call waiting."""
        self._process.freeze()
        self.life.move(Trigger.FREEZE)

    def end(self) -> None:
        """Ends it with all its processes and removes its folder; may be called twice."""
        first = self.life.end()
        self._process.kill()
        self._tell_its_end(first)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _tell_its_end(self, first: bool) -> None:
        with self._changed:
            self._changed.notify_all()
        if first:
            self._api.close()
            self._when_ended()

    def read_log(self) -> str:
        """The lines printed since the last reading, each with its end."""
        try:
            with self._log.open("rb") as log:
                log.seek(self._log_position)
                text = log.read()
        except FileNotFoundError:
            return ""
        self._log_position += len(text)
        # awslambdaric writes a traceback with \r between its lines, so that it stays one event.
        lines = text.decode("utf-8", "replace").replace("\r\n", "\n")
        return lines if lines.endswith("\n") or not lines else lines + "\n"

    def _watch(self) -> None:
        """Notices that the process has ended by itself, and ends the processes that it started."""
        self._process.wait()
        self._process.kill()
        idle = self.state is State.FROZEN
        if self.life.end():
            self._tell_its_end(first=True)
            if idle:  # else the call under way reads its log, then removes it
                shutil.rmtree(self._folder, ignore_errors=True)

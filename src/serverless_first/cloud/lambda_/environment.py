"""One execution environment: a process with AWS's runtime, a Runtime API of its own, a private folder.

It serves one invocation at a time. Between two it is frozen: the operating system gives it no processor time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from serverless_first.cloud.lambda_ import bootstrap, report
from serverless_first.cloud.lambda_.function import FunctionSpec, Invocation, Outcome
from serverless_first.cloud.lambda_.lifecycle import IllegalTransition, Life, State, Trigger
from serverless_first.cloud.lambda_.process import RuntimeProcess
from serverless_first.cloud.lambda_.runtime_api import RuntimeApi

# What a process needs of the machine to run at all. Nothing else is inherited: no credentials, no profile.
INHERITED = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class InitFailed(Exception):
    """Init ended in an error; `payload` is the error as JSON, `log` what was printed, `status` "error" or "timeout"."""

    def __init__(self, payload: bytes, log: str, status: str = "error") -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload, self.log, self.status = payload, log, status


@dataclass(frozen=True)
class Surroundings:
    """What all environments of one local cloud share.

    Args:
        endpoint_url: where boto3 in a handler finds the local cloud.
        folder: the cloud's folder for what its environments write.
        guarded: whether boto3 in a handler is kept on this machine.
        allowed_hosts: hosts besides this machine that the guard lets through.
    """

    endpoint_url: str
    folder: Path
    guarded: bool = True
    allowed_hosts: tuple[str, ...] = ()


class Environment:
    """An execution environment of `spec`; its process starts at once.

    Args:
        spec: the function version it serves, for as long as it lives.
        task_root: the folder with the unpacked code.
        around: what it shares with all others.
    """

    def __init__(self, spec: FunctionSpec, task_root: Path, around: Surroundings) -> None:
        self.spec = spec
        self.id = uuid.uuid4().hex
        self.log_stream = time.strftime(f"%Y/%m/%d/[{spec.version}]", time.gmtime()) + self.id
        self.life = Life()
        self.invocations = 0
        self.init_ms = 0.0
        self._changed = threading.Condition()
        self._waiting: Invocation | None = None  # handed over, not yet fetched
        self._under_way: str | None = None  # request id between fetch and result
        self._result: tuple[str, bytes] | None = None
        self._init_error: bytes | None = None
        self._asks_for_next = False
        self._log_position = 0
        self._folder = around.folder / "environments" / self.id
        (self._folder / "tmp").mkdir(parents=True)
        self._log = self._folder / "output.log"
        self._api = RuntimeApi(self)
        self._process = RuntimeProcess(
            [sys.executable, "-X", "utf8", bootstrap.__file__, spec.handler, str(os.getpid())],
            self._environ(task_root, around),
            task_root,
            self._log,
        )
        self.pid = self._process.pid
        threading.Thread(target=self._watch, name=f"watch-{self.pid}", daemon=True).start()

    def _environ(self, task_root: Path, around: Surroundings) -> dict[str, str]:
        spec, tmp = self.spec, str(self._folder / "tmp")
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{"LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": tmp, "USERPROFILE": tmp},
            **{"TMPDIR": tmp, "TEMP": tmp, "TMP": tmp},
            "AWS_ENDPOINT_URL": around.endpoint_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "AWS_ACCESS_KEY_ID": "ASIALOCALEXECUTIONROLE",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            **spec.environment,
            # Ours: a function's variables do not switch the guard off.
            "SERVERLESS_FIRST_GUARD": "on" if around.guarded else "off",
            "SERVERLESS_FIRST_ALLOWED_HOSTS": ",".join(around.allowed_hosts),
            # Reserved names: Lambda sets these, whatever the configuration says.
            "AWS_REGION": spec.region,
            "AWS_DEFAULT_REGION": spec.environment.get("AWS_DEFAULT_REGION", spec.region),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
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
            self._under_way, self._asks_for_next = invocation.request_id, False
            return invocation

    def finished(self, request_id: str, kind: str, payload: bytes) -> bool:
        """The runtime hands over a result."""
        with self._changed:
            if request_id != self._under_way:
                return False
            self._under_way, self._result = None, (kind, payload)
            self._changed.notify_all()
            return True

    def init_failed(self, payload: bytes) -> None:
        """The runtime could not load the handler."""
        with self._changed:
            self._init_error = payload
            self._changed.notify_all()

    # ---- Lambda's side

    def wait_initialised(self, limit_s: float) -> bool:
        """Waits for the end of Init; False if it is still going on after `limit_s` seconds.

        Raises:
            InitFailed: the handler could not be loaded, or the process ended. The environment has ended too.
        """
        with self._changed:
            settled = self._changed.wait_for(
                lambda: self._asks_for_next or self._init_error or self.state is State.ENDED, limit_s
            )
            if settled and self._asks_for_next:
                self.init_ms = (time.time() - self.created_s) * 1000
                return True
        if not settled:
            return False
        status = None if self._init_error else self._process.wait()
        payload = self._init_error or report.failure(
            "Runtime.ExitError", f"Error: Runtime exited {report.how_it_exited(status)}"
        )
        log = self.read_log()
        self.end()
        raise InitFailed(payload, log)

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Thaws, hands over the event, waits for the result, freezes.

        After a timeout or the end of its process the environment has ended. Calls must not overlap.
        """
        self._process.thaw()
        with contextlib.suppress(IllegalTransition):  # it has just ended: noticed below
            self.life.move(Trigger.INVOKE)
        self.invocations += 1
        begun = time.perf_counter()
        deadline_s = time.time() + self.spec.timeout_s
        with self._changed:
            self._result = None
            self._waiting = Invocation(request_id, event, self.spec.arn, deadline_s)
            self._changed.notify_all()
            # Ready again means: result handed over and the next event asked for, as on Lambda.
            self._changed.wait_for(
                lambda: (self._result and self._asks_for_next) or self.state is State.ENDED,
                self.spec.timeout_s,
            )
            result, ready = self._result, self._asks_for_next
        duration_ms = (time.perf_counter() - begun) * 1000
        peak = self._process.peak_memory_mb()
        if self.state is State.ENDED:
            kind, payload = result or ("exit", b"")
            log = self.read_log()
            self.end()
            return Outcome(kind, payload, log, duration_ms, peak)
        if not (result and ready):
            log = self.read_log()
            self.end()
            return Outcome("timeout", b"", log, duration_ms, peak)
        self._process.freeze()
        with contextlib.suppress(IllegalTransition):  # it has just ended: the result counts all the same
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
        with self._changed:
            self._changed.notify_all()
        if first:
            self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def read_log(self) -> str:
        """What it has printed since the last reading, each line with its end."""
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
        """Notices that the process has ended by itself; what it started ends too."""
        self._process.wait()
        self._process.kill()
        idle = self.state is State.FROZEN
        if self.life.end():
            with self._changed:
                self._changed.notify_all()
            self._api.close()
            if idle:  # else the call under way reads its log, then removes it
                shutil.rmtree(self._folder, ignore_errors=True)

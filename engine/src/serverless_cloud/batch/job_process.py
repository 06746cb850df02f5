"""One attempt of a job as a process of this machine: its folder, its surroundings, its output.

The program in `container.py` starts the command and ends all that came of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from serverless_cloud.batch import container
from serverless_cloud.batch.errors import CannotStart
from serverless_cloud.batch.images import Images
from serverless_cloud.batch.job import Attempt, Job
from serverless_cloud.batch.job_queues import Control
from serverless_cloud.errors import ADVICE
from serverless_cloud.lambda_.environment import Surroundings
from serverless_cloud.lambda_.process import INHERITED, RuntimeProcess, spawn

_SITE = Path(__file__).parent / "site"
_LONGEST_LINE = 200_000  # characters; CloudWatch Logs takes 256 KB an event
_END_S = 5.0


class JobProcess:
    """The processes of one attempt; they start at once.

    Args:
        around: what it shares with the functions of this cloud.
        images: where its working folder comes from.
        control: asked for its credentials.

    Raises:
        CannotStart: there is no such program, or a role lacks what it needs.
    """

    def __init__(
        self, job: Job, attempt: Attempt, around: Surroundings, images: Images, control: Control, queue_name: str
    ) -> None:
        self.ended = threading.Event()
        self._folder = around.folder / "jobs" / attempt.task_id
        self._log, self._read, self._rest = self._folder / "output.log", 0, b""
        work_folder, tmp = self._folder / "work", self._folder / "tmp"
        try:
            tmp.mkdir(parents=True)
            images.unpack(job.work.image, work_folder)
            environ = self._environ(job, attempt, around, control, queue_name, tmp)
            _require_program(job.work.command[0], environ, work_folder)
            command = [sys.executable, "-I", "-S", container.__file__, str(os.getpid()), *job.work.command]
            self._process = RuntimeProcess(spawn(command, environ, work_folder, self._log))
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.pid = self._process.pid
        threading.Thread(target=self._watch, name=f"job-{self.pid}", daemon=True).start()

    def _environ(
        self, job: Job, attempt: Attempt, around: Surroundings, control: Control, queue_name: str, tmp: Path
    ) -> dict[str, str]:
        place = str(tmp)
        variables = dict(job.work.environment)
        python_path = os.pathsep.join(filter(None, (str(_SITE), variables.pop("PYTHONPATH", ""))))
        path = variables.pop("PATH", os.environ.get("PATH", os.defpath))
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{"LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": place, "USERPROFILE": place, "PYTHONUTF8": "1"},
            **{"TEMP": place, "TMP": place, "PYTHONUNBUFFERED": "1"},
            "AWS_ENDPOINT_URL": around.endpoint_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            **{"AWS_REGION": job.key[1], "AWS_DEFAULT_REGION": job.key[1]},
            **control.credentials(job),
            **variables,
            # Ours: a job's own variables neither switch the guard off nor hide its folder from the clearing up.
            "TMPDIR": place,
            "PATH": os.pathsep.join((str(_python_folder(around.folder)), str(Path(sys.executable).parent), path)),
            "PYTHONPATH": python_path,
            "SERVERLESS_FIRST_GUARD": "on" if around.guarded else "off",
            ADVICE: os.environ.get(ADVICE, ""),
            # Batch sets these, whatever the definition says.
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(attempt.number),
            "AWS_BATCH_JQ_NAME": queue_name,
            "AWS_BATCH_CE_NAME": attempt.environment,
        }

    def wait(self, limit_s: float) -> bool:
        """Waits for the end, at most `limit_s` seconds; whether it has come."""
        return self.ended.wait(limit_s)

    @property
    def exit_code(self) -> int:
        """The command's exit code; waits for the end."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def ask_to_end(self) -> None:
        """SIGTERM for the command, which may clean up."""
        self._signal("SIGTERM")

    def ask_to_end_now(self) -> None:
        """Begins to end all its processes. The container's first process knows which processes have left the group."""
        self._signal("SIGHUP")

    def end(self) -> None:
        """Ends all its processes at once and waits until they are gone; may be called twice."""
        self.ask_to_end_now()
        self.ended.wait(_END_S)
        self._process.kill()

    def _signal(self, name: str) -> None:
        if sys.platform == "win32":  # a signal would end only the container's first process, and leave the command
            self._process.kill()
        elif self._process.is_running():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, getattr(signal, name))

    def new_lines(self) -> list[str]:
        """The lines printed since the last time. A last line without its end comes only after the end."""
        is_over = self.ended.is_set()
        try:
            with self._log.open("rb") as log:
                log.seek(self._read)
                text = log.read()
        except OSError:
            return []
        self._read += len(text)
        whole, newline, rest = (self._rest + text).rpartition(b"\n")
        self._rest = b"" if is_over else rest
        if is_over:
            whole, newline = whole + newline + rest, b"\n"
        if not newline:
            return []
        lines = whole.decode("utf-8", "replace").split("\n")
        return [line.rstrip("\r")[:_LONGEST_LINE] for line in lines if line.rstrip("\r")]

    def remove(self) -> None:
        """Removes its folder."""
        for _ in range(20):
            shutil.rmtree(self._folder, ignore_errors=True)
            if not self._folder.exists():
                return
            time.sleep(0.05)  # Windows keeps files of a process for a moment after its end

    def _watch(self) -> None:
        self._process.wait()
        self._process.kill()  # where the container's first process cannot find all, the group ends
        self.ended.set()


_making = threading.Lock()


def _python_folder(folder: Path) -> Path:
    """A folder in which `python` and `python3` are the notebook's interpreter."""
    place = folder / "python"
    with _making:
        if not place.exists():
            making = folder / "python-new"
            making.mkdir(exist_ok=True)
            for name in ("python", "python3"):
                if sys.platform == "win32":
                    (making / f"{name}.bat").write_text(f'@"{sys.executable}" %*\n', encoding="utf-8")
                else:
                    # A link would leave the virtual environment, which Python finds by its own path.
                    program = sys.executable.replace("'", "'\\''")
                    (making / name).write_text(f"#!/bin/sh\nexec '{program}' \"$@\"\n", encoding="utf-8")
                    (making / name).chmod(stat.S_IRWXU)
            making.rename(place)
    return place


def _require_program(program: str, environ: Mapping[str, str], cwd: Path) -> None:
    """Raises unless there is such a program, in the words of ECS (their tail is recalled, not verified)."""
    is_path = "/" in program or os.sep in program
    place = str(cwd / program) if is_path else program
    if shutil.which(place, path=environ["PATH"]) is not None:
        return
    why = "executable file not found in $PATH"
    if is_path:
        why = "permission denied" if Path(place).is_file() else "no such file or directory"
    raise CannotStart(
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create "
        f'shim task: OCI runtime create failed: exec: "{program}": {why}: unknown'
    )

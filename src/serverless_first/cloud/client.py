"""The notebook's side of the local cloud: `cloud.start()` and what it returns."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from serverless_first import guard
from serverless_first.cloud import leftovers, surroundings
from serverless_first.cloud.errors import CloudDidNotStart, CloudError, CloudNotRunning
from serverless_first.cloud.inside import Inside
from serverless_first.cloud.settings import NETWORK_MODELS, model_named, positive

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
START_LIMIT_S = 60.0  # a cold disk and a virus scanner can make Python's imports slow


class Cloud(Inside):
    """A running local cloud, or a target that takes its place; made by `start`.

    Attributes:
        endpoint_url: where boto3 finds it.
        region: the Region that boto3 uses.
        account_id: the account that resources belong to.
        time_scale: AWS's own waiting times are divided by it.
        allow_real_aws: whether boto3 may reach other machines.
        enforce_iam: whether roles and resource policies are enforced.
        network_model: how functions reach a VPC, "hyperplane" or "2019".
    """

    def __init__(self, *, region: str, target: str | None, allow_real_aws: bool) -> None:
        self.region, self.account_id = region, ACCOUNT_ID
        self.time_scale = 1.0
        self.enforce_iam = False
        self.network_model = NETWORK_MODELS[0]
        self.target = target
        self._pid = os.getpid()
        self._folder = leftovers.RunFolder()
        self._server: subprocess.Popen[bytes] | None = None
        self._before: dict[str, str | None] = {}
        self._session_before: Any = None
        self.endpoint_url = target or ""
        self.allow_real_aws = allow_real_aws

    # ---- life

    def _start(self, idle_expiry_s: float) -> None:
        if self.target is None:
            self.endpoint_url = self._start_server(idle_expiry_s)
        self._session_before = surroundings.swap_default_session(None)
        self._before = surroundings.apply(
            surroundings.local_environ(os.environ, self.endpoint_url, self.region, self._folder.path)
        )
        if self.allow_real_aws:
            guard.disarm()
        else:
            guard.arm([urllib.parse.urlsplit(self.target).hostname or ""] if self.target else [])
        atexit.register(self.stop)

    def _start_server(self, idle_expiry_s: float) -> str:
        command = [
            sys.executable,
            "-P",  # a file of the learner's named code.py must not stand in for Python's own
            "-m",
            "serverless_first.cloud.server",
            "--idle-expiry-s",
            str(idle_expiry_s),
            "--time-scale",
            str(self.time_scale),
            "--network-model",
            self.network_model,
            "--owner-folder",
            str(self._folder.path),
        ]
        if self.allow_real_aws:
            command.append("--unguarded")
        if self.enforce_iam:
            command.append("--enforce-iam")
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
        environ |= surroundings.no_proxy_for_this_machine(environ)
        log = self._folder.path / "server.log"
        with log.open("wb") as stderr:
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # its other end closes when this process ends, however it ends
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environ,
                # A group of its own: interrupting or killing the kernel's group leaves it time to clean up.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
                | getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        threading.Thread(target=self._watch_server, args=(self._server,), name="cloud-watch", daemon=True).start()
        line = _first_line(self._server, START_LIMIT_S)
        try:
            return str(json.loads(line)["endpoint_url"])
        except ValueError:
            self._server.kill()
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
            raise CloudDidNotStart(
                f"The local cloud did not start. Its last lines:\n{tail or '(none)'}\n"
                "Run `serverless-first doctor` in a terminal: it finds what is missing."
            ) from None

    def _watch_server(self, server: subprocess.Popen[bytes]) -> None:
        """When the server dies without being asked to, clears away what it could not."""
        server.wait()
        if self._server is server:
            with contextlib.suppress(OSError):
                leftovers.sweep_now()

    def stop(self) -> None:
        """Ends the local cloud with everything in it and puts this process's settings back. May be called twice."""
        global _running
        if os.getpid() != self._pid:  # a forked child: the cloud is its parent's
            return
        if _running is self:
            _running = None
            guard.disarm()
            surroundings.apply(self._before)
            surroundings.swap_default_session(self._session_before)
        atexit.unregister(self.stop)
        if self._server is not None:
            server, self._server = self._server, None
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
            server.wait()
            server.stdout.close()
        self._folder.remove()

    def __enter__(self) -> Cloud:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def run_folder(self) -> Path:
        """The folder of this run: what lies in it goes when the notebook ends, however it ends."""
        return self._folder.path

    @property
    def is_running(self) -> bool:
        """Whether it answers: not stopped, and its process has not ended."""
        is_forked_child = os.getpid() != self._pid  # uses its parent's cloud, and cannot see whether it has ended
        return _running is self and (is_forked_child or self._server is None or self._server.poll() is None)

    def __repr__(self) -> str:
        state = "running" if self.is_running else "stopped"
        return f"<local cloud, {state}, region {self.region}, account {self.account_id}>"

    def _answers(self) -> bool:
        """Whether the server really answers; one that is just being killed still counts as a process."""
        if self.target is not None:
            return self.is_running
        try:
            self._call("GET", "environments")
        except CloudNotRunning:
            return False
        return True

    def _change(
        self,
        idle_expiry_s: float | None,
        time_scale: float | None,
        enforce_iam: bool | None,
        network_model: str | None,
    ) -> None:
        given = {
            "idle_expiry_s": idle_expiry_s,
            "time_scale": time_scale,
            "enforce_iam": enforce_iam,
            "network_model": network_model,
        }
        if self.target is None and (settings := {k: v for k, v in given.items() if v is not None}):
            self._call("POST", "settings", settings)
        if time_scale is not None:
            self.time_scale = time_scale
        if enforce_iam is not None:
            self.enforce_iam = enforce_iam
        if network_model is not None:
            self.network_model = network_model


_running: Cloud | None = None
_starting = threading.Lock()


def _let_go_in_a_forked_child() -> None:
    """The server ends when the pipe's last end closes: only this process's own end may keep it."""
    if _running is not None and _running._server is not None and _running._server.stdin is not None:
        _running._server.stdin.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_a_forked_child)


def start(
    *,
    time_scale: float | None = None,
    idle_expiry_s: float | None = None,
    region: str = REGION,
    target: str | None = None,
    allow_real_aws: bool = False,
    enforce_iam: bool | None = None,
    network_model: str | None = None,
) -> Cloud:
    """Starts the local cloud, or returns the one that is running; boto3 uses it from now on.

    It ends with this process, or with `stop`, or at the end of a `with` block.

    Args:
        time_scale: divides AWS's own waiting times; 60 makes an hour a minute, 1 is real time. What you set yourself
            (a function's timeout, for instance) keeps its seconds.
        idle_expiry_s: how long an idle execution environment lives, in seconds; 600 unless told. AWS does not
            document its own.
        region: the Region that boto3 uses.
        target: the URL of another endpoint to use in place of the local cloud.
        allow_real_aws: turns the guard off: boto3 may reach other machines.
        enforce_iam: whether a handler may do only what its execution role allows, and a function is called only by
            services that its resource policy allows; off unless told. Your own calls stay an administrator's.
        network_model: how functions reach a VPC: "hyperplane" unless told, as since September 2019, by interfaces that
            they share; "2019", as before, by one for each execution environment, made at its cold start.

    Raises:
        CloudDidNotStart: the server process ended or stayed silent.
        ValueError: an argument is out of range.
        CloudError: `enforce_iam` or `network_model` with a target, or a target that differs from the one in use.
    """
    global _running
    for name, value in (("time_scale", time_scale), ("idle_expiry_s", idle_expiry_s)):
        if value is not None:
            positive(name, value)
    if enforce_iam is not None and not isinstance(enforce_iam, bool):
        raise ValueError(f"enforce_iam is {enforce_iam!r}; it must be True or False.")
    if enforce_iam is not None and target is not None:
        raise CloudError("enforce_iam is for the local cloud, and a target takes its place. Leave one of them out.")
    if network_model is not None:
        model_named(network_model)
        if target is not None:
            raise CloudError("network_model is for the local cloud, not for a target. Leave one of them out.")
    if target is not None:
        target = target.rstrip("/")
        if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
            raise ValueError(f'target is {target!r}; it must be a URL, as in "http://127.0.0.1:4566".')
    with _starting:
        if _running is not None and not _running._answers():
            _running.stop()  # its process has ended: clean up, then start afresh
        if _running is not None:
            settings = (_running.target, _running.region, _running.allow_real_aws)
            if (target, region, allow_real_aws) != settings:
                raise CloudError("Another local cloud is running, with other settings. Call aws.stop() first.")
            _running._change(idle_expiry_s, time_scale, enforce_iam, network_model)
            return _running
        cloud = Cloud(region=region, target=target, allow_real_aws=allow_real_aws)
        cloud.time_scale = time_scale or 1.0
        cloud.enforce_iam = bool(enforce_iam)
        cloud.network_model = network_model or NETWORK_MODELS[0]
        try:
            cloud._start(idle_expiry_s or 600.0)
        except BaseException:
            cloud.stop()
            raise
        _running = cloud
    what = "The local cloud is running." if target is None else f"boto3 uses {target}."
    ending = "boto3 may reach real AWS." if allow_real_aws else "AWS calls stay on this machine."
    if target is not None and not allow_real_aws:
        ending = "It reaches nothing else."
    print(f"{what} Region {region}, account {ACCOUNT_ID}. {ending}")
    return cloud


def _first_line(process: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """The first line that a process prints; empty if it ends or stays silent for `limit_s` seconds."""
    lines: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda out: lines.append(out.readline()), args=(process.stdout,), daemon=True)
    reader.start()
    reader.join(2.0)
    if reader.is_alive():
        if "SERVERLESS_FIRST_QUIET" not in os.environ:  # stored outputs must not depend on the machine's speed
            print("Starting the local cloud. The first time takes longest ...", file=sys.stderr)
        reader.join(limit_s - 2.0)
    return lines[0] if lines else b""

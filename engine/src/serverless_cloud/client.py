"""The notebook's side of the local cloud: `cloud.start()` and what it returns."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from serverless_cloud import guard
from serverless_cloud.errors import CloudError, CloudNotRunning
from serverless_cloud.notebook import launching, leftovers, other_clouds, surroundings
from serverless_cloud.notebook.inside import Inside
from serverless_cloud.notebook.other_clouds import AWS, Session
from serverless_cloud.settings import NETWORK_MODELS, CloudSettings, check

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


class Cloud(Inside):
    """A running local cloud, or a target that replaces it. `start` makes it.

    Attributes:
        endpoint_url: where boto3 finds it.
        region: the Region that boto3 uses.
        time_scale: AWS's own waiting times are divided by it.
        allow_real_aws: whether boto3 may reach other machines.
        enforce_iam: whether roles and resource policies are enforced.
        network_model: how functions reach a VPC, "hyperplane" or "2019".
        session: answers for a target that replaces the local cloud; None if there is none.
    """

    time_scale: float = 1.0
    enforce_iam: bool = False
    network_model: str = NETWORK_MODELS[0]

    def __init__(self, *, region: str, target: str | None, allow_real_aws: bool, session: Session | None) -> None:
        self.region = region
        self.target = target
        self.session = session
        self._pid = os.getpid()
        self._folder = leftovers.RunFolder()
        self._server: subprocess.Popen[bytes] | None = None
        self._undo = contextlib.ExitStack()  # what a start has changed in this process, however far it came
        self.endpoint_url = "" if target in (None, AWS) else str(target)
        self.allow_real_aws = allow_real_aws

    # ---- life

    @property
    def account_id(self) -> str:
        """The account that resources belong to.

        Raises:
            CloudError: another emulator doesn't say.
        """
        if self.target is None:
            return ACCOUNT_ID
        return other_clouds.account_id(self.region) if self.session is None else self.session.account_id

    def _start(self, settings: CloudSettings) -> None:
        with launching.files_explained(self.target):
            if self.target is None:
                self.endpoint_url = self._start_server(settings)
            changes = (
                surroundings.region_environ(self.region)
                if self.target == AWS
                else surroundings.local_environ(os.environ, self.endpoint_url, self.region, self._folder.path)
            )
        self._undo.callback(surroundings.swap_default_session, surroundings.swap_default_session(None))
        self._undo.callback(surroundings.apply, surroundings.apply(changes))
        if self.session is not None:
            self.session.enter(self._undo)
        self._undo.callback(guard.disarm)
        if self.allow_real_aws:
            guard.disarm()
        else:
            guard.arm([urllib.parse.urlsplit(self.target).hostname or ""] if self.target else [])
        atexit.register(self.stop)

    def cleanup(self, *, dry_run: bool = False) -> Any:
        """Removes the resources that this session has created at its target, and lists them.

        Args:
            dry_run: only list them.

        Returns:
            The session's report of the removed resources, and of the resources that are left, with the reason.

        Raises:
            CloudError: resources have no tags here, because this is the local cloud or a target without a session.
            CloudNotRunning: it was stopped.
        """
        self._require_running()
        if self.session is None:
            raise CloudError(
                "Resources have no owner's tag here, so cleanup() can't find them. The local cloud ends with the "
                "notebook; call aws.reset() to empty it."
            )
        return self.session.cleanup(dry_run=dry_run)

    def _start_server(self, settings: CloudSettings) -> str:
        # -P: a file of the learner's named code.py must not stand in for Python's own.
        command = [sys.executable, "-P", "-m", "serverless_cloud.server"]
        command += [json.dumps(asdict(settings)), str(self._folder.path)]
        self._server = launching.launch(command, self._folder.path / "server.log")
        threading.Thread(target=self._watch_server, args=(self._server,), name="cloud-watch", daemon=True).start()
        return launching.endpoint_of(self._server, self._folder.path / "server.log")

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
        self._undo.close()
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
        """The folder of this run. Its files are deleted when the notebook ends, however it ends."""
        return self._folder.path

    @property
    def is_running(self) -> bool:
        """Whether it answers: not stopped, and its process has not ended."""
        is_forked_child = os.getpid() != self._pid  # uses its parent's cloud, and cannot see whether it has ended
        return _running is self and (is_forked_child or self._server is None or self._server.poll() is None)

    def __repr__(self) -> str:
        state = "running" if self.is_running else "stopped"
        what = "local cloud" if self.target is None else "real account" if self.target == AWS else self.target
        account = ACCOUNT_ID if self.target is None else (self.session and self.session.known_account_id) or "not asked"
        return f"<{what}, {state}, region {self.region}, account {account}>"

    def _answers(self) -> bool:
        """Whether the server really answers; one that is just being killed still counts as a process."""
        if self.target is not None:
            return self.is_running
        try:
            self._call("GET", "environments")
        except CloudNotRunning:
            return False
        return True

    def _begin(self, settings: Mapping[str, Any]) -> None:
        self._note(settings)
        try:
            self._start(CloudSettings(guarded=not self.allow_real_aws, **settings))
        except BaseException:
            self.stop()  # takes back what it has changed so far
            raise

    def _go_on(self, settings: Mapping[str, Any], session: Session | None) -> None:
        if session is not None:
            session.continue_from(self.session)
        if settings and self.target is None:
            self._call("POST", "settings", settings)
        self._note(settings)

    def _note(self, settings: Mapping[str, Any]) -> None:
        self.time_scale = settings.get("time_scale", self.time_scale)
        self.enforce_iam = settings.get("enforce_iam", self.enforce_iam)
        self.network_model = settings.get("network_model", self.network_model)


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
    session: Session | None = None,
) -> Cloud:
    """Starts the local cloud, or returns the running one. From now on boto3 uses it.

    It ends with this process, with `stop`, or at the end of a `with` block.

    Args:
        time_scale: divides AWS's own waiting times; 60 makes an hour a minute, 1 is real time. Times that you set
            yourself, such as a function's timeout, keep their seconds.
        idle_expiry_s: how long an idle execution environment lives, in seconds; 600 by default. AWS doesn't document
            its own value.
        region: the Region that boto3 uses.
        target: the URL of another endpoint to use instead of the local cloud; "aws" needs a session.
        allow_real_aws: turns the guard off, so boto3 can reach other machines.
        enforce_iam: whether a handler may do only what its execution role allows, and only services that a function's
            resource policy allows may call it; off by default. Your own calls stay an administrator's.
        network_model: how functions reach a VPC. With "hyperplane", the default, they share interfaces, as on AWS since
            September 2019. With "2019", each execution environment gets its own interface at its cold start, as before.
        session: answers for the target.

    Raises:
        CloudDidNotStart: the server process ended or stayed silent.
        ValueError: an argument is out of range.
        CloudError: `enforce_iam` or `network_model` with a target, or a target that differs from the current target.
            The session may also raise it.
    """
    global _running
    settings = _without_none(
        time_scale=time_scale, idle_expiry_s=idle_expiry_s, enforce_iam=enforce_iam, network_model=network_model
    )
    target = _checked(settings, target, session)
    allowed = allow_real_aws or target == AWS
    with _starting:
        if _running is not None and not _running._answers():
            _running.stop()  # its process has ended: clean up, then start afresh
        if _running is not None:
            if (target, region, allowed) != (_running.target, _running.region, _running.allow_real_aws):
                raise CloudError(
                    "Another local cloud is already running with different settings. Call aws.stop() first."
                )
            _running._go_on(settings, session)
            return _running
        if session is not None:
            session.confirm()
        with launching.files_explained(target):
            cloud = Cloud(region=region, target=target, allow_real_aws=allowed, session=session)
        cloud._begin(settings)
        _running = cloud
    print(_greeting(cloud))
    return cloud


def _without_none(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _checked(settings: Mapping[str, Any], target: str | None, session: Session | None) -> str | None:
    """The target, without a slash at its end. Raises the same errors as `start`."""
    check(settings)
    for name in ("enforce_iam", "network_model"):
        if name in settings and target is not None:
            raise CloudError(f"{name} is a setting of the local cloud, not of a target. Leave out {name} or target.")
    return target if target == AWS and session is not None else other_clouds.url(target)


def _greeting(cloud: Cloud) -> str:
    if cloud.target is None:
        ending = "boto3 can reach real AWS." if cloud.allow_real_aws else "AWS calls stay on this machine."
        return f"The local cloud is running. Region {cloud.region}, account {ACCOUNT_ID}. {ending}"
    greeting = cloud.session.greeting if cloud.session else ""
    if cloud.target == AWS:
        return (
            f"boto3 uses your real account {cloud.account_id} in Region {cloud.region}, at AWS's own speed.{greeting}"
        )
    ending = "boto3 can reach real AWS." if cloud.allow_real_aws else "It reaches nothing else."
    return f"boto3 uses {cloud.target}. Region {cloud.region}. {ending}{greeting}"


def running() -> Cloud | None:
    """This process's local cloud, or the target that replaces it; None if there is none."""
    return _running

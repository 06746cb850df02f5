"""The notebook's side of the local cloud: `cloud.start()` and what it returns."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, overload

from serverless_first import guard
from serverless_first.cloud import launching, leftovers, surroundings
from serverless_first.cloud.errors import CloudError, CloudNotRunning
from serverless_first.cloud.inside import Inside
from serverless_first.cloud.settings import NETWORK_MODELS, model_named, positive

if TYPE_CHECKING:
    from serverless_first.cloud.account.cleaning import Cleanup
    from serverless_first.cloud.account.owned import Account
    from serverless_first.cloud.account.plan import Plan

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
AWS = "aws"  # the target that is a real account


class Cloud(Inside):
    """A running local cloud, or a target that takes its place; made by `start`.

    Attributes:
        endpoint_url: where boto3 finds it.
        region: the Region that boto3 uses.
        time_scale: AWS's own waiting times are divided by it.
        allow_real_aws: whether boto3 may reach other machines.
        enforce_iam: whether roles and resource policies are enforced.
        network_model: how functions reach a VPC, "hyperplane" or "2019".
    """

    def __init__(self, *, region: str, target: str | None, allow_real_aws: bool) -> None:
        self.region = region
        self.time_scale = 1.0
        self.enforce_iam = False
        self.network_model = NETWORK_MODELS[0]
        self.target = target
        self._account: Account | None = None
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
            CloudError: another emulator does not tell.
        """
        if self.target is None:
            return ACCOUNT_ID
        if self._account is None:
            from serverless_first.cloud.account import plan

            return plan.identify(self.region, None).id
        return self._account.id

    def _start(self, idle_expiry_s: float, owner: str | None = None) -> None:
        with launching.files_explained(self.target):
            if self.target is None:
                self.endpoint_url = self._start_server(idle_expiry_s)
            changes = (
                surroundings.region_environ(self.region)
                if self.target == AWS
                else surroundings.local_environ(os.environ, self.endpoint_url, self.region, self._folder.path)
            )
        self._undo.callback(surroundings.swap_default_session, surroundings.swap_default_session(None))
        self._undo.callback(surroundings.apply, surroundings.apply(changes))
        if self._account is not None or owner is not None:
            self._tag(owner)
        self._undo.callback(guard.disarm)
        if self.allow_real_aws:
            guard.disarm()
        else:
            guard.arm([urllib.parse.urlsplit(self.target).hostname or ""] if self.target else [])
        atexit.register(self.stop)

    def _tag(self, owner: str | None) -> None:
        """From now on boto3 tags what it makes."""
        from serverless_first.cloud.account import plan
        from serverless_first.cloud.account.tagging import Tagger

        self._account = self._account or plan.identify(self.region, owner)
        tagger = Tagger(self._account)
        self._undo.callback(tagger.remove)
        tagger.install()

    def cleanup(self, *, dry_run: bool = False) -> Cleanup:
        """Removes what carries the tag of this session's owner, in an order that works, and lists it.

        Args:
            dry_run: only list it.

        Returns:
            What was removed, what is left and why.

        Raises:
            CloudError: nothing is tagged here: the local cloud, or a target without an owner.
            CloudNotRunning: it was stopped.
        """
        self._require_running()
        if self._account is None:
            raise CloudError(
                "Nothing is tagged here, so nothing can be found by its tag. The local cloud goes with the notebook, "
                'and aws.reset() empties it. For another endpoint: cloud.start(target="http://...", owner="your name").'
            )
        from serverless_first.cloud.account import cleaning, plan

        return cleaning.clean_up(plan.require_same(self._account), dry_run=dry_run)

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
        """The folder of this run: what lies in it goes when the notebook ends, however it ends."""
        return self._folder.path

    @property
    def is_running(self) -> bool:
        """Whether it answers: not stopped, and its process has not ended."""
        is_forked_child = os.getpid() != self._pid  # uses its parent's cloud, and cannot see whether it has ended
        return _running is self and (is_forked_child or self._server is None or self._server.poll() is None)

    def __repr__(self) -> str:
        state = "running" if self.is_running else "stopped"
        what = "local cloud" if self.target is None else "real account" if self.target == AWS else self.target
        account = ACCOUNT_ID if self.target is None else self._account.id if self._account else "not asked"
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
            **{"enforce_iam": enforce_iam, "network_model": network_model},
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


@overload
def start(*, target: Literal["aws"], region: str = ..., owner: str | None = ..., dry_run: Literal[True]) -> Plan: ...


@overload
def start(
    *,
    time_scale: float | None = ...,
    idle_expiry_s: float | None = ...,
    region: str = ...,
    target: str | None = ...,
    allow_real_aws: bool = ...,
    enforce_iam: bool | None = ...,
    network_model: str | None = ...,
    owner: str | None = ...,
    confirm: str | None = ...,
    dry_run: Literal[False] = ...,
) -> Cloud: ...


def start(
    *,
    time_scale: float | None = None,
    idle_expiry_s: float | None = None,
    region: str = REGION,
    target: str | None = None,
    allow_real_aws: bool = False,
    enforce_iam: bool | None = None,
    network_model: str | None = None,
    owner: str | None = None,
    confirm: str | None = None,
    dry_run: bool = False,
) -> Cloud | Plan:
    """Starts the local cloud, or returns the one that is running; boto3 uses it from now on.

    It ends with this process, or with `stop`, or at the end of a `with` block.

    Args:
        time_scale: divides AWS's own waiting times; 60 makes an hour a minute, 1 is real time. What you set yourself
            (a function's timeout, for instance) keeps its seconds.
        idle_expiry_s: how long an idle execution environment lives, in seconds; 600 unless told. AWS does not
            document its own.
        region: the Region that boto3 uses.
        target: the URL of another endpoint to use in place of the local cloud; or "aws", a real account of yours.
        allow_real_aws: turns the guard off: boto3 may reach other machines.
        enforce_iam: whether a handler may do only what its execution role allows, and a function is called only by
            services that its resource policy allows; off unless told. Your own calls stay an administrator's.
        network_model: how functions reach a VPC: "hyperplane" unless told, as since September 2019, by interfaces that
            they share; "2019", as before, by one for each execution environment, made at its cold start.
        owner: with a target: what boto3 makes is tagged serverless-first=owner, and `cleanup` removes it. On AWS it is
            who calls, unless given.
        confirm: with "aws": the account's number and the Region, "111122223333 eu-west-1". You are asked, unless given.
        dry_run: with "aws": only shows what would happen and what `cleanup` would remove, and returns the plan.

    Raises:
        NotConfirmed: of CloudError; "aws", and nobody has confirmed it, or with another account or Region.
        CloudDidNotStart: the server process ended or stayed silent.
        ValueError: an argument is out of range.
        CloudError: `enforce_iam` or `network_model` with a target, the last three without one, or a target that differs
            from the one in use; no credentials, or some that AWS does not accept.
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
    if target is None and owner is not None:
        raise CloudError("owner is for a target: the local cloud goes with the notebook, tagged or not.")
    if target != AWS and (confirm is not None or dry_run):
        raise CloudError('confirm and dry_run are for target="aws": nothing else costs anything.')
    if target is not None and target != AWS:
        target = target.rstrip("/")
        if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
            raise ValueError(f'target is {target!r}; it must be "aws" or a URL, as in "http://127.0.0.1:4566".')
    if target is not None:
        from serverless_first.cloud.account import plan as planning
    with _starting:
        if _running is not None and not _running._answers():
            _running.stop()  # its process has ended: clean up, then start afresh
        if _running is not None:
            settings = (_running.target, _running.region, _running.allow_real_aws)
            if (target, region, allow_real_aws or target == AWS) != settings:
                raise CloudError("Another local cloud is running, with other settings. Call aws.stop() first.")
            if not dry_run:
                if target is not None:
                    planning.require_as_started(_running._account, owner, confirm)
                _running._change(idle_expiry_s, time_scale, enforce_iam, network_model)
                return _running
        if target == AWS:
            if confirm is None and not dry_run:
                planning.require_somebody()
            plan = planning.make(region, owner)
            if dry_run:
                return planning.show(plan)
            planning.confirm(plan, confirm)
        with launching.files_explained(target):
            cloud = Cloud(region=region, target=target, allow_real_aws=allow_real_aws or target == AWS)
        cloud._account = plan.account if target == AWS else None
        cloud.time_scale = time_scale or 1.0
        cloud.enforce_iam = bool(enforce_iam)
        cloud.network_model = network_model or NETWORK_MODELS[0]
        try:
            cloud._start(idle_expiry_s or 600.0, owner)
        except BaseException:
            cloud.stop()
            raise
        _running = cloud
    print(_greeting(cloud))
    return cloud


def _greeting(cloud: Cloud) -> str:
    if cloud.target is None:
        ending = "boto3 may reach real AWS." if cloud.allow_real_aws else "AWS calls stay on this machine."
        return f"The local cloud is running. Region {cloud.region}, account {ACCOUNT_ID}. {ending}"
    owner = cloud._account.owner if cloud._account else ""
    tagged = f" What it makes is tagged serverless-first={owner}; cloud.cleanup() removes it." if owner else ""
    if cloud.target == AWS:
        return f"boto3 uses your account {cloud.account_id}, Region {cloud.region}, as it is: times are AWS's.{tagged}"
    ending = "boto3 may reach real AWS." if cloud.allow_real_aws else "It reaches nothing else."
    return f"boto3 uses {cloud.target}. Region {cloud.region}. {ending}{tagged}"


def cleanup(*, dry_run: bool = False) -> Cleanup:
    """Removes what carries the tag of the session's owner; see `Cloud.cleanup`.

    Args:
        dry_run: only list it.

    Raises:
        CloudNotRunning: there is no session; start it with the same target, and it finds what an earlier one has made.
        CloudError: nothing is tagged here.
    """
    if _running is None:
        raise CloudNotRunning(
            'Start first, with the target that you used: cloud.start(target="aws"). It finds by the tag what an '
            "earlier notebook has made."
        )
    return _running.cleanup(dry_run=dry_run)

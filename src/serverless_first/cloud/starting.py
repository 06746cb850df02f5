"""`cloud.start()` with what the course adds to the engine's: a real account, and what is tagged and removed there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from serverless_cloud import Cloud, CloudError, CloudNotRunning, client

if TYPE_CHECKING:
    from serverless_first.real_account.cleaning import Cleanup
    from serverless_first.real_account.plan import Plan


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
    region: str = client.REGION,
    target: str | None = None,
    allow_real_aws: bool = False,
    enforce_iam: bool | None = None,
    network_model: str | None = None,
    owner: str | None = None,
    confirm: str | None = None,
    dry_run: bool = False,
) -> Cloud | Plan:
    """Starts the local cloud, or returns the one that is running; boto3 uses it from now on.

    Args:
        time_scale, idle_expiry_s, region, allow_real_aws, enforce_iam, network_model: as for `serverless_cloud.start`.
        target: the URL of another endpoint to use instead of the local cloud, or "aws" for your real account.
        owner: with a target, everything that boto3 makes is tagged serverless-first=owner, and `cleanup` removes it. On
            AWS, the default is the caller.
        confirm: with "aws": the account's number and the Region, "111122223333 eu-west-1". You are asked, unless given.
        dry_run: with "aws": only shows what would happen and what `cleanup` would remove, and returns the plan.

    Raises:
        NotConfirmed: of CloudError; "aws", and nobody has confirmed it, or with another account or Region.
        CloudDidNotStart: the server process ended or stayed silent.
        ValueError: an argument is out of range.
        CloudError: `enforce_iam` or `network_model` with a target, the last three without one, or a target that differs
            from the one in use; no credentials, or some that AWS does not accept.
    """
    if target is None and owner is not None:
        raise CloudError("owner is only for a target, because the local cloud goes with the notebook, tagged or not.")
    if target != "aws" and (confirm is not None or dry_run):
        raise CloudError('confirm and dry_run are only for target="aws", because nothing else costs anything.')
    session = None
    if target is not None:
        # Reads the facts files, which takes a second that the local cloud does not need.
        from serverless_first.real_account import plan
        from serverless_first.real_account.session import AccountSession

        if dry_run:
            return plan.show(plan.make(region, owner))
        session = AccountSession(target, region, owner, confirm)
    return client.start(
        time_scale=time_scale,
        idle_expiry_s=idle_expiry_s,
        region=region,
        target=target,
        allow_real_aws=allow_real_aws,
        enforce_iam=enforce_iam,
        network_model=network_model,
        session=session,
    )


def cleanup(*, dry_run: bool = False) -> Cleanup:
    """Removes what carries the tag of the session's owner; see `AccountSession.cleanup`.

    Args:
        dry_run: only list it.

    Raises:
        CloudNotRunning: there is no session; start it with the same target, and it finds what an earlier one has made.
        CloudError: nothing is tagged here.
    """
    running = client.running()
    if running is None:
        raise CloudNotRunning(
            'Start first, with the target that you used, as in cloud.start(target="aws"). The tag then finds what '
            "an earlier notebook has made."
        )
    removed: Cleanup = running.cleanup(dry_run=dry_run)
    return removed

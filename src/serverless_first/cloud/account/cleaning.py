"""Removes what carries the owner's tag, in an order that works, and tells what it removed and what is left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serverless_first.cloud.account import finders
from serverless_first.cloud.account.journal import Made
from serverless_first.cloud.account.owned import KEY, Account
from serverless_first.cloud.account.tagging import UNTAGGABLE
from serverless_first.cloud.account.things import Finder, Thing, code_of, is_missing

#: How long one thing may take to go, in seconds. The interfaces of functions in a VPC stay for up to 20 minutes.
LIMIT_S = 1500.0
_LIMIT_OF_AN_EMULATOR_S = 120.0
_NOT_THERE = ("NotImplemented", "UnknownOperation", "InvalidAction", "404", "501", "500", "InternalFailure")

# Kinds that the finders list by their services' own calls, which lag behind less than the tagging API.
_LISTED_DIRECTLY = re.compile(
    r"arn:aws[\w-]*:(scheduler|events|pipes|states|secretsmanager|sns|sqs|dynamodb|kinesis|s3|logs"
    r"|cloudformation:[\w-]*:\d*:stack|lambda:[\w-]*:\d*:(function|event-source-mapping|layer)"
    r"|apigateway:[\w-]*:\d*:/(restapis|apis|usageplans|apikeys)|iam:[\w-]*:\d*:(role|policy)"
    r"|batch:[\w-]*:\d*:(job-queue|compute-environment|job-definition|job)|cloudwatch:[\w-]*:\d*:alarm|ssm:[\w-]*:\d*:parameter|rds:[\w-]*:\d*:(db|db-proxy|pg|subgrp|snapshot)"
    r"|ec2:[\w-]*:\d*:(instance|vpc-endpoint|natgateway|network-interface|elastic-ip|internet-gateway|volume|subnet"
    r"|route-table|network-acl|security-group|vpc))[:/]"
)

Report = Callable[[str], None]


@dataclass
class Cleanup:
    """What cleaning up did, or would do.

    Attributes:
        dry_run: whether nothing was removed.
        removed: what was removed, or would be, in this order.
        left: what is still there, and why.
        not_looked_at: the kinds that could not be listed, and why.
        by_hand: what carries the tag, or was noted without one, and is nothing that this can remove.
    """

    dry_run: bool
    removed: list[Thing] = field(default_factory=list)
    left: dict[Thing, str] = field(default_factory=dict)
    not_looked_at: dict[str, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is left, as far as this could look."""
        return not (self.left or self.not_looked_at or self.by_hand) and not (self.dry_run and self.removed)


def say(line: str) -> None:
    """Prints a line at once: cleaning up takes minutes, and whoever waits wants to see it go on."""
    print(line, flush=True)


def clean_up(account: Account, *, dry_run: bool, report: Report = say, limit_s: float | None = None) -> Cleanup:
    """Finds and removes what carries the owner's tag.

    Args:
        account: whose.
        dry_run: only find it.
        report: gets the lines to read.
        limit_s: how long one thing may take to go, in seconds; `LIMIT_S` on AWS, unless given.
    """
    if limit_s is None:
        limit_s = LIMIT_S if account.endpoint is None else _LIMIT_OF_AN_EMULATOR_S
    done = Cleanup(dry_run)
    where = f"account {account.id}, {account.region}, tag {KEY}={account.owner}"
    report(f"{'This would remove' if dry_run else 'Removing'} ({where}):")
    for kind, find in finders.ORDER:
        for thing in _found(account, kind, find, done):
            if dry_run:
                done.removed.append(thing)
                report(f"  {thing}")
            else:
                _remove(account, thing, done, report, limit_s)
    end_s, progress, told = time.monotonic() + limit_s, True, False
    while done.left and (progress or (_in_use(done) and time.monotonic() < end_s)):
        if not progress:
            if not told:
                report(f"  waiting: {_listed(done)} still in use. Lambda's interfaces in a VPC take a while to go")
                told = True
            time.sleep(account.every_s * 3)
        again, done.left = list(done.left), {}
        before = len(done.removed)
        for thing in again:
            _remove(account, thing, done, report, limit_s)
        progress = len(done.removed) > before
    _tell(account, done, report)
    return done


def _found(account: Account, kind: str, find: Finder, done: Cleanup) -> list[Thing]:
    from botocore.exceptions import BotoCoreError, ClientError

    found: list[Thing] = []
    try:
        found.extend(find(account))
    except (ClientError, BotoCoreError) as error:
        if account.endpoint is None or not code_of(error).startswith(_NOT_THERE):  # else the emulator lacks it
            done.not_looked_at[kind] = f"{code_of(error)}: {_short(error)}"
    return found


def _remove(account: Account, thing: Thing, done: Cleanup, report: Report, limit_s: float) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        try:
            thing.remove()
        except ClientError as error:
            gone_with_its_owner = is_missing(error) and (thing.gone is None or thing.gone())
            if not gone_with_its_owner:
                raise
        _wait(account, thing, report, limit_s)
    except (ClientError, BotoCoreError, RuntimeError) as error:
        done.left[thing] = _short(error)
        return
    done.removed.append(thing)
    report(f"  {thing}")


def _wait(account: Account, thing: Thing, report: Report, limit_s: float) -> None:
    if thing.gone is None:
        return
    end_s, told = time.monotonic() + limit_s, False
    while not thing.gone():
        if time.monotonic() > end_s:
            raise RuntimeError(f"it is still there after {limit_s:.0f} s")
        if not told and account.endpoint is None:
            report(f"  waiting for {thing}; this can take minutes")
            told = True
        time.sleep(account.every_s)


def _tell(account: Account, done: Cleanup, report: Report) -> None:
    if not done.dry_run:
        _forget(account, done)
    done.by_hand = sorted({*_still_tagged(account, done), *_noted_untagged(account)})
    for thing, why in done.left.items():
        report(f"  LEFT: {thing}: {why}")
    for kind, why in done.not_looked_at.items():
        report(f"  NOT LOOKED AT: {kind}: {why}")
    for name in done.by_hand:
        report(f"  BY HAND: {name}")
    number = len(done.removed)
    what = f"{number} resource{'' if number == 1 else 's'}"
    if done.dry_run:
        report(f"{what} would be removed. cloud.cleanup() does it.")
    elif done.clean:
        report(f"{what} removed, nothing left.")
    else:
        report(f"{what} removed. Not all is gone: look at the lines in capitals, then call cloud.cleanup() again.")


def _forget(account: Account, done: Cleanup) -> None:
    """Takes what is gone out of the journal."""
    names = {word for thing in done.removed for word in (thing.name, thing.id) if word}

    def wanted(made: Made) -> bool:
        if found := UNTAGGABLE.get((made.service, made.operation)):
            return ":".join(made.given[field] for field in found[1] if field in made.given) not in names
        return not made.tagged or not names & set(made.given.values())

    account.journal.keep(wanted)


def _still_tagged(account: Account, done: Cleanup) -> list[str]:
    """What the tagging API lists of kinds that this cannot remove; of others it still lists what is gone."""
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = [{"Key": KEY, "Values": [account.owner]}]
    try:
        listed = account.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=wanted)
        arns = [each["ResourceARN"] for each in listed if account.owns(each.get("Tags"))]
    except (ClientError, BotoCoreError) as error:
        if account.endpoint is None:
            done.not_looked_at["the tagging API"] = f"{code_of(error)}: {_short(error)}"
        return []
    return [arn for arn in arns if not _LISTED_DIRECTLY.match(arn)]


def _noted_untagged(account: Account) -> list[str]:
    return [
        f"{made} (made without a tag; when it is gone, delete its line in {account.journal.path.name})"
        for made in account.journal.read()
        if not made.tagged and (made.service, made.operation) not in UNTAGGABLE
    ]


def _listed(done: Cleanup) -> str:
    return f"{', '.join(map(str, done.left))} {'is' if len(done.left) == 1 else 'are'}"


def _in_use(done: Cleanup) -> bool:
    """Whether AWS said of something that something else still uses it."""
    return any("DependencyViolation" in why or "in use" in why for why in done.left.values())


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

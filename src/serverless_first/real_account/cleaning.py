"""Removes the resources with the owner's tag, in an order that works, and reports what it removed and what is left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from serverless_first.course.words import count
from serverless_first.real_account import finders, finders_own
from serverless_first.real_account.existing import log_group_of
from serverless_first.real_account.journal import Made
from serverless_first.real_account.owned import KEY, OF_A_STACK, Account, as_mapping
from serverless_first.real_account.tagging import UNTAGGABLE
from serverless_first.real_account.things import Finder, Thing, code_of, is_missing

#: How long a resource may take to disappear, in seconds. Interfaces of functions in a VPC stay for up to 20 minutes.
LIMIT_S = 1500.0
_LIMIT_OF_AN_EMULATOR_S = 120.0
_NOT_THERE = ("NotImplemented", "UnknownOperation", "InvalidAction", "404", "501", "500", "InternalFailure")

# Words in AWS's errors if something else still uses the resource, and if the calls come too fast.
_IN_USE = re.compile("DependencyViolation|in use")
_TOO_OFTEN = re.compile("Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Rate exceeded", re.IGNORECASE)
# The call that is noted for a log group -> the resource's kind, the field with its name, its finder's title.
_LOGS = {
    ("lambda", "CreateFunction"): ("function", "FunctionName", "functions"),
    ("rds", "CreateDBProxy"): ("proxy", "DBProxyName", "proxies"),
}

Report = Callable[[str], None]


@dataclass
class Cleanup:
    """The results or the plan of a cleanup.

    Attributes:
        dry_run: whether this is only a plan.
        removed: the resources that were removed, or would be, in this order.
        left: the resources that are still there, with the reasons.
        not_looked_at: the kinds that could not be listed, with the reasons.
        by_hand: the resources that the cleanup can't remove, but that have the tag or were noted without a tag.
    """

    dry_run: bool
    removed: list[Thing] = field(default_factory=list)
    left: dict[Thing, str] = field(default_factory=dict)
    not_looked_at: dict[str, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is left, as far as the cleanup could see."""
        return not (self.left or self.not_looked_at or self.by_hand) and not (self.dry_run and self.removed)


def say(line: str) -> None:
    """Prints a line at once, because a cleanup takes minutes and the person who waits wants to see progress."""
    print(line, flush=True)


def clean_up(account: Account, *, dry_run: bool, report: Report = say, limit_s: float | None = None) -> Cleanup:
    """Finds and removes the resources with the owner's tag.

    Args:
        dry_run: only find the resources.
        report: called with each line to read.
        limit_s: how long a resource may take to disappear, in seconds (default on AWS: `LIMIT_S`).
    """
    if limit_s is None:
        limit_s = LIMIT_S if account.endpoint is None else _LIMIT_OF_AN_EMULATOR_S
    done = Cleanup(dry_run)
    where = f"account {account.id}, {account.region}, tag {KEY}={account.owner}"
    report(f"{'This would remove' if dry_run else 'Removing'} ({where}):")
    for kind, *_, find in finders.ORDER:
        for thing in _find_all(account, kind, find, done):
            if dry_run:
                done.removed.append(thing)
                report(f"  {thing}")
            else:
                _remove(account, thing, done, report, limit_s)
    end_s, progress, has_reported = time.monotonic() + limit_s, True, False
    while done.left and (progress or (_passes(done, _IN_USE, _TOO_OFTEN) and time.monotonic() < end_s)):
        if not progress or _passes(done, _TOO_OFTEN):
            if not has_reported:
                report(f"  waiting: {_why(done)}")
                has_reported = True
            time.sleep(account.every_s * 3)
        again, done.left = list(done.left), {}
        before = len(done.removed)
        for thing in again:
            _remove(account, thing, done, report, limit_s)
        progress = len(done.removed) > before
    _tell(account, done, report)
    return done


def _find_all(account: Account, kind: str, find: Finder, done: Cleanup) -> list[Thing]:
    things: list[Thing] = []
    try:
        things.extend(find(account))
    except (ClientError, BotoCoreError) as error:
        if account.endpoint is None or not code_of(error).startswith(_NOT_THERE):  # else the emulator lacks it
            done.not_looked_at[kind] = f"{code_of(error)}: {_short(error)}"
    except OSError as error:
        done.not_looked_at[kind] = _of_the_journal(account, error)
    return things


def _remove(account: Account, thing: Thing, done: Cleanup, report: Report, limit_s: float) -> None:
    try:
        try:
            thing.remove()
        except ClientError as error:
            gone_with_its_owner = is_missing(error) and (thing.is_removed is None or thing.is_removed())
            if not gone_with_its_owner:
                raise
        _wait(account, thing, report, limit_s)
    except (ClientError, BotoCoreError, RuntimeError) as error:
        done.left[thing] = _short(error)
        return
    done.removed.append(thing)
    report(f"  {thing}")


def _wait(account: Account, thing: Thing, report: Report, limit_s: float) -> None:
    if thing.is_removed is None:
        return
    end_s, has_reported = time.monotonic() + limit_s, False
    while not _is_gone(thing.is_removed):
        if time.monotonic() > end_s:
            raise RuntimeError(f"it is still there after {limit_s:.0f} s")
        if not has_reported and account.endpoint is None:
            report(f"  waiting for {thing}, which can take minutes")
            has_reported = True
        time.sleep(account.every_s)


def _is_gone(check: Callable[[], bool]) -> bool:
    """Whether a resource is gone. While AWS asks for fewer calls, this returns False."""
    try:
        return check()
    except ClientError as error:
        if _TOO_OFTEN.search(code_of(error)):
            return False
        raise


def _tell(account: Account, done: Cleanup, report: Report) -> None:
    noted: list[str] = []
    try:
        noted = _noted_untagged(account)
        if not done.dry_run:
            _forget(account, done)
    except OSError as error:
        noted.append(_of_the_journal(account, error))
    done.by_hand = sorted({*_still_tagged(account, done), *noted})
    for thing, why in done.left.items():
        report(f"  LEFT: {thing}{f' ({thing.id})' if thing.id else ''}: {why}")
    for kind, why in done.not_looked_at.items():
        report(f"  NOT LOOKED AT: {kind}: {why}")
    for name in done.by_hand:
        report(f"  BY HAND: {name}")
    what = count(len(done.removed), "resource")
    if done.dry_run:
        report(f"{what} would be removed if you call cloud.cleanup().")
    elif done.clean:
        report(f"{what} removed, nothing left.")
    else:
        report(
            f"{what} removed. Some resources are left. Read the lines that start in capitals, then call "
            "cloud.cleanup() again."
        )


def _of_the_journal(account: Account, error: OSError) -> str:
    return (
        f"{account.journal.path} cannot be read or written: {_short(error)}. This file names the resources that AWS "
        "cannot tag"
    )


def _forget(account: Account, done: Cleanup) -> None:
    """Removes from the journal the resources that are gone."""
    removed = {(thing.kind, thing.name) for thing in done.removed}
    left = {(thing.kind, thing.name) for thing in done.left}

    def is_wanted(entry: Made) -> bool:
        if thing := finders_own.noted_thing(account, entry):
            return (thing.kind, thing.name) not in removed
        if not entry.tagged or (entry.service, entry.operation) not in _LOGS:
            return not entry.tagged
        # A function or a proxy is noted for its log group, until both were looked for and neither is left.
        kind, field, title = _LOGS[entry.service, entry.operation]
        both = {(kind, entry.given.get(field, "")), ("log group", log_group_of(entry.operation, entry.given))}
        return bool(both & left or {title, "log groups"} & set(done.not_looked_at))

    account.journal.keep(is_wanted)


def _still_tagged(account: Account, done: Cleanup) -> list[str]:
    """The resources that only the tagging API lists: kinds that the cleanup can't remove, and leftovers of stacks."""
    tag_filters = [{"Key": KEY, "Values": [account.owner]}]
    leftovers: list[str] = []
    checks: dict[str, Callable[[str], bool]] = {}
    try:
        for resource in account.pages(
            "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=tag_filters
        ):
            arn, tags = resource["ResourceARN"], as_mapping(resource.get("Tags"))
            stack = tags.get(OF_A_STACK)
            if stack is None:  # the tagging API lists removed resources for a while, so finders' own kinds are skipped
                if account.owns(tags) and not finders.is_looked_for(arn):
                    leftovers.append(arn)
            elif tags.get(KEY) == account.owner:
                if stack not in checks:
                    checks[stack] = finders_own.kept_by(account, stack)
                if checks[stack](arn):
                    leftovers.append(f"{arn} (its stack is deleted and has left it behind)")
    except (ClientError, BotoCoreError) as error:
        if account.endpoint is None:
            done.not_looked_at["the tagging API"] = f"{code_of(error)}: {_short(error)}"
    return leftovers


def _noted_untagged(account: Account) -> list[str]:
    return [
        f"{entry} (created without a tag; when it is gone, delete its line in {account.journal.path.name})"
        for entry in account.journal.read()
        if not entry.tagged and (entry.service, entry.operation) not in UNTAGGABLE
    ]


def _passes(done: Cleanup, *reasons: re.Pattern[str]) -> bool:
    """Whether a resource is left for a reason that goes away by itself."""
    return any(reason.search(why) for why in done.left.values() for reason in reasons)


def _why(done: Cleanup) -> str:
    left = f"{', '.join(map(str, done.left))} {'is' if len(done.left) == 1 else 'are'} still"
    if _passes(done, _TOO_OFTEN):
        return f"{left} there. AWS accepts fewer calls at a time"
    return f"{left} in use. Lambda's interfaces in a VPC take a while to disappear"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

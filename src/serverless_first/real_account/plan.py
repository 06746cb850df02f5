"""The plan of `cloud.start(target="aws")`, and the confirmation without which it does nothing."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from serverless_cloud import guard, surroundings
from serverless_cloud.errors import CloudError
from serverless_cloud.progress import in_a_kernel
from serverless_first import facts
from serverless_first.course.places import work_dir
from serverless_first.facts import prices
from serverless_first.real_account import costs
from serverless_first.real_account.cleaning import clean_up
from serverless_first.real_account.journal import Journal
from serverless_first.real_account.owned import KEY, Account, journal_name, owner_of, valid_owner

# Set by what runs programs without a person: GitHub, GitLab, Jenkins, Azure Pipelines, CodeBuild.
_UNATTENDED = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "CODEBUILD_BUILD_ID")

# What boto3 and the AWS CLI call a session of an assumed role, unless a profile names it.
_NAME_OF_A_MOMENT = re.compile(r":assumed-role/[^/]+/botocore-session-\d+$")

CANNOT_BE_TAGGED = (
    "schedules, layer versions, archives, connections, API destinations and backups of tables carry no tag, so "
    "their names are noted in your own file, which cloud.cleanup() reads",
    ("aliases, stages, routes, subscriptions, targets and inline policies go with the resource that they belong to"),
    "log groups that Lambda and RDS Proxy make themselves are found by the name of the function or proxy",
)


class NotConfirmed(CloudError):
    """A real account was not used, since nobody confirmed it; nothing was made."""


@dataclass(frozen=True)
class Plan:
    """The plan of a start on a real account.

    Attributes:
        account: whose it is.
        costs: what each module costs while its resources are there.
    """

    account: Account
    costs: tuple[costs.Cost, ...]

    @property
    def words(self) -> str:
        """The words that confirm it: the account's number and the Region."""
        return f"{self.account.id} {self.account.region}"

    def __str__(self) -> str:
        there = self.account
        where = "AWS" if there.endpoint is None else f"{there.endpoint}, an emulator (AWS_ENDPOINT_URL names it)"
        lines = [
            "A real account: everything that you make from here on is real, and you pay for it."
            if there.endpoint is None
            else "An emulator instead of AWS: nothing is real, and nothing costs.",
            f"  account   {there.id}",
            f"  region    {there.region}",
            f"  who       {there.arn}",
            f"  where     {where}",
            f"  tag       {KEY}={there.owner}, on everything that boto3 makes in this notebook",
            "What a module costs while its resources are there (US dollars; paid by request: cents, not listed):",
            "  module     an hour  forgotten for a month  for",
        ]
        lines += [f"  {c.module:<9}{c.hour_usd:>9.3f}{c.month_usd:>23.2f}  {c.what}" for c in self.costs]
        others = sorted({c.module for c in self.costs if c.region != there.region})
        table = prices.load()
        if others:
            lines.append(
                f"  prices.yml lacks prices of {there.region} for {', '.join(others)}, so the table shows "
                "the prices of us-east-1"
            )
        free, secret = _values("lambda-free-tier", "secrets-manager-price")
        lines += [
            (f"  from prices.yml, compared with its sources on {table.checked.isoformat()}: an estimate, not a limit"),
            f"  secrets on top: {secret}; Lambda's free tier: {free}",
            (
                "Anyone else who signs in as the same identity has the same tag. If a class shares an "
                "identity, give owner=."
            ),
            "Roles and policies belong to every Region: cloud.cleanup() removes yours, whichever Region uses them.",
            "What the tag does not reach:",
            *(f"  {line}" for line in CANNOT_BE_TAGGED),
            "Tools of the labs (hikari.database, hikari.proxy, hikari.deploy) delete what has their names before they",
            "make it, such as a database orders-db. Use an account that holds nothing else.",
            "cloud.cleanup(dry_run=True) lists what carries the tag, cloud.cleanup() removes it.",
        ]
        return "\n".join(lines)


@cache  # facts.yml takes a second to read, and does not change while a notebook runs
def _values(*fact_ids: str) -> tuple[str, ...]:
    """The values of facts as they are now."""
    known = facts.load()
    return tuple(known[each].now.value for each in fact_ids)


def make(region: str, owner: str | None) -> Plan:
    """Looks who calls (sts get_caller_identity, which costs and changes nothing) and what it would cost.

    Args:
        owner: for the tag; who calls, unless given.

    Raises:
        NotConfirmed: this JupyterLab was started only for the local cloud.
        CloudError: there are no credentials, or AWS does not accept them.
        ValueError: nothing is left of the owner in letters that tags take.
    """
    if os.environ.get("AWS_ENDPOINT_URL") == surroundings.NOWHERE:
        raise NotConfirmed(
            "This JupyterLab stays on your machine. It was started without --allow-real-aws, so it cannot use your "
            "keys. Close it, then run `serverless-first lab --allow-real-aws`. Nothing was sent."
        )
    if guard.is_armed():
        raise NotConfirmed("The guard is on, because a local cloud runs in this notebook. Call aws.stop() first.")
    return Plan(identify(region, owner), tuple(costs.by_the_hour(region)))


def identify(region: str, owner: str | None) -> Account:
    """The account that boto3's credentials belong to.

    Args:
        owner: for the tag; who calls, unless given.

    Raises:
        CloudError: there are no credentials, or they are not accepted.
        ValueError: nothing is left of the owner in letters that tags take.
    """
    owner = valid_owner(owner) if owner is not None else None
    try:
        session = boto3.Session(region_name=region)
        if session.get_credentials() is None:
            raise CloudError(
                "boto3 finds no credentials, and the course does not ask for any. Set them up as you do for the "
                "AWS CLI (aws configure sso, or a profile in AWS_PROFILE), then run this cell again. Nothing was "
                "sent."
            )
        patience = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})
        client = session.client("sts", config=patience)
        endpoint = _endpoint(session, client)
        who = client.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise CloudError(f"The course could not find out whose account this is, so it made nothing: {error}") from error
    number, arn = who["Account"], who["Arn"]
    if owner is None and _NAME_OF_A_MOMENT.search(arn):
        raise CloudError(
            f"You are {arn}. This name changes with each session, so tomorrow it would find nothing. Give a name "
            'that stays the same: cloud.start(target=..., owner="your name"). Nothing was made.'
        )
    owner = owner or owner_of(arn)
    path = work_dir() / "real-account" / journal_name(number, region, owner, endpoint)
    return Account(number, region, owner, endpoint, arn, Journal(path), session)


def _endpoint(session: Any, client: Any) -> str | None:
    """The URL that stands for AWS; None for AWS itself, under whichever of its names (IPv6, FIPS, China).

    Raises:
        CloudError: single services go elsewhere, so that a part would be real and a part not.
    """
    url = str(client.meta.endpoint_url)
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        core = session._session
        section = core.full_config.get("services", {}).get(core.get_scoped_config().get("services"), {})
        found = {n: v for n, v in os.environ.items() if n.startswith("AWS_ENDPOINT_URL_") and v}
        found |= {n: v["endpoint_url"] for n, v in section.items() if isinstance(v, dict) and "endpoint_url" in v}
        single = [n for n, v in found.items() if v.rstrip("/") != os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")]
        if single:
            raise CloudError(
                f"Some services go to another address than the rest: {', '.join(sorted(single))}. You could not "
                "tell what is real, so remove these settings. Nothing was sent."
            )
    aws = session.client("sts", config=Config(ignore_configured_endpoint_urls=True)).meta.endpoint_url
    return None if url == aws else url


def require_same(account: Account) -> Account:
    """Refuses if the credentials have changed since the start, so that only confirmed resources are deleted.

    Returns:
        The account, with the credentials that were looked at now and no others.

    Raises:
        CloudError: they belong to another account now, or to none.
    """
    now = identify(account.region, account.owner)
    if (now.id, now.endpoint) != (account.id, account.endpoint):
        raise CloudError(
            f"The session was started for account {account.id}, but the credentials now belong to account {now.id}. "
            "Nothing was removed. Call aws.stop(), then start again."
        )
    return replace(account, session=now.session, _clients={})


def require_as_started(account: Account | None, owner: str | None, confirm: str | None) -> None:
    """Refuses a second start that means another tag, or another account, than the session that goes on.

    Args:
        account: the session's; None where nothing is tagged.
        owner: as the second start has it, if it has one.
        confirm: the same.

    Raises:
        CloudError: they differ.
    """
    if owner is not None and (account is None or valid_owner(owner) != account.owner):
        whose = account.owner if account else "nobody"
        raise CloudError(f"This session's tag belongs to {whose}, not to {owner}. Call aws.stop() first.")
    if confirm is not None and account is not None and confirm.split() != [account.id, account.region]:
        raise CloudError(
            f"You confirmed {confirm.strip()!r}, but this session is on account {account.id}, {account.region}. "
            "Call aws.stop() first."
        )


def require_somebody() -> None:
    """Refuses where nobody can confirm: before anything is sent.

    Raises:
        NotConfirmed: this runs unattended, or there is neither a terminal nor a notebook in a browser.
    """
    unattended = [name for name in _UNATTENDED if os.environ.get(name, "").lower() not in ("", "0", "false")]
    if unattended:
        raise _nobody(f"{unattended[0]} is set, so this runs without a person")
    if not (in_a_kernel() or (sys.stdin is not None and sys.stdin.isatty())):
        raise _nobody("there is no terminal and no notebook in a browser")


def confirm(plan: Plan, given: str | None) -> None:
    """Lets nobody through who has not typed the account's number and the Region.

    Args:
        given: the confirmation, where the code has it; else somebody is asked.

    Raises:
        NotConfirmed: nobody answers, or the words differ.
    """
    print(plan, flush=True)
    if given is None:
        try:
            given = input("To go on, type the account number and the Region, as in 111122223333 eu-west-1: ")
        except (EOFError, OSError, RuntimeError):  # RuntimeError: of a kernel that a program runs
            raise _nobody("there is no terminal and no notebook in a browser") from None
    if given.split() != plan.words.split():
        raise NotConfirmed(
            f"You confirmed {given.strip()!r}, but the credentials belong to account {plan.account.id}, and the "
            f"Region is {plan.account.region}. Nothing was made."
        )


def _nobody(why: str) -> NotConfirmed:
    return NotConfirmed(
        f'Nobody can confirm this here: {why}. Nothing was made. If you want it, call cloud.start(target="aws", '
        'region="<Region>", confirm="<account number> <Region>").'
    )


def show(plan: Plan) -> Plan:
    """Prints a plan, and what carries its tag already; makes and removes nothing."""
    print(plan)
    print(f'Nothing was made: a dry run. To go on, call cloud.start(target="aws", region="{plan.account.region}")')
    clean_up(plan.account, dry_run=True)
    return plan

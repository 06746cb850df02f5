"""The plan of `cloud.start(target="aws")`, and the confirmation that it needs before it does anything."""

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

from serverless_cloud import guard
from serverless_cloud.errors import CloudError
from serverless_cloud.notebook import surroundings
from serverless_cloud.notebook.progress import in_a_kernel
from serverless_first import facts
from serverless_first.course.places import work_dir
from serverless_first.facts import prices
from serverless_first.real_account import costs
from serverless_first.real_account.cleaning import clean_up
from serverless_first.real_account.journal import Journal
from serverless_first.real_account.owned import KEY, Account, journal_name, owner_of, valid_owner

# Set by services that run programs without a person: GitHub, GitLab, Jenkins, Azure Pipelines, CodeBuild.
_UNATTENDED = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "CODEBUILD_BUILD_ID")

# The session name that boto3 and the AWS CLI give to an assumed role, unless a profile has a name for it.
_NAME_OF_A_MOMENT = re.compile(r":assumed-role/[^/]+/botocore-session-\d+$")

CANNOT_BE_TAGGED = (
    "schedules, layer versions, archives, connections, API destinations and table backups can't have tags, so "
    "their names are noted in your own file, which cloud.cleanup() reads",
    "aliases, stages, routes, subscriptions, targets and inline policies are deleted with the resource they belong to",
    "log groups that Lambda and RDS Proxy create themselves are found by the name of the function or proxy",
)


class NotConfirmed(CloudError):
    """A real account was not used, because nobody confirmed it. Nothing was created."""


@dataclass(frozen=True)
class Plan:
    """The plan of a start on a real account.

    Attributes:
        account: the account, its Region and its owner.
        costs: each module's costs while its resources exist.
    """

    account: Account
    costs: tuple[costs.Cost, ...]

    @property
    def words(self) -> str:
        """The words that confirm the plan, which are the account's number and the Region."""
        return f"{self.account.id} {self.account.region}"

    def __str__(self) -> str:
        there = self.account
        where = "AWS" if there.endpoint is None else f"{there.endpoint}, an emulator (AWS_ENDPOINT_URL names it)"
        lines = [
            "This is a real account. Everything that you create now is real, and you pay for it."
            if there.endpoint is None
            else "This is an emulator instead of AWS. Nothing is real, and nothing costs money.",
            f"  account   {there.id}",
            f"  region    {there.region}",
            f"  caller    {there.arn}",
            f"  where     {where}",
            f"  tag       {KEY}={there.owner}, on everything that boto3 creates in this notebook",
            "Each module's costs while its resources exist, in US dollars. Requests cost only cents and aren't listed.",
            "  module     an hour  forgotten for a month  for",
        ]
        lines += [f"  {c.module:<9}{c.hour_usd:>9.3f}{c.month_usd:>23.2f}  {c.what}" for c in self.costs]
        others = sorted({c.module for c in self.costs if c.region != there.region})
        table = prices.load()
        if others:
            lines.append(
                f"  prices.yml lacks some prices of {there.region} for modules {', '.join(others)}, so the table shows "
                "the prices of us-east-1"
            )
        free, secret = _values("lambda-free-tier", "secrets-manager-price")
        lines += [
            f"  estimates, not limits, from prices.yml, compared with its sources on {table.checked.isoformat()}",
            f"  secrets cost extra: {secret}; Lambda's free tier: {free}",
            (
                "Anyone else who signs in as the same identity has the same tag. If a class shares an "
                "identity, use owner=."
            ),
            "Roles and policies belong to all Regions. cloud.cleanup() removes yours even if another Region uses them.",
            "The tag does not cover these resources:",
            *(f"  {line}" for line in CANNOT_BE_TAGGED),
            "The labs' tools (hikari.database, hikari.proxy, hikari.deploy) first delete resources that have the same",
            "names, such as the database orders-db. Use an account that has nothing else in it.",
            "cloud.cleanup(dry_run=True) lists the resources with the tag, and cloud.cleanup() removes them.",
        ]
        return "\n".join(lines)


@cache  # facts.yml takes a second to read, and does not change while a notebook runs
def _values(*fact_ids: str) -> tuple[str, ...]:
    """The current values of these facts."""
    known = facts.load()
    return tuple(known[fact_id].now.value for fact_id in fact_ids)


def make(region: str, owner: str | None) -> Plan:
    """Finds out who the caller is (sts get_caller_identity, which is free and changes nothing) and what modules cost.

    Args:
        owner: the owner for the tag (default: the caller).

    Raises:
        NotConfirmed: this JupyterLab was started only for the local cloud.
        CloudError: there are no credentials, or AWS does not accept them.
        ValueError: the owner has no characters that tags accept.
    """
    if os.environ.get("AWS_ENDPOINT_URL") == surroundings.NOWHERE:
        raise NotConfirmed(
            "This JupyterLab stays on your machine. It was started without --allow-real-aws, so it cannot use your "
            "keys. Close it, then run `serverless-first lab --allow-real-aws`. Nothing was sent."
        )
    if guard.is_armed():
        raise NotConfirmed("The guard is on, because a local cloud is running in this notebook. Call aws.stop() first.")
    return Plan(identify(region, owner), tuple(costs.by_the_hour(region)))


def identify(region: str, owner: str | None) -> Account:
    """The account that boto3's credentials belong to.

    Args:
        owner: the owner for the tag (default: the caller).

    Raises:
        CloudError: there are no credentials, or they are not accepted.
        ValueError: the owner has no characters that tags accept.
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
        raise CloudError(
            f"The course could not find out whose account this is, so it created nothing: {error}"
        ) from error
    number, arn = who["Account"], who["Arn"]
    if owner is None and _NAME_OF_A_MOMENT.search(arn):
        raise CloudError(
            f"You are {arn}. This name changes with each session, so tomorrow's cleanup would find nothing. Use a name "
            'that stays the same: cloud.start(target=..., owner="your name"). Nothing was created.'
        )
    owner = owner or owner_of(arn)
    path = work_dir() / "real-account" / journal_name(number, region, owner, endpoint)
    return Account(number, region, owner, endpoint, arn, Journal(path), session)


def _endpoint(session: Any, client: Any) -> str | None:
    """The URL that stands in for AWS, or None for AWS itself, under any of its names (IPv6, FIPS, China).

    Raises:
        CloudError: some services go to another address, so only a part of the session would be real.
    """
    url = str(client.meta.endpoint_url)
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        core = session._session
        section = core.full_config.get("services", {}).get(core.get_scoped_config().get("services"), {})
        urls = {n: v for n, v in os.environ.items() if n.startswith("AWS_ENDPOINT_URL_") and v}
        urls |= {n: v["endpoint_url"] for n, v in section.items() if isinstance(v, dict) and "endpoint_url" in v}
        single = [n for n, v in urls.items() if v.rstrip("/") != os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")]
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
        The account, with only the credentials that this call has checked.

    Raises:
        CloudError: the credentials now belong to another account, or to none.
    """
    now = identify(account.region, account.owner)
    if (now.id, now.endpoint) != (account.id, account.endpoint):
        raise CloudError(
            f"The session was started for account {account.id}, but the credentials now belong to account {now.id}. "
            "Nothing was removed. Call aws.stop(), then start again."
        )
    return replace(account, session=now.session, _clients={})


def require_as_started(account: Account | None, owner: str | None, confirm: str | None) -> None:
    """Refuses a second start whose tag or account differs from the running session.

    Args:
        account: the running session's account; None if nothing is tagged.
        owner: the second start's owner, if it names an owner.
        confirm: the second start's confirmation, if it has a confirmation.

    Raises:
        CloudError: the tag or the account differs.
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
    """Refuses if nobody can confirm, before anything is sent.

    Raises:
        NotConfirmed: this runs unattended, or there is neither a terminal nor a notebook in a browser.
    """
    unattended = [name for name in _UNATTENDED if os.environ.get(name, "").lower() not in ("", "0", "false")]
    if unattended:
        raise _nobody(f"{unattended[0]} is set, so this runs without a person")
    if not (in_a_kernel() or (sys.stdin is not None and sys.stdin.isatty())):
        raise _nobody("there is no terminal and no notebook in a browser")


def confirm(plan: Plan, confirmation: str | None) -> None:
    """Continues only if somebody has typed the account's number and the Region.

    Args:
        confirmation: the confirmation from the code; None to ask for it.

    Raises:
        NotConfirmed: nobody answers, or the words differ.
    """
    print(plan, flush=True)
    if confirmation is None:
        try:
            confirmation = input("To continue, type the account number and the Region, as in 111122223333 eu-west-1: ")
        except (EOFError, OSError, RuntimeError):  # RuntimeError: from a kernel that a program runs
            raise _nobody("there is no terminal and no notebook in a browser") from None
    if confirmation.split() != plan.words.split():
        raise NotConfirmed(
            f"You confirmed {confirmation.strip()!r}, but the credentials belong to account {plan.account.id}, and the "
            f"Region is {plan.account.region}. Nothing was created."
        )


def _nobody(why: str) -> NotConfirmed:
    return NotConfirmed(
        f"Nobody can confirm this here, because {why}. Nothing was created. To confirm in code, call "
        'cloud.start(target="aws", region="<Region>", confirm="<account number> <Region>").'
    )


def show(plan: Plan) -> Plan:
    """Prints a plan and the resources that already have its tag. Creates and removes nothing."""
    print(plan)
    print(
        "Nothing was created, because this was a dry run. To continue, call "
        f'cloud.start(target="aws", region="{plan.account.region}")'
    )
    clean_up(plan.account, dry_run=True)
    return plan

"""Facts to look at again: old values, and values that rest on third parties only.

`make check` lists them as information, because neither kind is wrong. The date of an announcement stays right, and some
numbers, such as the prices in Tokyo, were found nowhere else in a form that a lesson can cite.

A source is **first-hand** if the publisher is the one that the fact is about. For nearly all facts that is AWS,
with its sites and its organizations on GitHub. Three other kinds count as well, because nobody could be closer to the
fact: the documentation of PostgreSQL and of the Linux kernel, the deck that the course follows, and papers, which facts
quote as papers. AWS re:Post doesn't count, because anybody may answer there.
"""

from __future__ import annotations

import calendar
import textwrap
from datetime import date, timedelta
from urllib.parse import urlsplit

from serverless_first.facts.files import Source
from serverless_first.facts.table import STALE_AFTER_DAYS, Dated, Facts

#: A host counts with its subdomains, so that docs.aws.amazon.com is amazon.com.
_FIRST_HAND_HOSTS = (
    *("amazon.com", "amazonaws.com", "amazonaws.cn", "awsstatic.com"),
    *("postgresql.org", "docs.kernel.org"),
    *("arxiv.org", "doi.org", "usenix.org"),
)
#: Host and first part of the path, where a host belongs to many publishers.
_FIRST_HAND_PLACES = (
    *("github.com/aws", "github.com/awsdocs", "github.com/awslabs", "github.com/aws-samples", "github.com/boto"),
    *("github.com/firecracker-microvm", "pypi.org/project/botocore", "speakerdeck.com/keisuke69"),
)


def first_hand(source: Source) -> bool:
    """Whether the publisher of this source is the one that facts cite it about; see the top of this file."""
    parts = urlsplit(source.url.lower())
    host = parts.hostname or ""
    if any(host == known or host.endswith(f".{known}") for known in _FIRST_HAND_HOSTS):
        return True
    place = f"{host.removeprefix('www.')}{parts.path}/"
    return any(place.startswith(f"{known}/") for known in _FIRST_HAND_PLACES)


def lines(facts: Facts, today: date) -> list[str]:
    """The list that `make check` prints: how many facts to look at again, then their ids by date and reason.

    Args:
        facts: The facts of the course.
        today: The day to count from. A value is old when its as_of ended more than 365 days before.

    Returns:
        Lines of at most 120 characters, so that an author sees the list at a glance; none if there are no such facts.
    """
    groups: dict[tuple[date, str, str], list[str]] = {}
    for fact in facts.values():
        if reason := _reason(fact.now, today):
            groups.setdefault((_end(fact.now.as_of), fact.now.as_of, reason), []).append(fact.id)
    if not groups:
        return []
    total = sum(len(ids) for ids in groups.values())
    count = "1 fact" if total == 1 else f"{total} facts"
    texts = [f"note: {count} to look at again, because the value is older than a year or rests on third parties only:"]
    for (_, as_of, reason), ids in sorted(groups.items()):
        text = f"  {as_of:<10}  {reason}: {', '.join(ids)}"
        texts += textwrap.wrap(text, 120, subsequent_indent=" " * 14, break_on_hyphens=False)
    return texts


def _reason(now: Dated, today: date) -> str:
    """Why to look at this value again; empty if there is no reason."""
    reasons = []
    if today - _end(now.as_of) > timedelta(days=STALE_AFTER_DAYS):
        reasons.append("older than a year")
    if not any(first_hand(source) for source in now.sources):
        reasons.append(f"third party ({', '.join(source.key for source in now.sources)})")
    return ", ".join(reasons)


def _end(as_of: str) -> date:
    """The last day of a day, month or year: "2026-11" is 30 November, so that an inexact date doesn't look old."""
    year, month, day = (*(int(part) for part in as_of.split("-")), 0, 0)[:3]
    month = month or 12
    return date(year, month, day or calendar.monthrange(year, month)[1])

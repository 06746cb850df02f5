"""The hourly costs of the labs on a real account, from prices.yml. A resource costs whether it is used or not.

What is paid by request (functions, queues, topics, tables, APIs) is left out: a workshop's share of it is cents. Each
entry below is what a lesson or a lab makes at one time, by its own text.
"""

from __future__ import annotations

from dataclasses import dataclass

from serverless_first.facts import prices

HOURS_A_MONTH = 730.0  # as AWS's calculator has it: 365 x 24 / 12
_FALLBACK = "us-east-1"

_Item = tuple[str, str, float]
_DISK: _Item = ("its disk of 20 GB", "rds-postgres-storage", 20 / HOURS_A_MONTH)
_DATABASE: tuple[_Item, ...] = (("a database db.t4g.micro", "rds-postgres-t4g-micro", 1), _DISK)
_IN_THE_LESSON: tuple[_Item, ...] = (("a database db.t4g.micro, in the lesson", "rds-postgres-t4g-micro", 1), _DISK)

#: Module number -> what stands there: words, id in prices.yml, how many of the price's unit in an hour.
BY_THE_HOUR: dict[str, tuple[_Item, ...]] = {
    "01": _IN_THE_LESSON,
    "02": (
        ("an EC2 instance t3.micro, in the lesson", "ec2-t3-micro", 1),
        ("2 environments of 512 MB kept ready, in the lesson", "lambda-x86-provisioned", 2 * 512 / 1024 * 3600),
    ),
    "03": (("3 environments of 128 MB kept ready, in the lesson", "lambda-x86-provisioned", 3 * 128 / 1024 * 3600),),
    "04": _DATABASE,
    "05": (*_DATABASE, ("two RDS proxies of 2 vCPUs", "rds-proxy-vcpu", 2 * 2)),
    "06": (
        ("a NAT gateway", "nat-gateway", 1),
        ("its public address", "public-ipv4", 1),
        *_DATABASE,
    ),
    "07": _DATABASE,
    "08": (("the cache of a stage, 0.5 GB", "api-gateway-cache-0-5-gb", 1),),
    "10": _IN_THE_LESSON,
    "12": (*_DATABASE, ("an RDS proxy of 2 vCPUs", "rds-proxy-vcpu", 2)),
}


@dataclass(frozen=True)
class Cost:
    """A module's costs while its resources exist.

    Attributes:
        module: its number.
        what: the resources, in words.
        hour_usd: US dollars an hour.
        region: whose prices these are.
    """

    module: str
    what: str
    hour_usd: float
    region: str

    @property
    def month_usd(self) -> float:
        """US dollars for a month in which it is forgotten."""
        return self.hour_usd * HOURS_A_MONTH


def by_the_hour(region: str) -> list[Cost]:
    """The hourly costs of each module.

    Args:
        region: a Region; where prices.yml lacks a price of it, those of us-east-1 stand in, and `Cost.region` says so.

    Raises:
        FactsError: prices.yml breaks its rules.
    """
    table = prices.load()
    here = table.of(region) if region in table.regions else table.of(_FALLBACK)
    elsewhere = table.of(_FALLBACK)
    costs = []
    for module, items in BY_THE_HOUR.items():
        all_here = here.region == region and all(price_id in here for _, price_id, _ in items)
        source = here if all_here else elsewhere
        total = sum(source.each_usd(price_id) * amount for _, price_id, amount in items)
        costs.append(Cost(module, ", ".join(words for words, _, _ in items), total, source.region))
    return costs

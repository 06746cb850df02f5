"""The hourly costs of the labs on a real account, from prices.yml. You pay for a resource whether you use it or not.

Costs per request (functions, queues, topics, tables, APIs) are left out, because in a workshop they come to cents. Each
entry below lists the resources that a lesson or a lab creates at one time, according to its text.
"""

from __future__ import annotations

from dataclasses import dataclass

from serverless_first.facts import prices

HOURS_A_MONTH = 730.0  # as in AWS's calculator, 365 x 24 / 12
_FALLBACK = "us-east-1"

_Item = tuple[str, str, float]
_DISK: _Item = ("its 20 GB disk", "rds-postgres-storage", 20 / HOURS_A_MONTH)
_DATABASE: tuple[_Item, ...] = (("a db.t4g.micro database", "rds-postgres-t4g-micro", 1), _DISK)
_IN_THE_LESSON: tuple[_Item, ...] = (("a db.t4g.micro database in the lesson", "rds-postgres-t4g-micro", 1), _DISK)

#: Module number -> its resources, each with its words, its id in prices.yml, and its number of price units per hour.
BY_THE_HOUR: dict[str, tuple[_Item, ...]] = {
    "01": _IN_THE_LESSON,
    "02": (
        ("a t3.micro EC2 instance in the lesson", "ec2-t3-micro", 1),
        ("2 environments with 512 MB kept ready in the lesson", "lambda-x86-provisioned", 2 * 512 / 1024 * 3600),
    ),
    "03": (("3 environments with 128 MB kept ready in the lesson", "lambda-x86-provisioned", 3 * 128 / 1024 * 3600),),
    "04": _DATABASE,
    "05": (*_DATABASE, ("two RDS proxies with 2 vCPUs each", "rds-proxy-vcpu", 2 * 2)),
    "06": (
        ("a NAT gateway", "nat-gateway", 1),
        ("its public address", "public-ipv4", 1),
        *_DATABASE,
    ),
    "07": _DATABASE,
    "08": (("a stage's cache with 0.5 GB", "api-gateway-cache-0-5-gb", 1),),
    "10": _IN_THE_LESSON,
    "12": (*_DATABASE, ("an RDS proxy with 2 vCPUs", "rds-proxy-vcpu", 2)),
}


@dataclass(frozen=True)
class Cost:
    """A module's costs while its resources exist.

    Attributes:
        module: its number.
        what: the resources, in words.
        hour_usd: US dollars an hour.
        region: the Region whose prices these are.
    """

    module: str
    what: str
    hour_usd: float
    region: str

    @property
    def month_usd(self) -> float:
        """US dollars for a month, if you forget the resources."""
        return self.hour_usd * HOURS_A_MONTH


def by_the_hour(region: str) -> list[Cost]:
    """The hourly costs of each module.

    Args:
        region: a Region. If prices.yml lacks one of a module's prices there, the module gets the prices of us-east-1,
            and `Cost.region` says so.

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

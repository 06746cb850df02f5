"""How fast Lambda starts new execution environments: the rule of January 2020 and today's.

Both are a bucket of starts: it is full at first, each new environment takes one out, it fills up again at a constant
rate and never beyond its size. A request that needs a new environment and finds less than one start is throttled.

Sources: AWS Lambda Developer Guide of 16 January 2020, "Scaling" (fact lambda-scaling-rate), and an answer by AWS on
re:Post, "How is the Burst Capacity related to the Baseline?", for the bucket; today's guide, "Lambda scaling behavior",
which says that AWS refills continuously and that unused starts do not add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from serverless_first.simulate import inputs


@dataclass(frozen=True)
class ScalingRate:
    """How many environments may be started.

    Args:
        at_once: starts in the full bucket.
        per_s: starts that come back each second.
        whole_account: whether all functions share one bucket, or each has its own.

    Raises:
        ValueError: an argument is out of its range.
    """

    at_once: int
    per_s: float
    whole_account: bool

    def __post_init__(self) -> None:
        inputs.whole("at_once", self.at_once, 1)
        inputs.number("per_s", self.per_s, least=0)


#: 1,000 every 10 s, for each function, since November 2023.
NOW = ScalingRate(at_once=1000, per_s=100.0, whole_account=False)

#: How many environments there could be at once in January 2020. Every other Region had 500.
BURST_2020: Mapping[str, int] = MappingProxyType(
    {"us-west-2": 3000, "us-east-1": 3000, "eu-west-1": 3000, "ap-northeast-1": 1000, "eu-central-1": 1000}
)
BURST_2020_ELSEWHERE = 500


def then(region: str = "us-east-1") -> ScalingRate:
    """The rule of January 2020: 500 to 3,000 at once by Region, then 500 a minute, for all functions together.

    >>> then("ap-northeast-1").at_once, then("sa-east-1").at_once
    (1000, 500)

    Args:
        region: AWS's name of it. One that is not among the five with more than 500 is taken for one of the others.

    Raises:
        ValueError: no Region is named.
    """
    if not region or not region.strip():
        raise ValueError(f"region is {region!r}. Give AWS's name of a Region, such as us-east-1.")
    return ScalingRate(BURST_2020.get(region, BURST_2020_ELSEWHERE), per_s=500 / 60, whole_account=True)

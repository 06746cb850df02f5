"""What a simulated function costs, by its REPORT lines: the rules of 2020, of 2021 to 2025, and today's.

Billed duration is what REPORT says: the handler's time, with the Init phase where Init is billed, rounded up to the
step. It costs GB-seconds: seconds times the function's memory. Sources: AWS Lambda pricing; AWS News Blog, "1ms Billing
Granularity" (December 2020); AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase" (facts
lambda-init-billing, lambda-provisioned-billing).

Left out: the Init of provisioned environments, /tmp above 512 MB, and the free tier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.facts.prices import Prices
from serverless_first.simulate import cost, inputs
from serverless_first.simulate.cost import Architecture, Bill
from serverless_first.simulate.fleet import COLD, FleetResult, Integers
from serverless_first.simulate.inputs import Floats


@dataclass(frozen=True)
class BillingRules:
    """How a duration becomes a billed duration.

    Args:
        step_ms: durations are rounded up to a multiple of it.
        init_billed: whether the Init phase counts.

    Raises:
        ValueError: the step is not a whole number of milliseconds from 1.
    """

    step_ms: int
    init_billed: bool

    def __post_init__(self) -> None:
        inputs.whole("step_ms", self.step_ms, 1)


#: In January 2020. Init was free for zip packages on managed runtimes; others paid for it then too.
THEN = BillingRules(step_ms=100, init_billed=False)
#: From December 2020 to July 2025, for the same functions.
FROM_DECEMBER_2020 = BillingRules(step_ms=1, init_billed=False)
#: Since 1 August 2025.
NOW = BillingRules(step_ms=1, init_billed=True)


@dataclass(frozen=True, eq=False)
class Reports:
    """The numbers of the REPORT lines, one entry for each request that was served, in the order of arrival.

    Attributes:
        duration_ms: of the handler.
        init_ms: of the Init phase; 0 where the start was warm, and REPORT has no Init Duration.
        billed_ms: whole milliseconds, a multiple of the rules' step.
        provisioned: whether a provisioned environment served it.
    """

    duration_ms: Floats
    init_ms: Floats
    billed_ms: Integers
    provisioned: NDArray[np.bool_]


def reports(run: FleetResult, init_s: ArrayLike = 0.0, rules: BillingRules = NOW) -> Reports:
    """The REPORT lines of a simulation: Duration, Init Duration and Billed Duration.

    Billed duration = step x ceil((duration + init) / step), without init where Init is free.

    An order of 120 ms with a cold start of 300 ms on top, and a warm one:

    >>> from serverless_first.simulate import fleet
    >>> run = fleet.simulate([0.0, 60.0], warm_service_s=0.12, cold_service_s=0.42)
    >>> reports(run, init_s=0.3, rules=THEN).billed_ms.tolist(), reports(run, init_s=0.3).billed_ms.tolist()
    ([200, 200], [420, 120])

    Args:
        run: of `fleet.simulate` or `account.simulate`.
        init_s: how much of a cold request's service was Init, in seconds: one number, or one for each request.
        rules: `THEN`, `FROM_DECEMBER_2020` or `NOW`.

    Raises:
        ValueError: init_s has the wrong shape, is below 0, or leaves no time for the handler.
    """
    init = inputs.numbers("init_s", init_s)
    if init.shape not in ((), run.outcomes.shape):
        raise ValueError(f"init_s has the shape {init.shape}. Give one number, or one for each request.")
    if np.min(init, initial=0.0) < 0:
        raise ValueError(f"init_s holds {np.min(init):g}. Give 0 s or more.")
    served = run.environment >= 0
    init_ms = np.where(run.outcomes == COLD, init, 0.0)[served] * 1000
    # To the nanosecond: 0.42 s - 0.3 s is a little above 120 ms in floating point, and would be billed as 121.
    init_ms = np.round(init_ms, 6)
    duration_ms = np.round((run.end_s - run.start_s)[served] * 1000 - init_ms, 6)
    if duration_ms.size and np.min(duration_ms) <= 0:
        raise ValueError(
            "init_s is as long as a cold request's whole service, or longer. Give less than cold_service_s."
        )
    billed = np.ceil(np.round((duration_ms + (init_ms if rules.init_billed else 0.0)) / rules.step_ms, 6))
    return Reports(
        duration_ms,
        init_ms,
        billed.astype(np.int64) * rules.step_ms,
        run.environment[served] < run.provisioned,
    )


def bill(
    run: FleetResult,
    memory_mb: float,
    prices: Prices,
    *,
    init_s: ArrayLike = 0.0,
    rules: BillingRules = NOW,
    architecture: Architecture = "x86_64",
) -> Bill:
    """What a simulation costs: requests, duration, and the provisioned environments for as long as it was observed.

    Throttled requests cost nothing. Duration in a provisioned environment has a lower price, and each costs as long as
    it is kept, in steps of five minutes. Prices are those of the table, whatever the rules; the price of duration was
    the same in 2020 (fact lambda-price-duration).

    A million orders of 120 ms with 512 MB, all warm but the first:

    >>> from serverless_first.facts import prices
    >>> from serverless_first.simulate import fleet
    >>> run = fleet.simulate(np.arange(1e6), warm_service_s=0.12, cold_service_s=0.42)
    >>> tokyo = prices.of("ap-northeast-1")
    >>> [round(bill(run, 512, tokyo, init_s=0.3, rules=rules).usd, 2) for rules in (THEN, NOW)]
    [1.87, 1.2]

    Args:
        run: of `fleet.simulate` or `account.simulate`.
        memory_mb: of the function, 128 to 10,240. A GB has 1,024 MB.
        prices: of one Region.
        init_s, rules: as of `reports`.
        architecture: "x86_64" or "arm64".

    Raises:
        ValueError: an argument is out of its range.
        UnknownPrice: the Region has no such price in the table.
    """
    lines = reports(run, init_s, rules)
    on_demand = lines.billed_ms[~lines.provisioned]
    # With no request at all there is still a bill, of nothing.
    mean_ms = float(np.mean(on_demand)) if on_demand.size else 1.0
    found = cost.lambda_month(on_demand.size, mean_ms, memory_mb, prices, architecture=architecture, step_ms=0)
    if not run.provisioned:
        return found
    gb = memory_mb / 1024
    chip = "x86" if architecture == "x86_64" else "arm64"
    within_s = float(np.sum(lines.billed_ms[lines.provisioned])) / 1000
    kept_s = math.ceil(run.horizon_s / cost.PROVISIONED_STEP_S - 1e-9) * cost.PROVISIONED_STEP_S
    return found + Bill(
        {
            "requests": int(np.count_nonzero(lines.provisioned)) * prices.each_usd("lambda-requests"),
            "provisioned duration": within_s * gb * prices.each_usd(f"lambda-{chip}-provisioned-duration"),
            "kept ready": run.provisioned * gb * kept_s * prices.each_usd(f"lambda-{chip}-provisioned"),
        }
    )

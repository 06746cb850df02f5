"""Checks of module 01, tasks 1.3 and 1.4: environments for a morning, and a plan for a day that nobody has seen."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.shop import hikari_capacity as shop
from serverless_first.simulate import capacity, fleet
from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import Demand

_chance = random.Random()

# ---- 1.3


@task("1.3")
def morning(attempt: Attempt) -> None:
    """Cold starts and billed seconds of any morning."""
    file = LearnerFile(attempt, "per_request.py")
    # One after the other, two that meet, three that meet and one that comes when all are gone; below, none at all.
    _bill_is_right(attempt, file, [0.0, 1.0], 0.25, 0.5, 600.0)
    _bill_is_right(attempt, file, [0.0, 0.125], 0.25, 0.5, 600.0)
    _bill_is_right(attempt, file, [0.0, 0.0625, 0.125, 100.0, 1000.0], 0.25, 0.5, 600.0)
    # The third one comes while both others are busy with their Init.
    _bill_is_right(attempt, file, [0.0, 0.0625, 0.4], 0.25, 0.5, 600.0)
    # The second request takes the environment of the first one; the third and fourth meet.
    stays = (
        "Your list still counts an environment as idle after it has taken a request, because the list keeps the time "
        "at which the environment last became idle."
    )
    _bill_is_right(attempt, file, [0.0, 2.0, 4.0, 4.125], 0.25, 0.5, 600.0, told_why={1: stays})
    # Six seconds of work, twelve between the two requests, ten of keeping.
    begins = "You count keep_s from the start of a request. Count it from the end of the environment's last request."
    _bill_is_right(attempt, file, [0.0, 12.0], 6.0, 0.5, 10.0, told_why={2: begins})
    # Both are idle at 8 s, and the second one was used last. So the first one is gone when two meet at 11 s.
    _bill_is_right(attempt, file, [0.0, 0.5, 8.0, 11.25, 11.375], 1.0, 0.0, 10.0)
    # At 10 s, one has become idle last, and the other has got the latest request. So only one is left when two meet.
    latest = "You take the environment whose last request came latest. Take the environment that became idle last."
    _bill_is_right(attempt, file, [0.0, 5.0, 5.5, 6.0, 10.0, 18.0, 18.125], 1.0, 3.0, 10.0, told_why={2: latest})
    _bill_is_right(attempt, file, [], 0.25, 0.5, 600.0)
    for _ in range(6):
        count, hours = _chance.randint(20, 300), _chance.choice([0.05, 0.5, 4.0])
        arrivals_s = sorted(_chance.uniform(0, hours * 3600) for _ in range(count))
        _bill_is_right(
            attempt,
            file,
            arrivals_s,
            _chance.choice([0.08, 0.7, 6.0]),
            _chance.choice([0.2, 1.5]),
            _chance.choice([30.0, 300.0]),
        )


def _bill_is_right(
    attempt: Attempt,
    file: LearnerFile,
    arrivals_s: list[float],
    service_s: float,
    init_s: float,
    keep_s: float,
    *,
    told_why: Mapping[int, str] | None = None,
) -> None:
    """Compares with `fleet`; `told_why` has what a wrong number of cold starts means in this very morning."""
    arrivals = readable([round(arrival_s, 4) for arrival_s in arrivals_s])
    called = f"bill({arrivals}, service_s={service_s:g}, init_s={init_s:g}, keep_s={keep_s:g})"
    answer = file.run(called, file["bill"], list(arrivals_s), service_s, init_s, keep_s)
    if not isinstance(answer, dict) or not {"cold_starts", "billed_s"} <= set(answer):
        attempt.fail(
            "bill doesn't return a dict with the task's two keys.",
            called=called,
            came_back=readable(answer),
            expected="the keys cold_starts, billed_s",
            look_at="what bill returns, including for a morning without requests",
        )
    cold, count = _cold_starts(arrivals_s, service_s, init_s, keep_s), len(arrivals_s)
    billed_s = count * service_s + cold * init_s
    told_cold, told_s = answer["cold_starts"], answer["billed_s"]
    if told_cold != cold:
        attempt.fail(
            (told_why or {}).get(told_cold) or _wrong_count(told_cold, arrivals_s, service_s, init_s, keep_s),
            called=called,
            came_back=f'"cold_starts": {readable(told_cold)}',
            expected=f'"cold_starts": {cold}',
            look_at="which environments are idle when a request arrives, and which are gone by then",
        )
    if not isinstance(told_s, (int, float, np.number)) or not math.isclose(
        told_s, billed_s, rel_tol=1e-6, abs_tol=1e-6
    ):
        attempt.fail(
            _wrong_bill(told_s, arrivals_s, service_s, init_s, cold),
            called=called,
            came_back=f'"billed_s": {readable(told_s)}',
            expected=f'"billed_s": {billed_s:g}',
            look_at="what Lambda bills, which is the time that an environment works, including Init",
        )


def _cold_starts(arrivals_s: Sequence[float], service_s: float, init_s: float, keep_s: float) -> int:
    run = fleet.simulate(arrivals_s, service_s, service_s + init_s, keep_s) if arrivals_s else None
    return run.cold if run else 0


def _wrong_count(cold_starts: Any, arrivals_s: list[float], service_s: float, init_s: float, keep_s: float) -> str:
    """The misconception that leads to this number of cold starts."""
    if isinstance(cold_starts, bool) or not isinstance(cold_starts, (int, float, np.number)):
        return "cold_starts is not a number."
    count = len(arrivals_s)
    gaps = sum(later - earlier >= keep_s for earlier, later in itertools.pairwise(arrivals_s))
    one = (
        "One environment serves everything in your count. But an environment serves one request at a time, so a "
        "request that arrives while it is busy needs another environment."
    )
    for_ever = (
        "You keep environments forever. An environment that has been idle for keep_s is gone, and the "
        "next request starts a new one."
    )
    no_init = "In your code, a cold start takes no time. But an environment's first request takes init_s longer."
    oldest = (
        "You take the environment that has waited longest. Lambda takes the environment that was used last, so "
        "that the other environments can end."
    )
    guesses = (
        (count, "You count each request as a cold start, but an idle environment can serve the next request."),
        (min(count, 1), one),
        (min(count, 1 + gaps), one),
        (_longest_waiting(arrivals_s, service_s, init_s, keep_s), oldest),
        (_cold_starts(arrivals_s, service_s, init_s, 1e12), for_ever),
        (_cold_starts(arrivals_s, service_s, 0.0, keep_s), no_init),
    )
    return next((problem for value, problem in guesses if cold_starts == value), "The number of cold starts is wrong.")


def _longest_waiting(arrivals_s: Sequence[float], service_s: float, init_s: float, keep_s: float) -> int:
    free_s: list[float] = []
    cold = 0
    for now_s in arrivals_s:
        free_s = [at_s for at_s in free_s if now_s - at_s < keep_s]
        idle = min((at_s for at_s in free_s if at_s <= now_s), default=None)
        if idle is None:
            cold += 1
            free_s.append(now_s + init_s + service_s)
        else:
            free_s[free_s.index(idle)] = now_s + service_s
    return cold


def _wrong_bill(bill: Any, arrivals_s: list[float], service_s: float, init_s: float, cold: int) -> str:
    """The misconception that leads to this bill."""
    if isinstance(bill, bool) or not isinstance(bill, (int, float, np.number)):
        return "billed_s is not a number."
    count = len(arrivals_s)
    by_minutes = sum(math.ceil((service_s + init_s * (number < cold)) / 60) * 60 for number in range(count))
    minutes = "You bill full minutes. Lambda bills by the millisecond, and bills nothing between requests."
    all_of_it = "You bill the whole morning. Lambda bills only the time that an environment works."
    guesses = (
        (count * service_s, "Init is not on the bill. Lambda has billed Init since August 1, 2025."),
        (count * (service_s + init_s), "You bill Init for every request, but Init runs only once per cold start."),
        (cold * (service_s + init_s), "You bill only cold starts, but warm requests also take time."),
        (by_minutes, minutes),
        (math.ceil((count * service_s + cold * init_s) / 60) * 60, minutes),
        (arrivals_s[-1] + service_s if arrivals_s else 0.0, all_of_it),
    )
    for value, problem in guesses:
        if math.isclose(bill, value, rel_tol=1e-6, abs_tol=1e-6):
            return problem
    if bill > count * service_s + cold * init_s:
        return "You bill too much. Lambda bills only the time that an environment works."
    return "You bill too little. Lambda bills every request and the Init of each cold start."


# ---- 1.4

LOST, DEARER = 0.001, 1.3
TARGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


@task("1.4")
def plan(attempt: Attempt) -> None:
    """The plan made from yesterday serves 99.9 % tomorrow, at little more than the lowest possible cost."""
    file = LearnerFile(attempt, "plan.py")
    for name, (yesterday, *tomorrows) in _days().items():
        called = f"plan(yesterday), for {name}"
        policy = file.run(called, file["plan"], yesterday)
        if not isinstance(policy, Policy):
            attempt.fail(
                "plan must return a policy from one of the four calls: bought, servers, tasks or functions.",
                called=called,
                came_back=readable(policy) if policy is not None else "None",
                expected="a policy, such as functions() returns",
                look_at="what plan returns, on every path through it",
            )
        attempt.expect(
            _offer(policy) in {_offer(offer) for offer in OFFERS},
            problem="The plan is a policy that nobody offers. You choose a single number, and the rest is fixed.",
            called=called,
            came_back=f"{policy.name}: {policy.per_unit_s:g} per s, ${policy.usd_per_unit_hour:.4f} an hour, "
            f"at least {policy.minimum}",
            expected="a policy from one of the four calls, with your own number; a fleet has at least two",
            look_at="what plan changes in the policy",
        )
        for tomorrow in tomorrows:
            _tomorrow_is_right(attempt, policy, name, yesterday, tomorrow)


_CHOSEN = ("initial", "maximum", "minimum", "name", "target")
OFFERS = (shop.bought(100), shop.servers(0.5), shop.tasks(0.5), shop.functions())


def _offer(policy: Policy) -> tuple[object, ...]:
    """The parts of a policy that the learner cannot choose, and whether a fleet that shrinks keeps two units."""
    fixed = [field.name for field in fields(policy) if field.name not in _CHOSEN]
    keeps_two = policy.at_once or not policy.shrinks or policy.minimum >= 2
    return (*(getattr(policy, name) for name in fixed), keeps_two)


def _side_street(seed: int) -> Demand:
    return shop.ordinary_day(900 + seed, mean_per_s=1.0 + 0.2 * seed, chance=0.3)


def _around_the_clock(seed: int) -> Demand:
    return shop.ordinary_day(910 + seed, mean_per_s=390 + 10.0 * seed, chance=0.03, steady=0.9)


def _day_and_night(seed: int) -> Demand:
    return shop.ordinary_day(920 + seed, mean_per_s=98 + 2.0 * seed)


def _noon_sale(seed: int) -> Demand:
    return shop.sale_day(930 + seed, hour=11.5 + seed / 4, times=9 + seed / 2, rise_min=1, mean_per_s=30)


SHOPS: dict[str, Callable[[int], Demand]] = {
    "a shop with busy days and quiet nights": _day_and_night,
    "a shop that is busy around the clock": _around_the_clock,
    "a shop on a side street": _side_street,
    "a shop with a sale at noon and ten times the demand": _noon_sale,
}


def _days() -> dict[str, list[Demand]]:
    """Yesterday and two tomorrows for each shop, and the two days of step 2, so that its verdict is the check's."""
    days = {name: [day(seed) for seed in (1, 2, 3)] for name, day in SHOPS.items()}
    return days | {"step 2's ordinary day": [shop.ordinary_day(seed) for seed in (1, 2)]}


def _tomorrow_is_right(attempt: Attempt, policy: Policy, name: str, yesterday: Demand, tomorrow: Demand) -> None:
    result = capacity.simulate(tomorrow, policy)
    best = min((r for r in _others(tomorrow) if r.unmet_share <= LOST), key=lambda r: r.cost_usd)
    called = f"the plan for {name}, with tomorrow's demand: {_words(policy)}"
    came_back = f"{math.floor((1 - result.unmet_share) * 1e5) / 1e3:.3f} % served, ${result.cost_usd:,.2f}"
    expected = f"at least 99.9 % served, for at most ${best.cost_usd * DEARER:,.2f}"
    attempt.expect(
        result.unmet_share <= LOST,
        problem=_why_lost(policy, yesterday),
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="how your plan uses the service level that a policy had yesterday",
    )
    attempt.expect(
        result.cost_usd <= best.cost_usd * DEARER,
        problem=_why_dear(policy, tomorrow),
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="which of the four your plan tries for such a shop, and what each would have cost yesterday",
    )


def _others(tomorrow: Demand) -> list[CapacityResult]:
    """The possible policies. The budget comes from the best of them."""
    tried = [shop.functions(), *(make(target) for make in (shop.servers, shop.tasks) for target in TARGETS)]
    return [capacity.simulate(tomorrow, policy) for policy in tried]


def _words(policy: Policy) -> str:
    if policy.at_once:
        return f"functions, at most {policy.maximum}"
    if not policy.shrinks:
        return f"{policy.initial} servers bought"
    return f"{policy.name} with a target of {policy.target:.0%}"


def _why_lost(policy: Policy, yesterday: Demand) -> str:
    if policy.at_once:
        return "The functions' limit is below the peak, so Lambda refuses requests, as a fleet that is too small would."
    if not policy.shrinks and policy.units_for(0) * policy.per_unit_s < 0.9 * yesterday.peak_per_s:
        return "The fleet was bought for less than the peak, for example for the average. Requests above that are lost."
    if not policy.shrinks:
        return "The fleet fits yesterday's peak exactly, but tomorrow's peak is a little higher."
    if capacity.simulate(yesterday, policy).unmet_share > LOST:
        return (
            "The plan already lost too much yesterday. Choose the cheapest of the policies that meet the service level."
        )
    return "The plan was barely enough yesterday, and tomorrow is a little different. Your plan keeps too little room."


def _why_dear(policy: Policy, tomorrow: Demand) -> str:
    if policy.at_once:
        return (
            "The plan serves enough requests, but costs too much. Servers would be busy here, and a second of function "
            "time costs more than a second of server time."
        )
    if not policy.shrinks:
        return (
            "The plan serves enough requests, but costs too much. The fleet is bought for the peak and sits "
            "idle for the rest of the day."
        )
    if tomorrow.peak_per_s < policy.minimum * policy.per_unit_s * policy.target:
        return (
            "The plan serves enough requests, but costs too much. At this shop, even the smallest fleet waits all "
            "day for only a few customers."
        )
    return (
        "The plan serves enough requests, but costs too much. The target keeps too much room all day, although "
        "demand here takes hours to grow."
    )

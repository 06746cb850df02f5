"""Checks of module 01, tasks 1.1 and 1.2: a fleet that cannot change, and a rule that scales."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from serverless_first.lab import Attempt, CheckFailed, task
from serverless_first.lab.failures import readable
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.shop import hikari_capacity as shop
from serverless_first.simulate import autoscaler
from serverless_first.simulate.autoscaler import Minute
from serverless_first.simulate.capacity import CapacityResult
from serverless_first.simulate.traces import Demand

_chance = random.Random()

# ---- 1.1

FIELDS = ("lost_requests", "idle_server_hours", "cost_usd", "servers_needed")


@task("1.1")
def fixed(attempt: Attempt) -> None:
    """A fleet of so many servers against a record: lost, idle, cost, and how many would have been enough."""
    file = LearnerFile(attempt, "fixed.py")
    # An hour and a half, one busy minute among quiet ones, exactly enough, nothing to do, no servers, no minutes.
    for per_s, servers, per_server_s, usd in (
        ([25.0] * 90, 2, 20.0, 0.12),
        ([10.0, 70.0, 10.0], 2, 20.0, 0.12),
        ([30.0, 45.0, 60.0], 3, 20.0, 0.1),
        ([0.0, 0.0], 3, 20.0, 0.1),
        ([15.0, 5.0], 0, 20.0, 0.1),
        ([], 4, 20.0, 0.1),
        # 18.3 requests are lost. Among millions, a rounded part of a request couldn't be told from an error in floats.
        ([20.305, 12.0], 1, 20.0, 0.1),
    ):
        _fleet_is_right(attempt, file, per_s, servers, per_server_s, usd)
    for _ in range(8):
        minutes = _chance.randint(20, 400)
        # Three digits, so that the number of lost requests isn't whole either.
        per_s = [round(_chance.uniform(0, 300), 3) for _ in range(minutes)]
        _fleet_is_right(
            attempt,
            file,
            per_s,
            _chance.randint(0, 18),
            _chance.choice([7.5, 20.0, 50.0]),
            _chance.choice([0.05, 0.4]),
        )


def _fleet_is_right(
    attempt: Attempt, file: LearnerFile, per_s: list[float], servers: int, per_server_s: float, usd: float
) -> None:
    called = f"fleet({_as_text(per_s)}, servers={servers}, per_server_s={per_server_s:g}, usd_per_hour={usd:g})"
    answer = file.run(called, file["fleet"], list(per_s), servers, per_server_s, usd)
    if not isinstance(answer, dict) or any(field not in answer for field in FIELDS):
        attempt.fail(
            "fleet doesn't return a dict with the task's four keys.",
            called=called,
            came_back=readable(answer),
            expected="the keys " + ", ".join(FIELDS),
            look_at="what fleet returns",
        )
    room = servers * per_server_s
    right = {
        "lost_requests": sum(max(rate - room, 0.0) for rate in per_s) * 60,
        "idle_server_hours": sum(max(room - rate, 0.0) for rate in per_s) / per_server_s / 60 if per_server_s else 0.0,
        "cost_usd": servers * len(per_s) / 60 * usd,
        "servers_needed": math.ceil(max(per_s, default=0.0) / per_server_s - 1e-9),
    }
    for field, value in right.items():
        figure = answer[field]
        if _is_number(figure) and math.isclose(figure, value, rel_tol=1e-6, abs_tol=1e-6):
            continue
        problem, look_at = _wrong_fleet(field, figure, value, per_s, servers, per_server_s, usd)
        attempt.fail(
            problem,
            called=called,
            came_back=f'"{field}": {figure:g}' if _is_number(figure) else f'"{field}": {readable(figure)}',
            expected=f'"{field}": {value:g}',
            look_at=look_at,
        )


def _as_text(per_s: Sequence[float]) -> str:
    """A record as a reader takes it in: one that is long and always the same by its length."""
    return f"[{per_s[0]}] * {len(per_s)}" if len(per_s) > 5 and len(set(per_s)) == 1 else readable(per_s)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _wrong_fleet(
    field: str, figure: Any, right: float, per_s: list[float], servers: int, per_server_s: float, usd: float
) -> tuple[str, str]:
    """The misconception that leads to this number, and where to look."""
    if not _is_number(figure):
        return f"{field} is not a number.", f"the value that you give {field}"
    room, minutes, needed = servers * per_server_s, len(per_s), max(per_s, default=0.0) / per_server_s
    over, mean = sum(per_s) - room * minutes, sum(per_s) / minutes if minutes else 0.0
    used_hours = sum(min(rate, room) for rate in per_s) / per_server_s / 60
    whole_hours = [
        sum(max(servers - rounded(rate / per_server_s), 0) for rate in per_s) / 60
        for rounded in (math.ceil, math.floor)
    ]
    whole = "You count idle time only for whole servers. A server that is half busy for a minute is half idle."
    netted = (
        "You let quiet minutes make up for busy minutes. Spare room at night can't serve customers at noon, so count "
        "each minute separately."
    )
    guesses: dict[str, list[tuple[float, str]]] = {
        "lost_requests": [
            (max(over, 0.0) * 60, netted),
            (over * 60, netted),
            (right / 60, "You add up requests per second as if each minute lasted one second."),
            (sum(per_s) * 60, "You count all requests as lost, but requests that find room are served."),
        ],
        "idle_server_hours": [
            (max(-over, 0.0) / per_server_s / 60, netted),
            (-over / per_server_s / 60, netted),
            (right * 60, "You count idle servers in minutes, but the task asks for hours."),
            (right * 60 * per_server_s, "You count idle room in requests, but the task asks for server-hours."),
            (right * per_server_s, "You count idle room in requests, but the task asks for server-hours."),
            *((hours, whole) for hours in whole_hours),
            (servers * minutes / 60, "You count all server-hours as idle, but some of them are busy."),
        ],
        "cost_usd": [
            (servers * minutes * usd, "You charge the hourly price for every minute."),
            (servers * usd, "You charge the hourly price only once, no matter how long the record is."),
            (
                servers * math.ceil(minutes / 60) * usd,
                "You charge a full hour for part of an hour, but the task counts minutes.",
            ),
            (used_hours * usd, "You pay only for busy servers, but a fixed fleet costs money all the time."),
            (minutes / 60 * usd, "You pay for only one server, but there are more."),
        ],
        "servers_needed": [
            (mean / per_server_s, "servers_needed fits the average. In the busiest minute, requests are lost."),
            (
                math.ceil(mean / per_server_s),
                "servers_needed fits the average. In the busiest minute, requests are lost.",
            ),
            (
                math.floor(needed),
                "servers_needed is rounded down, so the fleet is too small in the busiest minute.",
            ),
            (round(needed), ("servers_needed is rounded down, so the fleet is too small in the busiest minute.")),
            (
                max(servers, math.ceil(needed)),
                (
                    "servers_needed is never below the number of existing servers. A smaller fleet might have "
                    "been enough."
                ),
            ),
            (math.nan if needed else 1, "servers_needed is 1 although nobody came, so the smallest fleet is 0."),
            (math.floor(needed) + 1, "servers_needed is one too many if the busiest minute fits exactly."),
            (needed, "servers_needed is not a whole number. You cannot have part of a server."),
        ],
    }
    for value, problem in guesses[field]:
        if math.isclose(figure, value, rel_tol=1e-6, abs_tol=1e-6):
            return problem, f"how you work out {field}"
    if any(math.isclose(figure, round(right, places), rel_tol=1e-9, abs_tol=1e-9) for places in range(4)):
        return f"{field} is rounded. Return it with all its digits.", f"where you round {field}"
    if figure < 0:
        return (
            f"{field} is below 0. A minute with room to spare takes nothing away from other minutes.",
            f"the sign in {field}",
        )
    return f"{field} is wrong.", f"how you work out {field}, minute by minute"


# ---- 1.2

MINIMUM, TURNS, LOST, USED = 2, 96, 0.01, 0.4


@task("1.2")
def rule(attempt: Attempt) -> None:
    """The rule keeps its minimum, follows the demand with its lead time, gives back, and does not flap."""
    _answers_at_all(attempt)
    quiet = _run(
        attempt, [40.0] * 30 + [0.0] * 180 + [3.0] * 60, "three hours without a request, then an hour of 3 a second"
    )
    attempt.expect(
        float(np.min(quiet.ordered)) >= MINIMUM,
        problem="The rule forgets the minimum. When there are few requests or none, too few servers are left.",
        called="the rule during three hours without a request and an hour of 3 requests a second",
        came_back=f"as few as {np.min(quiet.ordered):.0f} servers wanted",
        expected=f"never fewer than {MINIMUM}",
        look_at="the smallest number that decide can return",
    )
    _one_minute_is_not_a_trend(attempt)
    step = _run(attempt, [60.0] * 240 + [240.0] * 75, "four hours of 60 requests a second, then 75 minutes of 240")
    attempt.expect(
        bool(step.units[-1] * shop.PER_SERVER_S >= 240),
        problem="The rule reacts too late. It looks at an average in which past hours count as much as this minute.",
        called="the rule, with 60 requests a second for four hours and then 240",
        came_back=f"{step.units[-1]:.0f} servers 75 minutes later",
        expected="12 servers or more, because each serves 20 requests a second",
        look_at="how far back decide looks when it computes what is needed",
    )
    # Against its own headroom before the jump: a rule that keeps much room is not one that orders twice.
    calm, most = max(float(step.ordered[239]), 1.0), float(np.max(step.ordered))
    attempt.expect(
        most <= 3 * 4 * calm,
        problem="The rule forgets the servers that are already starting, and orders them again every minute.",
        called="the rule, with 60 requests a second for four hours and then 240",
        came_back=f"{calm:.0f} servers wanted before the jump, up to {most:.0f} after it",
        expected=f"about {4 * calm:.0f}, because demand is four times as high",
        look_at="which servers decide counts as existing when it computes how many are missing",
    )
    after = _run(attempt, [60.0] * 60 + [240.0] * 60 + [60.0] * 90, "an hour of 240 requests a second, then 60 again")
    attempt.expect(
        float(after.ordered[-1]) <= 0.6 * float(np.max(after.ordered)),
        problem="The rule never scales in, or does so far too late. Servers added for a peak stay long after it.",
        called="the rule, 90 minutes after a peak of four times the demand",
        came_back=f"{after.ordered[-1]:.0f} servers wanted; at the peak {np.max(after.ordered):.0f}",
        expected="about as many servers as before the peak",
        look_at="what lets the number fall, and what your cooldown waits for",
    )
    twice = _run(
        attempt, [60.0] * 120 + [90.0] * 3 + [240.0] * 40, "60 requests a second, then 90, three minutes later 240"
    )
    attempt.expect(
        bool(twice.ordered[129] >= 12 or twice.ordered[129] > twice.ordered[123]),
        problem="After an order, the rule waits before it orders more. The cooldown applies only to releasing servers. "
        "A rule that waits while demand grows falls behind.",
        called="the rule, with 60 requests a second, then 90, and three minutes later 240",
        came_back=f"{twice.ordered[123]:.0f} servers wanted when demand rises to 240, "
        f"{twice.ordered[129]:.0f} six minutes later",
        expected="more servers within a few minutes",
        look_at="when decide keeps its previous number",
    )
    ramp = [60.0] * 60 + [60.0 + 4 * minute for minute in range(60)] + [300.0] * 60
    rising = _run(attempt, ramp, "an hour in which demand grows from 60 to 300")
    attempt.expect(
        rising.unmet_share <= LOST,
        problem="While demand grows, the rule is always too late. A server that you order now starts serving in "
        "five minutes, so a number that fits only the last minutes isn't enough.",
        called="the rule, with demand that grows by 4 requests a second every minute",
        came_back=f"{rising.unmet_share:.1%} of the requests lost",
        expected=f"at most {LOST:.0%}",
        look_at="how much more decide asks for than the current demand needs",
    )
    for name, day in _days().items():
        _day_is_right(attempt, _result(attempt, day, name), name)


def _one_minute_is_not_a_trend(attempt: Attempt) -> None:
    """A single quiet minute among busy minutes. A mean of the last three minutes still keeps three quarters."""
    quiet = _run(attempt, [240.0] * 60 + [60.0] + [240.0] * 5, "240 requests a second, with one minute of 60")
    before, after = (float(quiet.ordered[minute]) for minute in (60, 61))
    attempt.expect(
        after >= 0.6 * before,
        problem="One quiet minute makes the rule release most of its servers, and the next minute needs them again.",
        called="the rule, with an hour of 240 requests a second, then a single minute of 60",
        came_back=f"{before:.0f} servers wanted before that minute, {after:.0f} after it",
        expected="about as many as before",
        look_at="how many of the last minutes decide looks at",
    )


def _days() -> dict[str, Demand]:
    """Days that the learner has not seen."""
    return {
        "an ordinary day": shop.ordinary_day(101),
        "a day with a crowd in the morning": shop.sale_day(102, hour=9, times=2.5, rise_min=30),
        "a day with a crowd in the evening": shop.sale_day(103, hour=19, times=3, rise_min=40, mean_per_s=150),
    }


def _answers_at_all(attempt: Attempt) -> None:
    """The very first minute: a history of one."""
    first = (Minute(per_s=100.0, running=5, starting=0),)
    file = LearnerFile(attempt, "rule.py")
    answer = file.run("decide(history) with a history of one minute", file["decide"], first)
    attempt.expect(
        _is_number(answer) and answer == int(answer) and answer >= 0,
        problem="decide must return a whole number, 0 or more: how many servers should be running or starting.",
        called="decide(history) with a history of one minute",
        came_back=readable(answer) if answer is not None else "None",
        expected="a whole number",
        look_at="what decide returns, on every path through it",
    )


def _run(attempt: Attempt, per_s: Sequence[float], what: str) -> CapacityResult:
    return _result(attempt, Demand(np.array(per_s), 60.0), what)


def _result(attempt: Attempt, demand: Demand, what: str) -> CapacityResult:
    """Runs the learner's rule on a demand. An answer that isn't a number of servers fails the check."""
    file = LearnerFile(attempt, "rule.py")  # loaded again, because it may remember things, and each run is its own day
    called, decide = f"decide(history), minute by minute: {what}", file["decide"]
    wrong = autoscaler.WrongAnswer
    try:
        result = file.run(called, lambda: autoscaler.run(demand, decide, shop.SERVER), allowed=(wrong,))
    except wrong as error:
        attempt.fail(
            "decide must return a whole number, 0 or more: how many servers should be running or starting.",
            called=called,
            came_back=str(error),
            expected="a whole number",
            look_at="what decide returns, on every path through it",
        )
    assert isinstance(result, CapacityResult)
    return result


def _day_is_right(attempt: Attempt, result: CapacityResult, name: str) -> None:
    turns = autoscaler.turns(result)
    called = f"the rule, on {name}"
    came_back = f"{result.unmet_share:.2%} lost, {result.utilisation:.0%} used, {turns} turns"
    expected = f"at most {LOST:.0%} lost, at least {USED:.0%} used, at most {TURNS} turns"
    try:
        attempt.expect(
            turns <= TURNS,
            problem="The rule flaps. It keeps ordering servers and releasing them a few minutes later.",
            called=called,
            came_back=came_back,
            expected=expected,
            look_at="the cooldown, and what has to happen before the number may fall. Compare with wanted, because "
            "running leaves out servers that are still starting",
        )
        attempt.expect(
            result.unmet_share <= LOST,
            problem="The rule loses too many requests.",
            called=called,
            came_back=came_back,
            expected=expected,
            look_at="how much headroom decide keeps for the next five minutes",
        )
        attempt.expect(
            result.utilisation >= USED,
            problem="Too much capacity is idle. The rule keeps too much headroom, or releases servers too late.",
            called=called,
            came_back=came_back,
            expected=expected,
            look_at="how much headroom decide keeps, and how soon it releases servers",
        )
    except CheckFailed as failure:
        failure.look_at += "; the figure in step 2 shows such a day"
        raise

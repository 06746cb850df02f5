"""Checks of module 11, tasks 11.2 and 11.3: eight pieces of work, each with its evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from serverless_first import facts
from serverless_first.facts import prices
from serverless_first.lab import Attempt, task
from serverless_first.shop import workloads
from serverless_first.shop.workloads import CARDS, FARGATE, LAMBDA, month

MANAGED, ECS_MANAGED, EC2 = "lambda managed instances", "ecs managed instances", "ec2"
#: Service -> the steps of the path that a card has left when it ends there.
LEFT = {LAMBDA: (), MANAGED: (LAMBDA,), FARGATE: (LAMBDA,), ECS_MANAGED: (LAMBDA, FARGATE), EC2: (LAMBDA, FARGATE)}
#: Card -> step -> the limits that force it off that step.
FORCED: dict[str, dict[str, tuple[str, ...]]] = {
    "flash sale": {},
    "film": {},
    "chat": {LAMBDA: ("lambda-inbound", "lambda-timeout")},
    "lamp namer": {LAMBDA: ("lambda-gpu",), FARGATE: ("fargate-gpu", "fargate-when-not")},
    "bookkeeping": {LAMBDA: ("lambda-operating-system",)},
    "lamp reports": {},
    "clean-up": {},
    "exchange": {LAMBDA: ("lambda-memory", "lambda-timeout"), FARGATE: ("fargate-kernel", "fargate-when-not")},
}
#: Services that can be defended, beyond the first step that nothing forces the card off.
FIT = {"lamp namer": (MANAGED, ECS_MANAGED, EC2), "exchange": (EC2,)}
#: Card and service -> the fact that breaks it, and what the card needs.
BROKEN = {
    ("chat", LAMBDA): ("lambda-inbound", "this work accepts connections on a TCP port"),
    ("chat", MANAGED): (
        "lambda-inbound",
        "this work accepts connections on a TCP port, and a managed instance runs functions",
    ),
    ("lamp namer", LAMBDA): (
        "lambda-gpu",
        "this work needs a GPU, and Managed Instances are a separate service in step 1's list",
    ),
    ("lamp namer", FARGATE): ("fargate-gpu", "this work needs a GPU"),
    ("bookkeeping", LAMBDA): ("lambda-operating-system", "this work needs Windows"),
    ("bookkeeping", MANAGED): ("lambda-operating-system", "this work needs Windows"),
    ("bookkeeping", ECS_MANAGED): (
        "fargate-windows",
        "this work needs nothing else, so the deck's reason is out of date",
    ),
    ("bookkeeping", EC2): ("fargate-windows", "this work needs nothing else, so the deck's reason is out of date"),
    ("exchange", LAMBDA): ("lambda-memory", "this work needs 64 GB"),
    ("exchange", MANAGED): ("lambda-managed-instances-memory", "this work needs 64 GB"),
    ("exchange", FARGATE): ("fargate-kernel", "this work needs its own kernel"),
    ("exchange", ECS_MANAGED): (
        "ecs-managed-instances",
        "this work needs its own kernel, which the team tunes by hand",
    ),
}
#: Card, step and limit -> why this limit isn't a reason.
NO_REASON = {
    ("bookkeeping", LAMBDA, "lambda-images"): "A function can be a container image, but not a Windows image.",
    ("exchange", FARGATE, "fargate-size"): "64 GB fits in a Fargate task, but something else on the card doesn't.",
    ("lamp namer", FARGATE, "fargate-size"): "The 24 GB are the GPU's own memory, not the task's.",
    ("lamp namer", LAMBDA, "lambda-memory"): "The 24 GB are the GPU's own memory, not the function's.",
    (
        "lamp namer",
        FARGATE,
        "fargate-kernel",
    ): "The card doesn't need anything from the kernel. Another line of the table names what Fargate lacks.",
    (
        "bookkeeping",
        LAMBDA,
        "lambda-inbound",
    ): "HTTP requests reach a function through an API, which calls it, so the function doesn't accept connections. "
    "Something else on the card keeps it off Lambda.",
    ("bookkeeping", LAMBDA, "lambda-timeout"): "The card doesn't mention any long requests.",
    (
        "exchange",
        LAMBDA,
        "lambda-inbound",
    ): "The card doesn't say how the offers arrive. It says what the order book needs.",
    (
        "exchange",
        LAMBDA,
        "lambda-operating-system",
    ): "The exchange runs on Linux, and so do functions. The card names something else that a function doesn't have.",
}
PATIENCE_USD = 25
PRICED = [key for key, card in CARDS.items() if card.numbers]


# ---- 11.2


@task("11.2")
def limits(attempt: Attempt) -> None:
    """Each card stands where the path leads it, and each step that it leaves has its limit."""
    records = _read(attempt, "limits.json", list(CARDS), ("service", "leave"))
    for key in CARDS:
        _judge_limits(attempt, key, records[key]["service"], records[key]["leave"], records[key])


def _judge_limits(attempt: Attempt, key: str, service: Any, leave: Any, record: Any) -> None:
    called, look_at = f'reading limits.json, "{key}"', f'the card "{key}", and the table of limits'
    attempt.expect(
        isinstance(service, str) and service in LEFT and isinstance(leave, dict),
        problem=f'The record for "{key}" has an unknown service, or its "leave" is not a dict.',
        called=called,
        came_back=record,
        expected=f'"service": one of {", ".join(LEFT)}; "leave": a dict',
        look_at="the description in step 1",
    )
    if key == "film" and service != LAMBDA and "lambda-timeout" in leave.values():
        attempt.fail(
            "The film is too long for one call, but it doesn't have to be one call. Its longest piece takes two "
            "minutes, and the limit applies to a single run.",
            called=called,
            came_back=record,
            expected="a limit that a single chapter would exceed, or none",
            look_at="what the card says about a chapter",
        )
    problem = _weak_service(key, service)
    attempt.expect(
        not problem,
        problem=problem,
        called=called,
        came_back=record,
        expected="the first step of the path that no limit forces it to leave, or a service between the steps",
        look_at=look_at,
    )
    attempt.expect(
        set(leave) == set(LEFT[service]),
        problem=f'"{key}" ends up on {service}, but its reasons do not match the steps that it has left.',
        called=called,
        came_back=record,
        expected=f"a reason for each of: {', '.join(LEFT[service]) or 'nothing, because it has not left any step'}",
        look_at='what step 1 says about "leave"',
    )
    for step, limit in leave.items():
        attempt.expect(
            limit in FORCED[key].get(step, ()),
            problem=_weak_reason(key, step, limit),
            called=called,
            came_back=record,
            expected=f'the id of a limit that forces "{key}" off {step}',
            look_at=look_at,
        )


def _weak_service(key: str, service: str) -> str:
    """Why the card should not run there; empty if it can be defended."""
    forced = FORCED[key]
    first = LAMBDA if LAMBDA not in forced else FARGATE
    if service in FIT.get(key, (first,)):
        return ""
    if (key, service) in BROKEN:
        limit, needs = BROKEN[key, service]
        fact = facts.get(limit)
        return f'Nothing justifies "{key}" on {service}. The course\'s facts say "{_in_words(fact)}", and {needs}.'
    return (
        f'"{key}" leaves {first}, but no limit forces it to: {first} can do all that the card needs. The next task '
        "asks whether the price is a reason to leave."
    )


def _weak_reason(key: str, step: str, limit: Any) -> str:
    if isinstance(limit, str) and (key, step, limit) in NO_REASON:
        return NO_REASON[key, step, limit]
    try:
        fact = facts.get(limit)
    except (KeyError, TypeError, AttributeError):
        return f"{limit!r} is not one of the ids in the table of limits. Each step needs one id."
    return (
        f'"{limit}" does not force "{key}" off {step}. The course\'s facts say "{_in_words(fact)}", and the card does '
        "not need more."
    )


def _in_words(fact: facts.Fact) -> str:
    """A limit as the lab's table prints it."""
    return f"{fact.what}: {fact.now.short or fact.now.value}"


# ---- 11.3


@task("11.3")
def by_price(attempt: Attempt) -> None:
    """The costs follow from the cards' numbers, and the choice from the costs and Hikari's rule."""
    event_prices = workloads.prices_for_events(prices.of("us-east-1"))
    decisions = _read(attempt, "prices.json", PRICED, ("service", "usd"))
    for key in PRICED:
        right = {service: month(CARDS[key].numbers, service, event_prices).usd for service in (LAMBDA, FARGATE)}
        _judge_usd(attempt, key, decisions[key], right)
        problem = _weak_price(key, decisions[key]["service"], right)
        attempt.expect(
            not problem,
            problem=problem,
            called=f'reading prices.json, "{key}"',
            came_back=decisions[key],
            expected=f"the service that is less work to operate, if it costs at most ${PATIENCE_USD} more; otherwise "
            "the cheaper service",
            look_at="the first lines of task 11.3",
        )


def _judge_usd(attempt: Attempt, key: str, decision: dict[str, Any], right: dict[str, float]) -> None:
    claims = decision["usd"] if isinstance(decision["usd"], dict) else {}
    for service, usd in right.items():
        value = claims.get(service)
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
        attempt.expect(
            abs(number - usd) <= max(0.01 * usd, 0.006),
            problem=_wrong_usd(key, service, number, usd),
            called=f'reading prices.json, "{key}"',
            came_back=decision,
            expected=f'"usd" with a month on {LAMBDA} and on {FARGATE}, from the card\'s numbers',
            look_at="your function's answer for this card. Task 11.1 has to pass first",
        )


def _wrong_usd(key: str, service: str, claim: float, right: float) -> str:
    if claim != claim:
        return f'There is no cost for "{key}" on {service}.'
    if abs(claim - 12 * right) < 0.12 * right:
        return f'The cost of "{key}" on {service} is the cost of a year.'
    if service == FARGATE and claim < 0.7 * right:
        return f'The cost of "{key}" on {service} is too low, because part of the cost is missing.'
    return f'The cost of "{key}" on {service} does not match the numbers on the card.'


def _weak_price(key: str, service: Any, right: dict[str, float]) -> str:
    """Why the choice is weak; empty if it can be defended."""
    more = right[LAMBDA] - right[FARGATE]
    if service == LAMBDA and more > PATIENCE_USD:
        return (
            f'On Lambda, "{key}" costs ${more:,.2f} a month more. Not having to operate tasks is not worth that '
            "much to Hikari."
        )
    if service == FARGATE and more <= 0:
        return f'On Fargate, "{key}" costs ${-more:,.2f} a month more, and there is more to operate.'
    if service == FARGATE and more <= PATIENCE_USD:
        return (
            f'"{key}" costs ${more:,.2f} a month less on Fargate, but there is more to operate. Not having to '
            f"operate it is worth ${PATIENCE_USD} a month to Hikari."
        )
    if service in (LAMBDA, FARGATE):
        return ""
    return f'"{key}" has the service {service!r}. In this task, it must be {LAMBDA!r} or {FARGATE!r}.'


# ---- both


def _read(attempt: Attempt, file: str, keys: list[str], fields: tuple[str, ...]) -> dict[str, Any]:
    """The records in the file that the task's cell has written, one for each card, with these fields."""
    if not Path(file).is_file():
        attempt.not_started(f"There is no {file} next to this notebook.")
    called = f"reading {file}"
    try:
        content: Any = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError as error:
        content = str(error)
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    attempt.expect(
        not missing,
        problem="Not every card has a record.",
        called=called,
        came_back=f"records for: {', '.join(map(str, content))}" if isinstance(content, dict) else content,
        expected=f"a record for each of: {', '.join(keys)}; missing: {', '.join(missing)}",
        look_at="the names of the cards",
    )
    for key in keys:
        lacking = [field for field in fields if not isinstance(content[key], dict) or field not in content[key]]
        attempt.expect(
            not lacking,
            problem=f'The record for "{key}" is incomplete.',
            called=f'{called}, "{key}"',
            came_back=content[key],
            expected=f"a dict with {' and '.join(fields)}",
            look_at="the description in step 1",
        )
    return dict(content)

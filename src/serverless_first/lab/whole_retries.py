"""Checks the timeout and the retries in module 12's payment workflow, which take too long to watch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serverless_first.lab.whole_shop import Whole

REPLY_S, FIRST_PAUSE_S, PATIENCE_S = 120, 30, 3600
_BUSY, _RESTART = "Lambda.TooManyRequestsException", "OperationalError"
#: Errors of a state that asks the provider, calls a function, or does something else.
_ASKS = {"States.Timeout": "a timeout", "ProviderBusy": "an unknown error of the provider"}
_CALLS = {_BUSY: "a call that Lambda rejects", _RESTART: "an error of Ledger while the database restarts"}
_OTHERS = {"": "any error"}

Retriers = Sequence[Mapping[str, Any]]


def judge_retries(whole: Whole) -> None:
    """Judges how long the workflow waits for a reply, and how long it retries after the reply.

    Raises:
        CheckFailed: a timeout or pause is not as task 12.3 asks.
    """
    machine = whole.shop.client("stepfunctions").describe_state_machine(stateMachineArn=whole["PaymentMachineArn"])
    for name, state, retriers in tasks_of(json.loads(machine["definition"])):
        if "waitForTaskToken" in str(state.get("Resource")):
            _waits(whole, name, state)
            _pauses(whole, name, retriers)
        else:
            _is_patient(whole, name, state, retriers)


def tasks_of(definition: Mapping[str, Any], around: Retriers = ()) -> Iterator[tuple[str, dict[str, Any], Retriers]]:
    """Yields each Task state with its name and its retriers; a state around it may retry for it."""
    for name, state in definition.get("States", {}).items():
        retriers = [*state.get("Retry", []), *around]
        if state.get("Type") == "Task":
            yield name, state, retriers
        for inner in [*state.get("Branches", []), state.get("ItemProcessor", {}), state.get("Iterator", {})]:
            yield from tasks_of(inner, retriers)


def pauses_s(retriers: Retriers, error: str) -> float:
    """How long the pauses for an error are together, on average; an empty error is the one with the longest pauses."""
    sums = [
        _sum_s(retrier)
        for retrier in retriers
        if not error or any(name == error or _covers(name, error) for name in retrier.get("ErrorEquals", []))
    ]
    return max(sums, default=0.0) if not error else next(iter(sums), 0.0)


def _covers(name: str, error: str) -> bool:
    return name == "States.ALL" or (name == "States.TaskFailed" and error != "States.Timeout")


def _sum_s(retrier: Mapping[str, Any]) -> float:
    first_s, rate = retrier.get("IntervalSeconds", 1), retrier.get("BackoffRate", 2.0)
    total_s, pause_s = 0.0, float(first_s)
    for _ in range(min(retrier.get("MaxAttempts", 3), 10_000)):
        total_s += min(pause_s, retrier.get("MaxDelaySeconds", pause_s))
        pause_s = min(pause_s * rate, 1e9)
    return total_s / 2 if retrier.get("JitterStrategy") == "FULL" else total_s


def _waits(whole: Whole, name: str, state: Mapping[str, Any]) -> None:
    timeouts = [state[key] for key in ("TimeoutSeconds", "HeartbeatSeconds") if key in state]
    whole.attempt.expect(
        bool(timeouts),
        problem="Your workflow waits forever for a provider that does not reply.",
        called=f"look at the state {name!r}",
        came_back="no time limit",
        expected="a state that waits at most as long as step 2 says",
        look_at="how long your first state waits",
    )
    numbers = [value for value in timeouts if isinstance(value, int)]  # a JSONata expression shows itself in the run
    whole.attempt.expect(
        not numbers or min(numbers) <= REPLY_S,
        problem="Your workflow waits too long for a provider that does not reply.",
        called=f"look at the state {name!r}",
        came_back=f"{min(numbers, default=0)} s",
        expected=f"at most {REPLY_S} s",
        look_at="how long your first state waits",
    )


def _pauses(whole: Whole, name: str, retriers: Retriers) -> None:
    for error, what in _ASKS.items():
        matching = [r for r in retriers if any(_covers(n, error) or n == error for n in r.get("ErrorEquals", []))]
        first_s = matching[0].get("IntervalSeconds", 1) if matching else FIRST_PAUSE_S  # none at all shows itself
        whole.attempt.expect(
            first_s == FIRST_PAUSE_S,
            problem="The first pause before the provider is asked again is not as long as step 2 says.",
            called=f"look at the Retry of the state {name!r}, after {what}",
            came_back=f"{first_s} s",
            expected=f"{FIRST_PAUSE_S} s",
            look_at="the Retry of your first state",
        )


def _is_patient(whole: Whole, name: str, state: Mapping[str, Any], retriers: Retriers) -> None:
    calls = any(word in str(state.get("Resource")) for word in ("lambda", ":function:"))
    for error, what in (_CALLS if calls else _OTHERS).items():
        pause_s = pauses_s(retriers, error)
        whole.attempt.expect(
            pause_s >= PATIENCE_S,
            problem=f"The state {name!r} gives up too early, and then a paid order stays unmarked. The customer has "
            "paid and gets no lamp."
            if calls
            else f"The state {name!r} gives up too early, and then no other service learns about the outcome.",
            called=f"look at the Retry of the state {name!r}, after {what}",
            came_back=f"on average, its pauses add up to {_length(pause_s)}" if pause_s else "no retry",
            expected=f"at least {PATIENCE_S // 60} min. JitterStrategy FULL halves the pauses on average",
            look_at=f"the Retry of the state {name!r}",
        )


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

"""A rule of one's own: it sees the past alone, and what it orders serves after the lead time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import autoscaler, capacity, traces
from serverless_first.simulate.autoscaler import Minute
from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import Demand

SERVER = Policy("server", 20, 300, 0.6, initial=2)


def run(per_s: Sequence[float], decide: Callable[[Sequence[Minute]], Any]) -> CapacityResult:
    return autoscaler.run(Demand(np.array(per_s), 60), decide, SERVER)


def test_a_server_serves_five_minutes_after_the_minute_in_which_it_was_ordered() -> None:
    result = run([100.0] * 10, lambda _history: 5)
    assert result.units.tolist() == [2] * 6 + [5] * 4
    assert result.ordered.tolist() == [2] + [5] * 9
    assert result.unmet_requests == 60 * 60 * 6
    assert result.cost_usd == pytest.approx((2 + 9 * 5) / 60 * 0.6)


def test_the_rule_sees_what_was_and_nothing_of_what_comes() -> None:
    seen: list[Sequence[Minute]] = []

    def decide(history: Sequence[Minute]) -> int:
        seen.append(history)
        return 3

    run([10.0, 20.0, 30.0], decide)
    assert [[minute.per_s for minute in history] for history in seen] == [[10], [10, 20], [10, 20, 30]]
    assert [(minute.running, minute.starting, minute.wanted) for minute in seen[-1]] == [
        (2, 0, 2),
        (2, 1, 3),
        (2, 1, 3),
    ]


def test_what_is_on_its_way_goes_first_and_servers_stop_at_once() -> None:
    answers = iter([6, 4, 1, 1])
    result = run([10.0] * 4, lambda _history: next(answers))
    assert result.units.tolist() == [2, 2, 2, 1]
    assert result.ordered.tolist() == [2, 6, 4, 1]


def test_a_fixed_number_is_as_a_fixed_fleet() -> None:
    day = traces.flash_crowd(traces.week(100, 1), 43_200, 3)
    fixed = capacity.simulate(day, Policy("fixed", 20, 300, 0.6, initial=9, minimum=9, maximum=9))
    ours = autoscaler.run(day, lambda _history: 9, Policy("ours", 20, 300, 0.6, initial=9))
    assert ours.cost_usd == pytest.approx(fixed.cost_usd)
    assert ours.unmet_requests == pytest.approx(fixed.unmet_requests)


def test_a_rule_that_flaps_turns_often_and_one_that_grows_never() -> None:
    assert autoscaler.turns(run([10.0] * 9, lambda history: 3 + len(history) % 2)) == 7
    assert autoscaler.turns(run([10.0] * 9, len)) == 1  # from two to one, and then up
    assert autoscaler.turns(run([10.0] * 9, lambda _history: 2)) == 0


@pytest.mark.parametrize("answer", [None, "3", 2.5, -1, True, float("nan"), float("inf"), [3]])
def test_an_answer_that_is_no_number_of_servers_is_refused(answer: object) -> None:
    with pytest.raises(autoscaler.WrongAnswer, match="whole number from 0"):
        run([10.0], lambda _history: answer)


def test_whole_numbers_of_any_kind_are_taken() -> None:
    for answer in (3.0, np.int64(3), np.float64(3)):
        assert run([10.0] * 2, lambda _history, answer=answer: answer).ordered[-1] == 3  # type: ignore[misc]


def test_other_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps of 60 s"):
        autoscaler.run(traces.steady(1, 600, step_s=30), len, SERVER)

"""The life of an execution environment follows its table, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading

import pytest

from serverless_cloud.core.moves import IllegalMove
from serverless_cloud.lambda_.lifecycle import TRANSITIONS, Life, State, Trigger

#: How to get a fresh life into each state.
WAY: dict[State, list[Trigger]] = {
    State.INIT: [],
    State.BUSY: [Trigger.INVOKE],
    State.FROZEN: [Trigger.FREEZE],
    State.ENDED: [Trigger.END],
}


def life_in(state: State) -> Life:
    life = Life()
    for trigger in WAY[state]:
        life.move(trigger)
    assert life.state is state
    return life


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(State, Trigger)))
def test_every_move_is_the_table_s_or_is_refused(state: State, trigger: Trigger) -> None:
    life = life_in(state)
    if (state, trigger) in TRANSITIONS:
        assert life.move(trigger) is life.state is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalMove, match=f"{state.value} cannot {trigger.value}"):
            life.move(trigger)
        assert life.state is state


def test_it_ends_from_everywhere_and_never_comes_back() -> None:
    for state in State:
        life = life_in(state)
        assert life.end() is (state is not State.ENDED)
        assert life.state is State.ENDED
        assert life.end() is False
    assert not [state for state, _ in TRANSITIONS if state is State.ENDED]


def test_every_state_can_be_reached() -> None:
    assert {State.INIT, *TRANSITIONS.values()} == set(State)


def test_the_history_has_every_state_in_order_of_time() -> None:
    life = Life()
    for trigger in (Trigger.INVOKE, Trigger.FREEZE, Trigger.INVOKE, Trigger.FREEZE, Trigger.END):
        life.move(trigger)
    moments, states = zip(*life.history, strict=True)
    assert [s.value for s in states] == ["init", "busy", "frozen", "busy", "frozen", "ended"]
    assert list(moments) == sorted(moments)


def test_of_many_threads_that_end_it_one_is_the_first() -> None:
    for _ in range(50):
        life, barrier = Life(), threading.Barrier(4)
        firsts: list[bool] = []

        def end(life: Life = life, barrier: threading.Barrier = barrier, firsts: list[bool] = firsts) -> None:
            barrier.wait()
            firsts.append(life.end())

        threads = [threading.Thread(target=end) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(firsts) == [False, False, False, True]
        assert [state for _, state in life.history] == [State.INIT, State.ENDED]


def test_random_lives_follow_the_table() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    taken: set[tuple[State, Trigger]] = set()
    for _ in range(300):
        life, expected = Life(), [State.INIT]
        for _ in range(chance.randrange(1, 30)):
            trigger = chance.choice(list(Trigger))
            move = (expected[-1], trigger)
            if trigger is Trigger.END and chance.random() < 0.8:
                continue  # else hardly any life would be long
            if trigger is Trigger.END and chance.random() < 0.5:
                assert life.end() is (move in TRANSITIONS)  # the other way to end it
            elif move in TRANSITIONS:
                assert life.move(trigger) is TRANSITIONS[move]
            else:
                with pytest.raises(IllegalMove):
                    life.move(trigger)
            if move in TRANSITIONS:
                taken.add(move)
                expected.append(TRANSITIONS[move])
            assert life.state is expected[-1]
            assert [state for _, state in life.history] == expected
        moments = [moment for moment, _ in life.history]
        assert moments == sorted(moments)
    assert taken == set(TRANSITIONS)


def test_moves_in_many_threads_leave_a_history_that_the_table_allows() -> None:
    """Each thread tries what it likes; whatever gets through is a path in the table."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    steps = {(state, target) for (state, _), target in TRANSITIONS.items()}
    for number in range(40):
        life, chance = Life(), random.Random(seed + number)

        def meddle(life: Life = life, chance: random.Random = chance) -> None:
            for _ in range(50):
                trigger = chance.choice([Trigger.INVOKE, Trigger.FREEZE])
                with contextlib.suppress(IllegalMove):
                    life.move(trigger)
            life.end()

        threads = [threading.Thread(target=meddle) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = [state for _, state in life.history]
        assert set(itertools.pairwise(states)) <= steps
        assert states.count(State.ENDED) == 1
        assert states[-1] is State.ENDED

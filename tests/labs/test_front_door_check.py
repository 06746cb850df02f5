"""Task 8.4 wants 202 for an order while stock is off; any other status gets the message that explains it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from tests.labs.check_kit import attempt_at, checks_in

from serverless_first.lab import Attempt, CheckFailed, Reply
from serverless_first.lab.apis import Answered

ORDER = {"order_key": "ord-1", "lamp": "Tsuki", "quantity": 2}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The checks of 8.4; the learner's function ends with an error if the check invokes it."""

    def invoke(_: Attempt, name: str, event: Any) -> Reply:
        raise CheckFailed("It ends with an error.", called=f"{name} with {event}", came_back="KeyError: 'lamp'")

    monkeypatch.setattr(Attempt, "invoke", invoke)
    return checks_in("08-microservices-and-apis", "checks_events")


def answer(status: int) -> Answered:
    return Answered("POST /orders", status, {"order_key": "ord-1"})


def test_an_order_that_is_accepted_passes(events: ModuleType) -> None:
    events._accepted(attempt_at("8.4"), answer(202), ORDER)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (500, "Stock is off, and the customer gets an error."),
        (502, "Stock is off, and the customer is told to come back later."),
        (503, "Stock is off, and the customer is told to come back later."),
        (504, "Stock is off, and the customer is told to come back later."),
        (200, "The status says that all is done."),
        (201, "The status says that all is done."),
        (400, "A good order is refused."),
        (409, "A good order is refused."),
        (204, "A good order is refused."),
    ],
)
def test_each_other_status_gets_the_message_that_explains_it(events: ModuleType, status: int, says: str) -> None:
    with pytest.raises(CheckFailed) as failed:
        events._accepted(attempt_at("8.4"), answer(status), ORDER)
    assert failed.value.problem.startswith(says)
    assert failed.value.came_back.startswith(f"{status} ")
    # Only a 500 can come from a function that ended with an error, so only then does the check ask which one.
    assert ("the function says KeyError: 'lamp'" in failed.value.came_back) == (status == 500)

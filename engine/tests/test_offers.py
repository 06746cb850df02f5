"""docs/offers.md: each part of the local cloud that isn't moto's has a user, or a reason."""

from __future__ import annotations

import pytest

from listings import offers


def test_the_page_is_what_the_engine_offers() -> None:
    assert offers.PAGE.read_text(encoding="utf-8") == offers.page(), "run engine/tests/listings/offers.py"


def test_each_part_without_a_user_has_a_reason_and_no_other_part_has() -> None:
    assert set(offers.without_user()) == set(offers.reasons()), "see engine/tests/listings/offers.yml"


@pytest.mark.parametrize(
    ("operation", "thing"),
    [
        ("create_queue", "queue"),
        ("list_queues", "queue"),
        ("delete_message_batch", "message"),
        ("get_policies", "policy"),
        ("list_aliases", "alias"),
        ("create_alias", "alias"),
        ("list_event_buses", "event_bus"),
        ("describe_event_bus", "event_bus"),
        ("get_access_policies", "access_policy"),
    ],
)
def test_operations_on_the_same_thing_complete_each_other(operation: str, thing: str) -> None:
    assert offers.thing(operation) == thing

"""The score of a drill: each wrong design is told by what it leaves behind, and a sound shop passes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.drill_records import ORDERS, ids, sound, twice, use, without

from serverless_first import drill
from serverless_first.drill.finding import (
    DIRECT_CONNECTIONS,
    NO_DEAD_LETTERS,
    NO_IDEMPOTENCY,
    SHORT_VISIBILITY,
    STATE_IN_MEMORY,
)
from serverless_first.drill.record import DatabaseUse, DeadLetter, Look, OrderQueue, Posted


def failed(**changes: Any) -> dict[str, drill.Finding]:
    """The findings that fail when the record of a sound shop is changed."""
    return {finding.name: finding for finding in drill.score(sound(**changes)).failed}


def test_a_sound_shop_passes_every_finding() -> None:
    score = drill.score(sound())
    assert score.passed
    assert (score.failed, score.designs) == ((), ())
    assert [f.name for f in score.findings] == [
        "lost", "doubled", "ended", "dead letters", "visibility", "connections", "projection", "answers", "drained",
        "cost",
    ]  # fmt: skip
    assert all(not f.means and not f.look and f.seen.endswith(".") for f in score.findings)
    assert score["lost"].seen == "100 orders accepted, none lost."
    assert score["doubled"].seen.startswith("10 orders came more than once")


def test_a_failed_finding_says_what_it_means_and_where_to_look() -> None:
    for finding in failed(rows=(), projection=(), queue=OrderQueue(1.0, None)).values():
        assert finding.means
        assert finding.look.startswith(("Look at", "Compare", "The finding", "Either"))
        assert finding.message == f"{finding.seen} {finding.means} {finding.look}"
    with pytest.raises(KeyError, match="The findings are lost, doubled"):
        drill.score(sound())["speed"]


# ---- the five wrong designs


def test_no_idempotency_has_a_row_for_each_delivery() -> None:
    found = failed(rows=twice(ids("retried") + ids("late")) + tuple(r for r in sound().rows if r[0] in ids("late")))
    assert set(found) == {"doubled"}
    assert found["doubled"].design == NO_IDEMPOTENCY
    assert "10 orders have more than one row" in found["doubled"].seen
    assert "recognizes the second copy" in found["doubled"].means


def test_no_idempotency_may_also_be_a_second_delivery_that_fails() -> None:
    dead = (*sound().dead_letters, *(DeadLetter(o, 6) for o in ids("late")))
    found = failed(dead_letters=dead)
    assert {name: f.design for name, f in found.items()} == {"dead letters": NO_IDEMPOTENCY}
    assert "already there as an error" in found["dead letters"].means


def test_no_idempotency_may_also_be_a_second_charge() -> None:
    again = next(o for o, decision in sound().charges if decision == "charged")
    found = failed(charges=(*sound().charges, (again, "charged")))
    assert {name: f.design for name, f in found.items()} == {"doubled": NO_IDEMPOTENCY}
    assert f"1 order was charged more than once: {again}." in found["doubled"].seen


def test_a_refusal_that_is_asked_for_twice_is_no_second_charge() -> None:
    refused = next(o for o, decision in sound().charges if decision == "refused")
    assert failed(charges=(*sound().charges, (refused, "refused"))) == {}


def test_what_a_module_remembers_is_told_from_no_idempotency() -> None:
    """Of two copies that came together to a new environment only the first was written."""
    found = failed(rows=twice(ids("late")))
    assert {name: f.design for name, f in found.items()} == {"doubled": STATE_IN_MEMORY}
    assert "in the memory of that environment" in found["doubled"].means


def test_rows_from_before_are_not_taken_for_what_a_module_forgot() -> None:
    """An order whose call was killed after its INSERT had two rows already, and one more came late."""
    posted = tuple(dataclasses.replace(o, rows_before=2) if o.kind == "late" else o for o in sound().posted)
    assert failed(rows=twice(ids("late"), 2), posted=posted)["doubled"].design == STATE_IN_MEMORY
    assert failed(rows=twice(ids("late"), 3), posted=posted)["doubled"].design == NO_IDEMPOTENCY


def test_a_copy_that_still_waits_is_not_taken_for_one_that_was_recognised() -> None:
    for letter in (*(DeadLetter(order_id, 1) for order_id in ids("late")[:1]), DeadLetter("", 0)):
        rows = twice(ids("late")[:1])
        assert failed(rows=rows, left=(letter,))["doubled"].design == NO_IDEMPOTENCY


def test_what_a_module_collects_is_lost_with_its_environment() -> None:
    some = ids("once")[:7]
    found = failed(rows=without(some), projection=without(some))
    assert {name: f.design for name, f in found.items()} == {"lost": STATE_IN_MEMORY}
    assert found["lost"].seen.startswith("7 accepted orders of 100 lost")
    assert "and 4 more" in found["lost"].seen


def test_direct_connections_are_refused() -> None:
    functions = (use("Front", 115), use("Worker", 90, refused=30), use("Ledger", 100))
    dead = (*sound().dead_letters, DeadLetter(ids("once")[0], 6))
    found = failed(functions=functions, database=DatabaseUse(7, 7, 0), dead_letters=dead)
    assert {name: f.design for name, f in found.items()} == {
        "dead letters": DIRECT_CONNECTIONS, "connections": DIRECT_CONNECTIONS,
    }  # fmt: skip
    assert "30 lines in the functions' logs say that PostgreSQL had no connection left." in found["connections"].seen


def test_direct_connections_are_told_by_the_last_seat_when_no_log_tells() -> None:
    found = failed(database=DatabaseUse(7, 7, 0))["connections"]
    assert found.design == DIRECT_CONNECTIONS
    assert found.seen.endswith("0 connections through the proxy and 7 direct connections; all seats were taken.")
    assert failed(database=DatabaseUse(7, 2, 4)) == {}


def test_orders_that_came_twice_and_were_handed_out_too_early() -> None:
    dead = (*sound().dead_letters, *(DeadLetter(o, 6) for o in ids("late")))
    found = failed(queue=OrderQueue(1.0, 6), dead_letters=dead)
    assert {name: f.design for name, f in found.items()} == {
        "dead letters": SHORT_VISIBILITY, "visibility": SHORT_VISIBILITY,
    }  # fmt: skip


def test_a_visibility_timeout_below_the_run_time() -> None:
    dead = (*sound().dead_letters, DeadLetter(ids("once")[0], 6))
    found = failed(queue=OrderQueue(1.0, 6), dead_letters=dead)
    assert {f.design for f in found.values()} == {SHORT_VISIBILITY}
    assert set(found) == {"dead letters", "visibility"}
    assert found["visibility"].seen.startswith("Visibility timeout 1 s; the worker's longest call took 4.2 s")


def test_a_slow_machine_is_no_short_visibility_timeout() -> None:
    """A call that ran into its timeout of 10 s, and took 17 s to be ended."""
    functions = tuple(use("Worker", 60, 17_000.0) if f.role == "Worker" else f for f in sound().functions)
    assert failed(functions=functions) == {}
    assert "the worker's longest call took 10.0 s" in drill.score(sound(functions=functions))["visibility"].seen


def test_no_dead_letter_queue() -> None:
    found = failed(queue=OrderQueue(15.0, None), dead_letters=(), left=(DeadLetter("r1-poison", 1234),))
    assert {name: f.design for name, f in found.items()} == {"dead letters": NO_DEAD_LETTERS}
    assert "received 1,234 times" in found["dead letters"].seen


# ---- other ways to fail


def test_orders_whose_messages_are_there_are_not_lost_for_ever() -> None:
    some = ids("once")[:2]
    dead = (*sound().dead_letters, *(DeadLetter(o, 6) for o in some))
    found = failed(rows=without(some), projection=without(some), dead_letters=dead)
    assert "Their messages are still there" in found["lost"].seen
    assert found["lost"].design == found["dead letters"].design == ""


def test_orders_whose_messages_may_be_among_those_that_nobody_could_look_at_are_not_called_lost() -> None:
    some = ids("once")[:2]
    found = failed(rows=without(some), projection=without(some), left=(DeadLetter("", 0),))
    assert (
        "The drill could not look at some of the remaining messages, which may belong to these orders."
        in found["lost"].seen
    )
    assert found["lost"].design == ""


def test_an_order_that_the_shop_did_not_accept_is_not_lost() -> None:
    first = ids("once")[0]
    posted = tuple(
        dataclasses.replace(o, statuses=(500,), copies=0) if o.order_id == first else o for o in sound().posted
    )
    found = failed(posted=posted, rows=without([first]), projection=without([first]))
    assert set(found) == {"answers"}
    assert "1 good order was never accepted" in found["answers"].seen


def test_an_order_that_ended_otherwise_than_the_provider_decided() -> None:
    (first, _), *others = sound().rows
    found = failed(rows=((first, "accepted"), *others))
    assert set(found) == {"ended", "projection"}
    assert "1 'accepted' in the database and 'refused' at the provider" in found["ended"].seen


def test_a_projection_that_is_behind() -> None:
    (first, status), *others = sound().projection
    found = failed(projection=((first, "accepted"), *others))
    assert set(found) == {"projection"}
    assert f"for instance {first}: 'accepted' to the customer, {status!r} in the database" in found["projection"].seen
    assert "1 order not in the projection" in failed(projection=tuple(others))["projection"].seen


@pytest.mark.parametrize("look", [(404, ""), (200, "accepted"), (200, ""), (0, "")])
def test_a_customer_who_does_not_see_what_the_projection_has(look: tuple[int, str]) -> None:
    first = sound().looks[0]
    found = failed(looks=(Look(first.order_id, *look), *sound().looks[1:]))
    assert set(found) == {"projection"}
    assert f"GET /orders/{first.order_id} returned {look[0]} with status {look[1]!r}" in found["projection"].seen


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"left": (DeadLetter("r1-poison", 2),)}, "still in the order queue, after 2 of 6 allowed receives."),
        ({}, "It has vanished"),
    ],
)
def test_the_poison_must_be_where_somebody_finds_it(changes: dict[str, Any], said: str) -> None:
    found = failed(dead_letters=(), **changes)
    assert set(found) == {"dead letters"}
    assert said in found["dead letters"].seen


def test_a_poison_that_may_be_among_those_that_nobody_could_look_at_has_not_vanished() -> None:
    found = failed(dead_letters=(), left=(DeadLetter("", 0),))
    assert set(found) == {"dead letters", "drained"}
    assert found["dead letters"].seen.endswith(
        "The drill could not look at some of the remaining messages, which may include the poison."
    )


def test_answers_that_fail_are_excused_by_environments_of_the_front_door_that_were_killed() -> None:
    order = sound().posted[0]
    posted = (Posted(order.order_id, "once", (500,) * 4 + (202,), (20.0,) * 5, 1, 0), *sound().posted[1:])
    assert set(failed(posted=posted)) == {"answers"}
    assert failed(posted=posted, killed={"Front": 1}) == {}


def test_answers_that_take_too_long() -> None:
    posted = tuple(dataclasses.replace(o, took_ms=(20_000.0,) * len(o.took_ms)) for o in sound().posted)
    assert "waited longer than 15 s" in failed(posted=posted)["answers"].seen


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"waiting": {"payments": 1600, "changes": 0}},
            "Not done: 1,600 in the payments queue. The drill stopped waiting.",
        ),
        ({"executions": {"RUNNING": 1, "SUCCEEDED": 99}}, "1 execution is still running"),
        ({"draining_s": 10_000.0}, "It took longer than 210 s."),
    ],
)
def test_work_that_does_not_end(changes: dict[str, Any], said: str) -> None:
    found = failed(**changes)
    assert set(found) == {"drained"}
    assert said in found["drained"].seen


def test_executions_that_failed_are_told_with_their_error_and_state() -> None:
    rows = tuple((order_id, "accepted" if n == 0 else status) for n, (order_id, status) in enumerate(sound().rows))
    why = ("Lambda.TooManyRequestsException in the state 'Mark as paid'",) * 2
    seen = failed(rows=rows, executions={"FAILED": 1, "SUCCEEDED": 99}, failures=why)["ended"].seen
    assert seen.endswith(f"Executions: FAILED 1, SUCCEEDED 99. Some failed with {why[0]}.")


def test_the_cost_is_that_of_what_was_counted() -> None:
    cost = drill.score(sound()).cost
    parts = dict(cost.parts)
    assert parts["Step Functions"] == pytest.approx(1000 * 3 * 0.025 / 1000)
    # 290 calls of 50 ms with 256 MB
    assert parts["Lambda, duration"] == pytest.approx(290 * 0.05 * 0.25 * 0.0000166667 / ORDERS * 1000)
    assert parts["Lambda, requests"] == pytest.approx(290 * 0.20 / 1e6 / ORDERS * 1000)
    assert cost.usd == pytest.approx(sum(parts.values()))
    assert cost.parts[0][0] == "Step Functions"
    assert set(failed(transitions=(40,))) == {"cost"}


# ---- the record


def test_a_record_that_was_saved_has_the_same_score(tmp_path: Path) -> None:
    record = sound()
    file = record.save(tmp_path / "new folder" / "record.json")
    again = drill.Record.load(file)
    assert again == record
    assert drill.score(again) == drill.score(record)
    assert again.save(tmp_path / "again.json").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', '{"version": 2, "orders": "many"}'])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(drill.RecordError, match="is not a record of a drill"):
        drill.Record.load(file)


def test_a_record_of_another_version_is_refused(tmp_path: Path) -> None:
    file = sound().save(tmp_path / "record.json")
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(data | {"version": 0}), encoding="utf-8")
    with pytest.raises(drill.RecordError, match="Run the drill again"):
        drill.Record.load(file)
    with pytest.raises(FileNotFoundError):
        drill.Record.load(tmp_path / "nothing.json")

"""Asynchronous events: accepted at once, tried again, given up in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import fixtures
from kits.async_kit import NAME, TRIES, configure, record_of, send
from serverless_cloud import Cloud

#: AWS's minute between two tries is a tenth of a second here.
cloud_of_module = fixtures.cloud_of(time_scale=600)


# ---- tries


def test_it_is_accepted_before_the_function_has_run(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    lost = kit.make_queue("done")
    configure(on_success=lost.arn)
    here, leave = tmp_path / "here", tmp_path / "leave"
    send({"here": str(here), "leave": str(leave)})
    kit.eventually(here.exists, "the handler runs after the answer")
    leave.touch()
    (record,) = kit.records(lost)
    assert record["requestContext"]["condition"] == "Success"


@pytest.mark.parametrize(("retries", "count"), [(None, 3), (2, 3), (1, 2), (0, 1)])
def test_it_is_tried_again_with_the_same_request_id(kit: Any, tries: Path, retries: int | None, count: int) -> None:
    kit.deploy("price", TRIES)
    given: dict[str, Any] = {} if retries is None else {"MaximumRetryAttempts": retries}
    event = {"folder": str(tries), "fails": 9}
    record = record_of(event, **given)
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", count)
    assert len(list(tries.iterdir())) == count
    assert {p.suffix for p in tries.iterdir()} == {"." + context["requestId"]}
    assert record["requestPayload"] == event
    assert record["responsePayload"]["errorMessage"] == f"no price at try {count}"


def test_a_try_that_succeeds_is_the_last_one(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES)
    done, lost = kit.make_queue("done"), kit.make_queue("lost")
    configure(on_success=done.arn, on_failure=lost.arn)
    send({"folder": str(tries), "fails": 1})
    (record,) = kit.records(done)
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["tries"] == 2
    assert len(list(tries.iterdir())) == 2
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=lost.url)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("os._exit(1)", "Runtime.ExitError"),
        ("import threading; threading.Event().wait()", "Sandbox.Timedout"),
        ("return {1, 2}", "Runtime.MarshalError"),
    ],
)
def test_whatever_ends_a_call_badly_is_a_failure(kit: Any, ending: str, kind: str) -> None:
    kit.deploy("price", f"import os\ndef handler(event, context):\n    {ending}\n", Timeout=1)
    record = record_of({"lamp": 1}, MaximumRetryAttempts=0)
    assert record["responsePayload"]["errorType"] == kind
    assert record["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
    }  # fmt: skip


def test_init_that_fails_is_a_failure(kit: Any) -> None:
    kit.deploy("price", "import lampshade\n")
    record = record_of(None, MaximumRetryAttempts=1)
    assert record["responsePayload"]["errorType"] == "Runtime.ImportModuleError"
    assert record["requestPayload"] is None
    assert record["requestContext"]["approximateInvokeCount"] == 2


def test_new_code_mends_an_event_that_waits_for_its_next_try(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES)
    done = kit.make_queue("done")
    configure(on_success=done.arn)
    try:
        cloud.start(time_scale=60)
        send({"folder": str(tries), "fails": 9})
        kit.eventually(lambda: list(tries.iterdir()), "the first try has begun")
        kit.change_code("price", "def handler(event, context):\n    return 'mended'\n")
    finally:
        cloud.start(time_scale=600)
    (record,) = kit.records(done)
    assert record["responsePayload"] == "mended"


def test_the_log_has_every_try(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES)
    request_id = record_of({"folder": str(tries), "fails": 9})["requestContext"]["requestId"]
    found = kit.client("logs").filter_log_events(logGroupName="/aws/lambda/price")["events"]
    starts = [e["message"] for e in found if e["message"].startswith("START")]
    assert starts == [f"START RequestId: {request_id} Version: $LATEST"] * 3


def test_fifty_events_at_once_are_each_done_once(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES, Timeout=60)
    done = kit.make_queue("done")
    configure(on_success=done.arn)
    for number in range(50):
        send({"folder": str(tries), "number": number})
    records = kit.records(done, 50)
    assert sorted(r["requestPayload"]["number"] for r in records) == list(range(50))
    assert len(list(tries.iterdir())) == 50


# ---- throttled, too old, stopped


def test_a_throttled_event_waits_and_is_done_later(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    done = kit.make_queue("done")
    configure(on_success=done.arn)
    kit.client("lambda").put_function_concurrency(**NAME, ReservedConcurrentExecutions=1)
    with kit.held("price", tmp_path / "busy"):
        send(None)
        assert kit.refused(lambda: kit.invoke("price")).status == 429
        assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=done.url)
    (record,) = kit.records(done)
    assert record["requestContext"]["approximateInvokeCount"] == 1  # being throttled is no try


def test_an_event_that_waits_too_long_is_given_up(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    lost, dead = kit.make_queue("lost"), kit.make_queue("dead")
    kit.client("lambda").update_function_configuration(**NAME, DeadLetterConfig={"TargetArn": dead.arn})
    configure(on_failure=lost.arn, MaximumEventAgeInSeconds=60)
    kit.client("lambda").put_function_concurrency(**NAME, ReservedConcurrentExecutions=1)
    with kit.held("price", tmp_path / "busy"):
        send({"lamp": 1})
        (record,) = kit.records(lost)
        kit.received(dead)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"lamp": 1}
    assert "responsePayload" not in record


def test_a_retry_that_would_come_too_late_is_given_up(kit: Any, tries: Path) -> None:
    kit.deploy("price", TRIES)
    event = {"folder": str(tries), "fails": 9}
    record = record_of(event, MaximumEventAgeInSeconds=60)  # the first retry comes after 60 s, too late
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert len(list(tries.iterdir())) == record["requestContext"]["approximateInvokeCount"] == 1


def test_a_function_that_is_stopped_gives_up_at_once(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", TRIES)
    kit.client("lambda").put_function_concurrency(**NAME, ReservedConcurrentExecutions=0)
    record = record_of({"lamp": 1})
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"lamp": 1}
    assert aws.environments("price") == []


def test_a_function_that_is_deleted_takes_its_events_with_it(kit: Any, tries: Path, tmp_path: Path) -> None:
    kit.deploy("price", TRIES)
    lost = kit.make_queue("lost")
    configure(on_failure=lost.arn)
    send({"folder": str(tries), "fails": 9})
    kit.eventually(lambda: list(tries.iterdir()), "the first try has begun")
    kit.client("lambda").delete_function(**NAME)
    count = len(list(tries.iterdir()))
    _an_event_that_takes_as_long_as_all_retries(kit, tmp_path)
    assert len(list(tries.iterdir())) == count
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=lost.url)


def test_reset_forgets_events_that_wait_for_a_retry(aws: Cloud, kit: Any, tries: Path, tmp_path: Path) -> None:
    kit.deploy("price", TRIES)
    send({"folder": str(tries), "fails": 9})
    kit.eventually(lambda: list(tries.iterdir()), "the first try has begun")
    aws.reset()
    count = len(list(tries.iterdir()))
    kit.deploy("price", TRIES)  # the same name: an event that was not forgotten would find it
    _an_event_that_takes_as_long_as_all_retries(kit, tmp_path)
    assert len(list(tries.iterdir())) == count


def _an_event_that_takes_as_long_as_all_retries(kit: Any, tmp_path: Path) -> None:
    """Another function's event that fails thrice, sent now: what was sent before it must have been tried by then."""
    folder = tmp_path / "other"
    folder.mkdir()
    late = kit.make_queue("late")
    kit.deploy("orders", TRIES)
    kit.client("lambda").put_function_event_invoke_config(
        FunctionName="orders", DestinationConfig={"OnFailure": {"Destination": late.arn}}
    )
    send({"folder": str(folder), "fails": 9}, FunctionName="orders")
    kit.records(late)

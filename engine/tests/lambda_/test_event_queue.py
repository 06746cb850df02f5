"""Lambda's own queue of asynchronous events, with a function and destinations that the test plays."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from serverless_cloud.errors import TooManyRequests
from serverless_cloud.lambda_ import asynchronous
from serverless_cloud.lambda_.asynchronous import AsyncSettings, EventQueue
from serverless_cloud.lambda_.delay_queue import Clock, DelayQueue
from serverless_cloud.lambda_.function import Call, FunctionSpec, Reply

LIMIT_S = 20.0
ARN = "arn:aws:lambda:us-east-1:123456789012:function:price"
SPEC = FunctionSpec(
    account_id="123456789012", region="us-east-1", name="price", arn=ARN, version="7", runtime="python3.13",
    handler="price.handler", timeout_s=3.0, memory_mb=128, environment={}, code_sha256="",
)  # fmt: skip
GOOD = Reply(b"1200", None, "", "7")
BAD = Reply(b'{"errorType": "ValueError", "errorMessage": "no price"}', "Unhandled", "", "7")
LOST, DONE, DEAD = (f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("lost", "done", "dead"))
FAST = 6000.0  # a minute is 10 ms


class Skipping(Clock):
    """Shows no time but what the queue waits, and that at once: a machine that is slow makes no event older."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self._shown_s = 0.0

    def now_s(self) -> float:
        return self._shown_s

    def wait(self, changed: threading.Condition, left_s: float) -> None:
        del changed
        self._shown_s += left_s


class World:
    """A function, which the test plays, and what has been delivered.

    Args:
        play: gets each call; returns a reply or raises.
        settings: what the function does with its events.
        clock: of the queue; one that skips what the queue waits, if left out.
    """

    def __init__(
        self, play: Callable[[Call], Reply], settings: AsyncSettings | None = None, clock: Clock | None = None
    ) -> None:
        self.play, self.settings = play, settings or AsyncSettings(on_failure=LOST, on_success=DONE)
        self.tries: list[str] = []
        self.delivered: queue.Queue[tuple[str, Any, Any]] = queue.Queue()
        self.queue = EventQueue(self._invoke, self, clock or Skipping())

    def _invoke(self, spec: FunctionSpec, call: Call) -> Reply:
        assert spec is SPEC
        self.tries.append(call.request_id)
        return self.play(call)

    def record(self, arn: str, record: dict[str, Any], role_arn: str) -> None:
        """As `Deliver` has it."""
        del role_arn
        self.delivered.put((arn, record, None))

    def dead_letter(self, arn: str, event: bytes, attributes: dict[str, str], role_arn: str) -> None:
        """As `Deliver` has it."""
        del role_arn
        self.delivered.put((arn, event, attributes))

    def send(self, request_id: str = "one", event: bytes = b'{"lamp": 1}', arn: str = ARN) -> None:
        self.queue.put(Call(event, arn, request_id=request_id), lambda: (SPEC, self.settings))

    def next(self) -> tuple[str, Any, Any]:
        """What is delivered next: ARN, record or event, attributes."""
        return self.delivered.get(timeout=LIMIT_S)

    def nothing_more(self) -> None:
        """Nothing is delivered, and nothing waits."""
        assert len(self.queue._queue) == 0
        assert self.delivered.empty()


def fails(call: Call) -> Reply:
    del call
    return BAD


def works(call: Call) -> Reply:
    del call
    return GOOD


def throttled(call: Call) -> Reply:
    del call
    raise TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_it_is_tried_as_often_as_set_then_given_up(retries: int) -> None:
    world = World(fails, AsyncSettings(retries=retries, on_failure=LOST, on_success=DONE))
    world.send()
    arn, record, _ = world.next()
    assert arn == LOST
    assert world.tries == ["one"] * (retries + 1)
    assert record["requestContext"] == {
        "requestId": "one", "functionArn": f"{ARN}:$LATEST", "condition": "RetriesExhausted",
        "approximateInvokeCount": retries + 1,
    }  # fmt: skip
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"}
    assert (record["requestPayload"], record["responsePayload"]["errorMessage"]) == ({"lamp": 1}, "no price")
    world.nothing_more()


def test_a_success_is_recorded_and_not_tried_again() -> None:
    world = World(works)
    world.send(arn=f"{ARN}:live")
    arn, record, _ = world.next()
    assert (arn, record["requestContext"]["condition"]) == (DONE, "Success")
    assert record["requestContext"]["functionArn"] == f"{ARN}:live"
    assert record["responsePayload"] == 1200
    assert world.tries == ["one"]
    world.nothing_more()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each event that the queue takes from now on waits in it."""
    noted: list[float] = []
    push = DelayQueue._push

    def note(self: DelayQueue[asynchronous.Event], event: asynchronous.Event, wait_s: float) -> None:
        noted.append(wait_s)
        push(self, event, wait_s)

    monkeypatch.setattr(DelayQueue, "_push", note)
    return noted


def test_the_waits_are_a_minute_and_two_divided_by_the_scale(waits: list[float]) -> None:
    world = World(fails)
    world.send()
    world.next()
    assert waits == [0.0, 60.0, 120.0]


def test_a_change_of_the_scale_holds_for_what_waits_already() -> None:
    """A retry that is a minute ahead comes at once, and the event is not older than it is."""
    world = World(lambda _: BAD if len(world.tries) == 1 else GOOD, clock=Clock(1.0))
    world.send()
    while not len(world.queue._queue) or world.tries != ["one"]:
        threading.Event().wait(0.001)
    world.queue.clock.scale = FAST
    assert world.next()[1]["requestContext"]["condition"] == "Success"
    assert world.tries == ["one", "one"]
    world.nothing_more()


def test_a_throttled_event_waits_longer_each_time_and_that_is_no_try(waits: list[float]) -> None:
    world = World(lambda call: throttled(call) if len(world.tries) <= 11 else GOOD)
    world.send()
    _, record, _ = world.next()
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert waits == [0.0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_an_event_that_is_too_old_is_given_up_without_another_try() -> None:
    settings = AsyncSettings(max_age_s=60.0, on_failure=LOST, dead_letter=DEAD)
    world = World(throttled, settings)
    world.send()
    (arn, record, _), (dead, event, attributes) = world.next(), world.next()
    assert (arn, dead, event) == (LOST, DEAD, b'{"lamp": 1}')
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record
    assert attributes["RequestID"] == "one"
    world.nothing_more()


def test_a_retry_beyond_the_maximum_age_does_not_happen() -> None:
    world = World(fails, AsyncSettings(max_age_s=59.0, on_failure=LOST))
    world.send()
    _, record, _ = world.next()
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert world.tries == ["one"]


def test_reserved_zero_gives_up_before_any_try() -> None:
    world = World(works, AsyncSettings(reserved=0, on_failure=LOST, on_success=DONE))
    world.send()
    arn, record, _ = world.next()
    assert (arn, world.tries) == (LOST, [])
    assert record["requestContext"]["approximateInvokeCount"] == 0


def test_a_dead_letter_carries_the_event_and_three_attributes() -> None:
    world = World(fails, AsyncSettings(retries=0, dead_letter=DEAD))
    world.send(event=b'{"lamp":   1}')
    assert world.next() == (
        DEAD, b'{"lamp":   1}', {"RequestID": "one", "ErrorCode": "200", "ErrorMessage": "no price"},
    )  # fmt: skip


def test_a_long_error_message_is_cut_to_a_kilobyte() -> None:
    def play(call: Call) -> Reply:
        del call
        return Reply(json.dumps({"errorMessage": "x" * 5000}).encode(), "Unhandled", "", "7")

    world = World(play, AsyncSettings(retries=0, dead_letter=DEAD))
    world.send()
    assert world.next()[2]["ErrorMessage"] == "x" * 1024


def test_a_function_that_is_gone_ends_its_events_in_silence() -> None:
    world = World(works)
    world.queue.put(Call(b"{}", ARN, request_id="gone"), lambda: None)
    world.send("here")
    assert world.next()[1]["requestContext"]["requestId"] == "here"
    assert world.tries == ["here"]
    world.nothing_more()


def test_settings_are_read_anew_at_each_try() -> None:
    world = World(fails, AsyncSettings(retries=2, on_failure=LOST))

    def play(call: Call) -> Reply:
        world.settings = AsyncSettings(retries=0, on_failure=DONE)
        return fails(call)

    world.play = play
    world.send()
    arn, record, _ = world.next()
    assert len(world.tries) == 2
    assert (arn, record["requestContext"]["condition"]) == (DONE, "RetriesExhausted")


def test_clear_forgets_what_waits_and_what_is_under_way() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def play(call: Call) -> Reply:
        if call.request_id == "under way":
            inside.set()
            assert go_on.wait(LIMIT_S)
        return BAD if call.request_id in ("under way", "waits") else GOOD

    world = World(play, AsyncSettings(retries=1, on_failure=LOST, on_success=DONE), clock=Clock(1.0))
    world.send("waits")
    world.send("under way")
    assert inside.wait(LIMIT_S)
    world.queue.clear()
    go_on.set()
    world.queue.clock.scale = FAST
    world.send("after")
    assert world.next()[1]["requestContext"]["requestId"] == "after"
    assert world.tries.count("waits") <= 1
    assert world.tries.count("under way") == 1
    world.nothing_more()


def test_an_error_of_the_queue_s_own_does_not_stop_it(capsys: pytest.CaptureFixture[str]) -> None:
    def play(call: Call) -> Reply:
        if call.request_id == "broken":
            raise RuntimeError("the data plane has a fault")
        return GOOD

    world = World(play)
    world.send("broken")
    world.send("next")
    assert world.next()[1]["requestContext"]["requestId"] == "next"
    said = ""
    for _ in range(4000):
        said += capsys.readouterr().err
        if "the data plane has a fault" in said:
            break
        threading.Event().wait(0.005)
    assert "RuntimeError: the data plane has a fault" in said


def test_a_slow_event_does_not_hold_up_the_others() -> None:
    go_on = threading.Event()

    def play(call: Call) -> Reply:
        if call.request_id == "slow":
            assert go_on.wait(LIMIT_S)
        return GOOD

    world = World(play)
    world.send("slow")
    for number in range(50):
        world.send(str(number))
    done = {world.next()[1]["requestContext"]["requestId"] for _ in range(50)}
    assert done == {str(number) for number in range(50)}
    go_on.set()
    assert world.next()[1]["requestContext"]["requestId"] == "slow"


def test_an_event_that_waits_for_a_worker_is_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "WORKERS", 1)
    inside, go_on = threading.Event(), threading.Event()

    def play(_call: Call) -> Reply:
        inside.set()
        assert go_on.wait(LIMIT_S)
        return GOOD

    world = World(play)
    world.send("under way")
    assert inside.wait(LIMIT_S)
    world.send("waits")
    assert len(world.queue._queue) == 1
    world.queue.clear()
    go_on.set()
    world.send("new")
    assert world.delivered.get(timeout=LIMIT_S)[1]["requestContext"]["requestId"] == "new"
    assert world.tries == ["under way", "new"]

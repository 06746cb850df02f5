"""What Lambda counts for CloudWatch, second by second."""

from __future__ import annotations

from serverless_cloud.lambda_.metrics import KEPT_S, Metrics, Values

HERE = ("123456789012", "us-east-1")


class Clock:
    """A clock that stands until it is set."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def found(metrics: Metrics, metric: str, function: str = "orders") -> dict[int, Values]:
    return {s: values for name, m, s, values in metrics.rows(*HERE) if (name, m) == (function, metric)}


def test_a_call_belongs_to_the_moment_at_which_it_was_invoked() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    call = metrics.of(*HERE, "orders")
    call.begin()
    clock.now_s = 103.5
    call.end(3500.0, failed=True)
    assert {m: list(found(metrics, m)) for m in ("Invocations", "Errors", "Duration")} == {
        "Invocations": [100], "Errors": [100], "Duration": [100],
    }  # fmt: skip
    assert found(metrics, "Duration")[100] == Values(1, 3500.0, 3500.0, 3500.0)


def test_errors_and_throttles_are_shares_of_the_calls() -> None:
    metrics = Metrics(Clock())
    for failed in (False, True, False, False):
        call = metrics.of(*HERE, "orders")
        call.begin()
        call.end(10.0, failed=failed)
    metrics.of(*HERE, "orders").throttled()
    assert found(metrics, "Invocations")[100].sum == 4
    assert found(metrics, "Errors")[100] == Values(4, 1.0, 0.0, 1.0)
    assert found(metrics, "Throttles")[100] == Values(5, 1.0, 0.0, 1.0)


def test_concurrency_has_a_value_for_each_second_in_which_a_call_ran() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    first, second = metrics.of(*HERE, "orders"), metrics.of(*HERE, "orders")
    first.begin()
    clock.now_s = 102.0
    second.begin()
    clock.now_s = 104.2
    second.end(2200.0, failed=False)
    clock.now_s = 105.0
    first.end(5000.0, failed=False)
    clock.now_s = 109.0
    most = {s: values.most for s, values in found(metrics, "ConcurrentExecutions").items()}
    assert most == {100: 1, 101: 1, 102: 2, 103: 2, 104: 2, 105: 1}


def test_a_call_that_still_runs_is_seen() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.of(*HERE, "orders").begin()
    clock.now_s = 102.0
    assert [v.most for v in found(metrics, "ConcurrentExecutions").values()] == [1, 1, 1]
    assert found(metrics, "Invocations") == {}


def test_a_call_that_did_not_run_is_no_invocation() -> None:
    metrics = Metrics(Clock())
    refused = metrics.of(*HERE, "orders")
    refused.begin()
    refused.give_up()
    later = metrics.of(*HERE, "orders")
    later.give_up()  # it had not even begun
    later.begin()
    assert found(metrics, "ConcurrentExecutions")[100].most == 1
    assert found(metrics, "Invocations") == {}


def test_functions_accounts_and_regions_have_their_own() -> None:
    metrics = Metrics(Clock())
    for place in ((*HERE, "orders"), (*HERE, "stock"), ("123456789012", "ap-northeast-1", "orders")):
        call = metrics.of(*place)
        call.begin()
        call.end(1.0, failed=False)
    assert found(metrics, "Invocations")[100].sum == found(metrics, "Invocations", "stock")[100].sum == 1
    assert {name for name, *_ in metrics.rows("123456789012", "ap-northeast-1")} == {"orders"}
    metrics.clear()
    assert metrics.rows(*HERE) == []


def test_old_seconds_are_forgotten() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.of(*HERE, "orders").begin()
    clock.now_s += 2 * KEPT_S
    assert len(found(metrics, "ConcurrentExecutions")) <= KEPT_S + 1

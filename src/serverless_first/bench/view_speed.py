"""Measures how much the live view slows the cloud that it shows. The browser is not part of it."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from serverless_first import cloud
from serverless_first.bench.cloud_speed import HANDLER
from serverless_first.bench.function import NAME, client, deployed
from serverless_first.bench.measure import Measurement, benchmark, within
from serverless_first.bench.messaging_speed import drained_s, queue_with_function

RUNS = 5
CALLS = 60
MOST = 1.1


@contextlib.contextmanager
def _view() -> Iterator[None]:
    view = cloud.start().show()
    try:
        yield
    finally:
        view.stop()  # otherwise it keeps looking during the runs without it
        view.close()


def _ratio(run_s: Callable[[], float]) -> tuple[float, float]:
    """Alternates runs without and with the view: the ratio of their medians, and the median without it in seconds."""
    with_s, without_s = [], []
    run_s()  # the first one is slower for other reasons
    for _ in range(RUNS):
        without_s.append(run_s())
        with _view():
            with_s.append(run_s())
    return statistics.median(with_s) / statistics.median(without_s), statistics.median(without_s)


@benchmark("view_messages_ratio")
def view_messages() -> Measurement:
    """The time for 1,000 messages through a mapping, with the view against without."""
    with queue_with_function() as (sqs, url):
        ratio, alone_s = _ratio(lambda: drained_s(sqs, url))
    against = f"the same without the view, {alone_s:.2f} s"
    return Measurement(
        "view_messages_ratio", within(ratio, "messages with the view", most=MOST), "ratio", against, RUNS
    )


@benchmark("view_burst_ratio")
def view_burst() -> Measurement:
    """The time for 60 cold calls at once, with the view against without."""
    with deployed(HANDLER), ThreadPoolExecutor(CALLS) as pool:
        functions = client("lambda", at_once=64)
        sizes = iter(range(129, 129 + 2 * RUNS + 1))

        def burst_s() -> float:
            functions.update_function_configuration(FunctionName=NAME, MemorySize=next(sizes))  # ends the old ones
            begun = time.perf_counter()
            calls = [pool.submit(functions.invoke, FunctionName=NAME, Payload=b'{"sleep_s": 1}') for _ in range(CALLS)]
            for call in calls:
                call.result()["Payload"].read()
            return time.perf_counter() - begun

        ratio, alone_s = _ratio(burst_s)
    against = f"the same without the view, {alone_s:.2f} s"
    return Measurement("view_burst_ratio", within(ratio, "a burst with the view", most=MOST), "ratio", against, RUNS)

"""Many threads ask for what nobody has made yet."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from serverless_cloud.core.once import once

THREADS = 8


def test_threads_that_ask_together_get_the_same_one() -> None:
    together, others = threading.Barrier(THREADS), threading.Barrier(THREADS)
    made: list[str] = []

    @once()
    def client(service: str) -> list[str]:
        made.append(service)
        with contextlib.suppress(threading.BrokenBarrierError):
            others.wait(0.5)  # if they were let in, all would meet here; that they are not is seen by waiting alone
        return [service]

    def ask(_: int) -> list[str]:
        together.wait(30)
        return client("lambda")

    with ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(ask, range(THREADS)))
    assert made == ["lambda"]
    assert len({id(each) for each in got}) == 1


def test_each_is_made_for_what_it_is_asked_for() -> None:
    made: list[str] = []

    @once(most=1)
    def client(service: str) -> str:
        made.append(service)
        return service

    assert [client("lambda"), client("lambda"), client("sqs"), client("lambda")] == [
        "lambda",
        "lambda",
        "sqs",
        "lambda",
    ]
    assert made == ["lambda", "sqs", "lambda"]


def test_what_could_not_be_made_is_tried_again() -> None:
    answers = iter([ValueError("not yet"), None])

    @once()
    def client() -> str:
        if error := next(answers):
            raise error
        return "made"

    with pytest.raises(ValueError, match="not yet"):
        client()
    assert client() == "made"

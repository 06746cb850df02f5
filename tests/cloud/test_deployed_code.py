"""The code that Lambda runs: it can be downloaded, and a check says when the learner's file is newer."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from serverless_first import cloud, course
from serverless_first.lab import Attempt, CheckFailed, NotStarted
from serverless_first.lab.checks import run_check
from serverless_first.lab.functions import lent_code

BROKEN = "def handler(event, context):\n    return (\n"
STUB = "def handler(event, context):\n    raise NotImplementedError('not started')\n"
WRONG = "def handler(event, context):\n    return 1\n"
RIGHT = "def handler(event, context):\n    return 2\n"
CHANGED = (
    "price.py has changed since you deployed price, and Lambda still runs the deployed code. "
    "Run the cell that deploys it, then run this check again"
)

Deploy = Callable[[str], None]


@pytest.fixture
def deploy(aws: cloud.Cloud, kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Writes price.py into the current folder, which is the learner's, and deploys it as the function `price`."""
    del aws
    monkeypatch.chdir(tmp_path)

    def write_and_deploy(source: str) -> None:
        Path("price.py").write_text(source, encoding="utf-8", newline="\n")
        kit.deploy("price", source)

    return write_and_deploy


def outcome_of(check: Callable[[Attempt], None]) -> CheckFailed | None:
    """How a check ends as the first one of the course; None if it passes."""
    try:
        run_check(check, course.load().module("00").tasks[0], Path(__file__))
    except CheckFailed as failure:
        return failure
    return None


def price_is_2(attempt: Attempt) -> None:
    reply = attempt.invoke("price", {})
    attempt.expect(
        reply == 2, problem="Wrong.", called=reply.called, came_back=reply, expected="2", look_at="your handler"
    )


@pytest.mark.parametrize(
    ("source", "look_at"),
    [
        (BROKEN, "price.py, line 2"),
        (STUB, "the cells of task 0.1. Write your part, then run each of them down to this check"),
        (WRONG, "your handler"),
    ],
)
def test_a_check_that_meets_old_code_says_so(deploy: Deploy, source: str, look_at: str) -> None:
    deploy(source)
    failure = outcome_of(price_is_2)
    assert failure is not None
    assert failure.look_at.startswith(look_at)
    Path("price.py").write_text(RIGHT, encoding="utf-8", newline="\n")
    failure = outcome_of(price_is_2)
    assert failure is not None
    assert failure.look_at.startswith(CHANGED)
    assert isinstance(failure, NotStarted) == (source == STUB)


def test_once_it_is_deployed_it_passes(deploy: Deploy, kit: Any) -> None:
    deploy(WRONG)
    Path("price.py").write_text(RIGHT, encoding="utf-8", newline="\n")
    kit.change_code("price", RIGHT)
    assert outcome_of(price_is_2) is None


def test_old_code_that_the_check_has_not_met_is_not_mentioned(deploy: Deploy, kit: Any) -> None:
    deploy(WRONG)
    kit.publish("price")
    Path("price.py").write_text(RIGHT, encoding="utf-8", newline="\n")
    kit.deploy("other", WRONG)

    def of_another_function(attempt: Attempt) -> None:
        attempt.fail("No.", called="", came_back=attempt.invoke("other", {}), expected="", look_at="other.py")

    def of_a_version(attempt: Attempt) -> None:
        reply = attempt.invoke("price", {}, qualifier="1")
        attempt.fail("No.", called="", came_back=reply, expected="", look_at="the version")

    assert [failure.look_at for check in (of_another_function, of_a_version) if (failure := outcome_of(check))] == [
        "other.py",
        "the version",
    ]


def test_code_that_was_lent_goes_back_as_it_was_deployed(deploy: Deploy) -> None:
    deploy(WRONG)
    Path("price.py").write_text(RIGHT, encoding="utf-8", newline="\n")

    def with_other_code(attempt: Attempt) -> None:
        with lent_code(attempt, "price", "def handler(event, context):\n    return 3\n", file="price.py"):
            assert attempt.invoke("price", {}) == 3
        price_is_2(attempt)

    failure = outcome_of(with_other_code)
    assert failure is not None
    assert (failure.came_back, failure.look_at) == ("1", f"{CHANGED}. If that changes nothing: your handler")


def source_of(**function: str) -> str:
    """The source in a function's deployment package."""
    address = boto3.client("lambda").get_function(**function)["Code"]["Location"]
    with urllib.request.urlopen(address, timeout=10) as answer:
        return zipfile.ZipFile(io.BytesIO(answer.read())).read("price.py").decode()


def test_the_package_of_each_version_can_be_downloaded(deploy: Deploy, kit: Any) -> None:
    deploy(WRONG)
    kit.publish("price")
    kit.change_code("price", RIGHT)
    assert source_of(FunctionName="price") == RIGHT
    assert source_of(FunctionName="price", Qualifier="1") == WRONG


def test_the_package_of_a_function_that_was_deleted_is_not_found(deploy: Deploy) -> None:
    deploy(WRONG)
    address = boto3.client("lambda").get_function(FunctionName="price")["Code"]["Location"]
    boto3.client("lambda").delete_function(FunctionName="price")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address, timeout=10)

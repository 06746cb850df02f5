"""What checks of state machines share: they listen to a topic, and say what is wrong with what they hear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from kits import cloud_kit
from serverless_cloud import Cloud
from serverless_first import course
from serverless_first.lab import Attempt, CheckFailed, NotStarted
from serverless_first.lab.workflows import News, ended, expect_one, how_it_ended, machine_arn
from serverless_first.shop import hikari_workflows
from serverless_first.shop.hikari_workflows import Execution

RIGHT = {"order_id": "ord-1", "result": "paid"}
FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "NotPaid", "Cause": "No money."}}}
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture(scope="module")
def cloud_of_module() -> Iterator[Cloud]:
    """The module's local cloud."""
    with cloud_kit.cloud_with(time_scale=60) as aws:
        yield aws


@pytest.fixture
def attempt(aws: Cloud) -> Attempt:
    """A run of the first check of the course."""
    del aws
    return Attempt(course.load().module("00").tasks[0])


def heard(attempt: Attempt, *messages: Any) -> float:
    """Publishes these messages while somebody listens, and judges what is heard about ord-1."""
    with News(attempt, "news", "order_id") as news:
        topic = boto3.client("sns").create_topic(Name="news")["TopicArn"]
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            boto3.client("sns").publish(TopicArn=topic, Message=text)
        news.about("ord-1", len(messages))
        lost = Execution("arn", "FAILED", None, "States.QueryEvaluationError", "There is no lamp.", [])
        return expect_one(attempt, news, "ord-1", RIGHT, lost, called="a test", look_at="here")


def test_the_one_right_message_passes_and_its_time_is_told(attempt: Attempt) -> None:
    assert heard(attempt, {"order_id": "ord-2", "result": "paid"}, RIGHT) > 1e9


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "The shop hears nothing"),
        (["paid"], "not the JSON object"),
        ([RIGHT, RIGHT], "There are 2 messages"),
        ([RIGHT | {"result": "refused"}], "does not say what happened"),
    ],
)
def test_what_is_wrong_with_the_news_is_said(attempt: Attempt, messages: list[Any], words: str) -> None:
    with pytest.raises(CheckFailed, match=words):
        heard(attempt, *messages)


def test_a_machine_that_is_not_there_is_not_started(attempt: Attempt) -> None:
    with pytest.raises(NotStarted, match="no state machine hikari-payment"):
        machine_arn(attempt, "hikari-payment")


def test_a_first_definition_that_is_refused_makes_no_machine(attempt: Attempt) -> None:
    with pytest.raises(boto3.client("stepfunctions").exceptions.InvalidDefinition):
        hikari_workflows.machine("hikari-payment", {"StartAt": "Pay", "States": {}})
    with pytest.raises(NotStarted, match="no state machine hikari-payment"):
        machine_arn(attempt, "hikari-payment")


def test_an_execution_that_goes_on_is_stopped_and_its_state_named(attempt: Attempt) -> None:
    running = hikari_workflows.start(hikari_workflows.machine("waits", WAIT), {})
    with pytest.raises(CheckFailed, match="still in the state Wait"):
        ended(attempt, "an execution", running, 0.3, "here")
    stopped = hikari_workflows.ended(running)
    assert stopped.status == "ABORTED"


def test_how_an_execution_ended_has_its_error_and_cause(attempt: Attempt) -> None:
    del attempt
    assert (
        how_it_ended(hikari_workflows.run(hikari_workflows.machine("fails", FAIL), {})) == "FAILED, NotPaid: No money."
    )

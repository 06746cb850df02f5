"""Names and shapes of integrations, batches of items, thresholds: rules without a cloud."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from serverless_cloud.workflows import integrations, map_items, shapes
from serverless_cloud.workflows.map_run import MapRun


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("jobName", "JobName"),
        ("ETag", "ETag"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("S3Bucket", "S3Bucket"),
    ],
)
def test_members_are_written_as_javas_sdk_names_them(name: str, written: str) -> None:
    assert shapes.pascal(name) == written


def _input(service: str, operation: str) -> Any:
    return integrations.model(service).operation_model(operation).input_shape


def test_parameters_find_their_members_however_these_are_written() -> None:
    given = {"JobName": "n", "JobQueue": "q", "ContainerOverrides": {"Environment": [{"Name": "A", "Value": "1"}]}}
    assert shapes.to_boto({**given, "JobDefinition": "d"}, _input("batch", "SubmitJob")) == {
        "jobName": "n",
        "jobQueue": "q",
        "jobDefinition": "d",
        "containerOverrides": {"environment": [{"name": "A", "value": "1"}]},
    }


def test_all_that_does_not_fit_is_told_at_once() -> None:
    given = {"jobName": "n", "JobQueue": 7, "Parameters": ["a"]}
    with pytest.raises(shapes.UnfitParameters) as refused:
        shapes.to_boto(given, _input("batch", "SubmitJob"))
    assert refused.value.problems == [
        'The field "jobName" is not supported by Step Functions',
        "The value for the field 'JobQueue' must be a STRING",
        "The value for the field 'Parameters' must be an OBJECT",
        "The field 'JobName' is required but was missing",
        "The field 'JobDefinition' is required but was missing",
    ]


def test_times_are_written_as_the_integration_writes_them() -> None:
    shape = integrations.model("stepfunctions").operation_model("StartExecution").output_shape
    answer = {"executionArn": "arn", "startDate": datetime(2026, 11, 25, 12, tzinfo=UTC)}
    assert shapes.to_states(answer, shape)["StartDate"] == "2026-11-25T12:00:00Z"
    assert shapes.to_states(answer, shape, is_sdk=False)["StartDate"] == 1795608000000


def test_batches_hold_all_items_in_order_and_never_too_many_bytes() -> None:
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    for _ in range(200):
        items = ["x" * draw.randint(0, 40) for _ in range(draw.randint(0, 30))]
        most_items, most_bytes = draw.randint(1, 8), draw.randint(120, 300)
        batcher = {"MaxItemsPerBatch": most_items, "MaxInputBytesPerBatch": most_bytes, "BatchInput": {"shop": "光"}}
        made = map_items.batches(items, batcher)
        assert [item for batch, _ in made for item in batch["Items"]] == items, f"seed {seed}"
        for batch, count in made:
            size = len(json.dumps(batch, separators=(",", ":"), ensure_ascii=False).encode())
            assert 1 <= count == len(batch["Items"]) <= most_items, f"seed {seed}"
            assert size <= most_bytes, f"seed {seed}"


def test_an_item_that_fits_into_no_batch_is_refused() -> None:
    with pytest.raises(map_items.TooLarge):
        map_items.batches(["x" * 100], {"MaxInputBytesPerBatch": 50})


@dataclass
class _Child:
    status: str
    is_express: bool = False


@pytest.mark.parametrize(
    ("count", "percentage", "failed", "fails"),
    [
        (0, 0.0, 0, False), (0, 0.0, 1, True), (2, 0.0, 2, False), (2, 0.0, 3, True), (0, 20.0, 2, False),
        (0, 20.0, 3, True), (5, 20.0, 3, True), (1, 50.0, 2, True), (5, 50.0, 5, False),
    ],
)  # fmt: skip
def test_a_run_fails_when_a_threshold_that_is_given_is_exceeded(
    count: int, percentage: float, failed: int, fails: bool
) -> None:
    run: MapRun[_Child] = MapRun("arn:run", "arn:execution", "arn:machine/label", 0, count, percentage)
    run.total_items = run.total_children = 10
    run.children.extend((_Child("FAILED" if at < failed else "SUCCEEDED"), 1) for at in range(10))
    assert run.is_failing == fails
    counts = run.describe()["itemCounts"]
    assert (counts["failed"], counts["succeeded"], counts["total"]) == (failed, 10 - failed, 10)
